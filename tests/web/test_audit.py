"""Changes are on record before their answer, without secrets, and the record is read by who may."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from pocketrepo.access import Role
from pocketrepo.errors import Unavailable
from pocketrepo.model import RepositoryName
from pocketrepo.repository import Root
from tests.web.people import PASSWORD, TOOLS, Headers, KeyOf, bearer, recorded


def test_every_change_is_on_record_before_its_answer_and_no_secret_is(
    http: FlaskClient, staffed: Root, owner: Headers, key_of: KeyOf, tmp_path: Path
) -> None:
    start = len(recorded(staffed))
    tools = "/v1/repos/acme/tools/"
    key = http.post("/v1/user/tokens/", json={"name": "ci", "user": "ada"}, headers=owner).json or {}
    ada = bearer(key["key"])
    http.post("/v1/users/", json={"name": "eve", "password": PASSWORD}, headers=owner)
    http.put("/v1/users/eve/password/", json={"password": "another passphrase"}, headers=owner)
    http.put(f"{tools}privileges/eve/", json={"privilege": "read"}, headers=ada)
    http.delete(f"{tools}privileges/eve/", headers=ada)
    http.put("/v1/orgs/acme/members/eve/", headers=owner)
    http.delete("/v1/orgs/acme/members/eve/", headers=owner)
    http.patch(tools, json={"private": False}, headers=ada)
    http.patch(tools, json={"private": True}, headers=ada)
    http.delete("/v1/users/eve/", headers=owner)
    http.delete(f"/v1/user/tokens/{key['slug_perm']}/", headers=owner)
    found = recorded(staffed)[start:]
    assert [(event["event"], event["actor"]) for event in found] == [
        ("key-created", "owner"),
        ("user-added", "owner"),
        ("password-changed", "owner"),
        ("role-given", "ada"),
        ("role-taken", "ada"),
        ("role-given", "owner"),
        ("role-taken", "owner"),
        ("repository-opened", "ada"),
        ("repository-closed", "ada"),
        ("user-removed", "owner"),
        ("key-revoked", "owner"),
    ]
    assert found[3] == {
        "event": "role-given",
        "repository": "acme/tools",
        "actor": "ada",
        "client": "127.0.0.1",
        "by_key": key["slug_perm"],
        "user": "eve",
        "role": "read",
    }
    assert found[5]["namespace"] == "acme"
    text = json.dumps(found)
    for secret in (key["key"], PASSWORD, "another passphrase"):
        assert secret not in text


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/users/", {"name": "eve"}),
        ("DELETE", "/v1/users/bob/", None),
        ("PUT", "/v1/users/bob/password/", {"password": PASSWORD}),
        ("POST", "/v1/user/tokens/", {"name": "x", "user": "ada"}),
        ("PUT", "/v1/repos/acme/tools/privileges/dan/", {"privilege": "read"}),
        ("DELETE", "/v1/repos/acme/tools/privileges/bob/", None),
        ("POST", "/v1/entitlements/acme/tools/", {"name": "x"}),
    ],
)
def test_what_cannot_be_put_on_record_is_not_answered_as_done(
    http: FlaskClient,
    staffed: Root,
    owner: Headers,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    body: dict[str, Any] | None,
) -> None:
    def full(*_: object, **__: object) -> None:
        raise Unavailable("the disk is full")

    monkeypatch.setattr(staffed.log, "record", full)
    response = http.open(path, method=method, json=body, headers=owner)
    assert response.status_code == 503
    if method == "DELETE":
        accounts = staffed.access.accounts.get()
        assert "bob" in accounts.passwords
        assert accounts.role("bob", TOOLS) is Role.WRITE


def test_the_log_is_read_from_its_end_and_onwards(http: FlaskClient, staffed: Root, owner: Headers) -> None:
    for number in range(5):
        staffed.log.record("tested", TOOLS if number % 2 else None, actor="tests", number=number)

    def read(query: str) -> tuple[list[int], str]:
        response = http.get(f"/v1/log/?{query}", headers=owner)
        assert response.status_code == 200, response.text
        return [event["number"] for event in response.json or []], response.headers["X-Log-Cursor"]

    numbers, cursor = read("limit=3")
    assert numbers == [2, 3, 4]
    assert read("limit=2&repository=acme/tools")[0] == [1, 3]
    assert read(f"after={cursor}") == ([], cursor)
    staffed.log.record("tested", TOOLS, actor="tests", number=5)
    staffed.log.record("tested", None, actor="tests", number=6)
    first, further = read(f"after={cursor}&limit=1")
    assert first == [5]
    assert read(f"after={further}")[0] == [6]
    assert read(f"after={cursor}&repository=acme/tools")[0] == [5]


@pytest.mark.parametrize("cursor", ["x", "2026-11-25", "2026-11-25:x", "../owner.key:0", "2026-11-25:-1"])
def test_what_is_no_place_in_the_log_is_refused(http: FlaskClient, owner: Headers, cursor: str) -> None:
    response = http.get("/v1/log/", query_string={"after": cursor}, headers=owner)
    assert response.status_code == 422


def test_administrators_read_what_happened_in_their_repository_alone(
    http: FlaskClient, staffed: Root, key_of: KeyOf
) -> None:
    staffed.log.record("tested", RepositoryName("local", "main"), actor="tests")
    found = http.get("/v1/log/?repository=acme/tools", headers=key_of("ada")).json or []
    assert {event["repository"] for event in found} == {"acme/tools"}
    assert http.get("/v1/log/?repository=local/main", headers=key_of("ada")).status_code == 403
