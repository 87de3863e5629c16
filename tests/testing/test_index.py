"""An index of a test: what it lists, who may, and when."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pocketrepo.client import Client
from pocketrepo.errors import BadUpload, FileExists, PocketRepoError, Unauthorized, UsageError
from pocketrepo.repository import Root
from pocketrepo.store import ABSENT
from pocketrepo.testing import Index
from pocketrepo.testing.server import Server
from tests.testing.http import first_file, get, page


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def index(server: Server) -> Iterator[Index]:
    with Index(server=server) as index:
        yield index


class TestAdding:
    def test_a_new_index_is_empty(self, index: Index) -> None:
        assert get(index.index_url).json()["projects"] == []
        assert get(f"{index.index_url}lib/").status == 404
        assert index.files == []

    def test_what_is_added_is_listed_with_what_was_said_of_it(self, index: Index) -> None:
        [wheel] = index.add("My.Lib==1.0", requires_python=">=3.9")
        [listed] = page(index.index_url, "my-lib")
        assert listed["filename"] == wheel.filename == "my_lib-1.0-py3-none-any.whl"
        assert listed["hashes"]["sha256"] == wheel.sha256
        assert listed["requires-python"] == ">=3.9"
        assert index.files == [wheel]

    def test_metadata_has_requirements_extras_and_summary(self, index: Index) -> None:
        extras = {"fast": ["quick>=1", "brisk ; python_version > '3'"]}
        index.add("app==2.0", requires=["lib>=1"], extras=extras, summary="It works")
        metadata = get(f"{first_file(index.index_url, 'app')}.metadata").body.decode().splitlines()
        assert "Summary: It works" in metadata
        assert [line for line in metadata if "Dist" in line or "Extra" in line] == [
            "Provides-Extra: fast",
            "Requires-Dist: lib>=1",
            'Requires-Dist: quick>=1; extra == "fast"',
            "Requires-Dist: brisk; (python_version > '3') and extra == \"fast\"",
        ]

    def test_a_wheel_for_each_tag_and_an_sdist(self, index: Index) -> None:
        tags = ["cp311-cp311-manylinux_2_17_x86_64", "cp312-cp312-win_amd64"]
        made = [file.filename for file in index.add("lib==1.0", tags=tags, sdist=True)]
        assert made == [*(f"lib-1.0-{tag}.whl" for tag in tags), "lib-1.0.tar.gz"]

    def test_only_an_sdist(self, index: Index) -> None:
        assert [file.filename for file in index.add("lib==1.0", wheel=False, sdist=True)] == [
            "lib-1.0.tar.gz"
        ]

    @pytest.mark.parametrize(("yanked", "shown"), [(False, False), (True, True), ("broken", "broken")])
    def test_a_yank_shows_with_its_reason(self, index: Index, yanked: str | bool, shown: str | bool) -> None:
        index.add("lib==1.5", yanked=yanked)
        assert page(index.index_url, "lib")[0]["yanked"] == shown

    def test_the_same_release_again_is_no_change_and_another_is_refused(self, index: Index) -> None:
        assert index.add("lib==1.0") == index.add("lib==1.0")
        with pytest.raises(FileExists):
            index.add("lib==1.0", requires=["other"])

    @pytest.mark.parametrize(
        "text", ["lib", "lib>=1", "lib==1.*", "lib[x]==1", "lib==1; python_version > '3'", "!"]
    )
    def test_what_names_no_release_is_said(self, index: Index, text: str) -> None:
        with pytest.raises(UsageError, match=r"for example: app==2\.0"):
            index.add(text)

    def test_a_file_that_is_there_already(self, index: Index, server: Server, tmp_path: Path) -> None:
        with Index(server=server) as other:
            [made] = other.add("lib==1.0")
            data = get(first_file(other.index_url, "lib")).body
        (tmp_path / made.filename).write_bytes(data)
        assert index.add_file(tmp_path / made.filename).sha256 == made.sha256
        assert index.add_file(data, made.filename).sha256 == made.sha256

    def test_a_file_that_is_none_is_refused_and_leaves_nothing(self, index: Index) -> None:
        with pytest.raises(BadUpload):
            index.add_file(b"no wheel", "lib-1.0-py3-none-any.whl")
        with pytest.raises(UsageError, match="file name"):
            index.add_file(b"no name")
        assert not list((index.folder / "root" / "staging").iterdir())


class TestTime:
    def test_a_frozen_clock_dates_what_is_added_and_what_is_uploaded(
        self, index: Index, tmp_path: Path
    ) -> None:
        index.freeze("2026-01-31")
        index.add("lib==1.0")
        index.advance(timedelta(days=1))
        upload(index, tmp_path, "lib==1.1")
        index.unfreeze()
        times = [file["upload-time"] for file in page(index.index_url, "lib")]
        assert times == ["2026-01-31T00:00:00.000000Z", "2026-02-01T00:00:00.000000Z"]
        [now] = index.add("lib==1.2")
        assert now.upload_time > "2026-02-02"

    def test_a_time_of_its_own(self, index: Index) -> None:
        index.freeze("2026-01-31")
        [file] = index.add("lib==1.0", upload_time="2020-02-02T12:00:00+02:00")
        assert file.upload_time == "2020-02-02T10:00:00.000000Z"

    def test_what_is_no_time_is_said(self, index: Index) -> None:
        with pytest.raises(UsageError, match="2026-01-31"):
            index.freeze("yesterday")


def upload(index: Index, folder: Path, release: str, token: str = "") -> str:
    """By the product's own client, over HTTP."""
    with Index() as maker:
        [made] = maker.add(release)
        [stored] = maker.folder.rglob(made.filename)
        path = folder / made.filename
        path.write_bytes(stored.read_bytes())
    Client(index.url, token=token or index.token).upload(path)
    return path.name


