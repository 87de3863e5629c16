"""pip of several ages, uv, poetry and pdm, given the index URL and nothing else."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import pytest

from tests.distributions import make_sdist, make_wheel
from tests.journeys.environments import LiveServer, Request, Venv, make_venv, run, sha256

pytestmark = pytest.mark.journey

PIPS = ["==19.3.1", "==23.2", ""] if sys.version_info < (3, 12) else ["==23.2", ""]
"""The oldest pip that starts on this Python, one of middle age, and the newest."""
REPOSITORY = "acme/shelf"


@pytest.fixture(scope="module")
def shelf(live: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the repository holds: pocket-app needs pocket-base, whose newest fit version is 1.0, as 1.1 is yanked and
    2.0 is for a Python that does not exist. pocket-next has an sdist of 1.1 alone, and 2.0 is to come."""
    folder = tmp_path_factory.mktemp("shelf")
    for version, python in {"0.9": ">=3.8", "1.0": ">=3.8", "1.1": ">=3.8", "2.0": ">=3.99"}.items():
        make_wheel(folder, "pocket-base", version, requires_python=python)
    make_sdist(folder, "pocket-base", "1.0")
    make_wheel(folder, "pocket-app", "1.0", requires=["pocket-base>=0.9"])
    make_wheel(folder, "pocket-next", "1.0")
    make_sdist(folder, "pocket-next", "1.1")
    make_wheel(folder, "pocket-next", "2.0rc1")
    live.push(REPOSITORY, folder)
    live.cli("yank", "--repository", REPOSITORY, "--reason", "it leaks", "pocket-base==1.1")
    return folder


@dataclass(frozen=True)
class Pip:
    """A fresh environment with one release of pip, and the shelf as its index."""

    env: Venv
    environ: dict[str, str]
    index: str

    def __call__(self, *words: str | Path, status: int = 0) -> str:
        python = self.env.python
        options = ["--index-url", self.index, "--no-cache-dir"]
        return run(python, "-m", "pip", *words, *options, env=self.environ, status=status).output

    def version(self, name: str) -> str:
        return self.env.version(name)


@pytest.fixture(params=PIPS, ids=lambda version: version.strip("=") or "newest")
def pip(
    request: pytest.FixtureRequest,
    tool: Callable[..., Venv],
    live: LiveServer,
    shelf: Path,
    client_env: dict[str, str],
    tmp_path: Path,
) -> Pip:
    source = tool("pip", request.param)
    return Pip(make_venv(tmp_path / "fresh", pip_of=source), client_env, live.index(REPOSITORY))


def since(version: str) -> pytest.MarkDecorator:
    """The test runs with this release of pip and newer ones."""
    chosen = PIPS[PIPS.index(version) :]
    return pytest.mark.parametrize("pip", chosen, indirect=True, ids=lambda each: each.strip("=") or "newest")


def fetched(requests: list[Request], suffix: str) -> list[str]:
    """Names of the files with this suffix that were sent."""
    paths = [each.path for each in requests if each.method == "GET" and each.status in (200, 206)]
    return sorted(path.rpartition("/")[2] for path in paths if path.endswith(suffix))


def without_metadata(live: LiveServer, folder: Path) -> Path:
    """A page elsewhere that links to the shelf's newest wheels, and says nothing but their hashes."""
    page = folder / "links.html"
    wheels = {
        "pocket-app": "pocket_app-1.0-py3-none-any.whl",
        "pocket-base": "pocket_base-1.0-py3-none-any.whl",
    }
    anchors = []
    for project, wheel in wheels.items():
        [file] = [each for each in live.page(REPOSITORY, project)["files"] if each["filename"] == wheel]
        url = urljoin(f"{live.index(REPOSITORY)}{project}/", file["url"])
        anchors.append(f'<a href="{url}#sha256={file["hashes"]["sha256"]}">{wheel}</a>')
    page.write_text("<!doctype html>\n" + "\n".join(anchors))
    return page


