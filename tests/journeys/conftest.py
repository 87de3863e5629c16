"""Journeys start from the built wheel in a clean environment, and drive real clients against a live server.

Clients come from the configured package index, by ordinary pip; where it cannot be reached, their tests are
skipped with the reason. What takes long is made once in a test run and shared between its workers.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys.environments import (
    MACHINE,
    LiveServer,
    Shared,
    Venv,
    make_venv,
    pip_install,
    run,
    serving,
)

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    (base / "journeys").mkdir(exist_ok=True)
    return Shared(base / "journeys")


@pytest.fixture(scope="session")
def built_wheel(shared: Shared) -> Path:
    """The wheel that ``python -m build`` makes of this checkout."""

    def build(folder: Path) -> None:
        isolation = ["--no-isolation"] if importlib.util.find_spec("hatchling") else []
        command = [
            sys.executable,
            "-m",
            "build",
            "--wheel",
            *isolation,
            "--outdir",
            str(folder),
            str(CHECKOUT),
        ]
        run(*command, env=MACHINE)

    [wheel] = shared.once("wheel", build).glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def installed(shared: Shared, built_wheel: Path) -> Venv:
    """A new environment, as ``python -m venv`` makes it, with the built wheel and what it depends on."""

    def install(folder: Path) -> None:
        venv.EnvBuilder(symlinks=True, with_pip=True).create(folder)
        pip_install(Venv(folder), "--no-compile", str(built_wheel))

    return Venv(shared.once("installed", install))


@pytest.fixture(scope="session")
def tool(shared: Shared) -> Callable[..., Venv]:
    """``tool(name, version="", *others)``: an environment with a client, say ``tool("twine", "==6.*")``."""

    def get(name: str, version: str = "", *others: str) -> Venv:
        def install(folder: Path) -> None:
            # pip itself is copied and used many times; of the others little is imported, which then is compiled.
            compiled = "--compile" if name == "pip" else "--no-compile"
            pip_install(make_venv(folder), compiled, name + version, *others)

        return Venv(shared.once("-".join(["tool", name + version, *others]).replace("*", "x"), install))

    return get


@pytest.fixture(scope="session")
def uv_program(tool: Callable[..., Venv]) -> Path:
    return tool("uv", "", "uv_build").program("uv")


def hermetic(home: Path) -> dict[str, str]:
    """An environment in which no setting, cache or credential of this user or machine is seen."""
    home.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(home),
        "TMPDIR": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CONFIG_DIRS": str(home / "system"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_STATE_HOME": str(home / "state"),
        "LANG": "C.UTF-8",
        "COLUMNS": "500",
        "NO_COLOR": "1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "TWINE_NON_INTERACTIVE": "1",
        "PDM_CHECK_UPDATE": "0",
        "POETRY_VIRTUALENVS_CREATE": "0",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }


@pytest.fixture
def client_env(tmp_path: Path) -> dict[str, str]:
    return hermetic(tmp_path / "home")


@pytest.fixture(scope="session")
def live(installed: Venv, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server started from the installed wheel, for all tests of this worker: each uses names of its own."""
    folder = tmp_path_factory.mktemp("live")
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    environ = {**hermetic(folder / "home"), "POCKETREPO_RUNTIME": str(runtime)}
    with serving(installed, folder, environ=environ) as server:
        yield server
