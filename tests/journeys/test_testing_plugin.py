"""The fixture ``pocketrepo`` with the tools that people test: pip, uv, twine, poetry and pdm as they are released."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pocketrepo.errors import CommandFailed
from pocketrepo.testing import Index
from tests.distributions import make_wheel
from tests.journeys.environments import Done, Venv, run

pytestmark = pytest.mark.journey

POETRY_PROJECT = """\
[tool.poetry]
package-mode = false

[tool.poetry.dependencies]
python = ">=3.9"
app = "*"

[[tool.poetry.source]]
name = "tests"
url = "{index_url}"
priority = "primary"
"""
PDM_PROJECT = """\
[project]
name = "work"
version = "1.0"
requires-python = ">=3.9"
dependencies = ["app"]

[tool.pdm]
distribution = false
"""


@pytest.fixture
def shelf(pocketrepo: Index) -> Index:
    """app 2.0, which needs lib; of lib 1.0 is right, 1.5 is yanked and 2.0rc1 a pre-release."""
    pocketrepo.add("lib==1.0")
    pocketrepo.add("lib==1.5", yanked="broken")
    pocketrepo.add("lib==2.0rc1")
    code = "import lib\n\n\ndef main():\n    print('lib', lib.__version__)\n"
    pocketrepo.add(
        "app==2.0", requires=["lib>=1"], scripts={"app": "app:main"}, files={"app.py": code}, sdist=True
    )
    return pocketrepo


@pytest.fixture
def uv(uv_program: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{uv_program.parent}{os.pathsep}{os.environ['PATH']}")
    return uv_program


WHEELS = ["app-2.0-py3-none-any.whl", "lib-1.0-py3-none-any.whl"]


def test_pip_installs_from_the_index_alone(shelf: Index) -> None:
    venv = shelf.venv()
    venv.pip("install", "app")
    assert venv.run("app").stdout == "lib 1.0\n"
    assert venv.freeze() == ["app==2.0", "lib==1.0"]
    assert sorted(shelf.downloads) == WHEELS
    assert {request.tool for request in shelf.requests} == {"pip"}
    assert shelf.escapes == []


def test_uv_installs_from_the_index_alone(shelf: Index, uv: Path) -> None:
    venv = shelf.venv()
    venv.uv("pip", "install", "app")
    assert venv.run("app").stdout == "lib 1.0\n"
    assert sorted(shelf.downloads) == WHEELS
    assert {request.tool for request in shelf.requests} == {"uv"}
    assert shelf.escapes == []


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_sdists_are_built_with_nothing_else_on_the_index(pocketrepo: Index, uv: Path, installer: str) -> None:
    pocketrepo.add(
        "app==2.0", wheel=False, sdist=True, scripts={"app": "app:main"}, files={"app.py": "main = int\n"}
    )
    venv = pocketrepo.venv()
    if installer == "pip":
        venv.pip("install", "app")
    else:
        venv.uv("pip", "install", "app")
    assert venv.freeze() == ["app==2.0"]
    assert venv.run("app").returncode == 0
    assert pocketrepo.downloads == ["app-2.0.tar.gz"]


def test_pip_comes_again_after_503(shelf: Index) -> None:
    shelf.fail("/simple/lib/", status=503, times=1, retry_after=0)
    shelf.venv().pip("install", "lib")
    assert [request.status for request in shelf.requests.where(path="/simple/lib/")] == [503, 200]


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_corrupt_bytes_are_refused(shelf: Index, uv: Path, installer: str) -> None:
    shelf.corrupt("*.whl")
    venv = shelf.venv()
    with pytest.raises(CommandFailed):
        venv.pip("install", "lib") if installer == "pip" else venv.uv("pip", "install", "lib")
    assert venv.freeze() == []


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_a_private_index_is_no_prompt_and_a_login_opens_it(shelf: Index, uv: Path, installer: str) -> None:
    token = shelf.require_token("read")
    venv = shelf.venv()

    def install() -> None:
        venv.pip("install", "lib") if installer == "pip" else venv.uv("pip", "install", "lib")

    with pytest.raises(CommandFailed):
        install()
    shelf.login(token)
    install()
    assert venv.freeze() == ["lib==1.0"]


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_the_time_of_upload_counts(pocketrepo: Index, uv: Path, installer: str) -> None:
    pocketrepo.add("lib==1.0", upload_time="2026-01-01")
    pocketrepo.add("lib==2.0", upload_time="2026-02-01")
    venv = pocketrepo.venv()
    if installer == "pip":
        venv.pip("install", "--uploaded-prior-to", "2026-01-15", "lib")
    else:
        venv.uv("pip", "install", "--exclude-newer", "2026-01-15", "lib")
    assert venv.freeze() == ["lib==1.0"]


PUBLISHERS = {
    "twine": ("upload", "DIST"),
    "uv": ("publish", "DIST"),
    "poetry": ("publish", "--repository", "pocketrepo", "--dist-dir", "dist"),
    "pdm[locked]": ("publish", "--no-build"),
}


@pytest.mark.parametrize("name", PUBLISHERS)
def test_publishing_tools_upload_and_a_wrong_token_is_refused(
    pocketrepo: Index, tool: Callable[..., Venv], tmp_path: Path, name: str
) -> None:
    (tmp_path / "dist").mkdir()
    wheel = make_wheel(tmp_path / "dist", "work", "1.0")
    (tmp_path / "pyproject.toml").write_text(PDM_PROJECT)
    program = tool(name).program(name.partition("[")[0])
    words = [str(wheel) if word == "DIST" else word for word in PUBLISHERS[name]]

    def publish(status: int | None) -> Done:
        return run(program, *words, env=pocketrepo.env, cwd=tmp_path, status=status)

    right = pocketrepo.env
    pocketrepo.require_token("write", "another")
    assert run(program, *words, env=right, cwd=tmp_path, status=None).returncode != 0
    assert pocketrepo.uploads == []
    publish(0)
    assert pocketrepo.uploads == [wheel.name]
    assert pocketrepo.requests[-1].tool == name.partition("[")[0]


def test_poetry_locks_and_installs(shelf: Index, tool: Callable[..., Venv], tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(POETRY_PROJECT.format(index_url=shelf.index_url))
    venv = shelf.venv()
    env = {**shelf.env, "VIRTUAL_ENV": str(venv.path / "venv")}
    run(tool("poetry").program("poetry"), "install", env=env, cwd=tmp_path)
    assert venv.freeze() == ["app==2.0", "lib==1.0"]
    assert {"app-2.0-py3-none-any.whl", "lib-1.0-py3-none-any.whl"} <= set(shelf.downloads)
    assert shelf.escapes == []


def test_pdm_locks_and_installs(shelf: Index, tool: Callable[..., Venv], tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PDM_PROJECT)
    venv = shelf.venv()
    env = {**shelf.env, "VIRTUAL_ENV": str(venv.path / "venv"), "PDM_IGNORE_ACTIVE_VENV": "0"}
    pdm = tool("pdm[locked]").program("pdm")
    run(pdm, "use", "-f", venv.python, env=env, cwd=tmp_path)
    run(pdm, "install", env=env, cwd=tmp_path)
    assert venv.freeze() == ["app==2.0", "lib==1.0"]
    assert shelf.escapes == []