class TestPip:
    def test_takes_the_newest_version_that_is_neither_yanked_nor_for_another_python(self, pip: Pip) -> None:
        pip("install", "pocket-app")
        said = run(pip.env.python, "-c", "import pocket_base; print(pocket_base.__version__)", env={}).output
        assert said == "1.0\n"
        assert pip.version("pocket-app") == "1.0"

    def test_a_yanked_version_installs_when_pinned_and_its_reason_is_shown(self, pip: Pip) -> None:
        assert "it leaks" in pip("install", "pocket-base==1.1")
        assert pip.version("pocket-base") == "1.1"

    def test_a_version_for_another_python_is_refused_even_when_pinned(self, pip: Pip) -> None:
        assert "No matching distribution" in pip("install", "pocket-base==2.0", status=1)

    def test_an_unknown_project_is_said_to_be_unknown(self, pip: Pip) -> None:
        assert "No matching distribution" in pip("install", "no-such-project", status=1)

    def test_download_gets_the_bytes_that_were_pushed(self, pip: Pip, shelf: Path, tmp_path: Path) -> None:
        pip("download", "--dest", tmp_path / "out", "pocket-app")
        got = sorted((tmp_path / "out").iterdir())
        assert [path.name for path in got] == [
            "pocket_app-1.0-py3-none-any.whl",
            "pocket_base-1.0-py3-none-any.whl",
        ]
        assert all(path.read_bytes() == (shelf / path.name).read_bytes() for path in got)

    @since("==23.2")
    def test_index_versions_lists_what_fits_this_python(self, pip: Pip) -> None:
        said = pip("index", "versions", "pocket-base")
        assert re.search(r"Available versions: (?:1\.1, )?1\.0, 0\.9$", said, re.MULTILINE)

    def test_require_hashes_takes_the_right_bytes_and_no_others(
        self, pip: Pip, shelf: Path, tmp_path: Path
    ) -> None:
        wheel = shelf / "pocket_base-1.0-py3-none-any.whl"
        requirements = tmp_path / "requirements.txt"
        requirements.write_text(f"pocket-base==1.0 --hash=sha256:{'0' * 64}\n")
        assert "HASHES" in pip("install", "--require-hashes", "-r", requirements, status=1)
        requirements.write_text(f"pocket-base==1.0 --hash=sha256:{sha256(wheel)}\n")
        pip("install", "--require-hashes", "-r", requirements)
        assert pip.version("pocket-base") == "1.0"

    def test_only_binary_and_pre_choose_among_versions(self, pip: Pip) -> None:
        pip("install", "--only-binary", ":all:", "pocket-next")
        assert pip.version("pocket-next") == "1.0"
        pip("install", "--upgrade", "--pre", "pocket-next")
        assert pip.version("pocket-next") == "2.0rc1"

    @since("")
    def test_fast_deps_reads_the_ends_of_wheels_whose_metadata_nobody_offers(
        self, pip: Pip, live: LiveServer, tmp_path: Path
    ) -> None:
        links = without_metadata(live, tmp_path)
        with live.requests() as requests:
            python, options = pip.env.python, ["--no-index", "--find-links", links, "--no-cache-dir"]
            words = ["-m", "pip", "install", "--use-feature=fast-deps", "--dry-run", *options, "pocket-app"]
            said = run(python, *words, env=pip.environ).output
        assert "Would install pocket-app-1.0 pocket-base-1.0" in said
        assert {each.status for each in requests if each.method == "GET"} == {206}

    @since("")
    def test_resolving_fetches_metadata_and_no_wheel(self, pip: Pip, live: LiveServer) -> None:
        with live.requests() as requests:
            assert "Would install pocket-app-1.0 pocket-base-1.0" in pip("install", "--dry-run", "pocket-app")
        assert fetched(requests, ".metadata") == [
            "pocket_app-1.0-py3-none-any.whl.metadata",
            "pocket_base-1.0-py3-none-any.whl.metadata",
        ]
        assert not fetched(requests, ".whl")

    @since("==23.2")
    def test_metadata_is_read_before_any_wheel(self, pip: Pip, live: LiveServer) -> None:
        with live.requests() as requests:
            pip("install", "pocket-app")
        kinds = [each.path.rpartition(".")[2] for each in requests if "/files/" in each.path]
        assert kinds == ["metadata", "metadata", "whl", "whl"]

    @since("")
    def test_upload_times_let_it_look_into_the_past(self, pip: Pip) -> None:
        pip("install", "--uploaded-prior-to", "2020-01-01T00:00:00Z", "pocket-base", status=1)
        pip("install", "--uploaded-prior-to", "2100-01-01T00:00:00Z", "pocket-base")

    def test_a_version_is_found_as_soon_as_it_is_pushed(
        self, pip: Pip, live: LiveServer, tmp_path: Path
    ) -> None:
        repository, name = f"acme/fresh-{pip.version('pip').replace('.', '-')}", "pocket-fresh"
        for version in ("1.0", "1.1"):
            live.push(repository, make_wheel(tmp_path, name, version))
            # With its cache, unlike the other tests.
            words = ["install", "--upgrade", "--index-url", live.index(repository), name]
            run(pip.env.python, "-m", "pip", *words, env=pip.environ)
            assert pip.version(name) == version


