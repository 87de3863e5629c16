"""API keys: told once, good within their scope and time, and revoked by who holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from pocketrepo.repository import Root
from pocketrepo.web.payload import MASKED
from tests.web.people import Headers, KeyOf, bearer


def test_a_key_is_told_once_and_acts_for_its_user_until_it_is_revoked(
    http: FlaskClient, staffed: Root, owner: Headers, tmp_path: Path
) -> None:
    made = http.post("/v1/user/tokens/", json={"name": "ci", "user": "bob"}, headers=owner).json or {}
    secret = made["key"]
    assert secret.startswith("pkr_")
    mine = bearer(secret)
    assert http.get("/v1/user/self/", headers=mine).json["name"] == "bob"  # type: ignore[index]
    assert http.get("/v1/user/tokens/", headers=mine).json == [{**made, "key": MASKED}]
    assert http.get("/v1/repos/acme/tools/", headers={"X-Api-Key": secret}).status_code == 200
    for file in filter(Path.is_file, tmp_path.rglob("*")):
        assert secret.encode() not in file.read_bytes(), file
    assert http.delete(f"/v1/user/tokens/{made['slug_perm']}/", headers=mine).status_code == 204
    assert http.get("/v1/user/tokens/", headers=mine).status_code == 401
    assert http.delete(f"/v1/user/tokens/{made['slug_perm']}/", headers=owner).status_code == 404


def test_users_see_and_revoke_their_own_keys_alone(http: FlaskClient, key_of: KeyOf, owner: Headers) -> None:
    ada, bob = key_of("ada"), key_of("bob")
    [of_ada] = http.get("/v1/user/tokens/?user=bob", headers=ada).json or []
    assert of_ada["user"] == "ada"
    [of_bob] = http.get("/v1/user/tokens/?user=bob", headers=owner).json or []
    assert {each["user"] for each in http.get("/v1/user/tokens/", headers=owner).json or []} == {"ada", "bob"}
    assert http.delete(f"/v1/user/tokens/{of_bob['slug_perm']}/", headers=ada).status_code == 404
    assert http.delete(f"/v1/user/tokens/{of_bob['slug_perm']}/", headers=bob).status_code == 204
    assert http.post("/v1/user/tokens/", json={"name": "x", "user": "bob"}, headers=ada).status_code == 403
    assert http.post("/v1/user/tokens/", json={"name": "x"}, headers=ada).json["user"] == "ada"  # type: ignore[index]
    assert http.get("/v1/user/tokens/").status_code == 401


@pytest.mark.parametrize(
    "scope", [{"repository": "acme/tools"}, {"project": "hello"}, {"upload_only": True}], ids=str
)
def test_a_key_with_a_scope_manages_no_keys(
    http: FlaskClient, owner: Headers, staffed: Root, scope: dict[str, Any]
) -> None:
    made = http.post("/v1/user/tokens/", json={"name": "x", "user": "ada", **scope}, headers=owner).json or {}
    assert {name: made[name] for name in scope} == scope
    narrow, address = bearer(made["key"]), f"/v1/user/tokens/{made['slug_perm']}/"
    assert http.get("/v1/user/tokens/", headers=narrow).status_code == 403
    assert http.post("/v1/user/tokens/", json={"name": "y"}, headers=narrow).status_code == 403
    assert http.delete(address, headers=narrow).status_code == 403
    assert len(staffed.access.accounts.get().keys) == 1


def test_a_key_makes_none_that_outlives_it(http: FlaskClient, key_of: KeyOf) -> None:
    headers = key_of("ada", expires="2999-01-01T00:00:00.000000Z")

    def make(**more: str | None) -> int:
        return http.post("/v1/user/tokens/", json={"name": "x", **more}, headers=headers).status_code

    assert make() == 422
    assert make(expires_at=None) == 422
    assert make(expires_at="2999-01-02") == 422
    assert make(expires_at="2999-01-01T01:00:00+01:00") == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "x\ny"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "x", "expires_at": "tomorrow"}, "expires_at"),
        ({"name": "x", "expires_at": 5}, "expires_at"),
        ({"name": "x", "expires_at": "2020-01-01"}, "expires_at"),
        ({"name": "x", "expires_at": "0001-01-01T00:00:00+14:00"}, "expires_at"),
        ({"name": "x", "repository": "tools"}, "repository"),
        ({"name": "x", "project": "no/name"}, "project"),
        ({"name": "x", "upload_only": "yes"}, "upload_only"),
        ({"name": "x", "user": 5}, "user"),
        ({"name": "x", "scope": "all"}, "scope"),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(
    http: FlaskClient, staffed: Root, owner: Headers, body: dict[str, Any], field: str
) -> None:
    response = http.post("/v1/user/tokens/", json={"user": "ada", **body}, headers=owner)
    assert response.status_code == 422, response.text
    assert list((response.json or {})["fields"]) == [field]
    assert staffed.access.accounts.get().keys == {}


def test_a_key_is_for_a_user_and_a_repository_that_are_there(
    http: FlaskClient, staffed: Root, owner: Headers
) -> None:
    for body in ({"user": "eve"}, {"user": "ada", "repository": "acme/nothing"}):
        assert http.post("/v1/user/tokens/", json={"name": "x", **body}, headers=owner).status_code == 404
