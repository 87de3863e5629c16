"""Users by the API: made, listed and removed, with passwords that are changed and never told."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from pocketrepo.access.passwords import hash_password
from pocketrepo.repository import Root
from tests.web.people import PASSWORD, Headers, KeyOf, basic


def test_a_user_is_made_listed_and_removed(http: FlaskClient, owner: Headers, root: Root) -> None:
    made = http.post("/v1/users/", json={"name": "ada", "password": PASSWORD}, headers=owner)
    assert made.status_code == 201
    assert made.json is not None
    assert {**made.json, "created_at": ""} == {
        "name": "ada",
        "slug": "ada",
        "slug_perm": "ada",
        "has_password": True,
        "key_count": 0,
        "owns": [],
        "roles": {},
        "created_at": "",
        "self_url": "http://localhost/v1/users/ada/",
    }
    listed = http.get("/v1/users/", headers=owner)
    assert listed.json == [made.json]
    assert listed.headers["X-Pagination-Count"] == "1"
    assert http.get("/v1/user/self/", headers=basic("ada", PASSWORD)).json["name"] == "ada"  # type: ignore[index]
    again = http.post("/v1/users/", json={"name": "ada"}, headers=owner)
    assert (again.status_code, again.json) == (409, {"detail": "user ada already exists"})
    assert http.delete("/v1/users/ada/", headers=owner).status_code == 204
    assert http.delete("/v1/users/ada/", headers=owner).status_code == 404
    assert http.get("/v1/user/self/", headers=basic("ada", PASSWORD)).status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": None}, "name"),
        ({"name": 5}, "name"),
        ({"name": "Ada Lovelace"}, "name"),
        ({"name": "token"}, "name"),
        ({"name": "ada", "password": "short"}, "password"),
        ({"name": "ada", "password": "x" * 201}, "password"),
        ({"name": "ada", "password": ["x"]}, "password"),
        ({"name": "ada", "is_admin": True}, "is_admin"),
    ],
)
def test_a_field_that_makes_no_sense_is_named(
    http: FlaskClient, owner: Headers, root: Root, body: dict[str, Any], field: str
) -> None:
    response = http.post("/v1/users/", json=body, headers=owner)
    assert response.status_code == 422
    said = response.json or {}
    assert said["code"] == "invalid"
    assert said["fields"] == {field: [said["detail"]]}
    assert said["detail"].startswith(f"{field}: ")
    assert root.access.accounts.get().passwords == {}


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b'{"name": NaN}', b'{"name": "\\ud800"}', b"[" * 100_000, b"\xff"]
)
def test_a_body_that_no_document_could_hold_is_refused(
    http: FlaskClient, owner: Headers, body: bytes
) -> None:
    response = http.post("/v1/users/", data=body, headers=owner, content_type="application/json")
    assert (response.status_code, response.json) == (400, {"detail": "the body is not a JSON object"})


def test_a_password_is_changed_by_the_owner_or_by_the_one_before(
    http: FlaskClient, staffed: Root, owner: Headers, key_of: KeyOf
) -> None:
    address = "/v1/users/dan/password/"
    staffed.access.accounts.set_password("ada", hash_password(PASSWORD))
    assert http.put(address, json={"password": PASSWORD}, headers=owner).status_code == 204
    changed = http.put(address, json={"password": "another passphrase"}, headers=basic("dan", PASSWORD))
    assert changed.status_code == 204
    assert http.put(address, json={"password": PASSWORD}, headers=basic("dan", PASSWORD)).status_code == 401
    mine = basic("dan", "another passphrase")
    for body, field in [
        ({}, "password"),
        ({"password": None}, "password"),
        ({"password": "short"}, "password"),
    ]:
        refused = http.put(address, json=body, headers=mine)
        assert (refused.status_code, list((refused.json or {})["fields"])) == (422, [field])
    for other in (key_of("dan"), key_of("ada"), basic("ada", PASSWORD)):
        assert http.put(address, json={"password": PASSWORD}, headers=other).status_code == 403
    assert http.put(address, json={"password": PASSWORD}).status_code == 401
    assert http.put(address, json={"password": None}, headers=owner).status_code == 204
    assert http.get("/v1/user/self/", headers=mine).status_code == 401
    assert http.put("/v1/users/eve/password/", json={"password": None}, headers=owner).status_code == 404