@dataclass(frozen=True)
class Uv:
    """uv and a fresh environment, with the shelf as its index."""

    program: Path
    env: Venv
    environ: dict[str, str]
    index: str

    def __call__(self, *words: str | Path, cwd: Path | None = None, status: int = 0) -> str:
        return run(self.program, *words, env=self.environ, cwd=cwd, status=status).output

    def pip(self, *words: str | Path, status: int = 0) -> str:
        options = ["--python", str(self.env.python), "--index-url", self.index, "--no-cache"]
        return self("pip", *words, *options, status=status)


@pytest.fixture
def uv(uv_program: Path, live: LiveServer, shelf: Path, client_env: dict[str, str], tmp_path: Path) -> Uv:
    return Uv(uv_program, make_venv(tmp_path / "fresh"), client_env, live.index(REPOSITORY))


class TestUv:
    def test_takes_the_newest_version_that_is_neither_yanked_nor_for_another_python(self, uv: Uv) -> None:
        uv.pip("install", "pocket-app")
        said = run(uv.env.python, "-c", "import pocket_base; print(pocket_base.__version__)", env={}).output
        assert said == "1.0\n"
        assert uv.env.version("pocket-app") == "1.0"

    def test_a_yanked_version_installs_when_pinned_and_its_reason_is_shown(self, uv: Uv) -> None:
        assert "it leaks" in uv.pip("install", "pocket-base==1.1")
        assert uv.env.version("pocket-base") == "1.1"

    def test_a_version_for_another_python_is_refused_even_when_pinned(self, uv: Uv) -> None:
        assert "Python>=3.99" in uv.pip("install", "pocket-base==2.0", status=1)

    def test_an_unknown_project_is_said_to_be_unknown(self, uv: Uv) -> None:
        assert "not found in the package registry" in uv.pip("install", "no-such-project", status=1)

    def test_compile_fetches_metadata_only_and_its_hashes_install(
        self, uv: Uv, live: LiveServer, shelf: Path, tmp_path: Path
    ) -> None:
        wanted, locked = tmp_path / "requirements.in", tmp_path / "requirements.txt"
        wanted.write_text("pocket-app\n")
        with live.requests() as requests:
            uv.pip("compile", "--generate-hashes", "--output-file", locked, wanted)
        assert len(fetched(requests, ".metadata")) == 2
        assert not fetched(requests, ".whl")
        for name in (
            "pocket_app-1.0-py3-none-any.whl",
            "pocket_base-1.0-py3-none-any.whl",
            "pocket_base-1.0.tar.gz",
        ):
            assert sha256(shelf / name) in locked.read_text()
        uv.pip("install", "--require-hashes", "--requirement", locked)
        assert uv.env.version("pocket-app") == "1.0"

    def test_metadata_that_nobody_offers_is_read_from_the_ends_of_wheels(
        self, uv: Uv, live: LiveServer, tmp_path: Path
    ) -> None:
        wanted = tmp_path / "requirements.in"
        wanted.write_text("pocket-app\n")
        options = ["--no-index", "--find-links", without_metadata(live, tmp_path), "--no-cache"]
        with live.requests() as requests:
            said = uv("pip", "compile", "--python", uv.env.python, *options, wanted)
        assert "pocket-base==1.0" in said
        assert {each.status for each in requests if each.method == "GET"} == {206}

    def test_only_binary_and_prereleases_choose_among_versions(self, uv: Uv) -> None:
        uv.pip("install", "--only-binary", ":all:", "pocket-next")
        assert uv.env.version("pocket-next") == "1.0"
        uv.pip("install", "--upgrade", "--prerelease", "allow", "pocket-next")
        assert uv.env.version("pocket-next") == "2.0rc1"

    def test_wrong_hashes_are_refused(self, uv: Uv, tmp_path: Path) -> None:
        locked = tmp_path / "requirements.txt"
        locked.write_text(f"pocket-base==1.0 --hash=sha256:{'0' * 64}\n")
        assert "Hash mismatch" in uv.pip("install", "--require-hashes", "--requirement", locked, status=1)

    def test_upload_times_let_it_look_into_the_past(self, uv: Uv) -> None:
        uv.pip("install", "--exclude-newer", "2020-01-01", "pocket-base", status=1)
        uv.pip("install", "--exclude-newer", "2100-01-01", "pocket-base")

    def test_a_project_is_locked_synced_and_upgraded(self, uv: Uv, live: LiveServer, tmp_path: Path) -> None:
        repository, folder, made = "acme/uv-project", tmp_path / "project", tmp_path / "made"
        index = live.index(repository)
        made.mkdir()
        make_wheel(made, "pocket-base", "1.0")
        make_wheel(made, "pocket-app", "1.0", requires=["pocket-base"])
        live.push(repository, made)
        folder.mkdir()
        (folder / "pyproject.toml").write_text(
            '[project]\nname = "mine"\nversion = "0"\nrequires-python = ">=3.11"\n\n'
            f'[[tool.uv.index]]\nname = "pocket"\nurl = "{index}"\ndefault = true\n'
        )
        uv("add", "--python", sys.executable, "pocket-app", cwd=folder)
        lock = (folder / "uv.lock").read_text()
        assert sha256(made / "pocket_base-1.0-py3-none-any.whl") in lock

        (folder / ".venv").rename(folder / "old")
        uv("sync", "--locked", "--no-cache", "--python", sys.executable, cwd=folder)
        assert Venv(folder / ".venv").version("pocket-base") == "1.0"

        # Its cache knows the page as it was.
        live.push(repository, make_wheel(made, "pocket-base", "1.1"))
        uv("lock", "--upgrade", cwd=folder)
        uv("sync", "--locked", cwd=folder)
        assert Venv(folder / ".venv").version("pocket-base") == "1.1"


