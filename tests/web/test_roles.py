"""Roles and namespaces are given and taken, and a repository is closed and opened, by those who administer them."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from pocketrepo.access import Role
from pocketrepo.repository import Root
from tests.web.people import TOOLS, Headers, KeyOf, recorded


@pytest.mark.parametrize("who", ["owner", "ada", "cleo"])
def test_roles_are_given_and_taken_by_who_administers_the_repository(
    http: FlaskClient, staffed: Root, key_of: KeyOf, who: str
) -> None:
    headers, address = key_of(who), "/v1/repos/acme/tools/privileges/"
    for role in ("Read", "write", "ADMIN"):
        given = http.put(f"{address}dan/", json={"privilege": role}, headers=headers)
        assert given.json == {"user": "dan", "privilege": role.capitalize(), "inherited": False}
        assert staffed.access.accounts.get().role("dan", TOOLS) == Role.parse(role)
    assert http.get(address, headers=headers).json == [
        {"user": "cleo", "privilege": "Admin", "inherited": True},
        {"user": "ada", "privilege": "Admin", "inherited": False},
        {"user": "bob", "privilege": "Write", "inherited": False},
        {"user": "dan", "privilege": "Admin", "inherited": False},
    ]
    assert http.delete(f"{address}dan/", headers=headers).status_code == 204
    assert http.delete(f"{address}dan/", headers=headers).status_code == 404
    assert http.put(f"{address}eve/", json={"privilege": "read"}, headers=headers).status_code == 404
    for body in ({}, {"privilege": "owner"}, {"privilege": 3}):
        assert http.put(f"{address}dan/", json=body, headers=headers).status_code == 422
    assert staffed.access.accounts.get().role("dan", TOOLS) is None


def test_a_namespace_is_given_by_the_owner_of_the_root_and_lets_make_repositories(
    http: FlaskClient, staffed: Root, owner: Headers, key_of: KeyOf
) -> None:
    dan = key_of("dan")
    assert http.post("/v1/repos/acme/", json={"name": "new"}, headers=dan).status_code == 403
    given = http.put("/v1/orgs/Acme/members/dan/", headers=owner).json
    assert given == {"user": "dan", "namespace": "acme", "role": "Owner"}
    assert [each["user"] for each in http.get("/v1/orgs/acme/members/", headers=dan).json or []] == [
        "cleo",
        "dan",
    ]
    assert http.post("/v1/repos/acme/", json={"name": "new", "private": True}, headers=dan).status_code == 201
    assert http.put("/v1/orgs/acme/members/bob/", headers=dan).status_code == 403
    assert http.delete("/v1/orgs/acme/members/cleo/", headers=dan).status_code == 403
    assert http.delete("/v1/orgs/acme/members/dan/", headers=owner).status_code == 204
    assert http.delete("/v1/orgs/acme/members/dan/", headers=owner).status_code == 404
    assert http.get("/v1/orgs/acme/members/", headers=dan).status_code == 403
    assert http.put("/v1/orgs/simple/members/dan/", headers=owner).status_code == 400


def test_a_repository_is_closed_and_opened(http: FlaskClient, staffed: Root, key_of: KeyOf) -> None:
    ada, bob = key_of("ada"), key_of("bob")
    assert http.get("/v1/repos/acme/tools/").status_code == 401
    opened = http.patch("/v1/repos/acme/tools/", json={"private": False}, headers=ada).json or {}
    assert (opened["is_public"], opened["is_private"], opened["repository_type_str"]) == (
        True,
        False,
        "Public",
    )
    assert http.get("/v1/repos/acme/tools/").json == opened
    before = recorded(staffed)
    assert http.patch("/v1/repos/acme/tools/", json={"private": False}, headers=ada).status_code == 200
    assert recorded(staffed) == before, "nothing changed"
    assert http.patch("/v1/repos/acme/tools/", json={"private": True}, headers=bob).status_code == 403
    for body in ({}, {"private": "yes"}, {"private": True, "name": "x"}):
        assert http.patch("/v1/repos/acme/tools/", json=body, headers=ada).status_code == 400
    closed = http.patch("/v1/repos/acme/tools/", json={"private": True}, headers=ada).json or {}
    assert (closed["is_public"], closed["is_private"], closed["repository_type_str"]) == (
        False,
        True,
        "Private",
    )
    assert http.get("/v1/repos/acme/tools/").status_code == 401
