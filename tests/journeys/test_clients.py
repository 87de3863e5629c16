"""Every client that uploads, with distributions that its own backend makes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.distributions import make_sdist, make_wheel
from tests.journeys.conftest import hermetic
from tests.journeys.environments import Done, LiveServer, Venv, hashes, make_venv, run

pytestmark = pytest.mark.journey

BIG = 30 * 1024 * 1024
"""Bytes; more than the buffers between client and server hold, so that an early answer comes while it is sent."""
ADDRESSES = ("/", "/legacy/", "/acme/{project}/", "/acme/{project}/legacy/")


@dataclass(frozen=True)
class Publisher:
    """A client, the build backend that goes with it, and how it is told what, where and as whom.

    In ``command`` and ``environ``, ``{url}``, ``{user}`` and ``{password}`` are filled in; a last ``DIST`` stands for
    the files, for clients that do not look for them by themselves.
    """

    name: str
    install: tuple[str, ...]
    """What to install: the client, its version, and the backend."""
    backend: str
    command: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    explains: bool = True
    """Whether it shows what the server says; else only the status."""


TWINE = ("upload", "--verbose", "--disable-progress-bar", "--repository-url", "{url}", "DIST")
TWINE_ENVIRON = {"TWINE_USERNAME": "{user}", "TWINE_PASSWORD": "{password}"}
PUBLISHERS = [
    Publisher("twine-6", ("twine", "==6.*", "setuptools"), "setuptools.build_meta", TWINE, TWINE_ENVIRON),
    Publisher("twine-7", ("twine", "==7.*", "setuptools"), "setuptools.build_meta", TWINE, TWINE_ENVIRON),
    Publisher(
        "uv",
        ("uv", "", "uv_build"),
        "uv_build",
        ("publish", "--publish-url", "{url}", "DIST"),
        {"UV_PUBLISH_USERNAME": "{user}", "UV_PUBLISH_PASSWORD": "{password}"},
    ),
    Publisher(
        "poetry",
        ("poetry", "", "poetry-core"),
        "poetry.core.masonry.api",
        ("publish", "--no-interaction", "--repository", "pocket"),
        {
            "POETRY_REPOSITORIES_POCKET_URL": "{url}",
            "POETRY_HTTP_BASIC_POCKET_USERNAME": "{user}",
            "POETRY_HTTP_BASIC_POCKET_PASSWORD": "{password}",
        },
    ),
    Publisher(
        "pdm",
        # Its extra has the releases of its dependencies that it was tested with.
        ("pdm[locked]", "", "pdm-backend"),
        "pdm.backend",
        ("publish", "--no-build"),
        {"PDM_PUBLISH_REPO": "{url}", "PDM_PUBLISH_USERNAME": "{user}", "PDM_PUBLISH_PASSWORD": "{password}"},
        explains=False,
    ),
    Publisher(
        "hatch",
        ("hatch", "", "hatchling"),
        "hatchling.build",
        ("publish", "--no-prompt"),
        {"HATCH_INDEX_REPO": "{url}", "HATCH_INDEX_USER": "{user}", "HATCH_INDEX_AUTH": "{password}"},
        explains=False,
    ),
    Publisher(
        "flit",
        ("flit", "", "flit_core"),
        "flit_core.buildapi",
        ("publish",),
        # It builds what it publishes; the time makes that reproducible.
        {
            "FLIT_INDEX_URL": "{url}",
            "FLIT_USERNAME": "{user}",
            "FLIT_PASSWORD": "{password}",
            "SOURCE_DATE_EPOCH": "1700000000",
        },
    ),
]

PYPROJECT = """\
[build-system]
requires = ["{requires}"]
build-backend = "{backend}"

[project]
name = "{name}"
version = "1.0"
description = "Mädé to be thrown away"
readme = "README.md"
requires-python = ">=3.9"
keywords = ["pocket", "journey"]
classifiers = ["Programming Language :: Python :: 3", "Topic :: Software Development"]
authors = [{{name = "Ada Lovelace", email = "ada@example.org"}}]