def in_project(folder: Path, source: str) -> Path:
    """A project that needs pocket-app, with these tables to say where it comes from."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "mine"\nversion = "0"\nrequires-python = ">=3.11,<4"\n'
        f'dependencies = ["pocket-app"]\n\n{source}'
    )
    return folder


def test_poetry_locks_and_installs(
    tool: Callable[..., Venv], live: LiveServer, shelf: Path, client_env: dict[str, str], tmp_path: Path
) -> None:
    index = live.index(REPOSITORY)
    source = f'[[tool.poetry.source]]\nname = "pocket"\nurl = "{index}"\npriority = "primary"\n'
    folder = in_project(tmp_path / "project", f"[tool.poetry]\npackage-mode = false\n\n{source}")
    environ = {**client_env, "POETRY_VIRTUALENVS_CREATE": "1", "POETRY_VIRTUALENVS_IN_PROJECT": "1"}
    program = tool("poetry", "", "poetry-core").program("poetry")
    run(program, "sync", "--no-interaction", env=environ, cwd=folder)
    assert sha256(shelf / "pocket_base-1.0-py3-none-any.whl") in (folder / "poetry.lock").read_text()
    assert Venv(folder / ".venv").version("pocket-base") == "1.0"


def test_pdm_locks_and_installs(
    tool: Callable[..., Venv], live: LiveServer, shelf: Path, client_env: dict[str, str], tmp_path: Path
) -> None:
    source = f'[[tool.pdm.source]]\nname = "pypi"\nurl = "{live.index(REPOSITORY)}"\n'
    folder = in_project(tmp_path / "project", source)
    program = tool("pdm[locked]", "", "pdm-backend").program("pdm")
    run(program, "install", "--no-self", env=client_env, cwd=folder)
    assert sha256(shelf / "pocket_base-1.0-py3-none-any.whl") in (folder / "pdm.lock").read_text()
    assert Venv(folder / ".venv").version("pocket-base") == "1.0"
