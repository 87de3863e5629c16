"""Every client that uploads, with distributions that its own backend makes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.distributions import make_sdist, make_wheel
from tests.journeys.conftest import hermetic
from tests.journeys.environments import LiveServer, Venv, hashes, make_venv, run
from tests.journeys.publishers import PUBLISHERS, Publisher, Workshop, only

pytestmark = pytest.mark.journey
BIG = 30 * 1024 * 1024
"""Bytes; more than the buffers between client and server hold, so that an early answer comes while it is sent."""
ADDRESSES = ("/", "/legacy/", "/acme/{project}/", "/acme/{project}/legacy/")


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
    shown = "already exists" if workshop.publisher.explains else "400 Bad Request"
    assert shown in " ".join(refused.output.split())
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
