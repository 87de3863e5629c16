"""Access from Python: what each part of a client does, and that displays tell no secret."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from pocketrepo import errors
from pocketrepo.client import Client
from pocketrepo.client.administration import Entries
from tests.conftest import Live
from tests.distributions import make_wheel


@pytest.fixture
def server(app: Flask, serve: Callable[..., Live]) -> Live:
    return serve(app)


@pytest.fixture
def repo(server: Live) -> Client:
    """A private repository, as the server's owner sees it."""
    Client(server.url, token=server.key).create_repository("acme/tools", private=True)
    return Client(f"{server.url}acme/tools/", token=server.key)


def shown(value: Any) -> str:
    """All that a display or a message could tell of it."""
    return repr(value) + str(value) + "".join(value._repr_mimebundle_().values())


def test_a_user_works_with_a_key_within_a_role(repo: Client, tmp_path: Path) -> None:
    repo.users.add("ada")
    repo.users.set_password("ada", "correct horse battery")
    issued = repo.keys.create("laptop", user="ada", expires="30d")
    ada = Client(repo.url, token=issued.secret)
    with pytest.raises(errors.Forbidden):
        ada.push(make_wheel(tmp_path))
    repo.roles.set("ada", "write")
    ada.push(make_wheel(tmp_path))
    assert [(row["user"], row["privilege"]) for row in repo.roles.list()] == [("ada", "Write")]
    assert [row["slug_perm"] for row in ada.keys.list()] == [issued.slug]
    repo.roles.remove("ada")
    with pytest.raises(errors.Forbidden):
        ada.projects()
    repo.owners.add("ada")
    assert [row["user"] for row in ada.owners.list()] == ["ada"]
    assert ada.create_repository("acme/new", private=True)["is_private"] is True
    repo.owners.remove("ada")
    repo.keys.revoke(issued.slug)
    with pytest.raises(errors.Unauthorized):
        ada.keys.list()
    assert [row["roles"] for row in repo.users.list()] == [{}]
    repo.users.remove("ada")
    assert repo.users.list() == []
    with pytest.raises(errors.NotFound):
        repo.users.remove("ada")


def test_a_token_reads_what_its_terms_say(repo: Client, tmp_path: Path) -> None:
    repo.push([make_wheel(tmp_path), make_wheel(tmp_path, "other")])
    token = repo.entitlements.create("ci", expires="30d", max_downloads=1, packages="name:^hello-")
    reader = Client(repo.url, token=token.secret)
    assert reader.projects() == ["hello-pocket"]
    reader.download("hello-pocket", to=tmp_path / "got")
    with pytest.raises(errors.LimitReached, match="limited to 1 downloads"):
        reader.download("hello-pocket", to=tmp_path / "again")
    assert repo.entitlements.show(token.slug)["downloads"] == 1
    repo.entitlements.update(token.slug, max_downloads=None, packages=None, name="all of it")
    assert reader.projects() == ["hello-pocket", "other"]
    assert repo.entitlements.show(token.slug)["limit_date_range_to"] is not None, "not named, not changed"
    assert repo.entitlements.reset(token.slug)["downloads"] == 0
    new = repo.entitlements.refresh(token.slug)
    with pytest.raises(errors.Unauthorized):
        reader.projects()
    assert Client(repo.url, token=new.secret).projects() == ["hello-pocket", "other"]
    repo.create_repository("acme/other", private=True)
    other = Client(repo.url.replace("tools", "other"), token=repo._login[1] if repo._login else None)
    assert [row["name"] for row in other.entitlements.sync("tools")] == ["all of it"]
    assert Client(other.url, token=new.secret).projects() == []
    repo.entitlements.delete(token.slug)
    assert repo.entitlements.list() == []
    with pytest.raises(errors.Refused, match="limit_num_clients"):
        repo.entitlements.create("x", max_clients=-1)
    with pytest.raises(errors.UsageError, match="unknown term 'max_download'"):
        repo.entitlements.create("x", max_download=1)  # type: ignore[call-arg]


def test_what_was_made_shows_itself_without_its_secret(repo: Client) -> None:
    token = repo.entitlements.create("ci <b>")
    repo.users.add("ada")
    key = repo.keys.create("laptop", user="ada")
    for issued in (token, key):
        assert issued.name in repr(issued)
        assert issued.slug in shown(issued)
        assert issued.secret not in shown(issued) + str(issued.about)
    assert "<b>" not in token._repr_html_()
    for entries in (repo.entitlements.list(), repo.keys.list(), repo.users.list(), repo.audit.latest()):
        assert entries
        assert token.secret not in shown(entries)
        assert key.secret not in shown(entries)
    assert "There is none." in shown(repo.owners.list())


def test_a_list_of_many_pages_comes_whole(repo: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pocketrepo.client.administration._PAGE", 2)
    for number in range(5):
        repo.users.add(f"user-{number}")
    assert [row["name"] for row in repo.users.list()] == [f"user-{number}" for number in range(5)]


def test_names_with_anything_in_them_reach_no_other_address(repo: Client) -> None:
    repo.users.add("ada")
    for name in ("../users/ada", "ada/../ada", "ada?", "ada#", "%61da", "a\nb"):
        with pytest.raises(errors.NotFound):
            repo.users.remove(name)
    assert [row["name"] for row in repo.users.list()] == ["ada"]


def test_events_are_read_and_followed(server: Live, repo: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.users.add("ada")
    assert [event["event"] for event in repo.audit.latest(2)] == ["repository-created", "user-added"]
    assert {event["repository"] for event in repo.audit.latest(repository="acme/tools")} == {"acme/tools"}
    monkeypatch.setattr("time.sleep", lambda seconds: repo.users.add("bob"))
    followed = repo.audit.follow(1)
    assert [next(followed)["user"] for _ in range(2)] == ["ada", "bob"]


def test_a_repository_is_closed_and_opened(server: Live, repo: Client) -> None:
    anybody = Client(repo.url)
    with pytest.raises(errors.Unauthorized):
        anybody.projects()
    assert repo.set_private("acme/tools", False)["is_public"] is True
    assert anybody.projects() == []
    assert repo.set_private("acme/tools")["is_public"] is False


def test_entries_are_a_table_of_some_fields_and_records_of_all() -> None:
    entries = Entries(
        [{"name": "a", "more": {"x": 1}, "is_on": True, "hidden": None}], ("name", "more", "is_on")
    )
    assert str(entries).splitlines()[1].split() == ["a", "x", "1", "yes"]
    assert entries._records() == {"name": ["a"], "more": [{"x": 1}], "is_on": [True], "hidden": [None]}
