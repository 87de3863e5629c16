"""Notebooks, executed from the first cell to the last by a real kernel with real pip, and without a network."""

from __future__ import annotations

import json
import re
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
    """A new environment with the built wheel, a kernel, uv, and pytest."""

    def install(folder: Path) -> None:
        venv.EnvBuilder(symlinks=True, with_pip=True).create(folder)
        pip_install(Venv(folder), str(built_wheel), "ipykernel", "nbclient", "uv", "pytest", "pytest-xdist")

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
        if output["output_type"] == "error":
            texts += output["traceback"]
        texts += [output.get("text", ""), *output.get("data", {}).values()]
    return "\n".join("".join(text) for text in texts if text)


def test_quickstart_teaches_what_it_says(notebook_environment: Venv, tmp_path: Path) -> None:
    said = execute(FOLDER / "quickstart.ipynb", notebook_environment, tmp_path)
    assert "running at" in said["start"]
    assert "hello-pocket 1.0 pushed to" in said["package"]
    assert "<details>" in said["package"]
    assert said["use"] == "'Hello, Ada!'"
    assert "hello_pocket-1.0-py3-none-any.whl" in said["project"]
    assert "<!DOCTYPE html>" in said["page-html"]
    assert "hello_pocket-1.0.tar.gz" in said["page-json"]
    assert "Name: hello-pocket" in said["wheel"]
    assert "AlreadyExists: hello-pocket 1.0 is taken" in said["refused"]
    assert "Traceback" not in said["refused"]
    assert "1.0 → 1.0.1" in said["upgrade"]
    assert said["upgraded"] == "'Good morning, Ada!'"
    assert "reloaded hello-pocket 1.0.1 -> 1.0" in said["downgrade"]
    assert said["downgraded"] == "'Hello, Ada!'"
    assert "hello-pocket 1.0 was installed already" in said["yank"]
    assert "welcome 2026.1 pushed to" in said["depend"]
    assert "Good morning, Grace!" in said["depend-use"]
    assert "twine upload" in said["elsewhere"]
    assert "Requirement already satisfied: welcome" in said["pip"]
    assert "no longer used" in said["use-off"]
    assert ".whl.metadata" in said["log"]
    assert "no 2.0 yet, only 1.0, 1.0.1" in said["check"]
    assert not list(notebook_environment.site_packages.glob("hello_pocket*"))
    assert not list(notebook_environment.site_packages.glob("welcome*"))


def test_dependency_confusion_happens_and_is_stopped(notebook_environment: Venv, tmp_path: Path) -> None:
    said = execute(FOLDER / "dependency-confusion.ipynb", notebook_environment, tmp_path)
    safe, attacked = "('corp-utils', '1.2.0', 'corp')", "('corp-utils', '99.0.0', 'WORLD')"
    assert said["resolver"] == f"[{safe}, ('colourful', '3.1.0', 'WORLD')]"
    assert attacked in said["attacked"]
    assert "PAYLOAD: running as" in said["installed"]
    assert said["swapped"] == f"[{attacked}]"
    assert said["one-index"] == f"[{safe}]"
    assert "No matching distribution found for colourful" in said["one-index-missing"]
    assert said["one-index-copied"] == f"[{safe}, ('colourful', '3.1.0', 'corp')]"
    assert said["pinned"] == f"[{safe}]"
    assert safe in said["hashed"]
    assert "DO NOT MATCH THE HASHES" in said["hashed-refused"]
    assert said["uv-resolver"] == f"[{safe}]"
    assert said["uv-swapped"].count(attacked) == 2
    attacks = ["ATTACKED" in line for line in said["matrix"].splitlines() if "corp-utils" in line]
    assert attacks == [True, True, False, False, False, True, True]
    assert "differing: ['corp_utils-1.2.0.tar.gz'" in said["audit-compare"]
    assert "not yet" in said["check"]
    assert not list(notebook_environment.site_packages.glob("corp_utils*"))


def test_offline_classroom_works_without_the_world(notebook_environment: Venv, tmp_path: Path) -> None:
    said = execute(FOLDER / "offline-classroom.ipynb", notebook_environment, tmp_path)
    pins = ["arrays==1.4", "charts==5.0", "colours==1.0.3", "frames==2.1", "quiz==0.3"]
    assert said["resolve"] == repr(pins)
    assert "arrays-1.4-py3-none-win_amd64.whl" in said["wheelhouse"]
    assert "--hash=sha256:" in said["lock"]
    assert "no answer from" in said["dark"]
    assert said["stick"].split("What is a wheel?")[0].split() == pins
    assert "No matching distribution found for telescope" in said["missing"]
    assert "quiz-0.3-py3-none-any.whl" in said["serve"]
    assert "30 students, 240 files" in said["students"]
    assert said["student-pip"].split() == pins
    assert "/simple/telescope/ 404" in said["log"]
    assert "no lesson-one yet" in said["check"]