class TestAccess:
    def test_uploads_are_told_from_what_the_test_added(self, index: Index, tmp_path: Path) -> None:
        index.add("lib==1.0")
        name = upload(index, tmp_path, "lib==2.0")
        assert index.uploads == [name]
        assert [file.version for file in index.files] == ["1.0", "2.0"]

    def test_reading_takes_the_token_that_was_required(self, index: Index) -> None:
        index.add("lib==1.0")
        token = index.require_token("read", "s3cret")
        refused = get(f"{index.index_url}lib/")
        assert (refused.status, refused.headers["WWW-Authenticate"][:5]) == (401, "Basic")
        assert get(f"{index.index_url}lib/", password="wrong").status == 401
        assert get(f"{index.index_url}lib/", password=token).status == 200

    def test_writing_takes_the_token_that_was_required_and_no_other(
        self, index: Index, tmp_path: Path
    ) -> None:
        before = index.token
        assert index.require_token("write") == index.token != before
        with pytest.raises(Unauthorized):
            upload(index, tmp_path, "lib==1.0", token=before)
        upload(index, tmp_path, "lib==1.0")
        assert index.env["TWINE_PASSWORD"] == index.token

    def test_an_unknown_action_is_said(self, index: Index) -> None:
        with pytest.raises(UsageError, match="read or write"):
            index.require_token("admin")  # type: ignore[arg-type]

    def test_login_keeps_the_token_for_this_user_alone(self, index: Index) -> None:
        index.login("s3cret")
        netrc = Path(index.env["HOME"]) / ".netrc"
        assert stat.S_IMODE(netrc.stat().st_mode) == 0o600
        assert "s3cret" in netrc.read_text()

    def test_no_secret_is_shown(self, index: Index) -> None:
        index.require_token("read", "s3cret")
        shown = repr(index) + repr(index._gate) + str(index.requests)
        assert "s3cret" not in shown
        assert index._gate.owner_key not in shown


