"""Clients that are given an index to read, beside the installers: hatch, flit, pipenv, pypi-simple, pip-audit."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.distributions import make_sdist, make_wheel
from tests.journeys.environments import LiveServer, Venv, make_venv, run, sha256

pytestmark = pytest.mark.journey

REPOSITORY = "acme/reading"


@pytest.fixture(scope="module")
def shelf(live: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pocket-app needs pocket-base, whose newest version is yanked."""
    folder = tmp_path_factory.mktemp("reading")
    make_wheel(folder, "pocket-app", "1.0", requires=["pocket-base>=0.9"])
    for version in ("1.0", "1.1"):
        make_wheel(folder, "pocket-base", version)
    make_sdist(folder, "pocket-base", "1.0")
    live.push(REPOSITORY, folder)
    live.cli("yank", "--repository", REPOSITORY, "--reason", "it leaks", "pocket-base==1.1")
    return folder


def test_pipenv_locks_with_hashes_and_syncs(
    tool: Callable[..., Venv], live: LiveServer, shelf: Path, client_env: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pipfile").write_text(
        f'[[source]]\nname = "pocket"\nurl = "{live.index(REPOSITORY)}"\nverify_ssl = false\n\n'
        '[packages]\npocket-app = "*"\n'
    )
    environ = {
        **client_env,
        "PIPENV_VENV_IN_PROJECT": "1",
        "PIPENV_IGNORE_VIRTUALENVS": "1",
        "PIPENV_NOSPIN": "1",
    }
    program = tool("pipenv").program("pipenv")
    run(program, "--python", sys.executable, "lock", env=environ, cwd=folder)
    locked = json.loads((folder / "Pipfile.lock").read_text())["default"]["pocket-base"]
    assert locked["version"] == "==1.0"
    assert f"sha256:{sha256(shelf / 'pocket_base-1.0-py3-none-any.whl')}" in locked["hashes"]
    assert f"sha256:{sha256(shelf / 'pocket_base-1.0.tar.gz')}" in locked["hashes"]
    run(program, "sync", env=environ, cwd=folder)
    assert Venv(folder / ".venv").version("pocket-base") == "1.0"


def test_hatch_makes_an_environment_from_the_index_alone(
    tool: Callable[..., Venv], live: LiveServer, shelf: Path, client_env: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "mine"\nversion = "0"\n\n'
        '[tool.hatch.envs.default]\ninstaller = "uv"\nskip-install = true\ndependencies = ["pocket-app"]\n'
    )
    hatch = tool("hatch", "", "hatchling")
    environ = {
        **client_env,
        "PATH": f"{hatch.path / 'bin'}:{client_env['PATH']}",
        "UV_INDEX_URL": live.index(REPOSITORY),
        "HATCH_ENV_TYPE_VIRTUAL_UV_PATH": str(hatch.program("uv")),
    }
    said = run(
        hatch.program("hatch"),
        *("run", "python", "-c", "import pocket_base; print('found', pocket_base.__version__)"),
        env=environ,
        cwd=folder,
    ).output
    assert "found 1.0" in said


def test_flit_installs_a_project_with_its_dependencies_from_the_index(
    tool: Callable[..., Venv], live: LiveServer, shelf: Path, client_env: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "mine.py").write_text('"""Mine."""\n__version__ = "0.1"\n')
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n\n'
        '[project]\nname = "mine"\ndynamic = ["version", "description"]\ndependencies = ["pocket-app"]\n'
    )
    fresh = make_venv(tmp_path / "fresh", pip_of=tool("pip"))
    environ = {**client_env, "PIP_INDEX_URL": live.index(REPOSITORY), "FLIT_ROOT_INSTALL": "1"}
    flit = tool("flit", "", "flit_core").program("flit")
    # Without a link it has pip build the project, for which the index would have to hold flit_core.
    run(flit, "install", "--symlink", "--python", str(fresh.python), env=environ, cwd=folder)
    assert fresh.version("pocket-base") == "1.0"
    assert fresh.version("mine") == "0.1"


