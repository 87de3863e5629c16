"""Users, keys and roles by the API: what each asker may do, what is on record, and that secrets are told once."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from pocketrepo.access import Role
from pocketrepo.access.passwords import hash_password
from pocketrepo.model import RepositoryName
from pocketrepo.repository import Root
from pocketrepo.web.payload import MASKED

TOOLS = RepositoryName("acme", "tools")
PASSWORD = "correct horse battery"
Headers = dict[str, str]
KeyOf = Callable[..., Headers]


def bearer(secret: str) -> Headers:
    return {"Authorization": f"Bearer {secret}"}


def basic(user: str, password: str) -> Headers:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.fixture
def filled(root: Root) -> Root:
    """``ada`` administers one repository, ``bob`` writes to it, ``cleo`` owns its namespace, ``dan`` has nothing."""
    root.create(TOOLS, actor="tests", private=True)
    book = root.access.accounts
    for name in ("ada", "bob", "cleo", "dan"):
        book.add_user(name)
    book.set_role("ada", TOOLS, Role.ADMIN)
    book.set_role("bob", TOOLS, Role.WRITE)
    book.set_owner("cleo", "acme", True)
    return root


@pytest.fixture
def key_of(filled: Root, owner: Headers) -> KeyOf:
    """Headers of somebody: the owner, or a user by a key that is made for them."""

    def make(user: str, **scope: Any) -> Headers:
        if user == "owner":
            return owner
        return bearer(filled.access.accounts.add_key(user, "tests", **scope)[1])

    return make


def recorded(root: Root) -> list[dict[str, Any]]:
    """What was put on record since the root was made, without its times."""
    return [{k: v for k, v in event.items() if k != "time"} for event in root.log.read()]


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
    http: FlaskClient, filled: Root, owner: Headers, key_of: KeyOf
) -> None:
    address = "/v1/users/dan/password/"
    filled.access.accounts.set_password("ada", hash_password(PASSWORD))
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


def test_a_key_is_told_once_and_acts_for_its_user_until_it_is_revoked(
    http: FlaskClient, filled: Root, owner: Headers, tmp_path: Path
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
    http: FlaskClient, owner: Headers, filled: Root, scope: dict[str, Any]
) -> None:
    made = http.post("/v1/user/tokens/", json={"name": "x", "user": "ada", **scope}, headers=owner).json or {}
    assert {name: made[name] for name in scope} == scope
    narrow, address = bearer(made["key"]), f"/v1/user/tokens/{made['slug_perm']}/"
    assert http.get("/v1/user/tokens/", headers=narrow).status_code == 403
    assert http.post("/v1/user/tokens/", json={"name": "y"}, headers=narrow).status_code == 403
    assert http.delete(address, headers=narrow).status_code == 403
    assert len(filled.access.accounts.get().keys) == 1


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
    http: FlaskClient, filled: Root, owner: Headers, body: dict[str, Any], field: str
) -> None:
    response = http.post("/v1/user/tokens/", json={"user": "ada", **body}, headers=owner)
    assert response.status_code == 422, response.text
    assert list((response.json or {})["fields"]) == [field]
    assert filled.access.accounts.get().keys == {}


def test_a_key_is_for_a_user_and_a_repository_that_are_there(
    http: FlaskClient, filled: Root, owner: Headers
) -> None:
    for body in ({"user": "eve"}, {"user": "ada", "repository": "acme/nothing"}):
        assert http.post("/v1/user/tokens/", json={"name": "x", **body}, headers=owner).status_code == 404


@pytest.mark.parametrize("who", ["owner", "ada", "cleo"])
def test_roles_are_given_and_taken_by_who_administers_the_repository(
    http: FlaskClient, filled: Root, key_of: KeyOf, who: str
) -> None:
    headers, address = key_of(who), "/v1/repos/acme/tools/privileges/"
    for role in ("Read", "write", "ADMIN"):
        given = http.put(f"{address}dan/", json={"privilege": role}, headers=headers)
        assert given.json == {"user": "dan", "privilege": role.capitalize(), "inherited": False}
        assert filled.access.accounts.get().role("dan", TOOLS) == Role.parse(role)
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
    assert filled.access.accounts.get().role("dan", TOOLS) is None


def test_a_namespace_is_given_by_the_owner_of_the_root_and_lets_make_repositories(
    http: FlaskClient, filled: Root, owner: Headers, key_of: KeyOf
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


def test_a_repository_is_closed_and_opened(http: FlaskClient, filled: Root, key_of: KeyOf) -> None:
    ada, bob = key_of("ada"), key_of("bob")
    assert http.get("/v1/repos/acme/tools/").status_code == 401
    opened = http.patch("/v1/repos/acme/tools/", json={"private": False}, headers=ada).json or {}
    assert (opened["is_public"], opened["is_private"], opened["repository_type_str"]) == (
        True,
        False,
        "Public",
    )
    assert http.get("/v1/repos/acme/tools/").json == opened
    before = recorded(filled)
    assert http.patch("/v1/repos/acme/tools/", json={"private": False}, headers=ada).status_code == 200
    assert recorded(filled) == before, "nothing changed"
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


OWNERS = [
    ("GET", "/v1/users/"),
    ("POST", "/v1/users/"),
    ("DELETE", "/v1/users/bob/"),
    ("PUT", "/v1/users/bob/password/"),
    ("PUT", "/v1/orgs/acme/members/dan/"),
    ("DELETE", "/v1/orgs/acme/members/cleo/"),
    ("GET", "/v1/log/"),
]
ADMINS = [
    ("PATCH", "/v1/repos/acme/tools/"),
    ("GET", "/v1/repos/acme/tools/privileges/"),
    ("PUT", "/v1/repos/acme/tools/privileges/dan/"),
    ("DELETE", "/v1/repos/acme/tools/privileges/bob/"),
    ("GET", "/v1/entitlements/acme/tools/"),
    ("POST", "/v1/entitlements/acme/tools/"),
    ("GET", "/v1/entitlements/acme/tools/0123456789ab/"),
    ("PATCH", "/v1/entitlements/acme/tools/0123456789ab/"),
    ("DELETE", "/v1/entitlements/acme/tools/0123456789ab/"),
    *(
        ("POST", f"/v1/entitlements/acme/tools/0123456789ab/{verb}/")
        for verb in ("refresh", "reset", "enable", "disable")
    ),
    ("POST", "/v1/entitlements/acme/tools/sync/"),
    ("GET", "/v1/log/?repository=acme/tools"),
]


@pytest.mark.parametrize(("method", "path"), OWNERS + ADMINS)
def test_what_only_some_may_is_refused_to_the_others_before_anything_is_looked_at(
    http: FlaskClient, filled: Root, key_of: KeyOf, method: str, path: str
) -> None:
    token = filled.access.entitlements(TOOLS)
    before = filled.access.accounts.get(), token.all()
    others = ["dan", "bob", *(["ada", "cleo"] if (method, path) in OWNERS else [])]
    askers = {who: key_of(who) for who in others}
    askers["ada, to upload"] = bearer(_narrow(filled, upload_only=True))
    askers["ada, elsewhere"] = bearer(_narrow(filled, repository="acme/other"))
    before = filled.access.accounts.get(), token.all()
    for who, headers in askers.items():
        response = http.open(path, method=method, data=b"{", content_type="application/json", headers=headers)
        assert response.status_code == 403, who
    for headers in ({}, bearer("wrong")):
        response = http.open(path, method=method, data=b"{", content_type="application/json", headers=headers)
        assert response.status_code == 401
    assert (filled.access.accounts.get(), token.all()) == before


def _narrow(root: Root, **scope: Any) -> str:
    from pocketrepo.access import Scope

    return root.access.accounts.add_key("ada", "narrow", scope=Scope(**scope))[1]


@pytest.mark.parametrize(("method", "path"), [*OWNERS, *ADMINS, ("GET", "/v1/user/tokens/")])
def test_a_page_of_another_site_gets_nothing_even_with_the_key(
    http: FlaskClient, filled: Root, owner: Headers, method: str, path: str
) -> None:
    for foreign in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert http.open(path, method=method, json={}, headers={**owner, **foreign}).status_code == 403


def test_an_entitlement_token_is_no_credential_of_the_api(
    http: FlaskClient, filled: Root, owner: Headers
) -> None:
    made = http.post("/v1/entitlements/acme/tools/", json={"name": "x"}, headers=owner).json or {}
    for method, path in [*ADMINS, ("GET", "/v1/user/tokens/"), ("GET", "/v1/repos/acme/tools/")]:
        assert http.open(path, method=method, json={}, headers=bearer(made["token"])).status_code == 401


def test_every_change_is_on_record_before_its_answer_and_no_secret_is(
    http: FlaskClient, filled: Root, owner: Headers, key_of: KeyOf, tmp_path: Path
) -> None:
    start = len(recorded(filled))
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
    found = recorded(filled)[start:]
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
    filled: Root,
    owner: Headers,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    path: str,
    body: dict[str, Any] | None,
) -> None:
    from pocketrepo.errors import Unavailable

    def full(*_: object, **__: object) -> None:
        raise Unavailable("the disk is full")

    monkeypatch.setattr(filled.log, "record", full)
    response = http.open(path, method=method, json=body, headers=owner)
    assert response.status_code == 503
    if method == "DELETE":
        accounts = filled.access.accounts.get()
        assert "bob" in accounts.passwords
        assert accounts.role("bob", TOOLS) is Role.WRITE


# The log


def test_the_log_is_read_from_its_end_and_onwards(http: FlaskClient, filled: Root, owner: Headers) -> None:
    for number in range(5):
        filled.log.record("tested", TOOLS if number % 2 else None, actor="tests", number=number)

    def read(query: str) -> tuple[list[int], str]:
        response = http.get(f"/v1/log/?{query}", headers=owner)
        assert response.status_code == 200, response.text
        return [event["number"] for event in response.json or []], response.headers["X-Log-Cursor"]

    numbers, cursor = read("limit=3")
    assert numbers == [2, 3, 4]
    assert read("limit=2&repository=acme/tools")[0] == [1, 3]
    assert read(f"after={cursor}") == ([], cursor)
    filled.log.record("tested", TOOLS, actor="tests", number=5)
    filled.log.record("tested", None, actor="tests", number=6)
    first, further = read(f"after={cursor}&limit=1")
    assert first == [5]
    assert read(f"after={further}")[0] == [6]
    assert read(f"after={cursor}&repository=acme/tools")[0] == [5]


@pytest.mark.parametrize("cursor", ["x", "2026-11-25", "2026-11-25:x", "../owner.key:0", "2026-11-25:-1"])
def test_what_is_no_place_in_the_log_is_refused(http: FlaskClient, owner: Headers, cursor: str) -> None:
    response = http.get("/v1/log/", query_string={"after": cursor}, headers=owner)
    assert response.status_code == 422


def test_administrators_read_what_happened_in_their_repository_alone(
    http: FlaskClient, filled: Root, key_of: KeyOf
) -> None:
    filled.log.record("tested", RepositoryName("local", "main"), actor="tests")
    found = http.get("/v1/log/?repository=acme/tools", headers=key_of("ada")).json or []
    assert {event["repository"] for event in found} == {"acme/tools"}
    assert http.get("/v1/log/?repository=local/main", headers=key_of("ada")).status_code == 403
