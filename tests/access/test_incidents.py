"""What went wrong elsewhere: rights that outlive their reason, guesses, secrets in logs, records that are lost."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask

from pocketrepo.access import Credential, Role, Scope, gate
from pocketrepo.access.entitlements import Terms
from pocketrepo.access.passwords import hash_password
from pocketrepo.access.throttle import FOR_USER, Throttle
from pocketrepo.errors import Forbidden, Unauthorized, Unavailable
from pocketrepo.events import DENIED, REPOSITORY_DELETED
from pocketrepo.model import Json, RepositoryName
from pocketrepo.repository import Root, open_root
from pocketrepo.settings import Settings
from tests.access.conftest import PASSWORD, TOOLS, Hashed
from tests.conftest import Live
from tests.distributions import make_wheel
from tests.uploads import stage


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def denials(root: Root) -> list[Json]:
    return [event for event in root.log.read() if event["event"] == DENIED]


@pytest.fixture
def private(root: Root, hashed: Hashed) -> Root:
    """acme/tools is private; ada may read it, with a password and a key."""
    root.create(TOOLS, actor="tests", private=True)
    root.access.accounts.add_user("ada", hash_password(PASSWORD))
    root.access.accounts.set_role("ada", TOOLS, Role.READ)
    return root


def get(live: Live, path: str, headers: dict[str, str] | None = None) -> requests.Response:
    return requests.get(live.url + path, headers=headers, timeout=20)


PAGE = "acme/tools/simple/"


# Rights that outlive their reason


@pytest.mark.parametrize("crashed", [False, True], ids=["deleted", "deletion cut short"])
def test_a_repository_made_again_starts_without_the_rights_of_the_old_one(
    private: Root, crashed: bool
) -> None:
    access = private.access
    _, scoped = access.accounts.add_key("ada", "scoped", scope=Scope(repository=str(TOOLS)))
    _, token = access.entitlements(TOOLS).create(Terms(name="ci"), actor="tests")
    if crashed:
        private.log.record(REPOSITORY_DELETED, TOOLS, actor="tests")
        private.store.remove(f"repos/{TOOLS}/repository.json")
    else:
        private.delete(TOOLS, actor="tests")
    private.create(TOOLS, actor="tests", private=True)
    for credential in (Credential("", scoped), Credential("", token)):
        with pytest.raises(Unauthorized):
            access.reader(TOOLS, credential)
    with pytest.raises(Forbidden):
        access.reader(TOOLS, Credential("ada", PASSWORD))


def test_who_leaves_reads_nothing_from_that_moment_on(private: Root, live: Live) -> None:
    _, secret = private.access.accounts.add_key("ada", "laptop")
    ways = [basic("ada", PASSWORD), basic("", secret)]
    for headers in ways * 2:
        assert get(live, PAGE, headers).status_code == 200
    private.access.accounts.set_role("ada", TOOLS, None)
    assert [get(live, PAGE, headers).status_code for headers in ways] == [403, 403]
    private.access.accounts.set_role("ada", TOOLS, Role.READ)
    assert [get(live, PAGE, headers).status_code for headers in ways] == [200, 200]
    private.access.accounts.remove_user("ada")
    assert [get(live, PAGE, headers).status_code for headers in ways] == [401, 401]


def test_a_repository_that_is_closed_is_closed_to_who_has_just_read_it(root: Root, live: Live) -> None:
    root.create(TOOLS, actor="tests")
    for _ in range(2):
        assert get(live, PAGE).status_code == 200
    root.set_private(TOOLS, True, actor="tests")
    assert get(live, PAGE).status_code == 401


# Guessing


def test_guesses_are_slowed_by_429_and_nobody_else_is(private: Root, live: Live, hashed: Hashed) -> None:
    _, secret = private.access.accounts.add_key("ada", "laptop")
    _, token = private.access.entitlements(TOOLS).create(Terms(name="ci"), actor="tests")
    private.access.accounts.add_user("bob", hash_password("bobs password"))
    answers = [get(live, PAGE, basic("ada", f"guess {number}")) for number in range(FOR_USER + 3)]
    assert [answer.status_code for answer in answers] == [401] * FOR_USER + [429] * 3
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 31
    assert len(hashed) == FOR_USER, "each guess is hashed once, by whichever road it comes"
    assert get(live, PAGE, basic("ada", secret)).status_code == 200
    assert get(live, PAGE, basic("token", token)).status_code == 200
    assert get(live, PAGE, basic("bob", "bobs password")).status_code == 403


def test_a_reader_with_a_password_is_hashed_once_for_many_requests(
    private: Root, live: Live, hashed: Hashed
) -> None:
    for _ in range(10):
        assert get(live, PAGE, basic("ada", PASSWORD)).status_code == 200
    assert len(hashed) == 1


@pytest.mark.parametrize("path", [PAGE, "acme/nothing/simple/"])
def test_who_has_an_account_cannot_be_told_by_the_work(
    private: Root, live: Live, hashed: Hashed, path: str
) -> None:
    private.access.accounts.add_user("keys-only")
    said = set()
    for user in ("ada", "nobody", "keys-only"):
        before = len(hashed)
        answer = get(live, path, basic(user, "a wrong one"))
        assert len(hashed) == before + 1
        said.add((answer.status_code, answer.text))
    assert len(said) == 1


# Records


def test_a_denial_is_on_record_before_its_answer(private: Root, live: Live) -> None:
    book = private.access.entitlements(TOOLS)
    book.create(Terms(name="off", is_active=False), actor="tests", token="my-own-token")
    _, secret = private.access.accounts.add_key("ada", "laptop")
    asked: list[tuple[str, dict[str, str], int, str, str]] = [
        (PAGE, basic("ada", "wrong"), 401, "ada", "this credential is not known"),
        (PAGE, basic("eve", "wrong"), 401, "unknown", "this credential is not known"),
        (PAGE, basic("my password", "ada"), 401, "unknown", "this credential is not known"),
        (PAGE, basic("my-own-token", "x"), 401, "unknown", "this credential is not known"),
        ("acme/nothing/simple/", basic("", secret), 403, "ada", "may not read acme/nothing"),
        ("my-own-token/acme/tools/python/simple/", {}, 403, "entitlement off", "'off' is disabled"),
        ("not-a-token/acme/tools/python/simple/", {}, 401, "unknown", "this credential is not known"),
    ]
    for path, headers, status, actor, reason in asked:
        assert get(live, path, headers).status_code == status
        event = denials(private)[-1]
        assert (event["status"], event["actor"], event["client"], event["method"]) == (
            status, actor, "127.0.0.1", "GET",
        )  # fmt: skip
        assert reason in event["reason"]
        assert event["repository"] in ("acme/tools", "acme/nothing")
    assert len(denials(private)) == len(asked)
    get(live, PAGE)
    assert len(denials(private)) == len(asked), "to be asked for a credential is no denial"
    assert "my-own-token" not in json.dumps(denials(private))


def test_what_cannot_be_recorded_is_not_answered_as_if_it_were(
    private: Root, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any, **_data: Any) -> None:
        raise Unavailable("the disk is full")

    monkeypatch.setattr(private.log, "record", fail)
    answer = get(live, PAGE, basic("ada", "wrong"))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


def test_line_ends_in_a_credential_or_path_forge_neither_a_header_nor_a_line_of_the_log(
    private: Root, live: Live
) -> None:
    before = len(list(private.log.read()))
    answer = get(live, "acme/tools%0d%0aSet-Cookie:%20x=1/simple/", basic("a\r\nb", "x\r\n{}"))
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    get(live, PAGE, basic('ada\n{"event":"signed-in"}', "x"))
    entries = list(private.log.read())[before:]
    assert [entry["event"] for entry in entries] == [DENIED, DENIED]


# Secrets


def test_no_secret_is_in_any_log_page_or_record(
    private: Root, app: Flask, serve: Callable[..., Live], caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "urllib3")  # the client of this test
    lines: list[str] = []
    live = serve(app, access_log=lines.append)
    _, key = private.access.accounts.add_key("ada", "laptop")
    _, token = private.access.entitlements(TOOLS).create(
        Terms(name="ci"), actor="tests", token="my-own-token"
    )
    private.repository(TOOLS).hosted.admit(stage(private, make_wheel(tmp_path)))
    secrets = [key, token, PASSWORD, live.key, "wrong-secret", "cookie-secret"]
    said = []

    def ask(path: str, **options: Any) -> None:
        answer = requests.request(options.pop("method", "GET"), live.url + path, timeout=20, **options)
        said.append(f"{answer.headers} {answer.text}")

    def ask_all() -> None:
        for secret in secrets:
            for headers in (
                basic("ada", secret),
                basic(secret, ""),
                basic(secret, "x"),
                {"Authorization": f"Bearer {secret}"},
                {"Authorization": secret},
                {"X-Api-Key": secret},
                {"Cookie": f"pocketrepo-{private.id}={secret}"},
            ):
                for path in (PAGE, "acme/tools/", "v1/packages/acme/tools/", f"{PAGE}hello-pocket/"):
                    ask(path, headers={**headers, "Accept": "text/html"})
                ask("acme/tools/", method="POST", headers=headers)
        for secret in (token, "wrong-secret"):
            for path in ("simple/", "simple/hello-pocket/", "index/", "", "simple", "pypi/x/json", "nothing"):
                ask(f"{secret}/acme/tools/python/{path}", headers={"Accept": "text/html"})
                ask(f"{secret}/acme/tools/python/{path}", method="POST")

    monkeypatch.setattr(Throttle, "attempt", lambda *_: lambda: None)
    ask_all()

    def fault(*_arguments: Any, **_options: Any) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(gate.Access, "reader", fault)
    ask_all()
    assert "a fault of ours" in caplog.text
    assert len(lines) > 100
    private.downloads.flush()
    recorded = json.dumps(list(private.log.read()), ensure_ascii=False)
    encoded = [value.removeprefix("Basic ") for secret in secrets for value in basic("ada", secret).values()]
    for secret in secrets + encoded:
        for place, text in (("log", caplog.text), ("access log", "\n".join(lines)), ("record", recorded)):
            assert secret not in text, (place, secret)
        assert not [page for page in said if secret in page], secret


def test_what_tells_who_may_do_what_is_for_this_user_alone(private: Root, settings: Settings) -> None:
    access = private.access
    access.entitlements(TOOLS).create(Terms(name="ci"), actor="tests")
    access.usage.add(access.entitlements(TOOLS).all()[0], 1, 1, ["192.0.2.1"])
    documents = ("repos/acme/tools/entitlements.json", "repos/acme/tools/usage/*.json")
    for pattern in ("owner.key", "accounts.json", "events/*.jsonl", *documents):
        found = list(settings.root.glob(pattern))
        assert found, pattern
        assert {file.stat().st_mode & 0o777 for file in found} == {0o600}, pattern


def test_a_damaged_list_of_accounts_opens_nothing(private: Root, settings: Settings, live: Live) -> None:
    assert get(live, PAGE, basic("ada", PASSWORD)).status_code == 200
    (settings.root / "accounts.json").write_text("[]")
    assert get(live, PAGE, basic("ada", PASSWORD)).status_code == 500
    assert get(live, PAGE).status_code in (401, 500)
    assert get(live, "simple/").status_code == 200


def test_two_roots_share_no_credential(tmp_path: Path) -> None:
    first, second = (open_root(Settings(root=tmp_path / name)) for name in ("first", "second"))
    name = RepositoryName("acme", "tools")
    for root in (first, second):
        root.create(name, actor="tests", private=True)
    first.access.accounts.add_user("ada")
    _, key = first.access.accounts.add_key("ada", "laptop")
    _, token = first.access.entitlements(name).create(Terms(name="ci"), actor="tests")
    for secret in (key, token, (tmp_path / "first" / "owner.key").read_text().strip()):
        with pytest.raises(Unauthorized):
            second.access.reader(name, Credential("", secret))
    assert first.access.derived("session") != second.access.derived("session")
    assert first.access.derived("session") != first.access.derived("csrf")