FAILING = """
import sys, nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

cells = [nbformat.v4.new_code_cell(text) for text in sys.argv[1:]]
notebook = nbformat.v4.new_notebook(cells=cells)
try:
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
except CellExecutionError:
    pass
print([cell.execution_count for cell in cells])
for cell in cells:
    for output in cell.outputs:
        print(*output.get("traceback", ["no error"]), sep="\\n")
"""


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%pocket strat", ["UsageError: ", "invalid choice: 'strat'"]),
        ("%%package geo\n\nx = 1\ndef f(:\n", ["Cell In[2], line 4", "def f(:", "SyntaxError: "]),
        ("%pocket push nowhere.whl --to http://127.0.0.1:9/", ["UsageError: there is no nowhere.whl"]),
        (
            "%pocket install geo --from http://127.0.0.1:9/",
            ["ServerError: no answer from http://127.0.0.1:9/"],
        ),
    ],
)
def test_a_magic_that_fails_ends_a_run_of_all_cells_in_a_few_words(
    notebook_environment: Venv, tmp_path: Path, cell: str, said: list[str]
) -> None:
    cells = ["%load_ext pocketrepo", cell, "print('went on')"]
    environ = {**hermetic(tmp_path / "home"), "PATH": f"{notebook_environment.path / 'bin'}:/usr/bin:/bin"}
    done = run(notebook_environment.python, "-c", FAILING, *cells, env=environ, cwd=tmp_path)
    shown = re.sub("\x1b\\[[0-9;]*m", "", done.output)
    assert "[1, 2, None]" in shown
    for words in said:
        assert words in shown
    assert "Traceback" not in shown
    assert "site-packages" not in shown.partition("[1, 2, None]")[2]


def test_your_own_tool_is_tested_against_an_index_that_breaks(
    notebook_environment: Venv, tmp_path: Path
) -> None:
    said = execute(FOLDER / "test-your-own-tool.ipynb", notebook_environment, tmp_path)
    assert "1 passed" in said["first-run"]
    assert "4 failed" in said["versions-run"]
    assert "python-urllib /simple/lib/" in said["versions-run"]
    passed = {"fix": 5, "pip": 1, "faults": 5, "private": 2, "requests": 2, "scenario": 1, "escape": 2}
    for cell, count in passed.items():
        assert re.search(rf"^{count} passed in", said[f"{cell}-run"], re.MULTILINE), said[f"{cell}-run"]
    assert "10 passed" in said["parallel"]
    assert "no test_mine.py yet" in said["check"]


def test_a_private_index_lets_in_whom_it_should(notebook_environment: Venv, tmp_path: Path) -> None:
    said = execute(FOLDER / "private-index.ipynb", notebook_environment, tmp_path)
    assert "ERROR: No matching distribution found for payroll" in said["stranger"]
    [secret, nothing] = said["status"].strip().splitlines()
    assert secret.startswith("401 ")
    assert secret.replace("internal", "nothing-here") == nothing
    assert "acme/internal write" in said["users"]
    assert "in .secret, and nowhere else" in said["keys"]
    assert "://__token__:****@" in said["pip"]
    assert said["use-off"] == "'Grace earns enough'"
    assert "Successfully installed payroll-1.0" in said["netrc"]
    assert "login grace password ****" in said["config"]
    assert said["config-apply"].split("\n")[:2] == ["the key is in: .netrc", "left of it:    nothing"]
    assert "${POCKETREPO_TOKEN}" in said["snippets"]
    assert "before the @  http://" in said["url"]
    assert "in the path   THE KEY IS IN THE REPORT" in said["url"]
    assert "careless.ipynb: 1" in said["leak"]
    assert "so far: 0" in said["leak"]
    assert "Forbidden: this credential may not" in said["forbidden"]
    assert "Traceback" not in said["forbidden"]
    assert "payroll 1.1 pushed" in said["publish-package"]
    assert "Forbidden: this credential may not read" in said["scope"]
    assert "Forbidden: this credential may not upload" in said["scope-upload"]
    assert "pushed         payroll-1.1" in said["scope-upload"]
    assert "402 Client Error" in said["token"]
    assert "limited to 2 downloads" in said["token-list"]
    assert said["token-update"].split() == ["payroll-1.1.tar.gz", "payroll-1.1-py3-none-any.whl"]
    assert "old: Unauthorized: " in said["rotate"]
    assert "new: payroll" in said["rotate"]
    assert re.search(r"denied +grace", said["log"])
    assert re.search(r"downloaded +entitlement Example Ltd +payroll-1.0-py3-none-any.whl", said["log"])
    assert "look again at 1, 2, 3, 4" in said["check"]
    assert not re.findall(r"\bpk[rt]_[0-9A-Za-z]{49}\b", str(said)), "a secret would be saved with it"
    assert not list(notebook_environment.site_packages.glob("payroll*"))


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