class TestEnvironment:
    def test_nothing_of_the_outside_is_known(self, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
        outside = [
            "PIP_EXTRA_INDEX_URL",
            "UV_INDEX",
            "TWINE_REPOSITORY",
            "PYTHONPATH",
            "NETRC",
            "ftp_proxy",
            "PDM_X",
        ]
        for name in outside:
            monkeypatch.setenv(name, "outside")
        monkeypatch.setenv("MY_TOOL_COLOUR", "blue")
        env = index.env
        assert "outside" not in env.values()
        assert env["MY_TOOL_COLOUR"] == "blue"
        assert env["PATH"] == os.environ["PATH"]

    def test_tools_are_pointed_at_the_index_and_never_prompt(self, index: Index) -> None:
        env = index.env
        for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "PDM_PYPI_URL"):
            assert env[name] == index.index_url
        for name in (
            "TWINE_REPOSITORY_URL",
            "UV_PUBLISH_URL",
            "PDM_PUBLISH_REPO",
            "FLIT_INDEX_URL",
            "HATCH_INDEX_REPO",
        ):
            assert env[name] == index.upload_url
        assert env["PIP_NO_INPUT"] == env["TWINE_NON_INTERACTIVE"] == env["POETRY_NO_INTERACTION"] == "1"

    def test_each_index_has_a_home_and_caches_of_its_own(self, index: Index, server: Server) -> None:
        with Index(server=server) as other:
            for name in ("HOME", "PIP_CACHE_DIR", "UV_CACHE_DIR", "PDM_CACHE_DIR", "POETRY_CACHE_DIR"):
                assert index.env[name].startswith(str(index.folder))
                assert other.env[name].startswith(str(other.folder))

    def test_a_venv_runs_programs_and_lists_what_is_there(self, index: Index) -> None:
        venv = index.venv()
        said = venv.run(
            "python", "-c", "import os, sys; print(sys.prefix, os.environ['PIP_INDEX_URL'])"
        ).stdout
        assert said.split() == [str(venv.path / "venv"), index.index_url]
        assert venv.freeze() == []

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_what_wants_to_leave_this_machine_is_refused_and_noted(
        self, index: Index, server: Server, scheme: str
    ) -> None:
        code = f"from urllib.request import urlopen; urlopen('{scheme}://example.org/simple/', timeout=5)"
        with Index(server=server) as other:
            done = index.venv().run("python", "-c", code, check=False)
            assert "403" in done.stderr
            assert index.escapes == ["example.org:443" if scheme == "https" else "example.org"]
            assert other.escapes == []


class TestTheEnd:
    def test_a_closed_index_is_gone_from_disk_and_from_the_server(self, server: Server) -> None:
        with Index(server=server) as index:
            index.add("lib==1.0")
            venv = index.venv()
        assert index.closed
        assert not index.folder.exists()
        assert not venv.path.exists()
        assert get(index.index_url).status == 404
        index.close()

    def test_a_kept_folder_is_a_root_that_can_be_served(self, server: Server) -> None:
        with Index(server=server) as index:
            index.add("lib==1.0")
            index.keep = True
        again = create_index_from(index.folder / "root")
        assert again == ["lib"]

    def test_without_a_server_it_has_its_own(self) -> None:
        with Index() as index:
            index.add("lib==1.0")
            assert get(index.index_url).status == 200
        with pytest.raises(OSError, match="refused"):
            get(index.index_url)

    def test_indexes_do_not_see_each_other(self, index: Index, server: Server) -> None:
        with Index(server=server) as other:
            other.add("lib==1.0")
            assert get(f"{index.index_url}lib/").status == 404
            assert get(f"{other.index_url}lib/").status == 200
            assert other.url != index.url

    def test_the_products_own_client_speaks_to_it(self, index: Index) -> None:
        index.add("lib==1.0", yanked="broken")
        client = Client(index.url, token=index.token)
        client.unyank("lib", "1.0")
        assert index.files[0].yanked is None
        with pytest.raises(PocketRepoError):
            Client(index.url, token="wrong").yank("lib", "1.0")


def create_index_from(root: Path) -> list[str]:
    """The projects of a root, as another process would find them."""
    from pocketrepo.repository import open_root
    from pocketrepo.settings import Settings

    opened = open_root(Settings(root=root))
    return sorted(opened.repository(opened.default).index.projects().value.names)


def test_nothing_waits_for_the_disk_but_what_is_meant_to_last(
    index: Index, root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    upload(index, tmp_path, "lib==1.0")
    index.add("lib==2.0", yanked="broken")
    assert flushed == []
    root.store.write("some/document.json", b"{}", if_match=ABSENT)
    assert flushed
