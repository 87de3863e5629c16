"""Distributions that people use, from the configured index: pushed as a folder, and installed from here alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys.environments import LiveServer, Shared, Venv, hashes, make_venv, pip_run, run

pytestmark = pytest.mark.journey

REPOSITORY = "acme/real"
WHEELS = ["jupyterlab", "numpy", "setuptools", "wheel", "flit_core", "tomli", "zope.interface"]
OLD_WHEELS = [
    "six==1.10.0",  # metadata 2.0, with a metadata.json beside it
    "pytz==2016.4",  # a version that is shorter in canonical form than people write it
    "PyYAML",  # a name in capitals
]
FOREIGN_WHEELS = ["numpy", "markupsafe"]
SDISTS = [
    "docopt==0.6.2",  # 2014, metadata 1.1
    "simplegeneric==0.8.1",  # a .zip
    "prettytable==0.7.2",  # offered as .zip and .tar.gz
    "Flask-Script==2.0.6",  # capitals and a dash in its filename
    "zope.event==4.5.0",  # a dot in its filename
    "tomli",
    "flit_core",  # its own build backend, which bundles another METADATA
]


@pytest.fixture(scope="module")
def distributions(shared: Shared, tool: Callable[..., Venv]) -> Path:
    """A folder of distributions from the configured index."""

    def fetch(folder: Path) -> None:
        with_backends = tool("setuptools", "", "flit_core")
        here = ["download", "--quiet", "--dest", str(folder)]
        alone = [*here, "--no-deps"]
        pip_run(*here, *WHEELS)
        for wheel in OLD_WHEELS:
            pip_run(*alone, wheel)
        pip_run(*alone, "--platform", "win_amd64", "--only-binary", ":all:", *FOREIGN_WHEELS)
        backends = ["--python", str(with_backends.python)]
        pip_run(*backends, *alone, "--no-build-isolation", "--no-binary", ":all:", *SDISTS)

    return shared.once("distributions", fetch)


@pytest.fixture(scope="module")
def pushed(live: LiveServer, distributions: Path) -> str:
    """Push them all to a repository that has no other source; what the push said."""
    return live.push(REPOSITORY, distributions).output


@pytest.fixture
def fresh(tmp_path: Path, tool: Callable[..., Venv]) -> Iterator[Venv]:
    yield make_venv(tmp_path / "fresh", pip_of=tool("pip"))
    shutil.rmtree(tmp_path / "fresh")  # hundreds of megabytes, which pytest would keep


@pytest.fixture(params=["pip", "uv"])
def install(
    request: pytest.FixtureRequest,
    live: LiveServer,
    pushed: str,
    fresh: Venv,
    uv_program: Path,
    client_env: dict[str, str],
) -> Callable[..., None]:
    """Install into the fresh environment from PocketRepo alone."""

    def by_pip(*words: str) -> None:
        options = ["--index-url", live.index(REPOSITORY), "--no-cache-dir", "--no-compile"]
        run(fresh.python, "-m", "pip", "install", *options, *words, env=client_env)

    def by_uv(*words: str) -> None:
        options = ["--index-url", live.index(REPOSITORY), "--no-cache", "--python", str(fresh.python)]
        run(uv_program, "pip", "install", *options, *words, env=client_env)

    return by_pip if request.param == "pip" else by_uv


def test_every_one_is_listed_with_its_bytes(live: LiveServer, distributions: Path, pushed: str) -> None:
    built = hashes(distributions)
    assert len(built) > 100
    assert sum(name.endswith((".tar.gz", ".zip")) for name in built) >= len(SDISTS)
    assert any(name.endswith(".zip") for name in built)
    assert sum(line.startswith("pushed") for line in pushed.splitlines()) == len(built)
    listed: dict[str, str] = {}
    for project in live.projects(REPOSITORY):
        listed |= live.listed(REPOSITORY, project)
    assert listed == built


def test_pushing_them_again_changes_nothing(live: LiveServer, distributions: Path, pushed: str) -> None:
    with live.requests() as requests:
        again = live.push(REPOSITORY, distributions).output
    assert sum(line.startswith("there already") for line in again.splitlines()) == len(hashes(distributions))
    assert not [each for each in requests if each.method == "POST" and each.path.endswith("/legacy/")]


def test_jupyterlab_installs_from_here_alone_and_starts(
    install: Callable[..., None], fresh: Venv, client_env: dict[str, str]
) -> None:
    install("jupyterlab", "numpy")
    said = run(fresh.program("jupyter"), "lab", "--version", env=client_env).output
    assert said.strip() == fresh.version("jupyterlab")
    run(fresh.python, "-c", "import numpy; assert numpy.arange(3).sum() == 3", env=client_env)


def test_sdists_are_built_with_backends_from_here(install: Callable[..., None], fresh: Venv) -> None:
    names = ["docopt", "simplegeneric", "prettytable", "tomli"]
    install(*(f"--no-binary={name}" for name in names), *names)
    code = "import docopt, simplegeneric, prettytable, tomli; print(tomli.loads('a = 1'))"
    assert run(fresh.python, "-c", code, env={}).output == "{'a': 1}\n"
