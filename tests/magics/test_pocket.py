"""``%pocket`` in a real IPython session."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from IPython.core.completer import provisionalcompleter

from pocketrepo import Client, PocketRepoError, Server
from pocketrepo.errors import ServerError, UsageError
from pocketrepo.magics.commands import COMMANDS
from tests.conftest import Live
from tests.distributions import make_wheel
from tests.magics.conftest import Session, Site


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, session: Session, index: Client) -> SimpleNamespace:
    """Stands for the server that runs, so that none has to be started."""
    found = SimpleNamespace(running=True, client=index, url=index.url, push=index.push, install=index.install)
    found.use, found.log, found.stop = index.use, [], lambda: True
    monkeypatch.setattr("pocketrepo.api.find_server", lambda: found)
    return found


def test_importing_the_package_does_not_import_ipython() -> None:
    import pocketrepo

    assert callable(pocketrepo.load_ipython_extension)
    assert "load_ipython_extension" not in pocketrepo.__all__


def test_without_a_command_and_with_help_it_tells_what_there_is(session: Session) -> None:
    for text in ("%pocket", "%pocket --help"):
        cell = session(text)
        assert cell.error is None
        assert all(f"    {command} " in cell.output for command in COMMANDS)
    assert "--temporary" in session("%pocket start --help").output
    assert session.shell.find_line_magic("pocket").__doc__.startswith("usage: %pocket")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(session: Session, command: str) -> None:
    cell = session(f"%pocket {command} --help")
    assert cell.error is None
    assert f"usage: %pocket {command}" in cell.output


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("strat", "invalid choice: 'strat'"),
        ("start --port many", "invalid int value: 'many'"),
        ("start --temp", "start has no --temp"),
        ("push --too x", "push has no --too"),
        ("use sometimes", "invalid choice: 'sometimes'"),
        ("push 'x", "no closing quotation"),
        ("install", "the following arguments are required: REQUIREMENT"),
        ("push nowhere.whl --to index", "there is no nowhere.whl"),
        ("push --to nobody", "nobody is neither a server or client of this session nor a URL"),
        ("install geo --from index", "geo could not be installed: "),
        ("log", "no server is running"),
        ("stop", "no server is running"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_fails_the_cell(
    session: Session, index: Client, line: str, said: str
) -> None:
    cell = session(f"%pocket {line}")
    assert isinstance(cell.error, PocketRepoError)
    shown = cell.output.strip().splitlines()[-1]
    assert shown.startswith(f"{type(cell.error).__name__}: ")
    assert said in shown
    assert "Traceback" not in cell.output


def test_other_errors_keep_their_traceback(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("pocketrepo.api.find_server", broken)
    cell = session("%pocket status")
    assert isinstance(cell.error, ZeroDivisionError)
    assert "Traceback" in cell.output


def test_status_says_that_no_server_runs_and_starts_none(session: Session) -> None:
    cell = session("%pocket status")
    assert (cell.error, cell.result) == (None, None)
    assert "no server is running" in cell.output


def test_push_takes_paths_and_globs_and_shows_a_table(
    session: Session, server: object, tmp_path: Path
) -> None:
    make_wheel(tmp_path, "one")
    make_wheel(tmp_path, "two")
    cell = session(f"%pocket push {tmp_path}/*.whl")
    assert [row.project for row in cell.result] == ["one", "two"]
    assert "PROJECT" in cell.output
    assert "one-1.0-py3-none-any.whl" in cell.output


def test_push_takes_the_name_of_a_module_and_makes_the_next_patch_of_it(
    session: Session, index: Client, server: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "geo.py").write_text("x = 1\n")
    session("import geo")
    assert [row.version for row in session("%pocket push geo").result] == ["0.1.0", "0.1.0"]
    assert {row.result for row in session("%pocket push geo").result} == {"same"}
    (tmp_path / "geo.py").write_text("x = 2\n")
    assert [row.version for row in session("%pocket push geo").result] == ["0.1.1", "0.1.1"]
    assert index.show("geo").versions == ("0.1.0", "0.1.1")
    del sys.modules["geo"]


def test_a_path_comes_before_a_module_of_its_name(
    session: Session, server: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json").mkdir()
    make_wheel(tmp_path / "json")
    monkeypatch.chdir(tmp_path)
    session("import json")
    assert [row.project for row in session("%pocket push json").result] == ["hello-pocket"]


def test_install_hands_further_options_to_the_installer(session: Session, index: Client, site: Site) -> None:
    session("%pocket install --from index geo==1 --upgrade --timeout=3")
    assert site.asked == [(("geo==1",), ("--upgrade", "--timeout=3"))]


def test_use_points_this_kernel_at_the_index_until_it_is_off(session: Session, index: Client) -> None:
    cell = session("%pocket use extra --from index")
    assert cell.result.mode == "extra"
    assert index.index_url in os.environ["PIP_EXTRA_INDEX_URL"]
    session("%pocket use --from index")
    assert os.environ["PIP_INDEX_URL"] == index.index_url
    assert "PIP_EXTRA_INDEX_URL" not in os.environ
    off = session("%pocket use off")
    assert "no longer used" in off.output
    assert "PIP_INDEX_URL" not in os.environ
    assert session("%pocket use off").error is None


def test_a_token_is_not_shown_by_use(session: Session, index: Client, live_index: Live) -> None:
    cell = session("%pocket use --from index")
    assert live_index.key not in cell.output + repr(cell.result)
    session("%pocket use off")


def test_a_server_of_another_process_is_not_stopped(session: Session, server: SimpleNamespace) -> None:
    server.stop = lambda: False
    cell = session("%pocket stop")
    assert isinstance(cell.error, ServerError)
    assert "was started by another process (in a terminal: pocketrepo stop)" in cell.output


def test_a_comment_may_follow(session: Session) -> None:
    assert session("%pocket status  # what runs?").error is None


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("%pocket st", ["start", "stop", "status"]),
        ("%pocket ", list(COMMANDS)),
        ("%pocket use o", ["only", "off"]),
        ("%pocket start --t", ["--temporary"]),
        ("%pocket push dist --t", ["--to"]),
    ],
)
def test_tab_offers_commands_and_options(session: Session, line: str, offered: list[str]) -> None:
    with provisionalcompleter():
        found = {each.text for each in session.shell.Completer.completions(line, len(line))}
    assert found >= set(offered)
    assert not found & ({*COMMANDS} - set(offered))


def test_the_extension_can_be_loaded_again(session: Session) -> None:
    assert session("%reload_ext pocketrepo").error is None
    assert session("%pocket status").error is None


@pytest.mark.journey
def test_a_server_is_started_used_and_stopped(session: Session) -> None:
    server = session("server = %pocket start --temporary\nserver").result
    assert isinstance(server, Server)
    assert session("%pocket start --temporary").result is server
    assert session("%pocket status").result is server
    assert session("%%package geo --no-install\nx = 1\n").error is None
    assert server.projects() == ["geo"]
    assert "/legacy/" in session("%pocket log").output
    assert len(session("%pocket log 2").result) == 2
    session("import pocketrepo; second = pocketrepo.start(temporary=True)")
    assert session("%pocket status").result is server
    assert isinstance(session("pocketrepo.push([])").error, UsageError)
    session("second.stop()")
    assert f"stopped {server.url}" in session("%pocket stop").output
    assert not server.running
    assert isinstance(session("%pocket log").error, ServerError)
