"""Upload, Browse and Connect, used as a person does: controls are set and clicked, then the panel is read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pocketrepo.client import Client
from pocketrepo.config import SNIPPET_TOOLS
from pocketrepo.widgets.browse import BrowseTab
from pocketrepo.widgets.connect import BESIDE, ConnectTab
from pocketrepo.widgets.connection import Connection
from pocketrepo.widgets.panel import Panel
from pocketrepo.widgets.reception import Reception
from pocketrepo.widgets.upload import UploadTab
from tests.distributions import make_wheel


def said(panel: Panel) -> str:
    return str(panel._said.value)


# Upload


Come = Callable[[Path], Reception]


@pytest.fixture
def come() -> Iterator[Come]:
    """A file as it is when all of it has come."""
    receptions = []

    def receive(path: Path) -> Reception:
        content = path.read_bytes()
        reception = Reception(path.name, len(content))
        receptions.append(reception)
        reception.write(0, content)
        return reception

    yield receive
    for reception in receptions:
        reception.close()


@pytest.fixture
def upload(client: Client) -> UploadTab:
    return UploadTab(client)


def quiet(done: int, total: int) -> None:
    pass


def test_a_file_that_has_come_is_pushed(
    upload: UploadTab, client: Client, come: Come, tmp_path: Path
) -> None:
    upload._push(come(make_wheel(tmp_path, "fresh")), quiet)
    assert "fresh" in client.projects()
    assert "fresh-1.0-py3-none-any.whl" in upload.done.value
    assert "pushed" in said(upload)


def test_the_same_file_again_is_there_already(upload: UploadTab, come: Come, tmp_path: Path) -> None:
    upload._push(come(make_wheel(tmp_path, "other", "2.0")), quiet)
    assert "there already" in upload.done.value


def test_a_broken_file_is_listed_with_the_reason(upload: UploadTab, come: Come, tmp_path: Path) -> None:
    broken = tmp_path / "broken-1.0-py3-none-any.whl"
    broken.write_bytes(b"nonsense")
    upload._push(come(broken), quiet)
    assert "refused: this is not a zip archive" in upload.done.value
    assert 'role="alert"' in said(upload)


def test_a_file_that_changed_on_disk_is_refused(upload: UploadTab, come: Come, tmp_path: Path) -> None:
    reception = come(make_wheel(tmp_path, "fresh"))
    make_wheel(reception.path.parent, "fresh", summary="another")
    upload._push(reception, quiet)
    assert "has changed on this machine" in upload.done.value


def test_without_a_server_a_file_is_refused_and_the_panel_says_what_to_do(come: Come, tmp_path: Path) -> None:
    upload = UploadTab(Connection())
    upload._push(come(make_wheel(tmp_path, "fresh")), quiet)
    assert "refused: no server is running (start it on the Server tab)" in upload.done.value


def test_the_others_hear_of_a_push(client: Client, come: Come, tmp_path: Path) -> None:
    connection = Connection(client)
    upload, browse = UploadTab(connection), BrowseTab(connection)
    upload._push(come(make_wheel(tmp_path, "fresh")), quiet)
    browse.settle()
    assert "fresh" in browse.projects.options


@pytest.fixture
def without_anywidget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "pocketrepo.widgets.zone", raising=False)


def choose(upload: UploadTab, *paths: Path) -> None:
    """What the page sends when files are chosen."""
    upload.small.value = [
        {
            "name": path.name,
            "type": "",
            "size": path.stat().st_size,
            "content": memoryview(path.read_bytes()),
            "last_modified": datetime(2026, 1, 31, tzinfo=UTC),
        }
        for path in paths
    ]
    upload.settle()


@pytest.mark.usefixtures("without_anywidget")
def test_without_anywidget_small_files_are_taken_and_the_limit_is_said(
    client: Client, tmp_path: Path
) -> None:
    upload = UploadTab(client)
    assert upload.zone is None
    assert "10 MB at most" in upload.small.description
    broken = tmp_path / "broken-1.0-py3-none-any.whl"
    broken.write_bytes(b"nonsense")
    choose(upload, broken, make_wheel(tmp_path, "fresh"))
    assert "fresh" in client.projects()
    assert "refused: this is not a zip archive" in upload.done.value
    assert upload.small.value == ()


# Browse


@pytest.fixture
def browse(client: Client) -> BrowseTab:
    tab = BrowseTab(client)
    tab.settle()
    return tab


def test_projects_are_listed_and_the_first_is_shown(browse: BrowseTab) -> None:
    assert list(browse.projects.options) == ["hello-pocket", "other"]
    assert list(browse.version.options) == ["1.1", "1.0"]
    assert "hello_pocket-1.0-py3-none-any.whl" in browse.shown.value


def test_a_search_leaves_what_fits(browse: BrowseTab) -> None:
    browse.search.value = "OTH"
    browse.settle()
    assert list(browse.projects.options) == ["other"]
    browse.search.value = "nothing like that"
    browse.settle()
    assert list(browse.projects.options) == []
    assert "no project of such a name" in said(browse)
    assert browse.delete.disabled


def test_another_project_is_shown_when_chosen(browse: BrowseTab) -> None:
    browse.projects.value = "other"
    browse.settle()
    assert list(browse.version.options) == ["2.0"]
    assert "other-2.0-py3-none-any.whl" in browse.shown.value


def is_asked(browse: BrowseTab) -> bool:
    return bool(browse.confirm.layout.display != "none")


def test_yanking_is_asked_about_and_done_with_its_reason(browse: BrowseTab, client: Client) -> None:
    browse.version.value = "1.0"
    browse.yank.click()
    assert is_asked(browse)
    assert "Yank hello-pocket 1.0?" in browse.question.value
    assert all(link.yanked is None for link in client.files("hello-pocket", "1.0"))
    browse.reason.value = "it burns"
    browse.sure.click()
    browse.settle()
    assert not is_asked(browse)
    assert [link.yanked for link in client.files("hello-pocket", "1.0")] == ["it burns"]
    assert "yanked hello_pocket-1.0" in said(browse)
    assert browse.version.value == "1.0"

    browse.unyank.click()
    browse.settle()
    assert [link.yanked for link in client.files("hello-pocket", "1.0")] == [None]


def test_deleting_is_asked_about_and_can_be_left(browse: BrowseTab, client: Client) -> None:
    browse.delete.click()
    assert is_asked(browse)
    browse.cancel.click()
    browse.settle()
    assert not is_asked(browse)
    assert [release.version for release in client.show("hello-pocket").releases] == ["1.1", "1.0"]

    browse.delete.click()
    browse.sure.click()
    browse.settle()
    assert [release.version for release in client.show("hello-pocket").releases] == ["1.0"]
    assert list(browse.version.options) == ["1.0"]


@pytest.mark.parametrize("control", ["projects", "version"])
def test_what_was_asked_about_one_version_is_not_done_to_another(browse: BrowseTab, control: str) -> None:
    browse.delete.click()
    chosen = getattr(browse, control)
    chosen.value = chosen.options[1]
    browse.settle()
    assert not is_asked(browse)


def test_what_the_server_refuses_is_said(client: Client) -> None:
    browse = BrowseTab(client.url)
    browse.settle()
    browse.delete.click()
    browse.sure.click()
    browse.settle()
    assert 'role="alert"' in said(browse)
    assert "hello-pocket" in client.projects()


def test_a_server_that_is_gone_is_told(unused: str) -> None:
    browse = BrowseTab(unused)
    browse.settle()
    assert "no answer from" in said(browse)


@pytest.fixture
def unused() -> str:
    """An address where nobody listens."""
    return "http://127.0.0.1:9/"


# Connect


@pytest.fixture
def connect() -> ConnectTab:
    return ConnectTab("http://user:s3cret@127.0.0.1:9/acme/internal/")


@pytest.mark.parametrize("tool", SNIPPET_TOOLS)
def test_each_tool_has_its_snippet_and_none_has_a_secret(connect: ConnectTab, tool: str) -> None:
    connect.tool.value = tool
    assert "http://127.0.0.1:9/acme/internal/" in connect.snippet.value
    assert "s3cret" not in str(connect.get_state()) + connect.snippet.value + connect.note.value


def test_a_choice_between_indexes_is_explained(connect: ConnectTab) -> None:
    alone = connect.why.value
    connect.beside.value = BESIDE
    assert "--extra-index-url" in connect.snippet.value
    assert "highest version" in connect.why.value
    assert connect.why.value != alone


def test_a_token_is_a_variable_and_dots(connect: ConnectTab) -> None:
    assert "••••" not in connect.note.value
    connect.private.value = True
    assert "POCKETREPO_TOKEN" in connect.snippet.value
    assert "••••" in connect.note.value


def test_a_package_that_is_none_is_said_and_leaves_no_snippet(connect: ConnectTab) -> None:
    connect.package.value = "; rm -rf"
    assert "is not a package name" in said(connect)
    assert connect.snippet.value == ""
    connect.package.value = "hello"
    assert said(connect) == ""
    assert "hello" in connect.snippet.value


def test_nothing_to_connect_to_is_said() -> None:
    assert "no server is running" in said(ConnectTab(Connection()))