[project.urls]
Homepage = "https://example.org/"

[project.optional-dependencies]
more = ["idna >=3 ; python_version >= '3.9'"]

[project.scripts]
{name} = "{module}:main"
"""


@dataclass(frozen=True)
class Workshop:
    """A source tree and the client that publishes it."""

    publisher: Publisher
    tools: Venv
    tree: Path
    home: Path
    live: LiveServer

    @property
    def project(self) -> str:
        return f"made-by-{self.publisher.name}"

    @property
    def repository(self) -> str:
        return f"acme/{self.project}"

    @property
    def module(self) -> Path:
        return self.tree / "src" / self.project.replace("-", "_")

    @property
    def dist(self) -> Path:
        return self.tree / "dist"

    def write(self) -> None:
        self.module.mkdir(parents=True)
        greeting = f"import sys\n\n\ndef main():\n    print('hello from {self.project}')\n"
        (self.module / "__init__.py").write_text(f'"""Throw-away."""\n{greeting}')
        (self.tree / "README.md").write_text("# Ünïcode\n\nA *long* description.\n")
        backend, requires = self.publisher.backend, self.publisher.install[2]
        (self.tree / "pyproject.toml").write_text(
            PYPROJECT.format(name=self.project, module=self.module.name, backend=backend, requires=requires)
        )

    def build(self, *kinds: str) -> None:
        """Make dist/ by the backend's own hooks (PEP 517)."""
        shutil.rmtree(self.dist, ignore_errors=True)
        self.dist.mkdir()
        calls = "; ".join(f"b.build_{kind}('dist')" for kind in kinds or ("sdist", "wheel"))
        code = f"import {self.publisher.backend} as b; {calls}"
        run(self.tools.python, "-c", code, env=self._environ("", ""), cwd=self.tree)

    def publish(
        self, address: str, *options: str, password: str | None = None, status: int | None = 0
    ) -> Done:
        """Publish dist/ to a path of the server, with the owner's key unless another password is given."""
        url = self.live.url.rstrip("/") + address.format(project=self.project)
        environ = self._environ(url, self.live.key if password is None else password)
        program = self.tools.program(self.publisher.name.split("-")[0])
        words: list[str] = []
        for word in (*self.publisher.command, *options):
            words += sorted(map(str, self.dist.iterdir())) if word == "DIST" else [word.format(url=url)]
        return run(program, *words, env=environ, cwd=self.tree, status=status)

    def other(self, tmp_path: Path) -> Workshop:
        """The same with a source tree of its own."""
        tree = shutil.copytree(
            self.tree, tmp_path / "other", ignore=shutil.ignore_patterns("build", "*.egg-info")
        )
        return Workshop(self.publisher, self.tools, tree, self.home, self.live)

    def _environ(self, url: str, password: str) -> dict[str, str]:
        said = {"url": url, "user": "__token__", "password": password}
        filled = {name: value.format(**said) for name, value in self.publisher.environ.items()}
        path = f"{self.tools.path / 'bin'}:/usr/bin:/bin"
        return {**hermetic(self.home), "PATH": path, **filled}


@pytest.fixture(scope="module")
def workshops(
    tool: Callable[..., Venv], live: LiveServer, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Publisher], Workshop]:
    """A built project for each client, whose distributions it has published at all four addresses."""
    made: dict[str, Workshop] = {}

    def get(publisher: Publisher) -> Workshop:
        if publisher.name not in made:
            folder = tmp_path_factory.mktemp(publisher.name)
            workshop = Workshop(publisher, tool(*publisher.install), folder / "tree", folder / "home", live)
            workshop.write()
            workshop.build()
            live.cli("repo", "create", workshop.repository)
            for address in ADDRESSES:
                with live.requests() as requests:
                    workshop.publish(address)
                path = address.format(project=workshop.project)
                assert [each.path for each in requests if each.method == "POST"] == [path] * 2
                assert {each.status for each in requests if each.method == "POST"} == {200}
            made[publisher.name] = workshop
        return made[publisher.name]

    return get


