"""The Server tab and the connection under it, with servers that are handles only."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from pocketrepo.background import Server
from pocketrepo.client import Client
from pocketrepo.errors import ServerError
from pocketrepo.widgets import connection as module
from pocketrepo.widgets.connection import Connection
from pocketrepo.widgets.server import ServerTab


def said(tab: ServerTab) -> str:
    return str(tab._said.value)


def states(tab: ServerTab) -> tuple[bool, bool, bool]:
    """Whether start, stop and check can be pressed."""
    return not tab.start.disabled, not tab.stop.disabled, not tab.check.disabled


@pytest.fixture
def owned(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server that this process started."""
    monkeypatch.setattr(Server, "owned", True)
    monkeypatch.setattr(Server, "running", property(lambda self: not self._stopped))

    def stop(self: Server) -> bool:
        self._stopped = True
        return True

    monkeypatch.setattr(Server, "stop", stop)
    return server


def test_without_a_server_there_is_one_thing_to_do() -> None:
    tab = ServerTab()
    assert "No server is running" in tab.state.value
    assert states(tab) == (True, False, False)


def test_a_server_of_another_process_is_shown_and_left_alone(server: Server) -> None:
    tab = ServerTab(server)
    assert "Running, started elsewhere" in tab.state.value
    assert server.index_url in tab.state.value
    assert states(tab) == (False, False, True)


def test_a_server_is_stopped_and_started_again(owned: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    tab = ServerTab(owned)
    assert states(tab) == (False, True, True)
    tab.stop.click()
    tab.settle()
    assert "Stopped" in tab.state.value
    assert states(tab) == (True, False, False)
    assert "stopped" in said(tab)

    begun: list[Path] = []

    def start(root: Path) -> Server:
        begun.append(root)
        return Server(owned._record, None, temporary=False)

    monkeypatch.setattr(module, "start", start)
    tab.start.click()
    tab.settle()
    assert begun == [owned.root]
    assert "Running" in tab.state.value


def test_a_server_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def start() -> Server:
        raise ServerError("the port is taken")

    monkeypatch.setattr(module, "start", start)
    tab = ServerTab()
    tab.start.click()
    tab.settle()
    assert "the port is taken" in said(tab)
    assert states(tab) == (True, False, False)


def test_a_throw_away_server_starts_again_as_one(owned: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection(owned)
    owned.stop()
    shutil.rmtree(owned.root)
    asked: list[object] = []
    monkeypatch.setattr(module, "start", lambda *roots, **options: asked.append((roots, options)) or owned)
    connection.start()
    assert asked == [((), {"temporary": True})]


def test_a_server_that_ends_by_itself_is_noticed(owned: Server) -> None:
    connection = Connection(owned)
    tab = ServerTab(connection)
    owned._stopped = True
    connection.look()
    assert "Stopped" in tab.state.value
    with pytest.raises(ServerError, match=r"has stopped.*Server tab"):
        _ = connection.client


def test_a_closed_connection_looks_no_longer(owned: Server) -> None:
    connection = Connection(owned)
    heard: list[None] = []
    connection.listen(lambda: heard.append(None))
    connection.close()
    owned._stopped = True
    connection.look()
    assert heard == []


def test_a_repository_elsewhere_can_only_be_asked(client: Client) -> None:
    tab = ServerTab(client)
    assert "elsewhere" in tab.state.value
    assert states(tab) == (False, False, True)
    tab.check.click()
    tab.settle()
    assert "answers; 2 projects" in said(tab)


def test_a_repository_that_does_not_answer_is_told() -> None:
    tab = ServerTab("http://127.0.0.1:9/")
    tab.check.click()
    tab.settle()
    assert "no answer from" in said(tab)


def test_the_running_server_of_this_user_is_found(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pocketrepo.api.find_running", lambda: server._record)
    monkeypatch.setattr(module, "start", lambda root: server)
    assert Connection().server is server
    assert server.pid == os.getpid()
