"""Notebooks, executed from the first cell to the last by a real kernel with real pip, and without a network."""

from __future__ import annotations

import json
import venv
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.conftest import hermetic
from tests.journeys.environments import Shared, Venv, pip_install, run

pytestmark = pytest.mark.journey

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
nbformat.validate(notebook)
NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""


@pytest.fixture(scope="session")
def notebook_environment(shared: Shared, built_wheel: Path) -> Venv:
    """A new environment with the built wheel, a kernel, and the backend that the notebooks build with."""

    def install(folder: Path) -> None:
        venv.EnvBuilder(symlinks=True, with_pip=True).create(folder)
        pip_install(Venv(folder), str(built_wheel), "ipykernel", "nbclient", "flit_core>=3.11")

    return Venv(shared.once("notebooks", install))


def execute(notebook: Path, environment: Venv, folder: Path) -> dict[str, str]:
    """Cell id -> all text that the cell put out, after a run from top to bottom in a home of its own."""
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    nowhere = "http://127.0.0.1:9/"
    surroundings = {
        **hermetic(folder / "home"),
        "PATH": f"{environment.path / 'bin'}:/usr/bin:/bin",
        "POCKETREPO_RUNTIME": str(runtime),
        # What tried to leave this machine would fail.
        "HTTP_PROXY": nowhere,
        "HTTPS_PROXY": nowhere,
        "PIP_INDEX_URL": f"{nowhere}simple/",
    }
    result = folder / "executed.ipynb"
    run(environment.python, "-c", EXECUTE, notebook, result, env=surroundings, cwd=folder, timeout=240)
    assert not list(runtime.glob("*.json")), "a server is left"
    return {cell["id"]: text_of(cell) for cell in json.loads(result.read_text())["cells"]}


def text_of(cell: dict[str, Any]) -> str:
    texts = []
    for output in cell.get("outputs", ()):
        texts += [output.get("text", ""), *output.get("data", {}).values()]
    return "\n".join(text if isinstance(text, str) else "".join(text) for text in texts)


def test_quickstart_teaches_what_it_says(notebook_environment: Venv, tmp_path: Path) -> None:
    said = execute(FOLDER / "quickstart.ipynb", notebook_environment, tmp_path)
    assert "running at" in said["start"]
    assert "hello_pocket-1.0-py3-none-any.whl" in said["push"]
    assert "<!DOCTYPE html>" in said["page-html"]
    assert "hello_pocket-1.0.tar.gz" in said["page-json"]
    assert "Name: hello-pocket" in said["wheel"]
    assert "Successfully installed hello-pocket-1.0" in said["install"]
    assert "Hello, Ada!" in said["use"]
    assert "already exists" in said["refused"]
    assert "Successfully installed hello-pocket-1.1" in said["upgrade"]
    assert "already imported" in said["upgrade"]
    assert "Hello, Ada!" in said["stale"]
    assert "Good morning, Ada!" in said["reload"]
    assert "Successfully installed hello-pocket-1.0" in said["yank"]
    assert "twine upload" in said["elsewhere"]
    assert "no 2.0 yet, only 1.0, 1.1" in said["check"]
    assert not list(notebook_environment.site_packages.glob("hello_pocket*"))


def test_every_notebook_has_a_test() -> None:
    source = Path(__file__).read_text("utf-8")
    assert NOTEBOOKS
    for notebook in NOTEBOOKS:
        assert f'"{notebook.name}"' in source


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.stem)
def test_notebooks_are_kept_without_outputs(notebook: Path) -> None:
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
