"""The client and the command line, where they speak of a project as a whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pocketrepo import attestation, errors
from pocketrepo.cli import cli
from pocketrepo.client import Client
from tests.conftest import Live
from tests.distributions import make_wheel

PAGE = "https://index.example/simple/hello-pocket/"
PUBLISHER = "github:acme/tool:release.yml"
Run = Callable[..., Result]


@pytest.fixture
def client(server: Live, tmp_path: Path) -> Client:
    client = Client(server.url, token=server.key)
    client.upload(make_wheel(tmp_path, "Hello.Pocket"))
    return client


@pytest.fixture
def run(client: Client) -> Run:
    return lambda *words: CliRunner().invoke(cli, words)


def test_a_status_is_set_and_seen(client: Client) -> None:
    said = client.mark("hello_pocket", "deprecated", reason="use other")
    assert (said["name"], said["status"], said["status_reason"]) == (
        "Hello.Pocket",
        "deprecated",
        "use other",
    )
    shown = client.show("hello-pocket")
    assert (shown.status, shown.status_reason) == ("deprecated", "use other")
    assert "deprecated: use other" in shown._repr_html_()
    assert client.mark("hello-pocket", "active")["status_reason"] == ""
    assert "deprecated" not in client.show("hello-pocket")._repr_html_()


def test_what_is_in_quarantine_is_deleted_by_its_owner_alone(client: Client, server: Live) -> None:
    client.mark("hello-pocket", "quarantined", reason="malware")
    assert client.show("hello-pocket").links == []
    assert [file["version"] for file in client.project_settings("hello-pocket")["files"]] == ["1.0"]
    with pytest.raises(errors.Unauthorized):
        Client(server.url).delete("hello-pocket")
    assert client.delete("hello-pocket", "1.0") == ["Hello_Pocket-1.0-py3-none-any.whl".lower()]


def test_lists_replace_those_before_and_none_leaves_them(client: Client) -> None:
    client.set_project("hello-pocket", tracks=[PAGE], publishers=[PUBLISHER])
    said = client.set_project("hello-pocket", alternate_locations=[PAGE], tracks=[])
    assert (said["tracks"], said["alternate_locations"], said["publishers"]) == ([], [PAGE], [PUBLISHER])
    with pytest.raises(errors.Refused, match="is the page of"):
        client.set_project("hello-pocket", tracks=["https://index.example/simple/other/"])


@pytest.mark.parametrize("name", ["nothing", "a/b", "../x", "é"])
def test_a_project_that_is_not_there_is_named(client: Client, name: str) -> None:
    with pytest.raises(errors.NoSuchProject):
        client.mark(name, "archived")
    with pytest.raises(errors.NoSuchProject):
        client.project_settings(name)


def test_attestations_beside_a_file_go_along(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = []

    def verify(text: str, *_: object) -> bytes:
        sent.append(json.loads(text))
        return b"{}"

    monkeypatch.setattr(attestation, "verify", verify)
    wheel = make_wheel(tmp_path, "Hello.Pocket", "2.0")
    for kind in ("publish", "slsa"):
        (tmp_path / f"{wheel.name}.{kind}.attestation").write_text(json.dumps({"kind": kind}))
    assert [client.upload(wheel).result for _ in range(2)] == ["new", "same"]
    assert sent[:1] == [[{"kind": "publish"}, {"kind": "slsa"}]]
    link = next(one for one in client.show("hello-pocket").links if one.filename == wheel.name)
    assert link.provenance == f"{link.url}.provenance"
    late = tmp_path / "hello_pocket-1.0-py3-none-any.whl"
    (tmp_path / f"{late.name}.publish.attestation").write_text("{}")
    with pytest.raises(errors.Refused, match="was listed before, without attestations"):
        client.upload(late)


def test_the_rules_of_a_repository_are_set(client: Client, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = make_wheel(tmp_path / "other", "Hello.Pocket", files={"hello_pocket.py": "# other\n"})
    with pytest.raises(errors.AlreadyExists):
        client.upload(other)
    assert client.set_rules("local/main", allow_replace=True)["allow_replace"] is True
    assert client.upload(other).result == "new"


def test_commands_mark_a_project_and_say_so(run: Run) -> None:
    assert (
        run("mark", "hello-pocket", "archived", "--reason", "finished").output == "Hello.Pocket is archived\n"
    )
    assert "  archived  finished\n" in run("show", "hello-pocket").output
    shown = json.loads(run("show", "hello-pocket", "--json").output)
    assert (shown["status"], shown["status_reason"]) == ("archived", "finished")
    assert json.loads(run("mark", "hello-pocket", "active", "--json").output)["status"] == "active"
    assert run("mark", "nothing", "archived").exit_code == 1
    assert run("mark", "hello-pocket", "gone").exit_code == 2


def test_commands_set_and_show_what_holds_for_a_project(run: Run) -> None:
    said = run("project", "set", "hello-pocket", "--tracks", PAGE, "--publisher", PUBLISHER)
    assert said.output == (
        f"Hello.Pocket is active\n  tracks  {PAGE}\n  publisher  {PUBLISHER}\n"
        "  file  hello_pocket-1.0-py3-none-any.whl\n"
    )
    assert run("project", "show", "hello-pocket").output == said.output
    cleared = run(
        "project", "set", "hello-pocket", "--clear", "tracks", "--alternate-location", PAGE, "--json"
    )
    assert json.loads(cleared.output)["tracks"] == []
    assert f"alternate-location  {PAGE}" in run("project", "show", "hello-pocket").output
    nothing = run("project", "set", "hello-pocket")
    assert (nothing.exit_code, "nothing to set" in nothing.output) == (1, True)


def test_commands_set_and_show_the_rules_of_a_repository(run: Run) -> None:
    assert (
        run("repo", "set", "local/main", "--allow-replace", "--allow-similar").output
        == "changed local/main  1 projects, default\n"
    )
    shown = run("repo", "show", "local/main").output
    assert "allow_replace: yes" in shown
    assert "allow_similar: yes" in shown
    run("repo", "set", "local/main", "--no-allow-replace")
    assert "allow_replace" not in run("repo", "show", "local/main").output
    assert run("repo", "set", "local/main").exit_code == 1