PYPI_SIMPLE = """
import json, sys
from pypi_simple import ACCEPT_JSON_PREFERRED, PyPISimple
with PyPISimple(sys.argv[1], accept=ACCEPT_JSON_PREFERRED) as client:
    page = client.get_project_page("Pocket.Base")
    packages = {package.filename: package for package in page.packages}
    wheel = packages["pocket_base-1.0-py3-none-any.whl"]
    client.download_package(wheel, sys.argv[2] + "/" + wheel.filename)
    print(json.dumps({
        "projects": list(client.get_index_page().projects),
        "version": page.repository_version,
        "versions": page.versions,
        "project": page.project,
        "yanked": packages["pocket_base-1.1-py3-none-any.whl"].yanked_reason,
        "digest": wheel.digests["sha256"],
        "size": wheel.size,
        "uploaded": wheel.upload_time.tzname(),
        "metadata": client.get_package_metadata(wheel).splitlines()[1],
    }))
"""


def test_pypi_simple_reads_all_that_it_knows_of(
    tool: Callable[..., Venv], live: LiveServer, shelf: Path, client_env: dict[str, str], tmp_path: Path
) -> None:
    """It checks digests of files and metadata as it reads."""
    script = tmp_path / "read.py"
    script.write_text(PYPI_SIMPLE)
    python = tool("pypi-simple").python
    said = json.loads(run(python, script, live.index(REPOSITORY), tmp_path, env=client_env).output)
    wheel = shelf / "pocket_base-1.0-py3-none-any.whl"
    assert said == {
        "projects": ["pocket-app", "pocket-base"],
        "version": "1.4",
        "versions": ["1.0", "1.1"],
        "project": "pocket-base",
        "yanked": "it leaks",
        "digest": sha256(wheel),
        "size": wheel.stat().st_size,
        "uploaded": "UTC",
        "metadata": "Name: pocket-base",
    }
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


HERE = """
import os
from urllib.parse import urlsplit
import requests.adapters

send = requests.adapters.HTTPAdapter.send

def send_here(self, request, *arguments, **options):
    request.url = os.environ["HERE"] + urlsplit(request.url).path
    return send(self, request, *arguments, **options)

requests.adapters.HTTPAdapter.send = send_here
"""


def test_pip_audit_reads_the_legacy_json(
    tool: Callable[..., Venv], live: LiveServer, shelf: Path, client_env: dict[str, str], tmp_path: Path
) -> None:
    """The host that it asks is built in: what goes there is sent here, to the same paths, by an adapter below it."""
    (tmp_path / "sitecustomize.py").write_text(HERE)
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("pocket-app==1.0\npocket-base==1.0\nno-such-project==1.0\n")
    environ = {**client_env, "PYTHONPATH": str(tmp_path), "HERE": f"{live.url}{REPOSITORY}"}
    words = ["--disable-pip", "--no-deps", "--progress-spinner", "off", "--format", "json"]
    with live.requests() as requests:
        program = tool("pip-audit").program("pip-audit")
        said = run(program, "-r", requirements, "--cache-dir", tmp_path / "kept", *words, env=environ).output
    assert sorted((each.path, each.status) for each in requests) == [
        (f"/{REPOSITORY}/pypi/no-such-project/1.0/json", 404),
        (f"/{REPOSITORY}/pypi/pocket-app/1.0/json", 200),
        (f"/{REPOSITORY}/pypi/pocket-base/1.0/json", 200),
    ]
    found = json.loads(next(line for line in said.splitlines() if line.startswith("{")))["dependencies"]
    assert {each["name"]: each.get("vulns", "skipped") for each in found} == {
        "pocket-app": [],
        "pocket-base": [],
        "no-such-project": "skipped",
    }