@pytest.fixture(params=PUBLISHERS, ids=lambda publisher: publisher.name)
def workshop(request: pytest.FixtureRequest, workshops: Callable[[Publisher], Workshop]) -> Workshop:
    return workshops(request.param)


def only(*names: str) -> pytest.MarkDecorator:
    """The test runs with these clients alone."""
    chosen = [publisher for publisher in PUBLISHERS if publisher.name in names]
    return pytest.mark.parametrize("workshop", chosen, indirect=True, ids=lambda publisher: publisher.name)


def test_every_address_takes_a_wheel_and_an_sdist(workshop: Workshop) -> None:
    built = hashes(workshop.dist)
    assert sorted(Path(name).suffix for name in built) == [".gz", ".whl"]
    for repository in (workshop.repository, "local/main"):
        assert workshop.live.listed(repository, workshop.project) == built
        files = workshop.live.page(repository, workshop.project)["files"]
        assert {file["requires-python"] for file in files} == {">=3.9"}
        assert all(file["core-metadata"] for file in files if file["filename"].endswith(".whl"))


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_what_was_uploaded_installs_from_the_index_alone_and_runs(
    workshop: Workshop,
    installer: str,
    tool: Callable[..., Venv],
    uv_program: Path,
    client_env: dict[str, str],
    tmp_path: Path,
) -> None:
    fresh = make_venv(tmp_path / "fresh", pip_of=tool("pip") if installer == "pip" else None)
    index = workshop.live.index(workshop.repository)
    command: list[str | Path]
    if installer == "pip":
        command = [fresh.python, "-m", "pip", "install", "--no-cache-dir"]
    else:
        command = [uv_program, "pip", "install", "--no-cache", "--python", fresh.python]
    run(*command, "--index-url", index, workshop.project, env=client_env)
    said = run(fresh.program(workshop.project), env=client_env).output
    assert said == f"hello from {workshop.project}\n"


def test_the_same_bytes_again_are_no_error(workshop: Workshop) -> None:
    before = workshop.live.page(workshop.repository, workshop.project)
    workshop.publish("/acme/{project}/")
    assert workshop.live.page(workshop.repository, workshop.project) == before


def test_other_bytes_under_a_taken_name_are_refused(workshop: Workshop, tmp_path: Path) -> None:
    before = workshop.live.listed(workshop.repository, workshop.project)
    other = workshop.other(tmp_path)
    with (other.module / "__init__.py").open("a") as file:
        file.write("# changed\n")
    other.build()
    refused = other.publish("/acme/{project}/legacy/", status=None)
    assert refused.returncode
    assert ("already exists" if workshop.publisher.explains else "400 Bad Request") in refused.output
    assert workshop.live.listed(workshop.repository, workshop.project) == before


def test_a_wrong_credential_shows_as_401_also_with_a_big_file(workshop: Workshop, tmp_path: Path) -> None:
    other = workshop.other(tmp_path)
    (other.module / "blob.bin").write_bytes(os.urandom(BIG))
    other.build("wheel")
    refused = other.publish("/acme/{project}/legacy/", password="pkr_wrong", status=None)
    assert refused.returncode
    assert "401" in refused.output
    assert "pkr_wrong" not in refused.output


@only("poetry", "pdm")
def test_skip_existing_passes_over_a_taken_name(workshop: Workshop, tmp_path: Path) -> None:
    other = workshop.other(tmp_path)
    with (other.module / "__init__.py").open("a") as file:
        file.write("# changed\n")
    other.build()
    other.publish("/acme/{project}/", "--skip-existing")
    assert workshop.live.listed(workshop.repository, workshop.project) == hashes(workshop.dist)


@only("hatch")
def test_what_the_index_lists_is_not_sent_again(workshop: Workshop) -> None:
    """hatch looks for names below the address that it publishes to, where devpi would list them."""
    with workshop.live.requests() as requests:
        said = workshop.publish("/acme/{project}/").output
    assert said.count("already exists") == 2
    assert {(each.method, each.status) for each in requests} == {("GET", 200)}


@only("twine-6", "twine-7")
class TestTwine:
    def test_check_finds_no_fault_in_what_it_uploads(self, workshop: Workshop) -> None:
        files = sorted(workshop.dist.iterdir())
        environ = {**hermetic(workshop.home), "PATH": "/usr/bin:/bin"}
        said = run(workshop.tools.program("twine"), "check", "--strict", *files, env=environ).output
        assert said.count("PASSED") == 2

    def test_attestations_are_refused_where_the_project_has_no_publisher(
        self, workshop: Workshop, tmp_path: Path
    ) -> None:
        """None is dropped in silence: the file is not listed either."""
        other = workshop.other(tmp_path)
        shutil.rmtree(other.dist)
        other.dist.mkdir()
        wheel = make_wheel(other.dist, workshop.project, "3.0")
        (other.dist / f"{wheel.name}.publish.attestation").write_text('{"version": 1}')
        refused = other.publish("/acme/{project}/", "--attestations", status=1)
        assert "attestation" in refused.output.partition("400")[2]
        assert wheel.name not in workshop.live.listed(workshop.repository, workshop.project)


@only("uv")
class TestCheckUrl:
    """``uv publish --check-url``: the index is asked before anything is sent."""

    def test_the_same_bytes_are_not_sent_again(self, workshop: Workshop) -> None:
        index = workshop.live.index(workshop.repository)
        with workshop.live.requests() as requests:
            said = workshop.publish("/acme/{project}/", "--check-url", index).output
        assert said.count("already exists, skipping") == 2
        assert not [each for each in requests if each.method == "POST"]

    def test_other_bytes_are_an_error(self, workshop: Workshop, tmp_path: Path) -> None:
        other = workshop.other(tmp_path)
        (other.module / "more.py").write_text("")
        other.build()
        index = workshop.live.index(workshop.repository)
        said = other.publish("/acme/{project}/", "--check-url", index, status=2).output
        assert "do not match" in said

    def test_what_is_new_is_sent(self, workshop: Workshop, tmp_path: Path) -> None:
        other = workshop.other(tmp_path)
        shutil.rmtree(other.dist)
        other.dist.mkdir()
        made = make_wheel(other.dist, workshop.project, "2.0")
        index = workshop.live.index("acme/checked")
        workshop.live.cli("repo", "create", "acme/checked")
        other.publish("/acme/checked/", "--check-url", index)
        assert list(workshop.live.listed("acme/checked", workshop.project)) == [made.name]


TAKEN = {
    "twine-6": ["1.2", "2.1", "2.2", "2.3", "2.4"],
    "twine-7": ["1.2", "2.1", "2.2", "2.3", "2.4", "2.5"],
    "uv": ["1.0", "1.1", "1.2", "2.0", "2.1", "2.2", "2.3", "2.4", "2.5"],
}
"""Versions of the core metadata that the clients let through."""


@only("twine-6", "twine-7", "uv")
def test_every_version_of_the_metadata_is_taken(workshop: Workshop, tmp_path: Path) -> None:
    other = workshop.other(tmp_path)
    repository = f"acme/metadata-{workshop.publisher.name}"
    workshop.live.cli("repo", "create", repository)
    shutil.rmtree(other.dist)
    other.dist.mkdir()
    made: dict[str, list[Path]] = {}
    for version in TAKEN[workshop.publisher.name]:
        name = f"metadata-{version.replace('.', '-')}"
        made[name] = [make(other.dist, name, metadata_version=version) for make in (make_wheel, make_sdist)]
    other.publish(f"/{repository}/")
    for name, paths in made.items():
        assert set(workshop.live.listed(repository, name)) == {path.name for path in paths}
