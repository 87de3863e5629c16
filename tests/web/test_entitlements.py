"""Entitlement tokens by the API: Cloudsmith's shapes, secrets that are told once, and what the record says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from pocketrepo.access import Role
from pocketrepo.model import RepositoryName
from pocketrepo.repository import Root
from pocketrepo.web.payload import MASKED
from tests.distributions import make_wheel
from tests.uploads import stage

TOOLS = RepositoryName("acme", "tools")
ADDRESS = "/v1/entitlements/acme/tools/"
Headers = dict[str, str]


@pytest.fixture
def ada(root: Root) -> Headers:
    """The administrator of a private repository."""
    root.create(TOOLS, actor="tests", private=True)
    root.access.accounts.add_user("ada")
    root.access.accounts.set_role("ada", TOOLS, Role.ADMIN)
    return bearer(root.access.accounts.add_key("ada", "tests")[1])


def bearer(secret: str) -> Headers:
    return {"Authorization": f"Bearer {secret}"}


def reads(http: FlaskClient, token: str, address: str = "/acme/tools/simple/") -> int:
    return http.get(address, headers=bearer(token)).status_code


def recorded(root: Root) -> list[dict[str, Any]]:
    found = (event for event in root.log.read(TOOLS) if event["event"].startswith("entitlement-"))
    return [{name: value for name, value in event.items() if name != "time"} for event in found]


def test_a_token_has_the_fields_that_clients_of_cloudsmith_know(
    http: FlaskClient, root: Root, ada: Headers
) -> None:
    response = http.post(f"{ADDRESS}?show_tokens=True", json={"name": "customer"}, headers=ada)
    made = response.json or {}
    assert response.status_code == 201
    token, slug = made.pop("token"), made["slug_perm"]
    times = {made.pop(name) for name in ("created_at", "updated_at", "usage_since")}
    assert all(times)
    address = f"http://localhost{ADDRESS}{slug}/"
    assert made == {
        "name": "customer",
        "slug_perm": slug,
        "identifier": slug,
        "is_active": True,
        "default": False,
        "user": None,
        "limit_num_downloads": None,
        "limit_num_clients": None,
        "limit_bandwidth": None,
        "limit_bandwidth_unit": "Byte",
        "limit_date_range_from": None,
        "limit_date_range_to": None,
        "limit_package_query": None,
        "limit_path_query": None,
        "scheduled_reset_period": "Never Reset",
        "scheduled_reset_at": None,
        "eula_required": False,
        "metadata": {},
        "downloads": 0,
        "clients": 0,
        "bandwidth": 0,
        "usage": "0 bytes",
        "has_limits": False,
        "is_limited": False,
        "created_by": "ada",
        "updated_by": "ada",
        "self_url": address,
        "refresh_url": f"{address}refresh/",
        "reset_url": f"{address}reset/",
        "enable_url": f"{address}enable/",
        "disable_url": f"{address}disable/",
    }
    assert token.startswith("pkt_")
    assert reads(http, token) == 200


def test_a_secret_is_in_the_answer_that_makes_it_alone(
    http: FlaskClient, root: Root, ada: Headers, tmp_path: Path
) -> None:
    made = http.post(ADDRESS, json={"name": "customer"}, headers=ada).json or {}
    address, old = f"{ADDRESS}{made['slug_perm']}/", made["token"]
    assert http.get(address, headers=ada).json == {**made, "token": MASKED}
    assert http.get(f"{ADDRESS}?show_tokens=True", headers=ada).json == [{**made, "token": MASKED}]
    new = (http.post(f"{address}refresh/", headers=ada).json or {})["token"]
    assert (reads(http, old), reads(http, new)) == (401, 200)
    own = (http.post(f"{address}refresh/", json={"token": "my-own.token"}, headers=ada).json or {})["token"]
    assert (own, reads(http, new), reads(http, own)) == ("my-own.token", 401, 200)
    other = http.patch(address, json={"token": "my-other.token"}, headers=ada).json or {}
    assert (other["token"], reads(http, own), reads(http, "my-other.token")) == ("my-other.token", 401, 200)
    for secret in (old, new, own, "my-other.token"):
        for file in filter(Path.is_file, tmp_path.rglob("*")):
            assert secret.encode() not in file.read_bytes(), file


def test_what_is_sent_is_changed_and_null_takes_a_limit_away(
    http: FlaskClient, root: Root, ada: Headers
) -> None:
    limits = {
        "limit_num_downloads": 10,
        "limit_num_clients": 3,
        "limit_bandwidth": 5,
        "limit_bandwidth_unit": "Gigabyte",
        "limit_date_range_from": "2020-01-01",
        "limit_date_range_to": "2999-12-31T12:00:00Z",
        "limit_package_query": "name:^acme-",
        "limit_path_query": "x",
        "scheduled_reset_period": "Monthly",
        "scheduled_reset_at": "2026-01-31",
        "eula_required": True,
        "metadata": {"customer": 7, "tags": ["é"]},
    }
    made = http.post(ADDRESS, json={"name": "customer", **limits}, headers=ada).json or {}
    assert {name: made[name] for name in limits} == limits
    assert made["has_limits"] is True
    address = f"{ADDRESS}{made['slug_perm']}/"
    changed = http.patch(address, json={"limit_num_downloads": None, "name": "other"}, headers=ada).json or {}
    assert (changed["limit_num_downloads"], changed["limit_num_clients"], changed["name"]) == (
        None,
        3,
        "other",
    )
    assert (changed["created_at"], changed["updated_at"] > made["updated_at"]) == (made["created_at"], True)
    assert http.patch(address, json={}, headers=ada).json == changed
    assert http.post(f"{address}disable/", headers=ada).json["is_active"] is False  # type: ignore[index]
    assert reads(http, made["token"]) == 403
    assert http.post(f"{address}enable/", headers=ada).json["is_active"] is True  # type: ignore[index]
    assert reads(http, made["token"]) == 200
    assert http.delete(address, headers=ada).status_code == 204
    assert reads(http, made["token"]) == 401
    assert http.delete(address, headers=ada).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", " "),
        ("name", "x" * 201),
        ("name", "x\x1b[31m"),
        ("name", None),
        ("token", "short"),
        ("token", ""),
        ("token", 12345678),
        ("token", "-begins-with-a-dash"),
        ("is_active", "yes"),
        ("limit_num_downloads", -1),
        ("limit_num_downloads", 1.5),
        ("limit_num_downloads", True),
        ("limit_num_clients", "3"),
        ("limit_bandwidth", 10**16),
        ("limit_bandwidth_unit", "MB"),
        ("limit_bandwidth_unit", None),
        ("limit_bandwidth_unit", ["Byte"]),
        ("limit_date_range_from", "tomorrow"),
        ("limit_date_range_to", 20261231),
        ("limit_date_range_to", "0001-01-01T00:00:00+14:00"),
        ("limit_package_query", "tag:x"),
        ("limit_package_query", "x" * 1025),
        ("limit_path_query", "x" * 1025),
        ("limit_path_query", {}),
        ("scheduled_reset_period", "hourly"),
        ("scheduled_reset_period", None),
        ("scheduled_reset_at", ""),
        ("eula_required", 1),
        ("metadata", []),
        ("metadata", {"x": "y" * 10_000}),
        ("downloads", 0),
        ("slug", "x"),
    ],
)
def test_a_term_that_makes_no_sense_is_named_and_changes_nothing(
    http: FlaskClient, root: Root, ada: Headers, field: str, value: Any
) -> None:
    made = http.post(ADDRESS, json={"name": "there"}, headers=ada).json or {}
    for method, path in (("POST", ADDRESS), ("PATCH", f"{ADDRESS}{made['slug_perm']}/")):
        response = http.open(path, method=method, json={"name": "x", field: value}, headers=ada)
        assert response.status_code == 422, response.text
        assert list((response.json or {})["fields"]) == [field]
    assert http.get(ADDRESS, headers=ada).json == [{**made, "token": MASKED}]


def test_a_secret_is_one_tokens_alone(http: FlaskClient, ada: Headers) -> None:
    first = http.post(ADDRESS, json={"name": "a", "token": "my-own.token"}, headers=ada)
    assert first.status_code == 201
    again = http.post(ADDRESS, json={"name": "b", "token": "my-own.token"}, headers=ada)
    assert again.status_code == 409
    second = http.post(ADDRESS, json={"name": "b"}, headers=ada).json or {}
    address = f"{ADDRESS}{second['slug_perm']}/refresh/"
    assert http.post(address, json={"token": "my-own.token"}, headers=ada).status_code == 409
    assert reads(http, second["token"]) == 200


def test_use_is_shown_and_starts_at_zero_when_it_is_reset(
    http: FlaskClient, root: Root, ada: Headers, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path)
    root.repository(TOOLS).hosted.admit(stage(root, wheel))
    [package] = http.get("/v1/packages/acme/tools/", headers=ada).json or []
    made = http.post(ADDRESS, json={"name": "x", "limit_num_downloads": 1}, headers=ada).json or {}
    url, address = package["cdn_url"], f"{ADDRESS}{made['slug_perm']}/"
    assert [reads(http, made["token"], url) for _ in range(2)] == [200, 402]
    used = http.get(address, headers=ada).json or {}
    size = wheel.stat().st_size
    assert (used["downloads"], used["clients"], used["bandwidth"], used["is_limited"]) == (1, 1, size, True)
    reset = http.post(f"{address}reset/", headers=ada).json or {}
    assert (reset["downloads"], reset["clients"], reset["bandwidth"], reset["is_limited"]) == (0, 0, 0, False)
    assert reads(http, made["token"], url) == 200


def test_tokens_are_taken_over_with_their_secrets_from_a_repository_that_one_administers_too(
    http: FlaskClient, root: Root, ada: Headers, owner: Headers
) -> None:
    other = RepositoryName("acme", "other")
    root.create(other, actor="tests", private=True)
    made = http.post(ADDRESS, json={"name": "x", "limit_num_downloads": 5}, headers=ada).json or {}
    address = "/v1/entitlements/acme/other/sync/"
    assert http.post(address, json={"source": "tools"}, headers=ada).status_code == 403
    root.access.accounts.set_role("ada", other, Role.ADMIN)
    [taken] = (http.post(address, json={"source": "tools"}, headers=ada).json or {})["tokens"]
    assert (taken["name"], taken["limit_num_downloads"], taken["token"]) == ("x", 5, MASKED)
    assert taken["slug_perm"] != made["slug_perm"]
    assert reads(http, made["token"], "/acme/other/simple/") == 200
    assert http.post(address, json={"source": "acme/tools"}, headers=ada).json == {"tokens": []}
    for source, status in [("nothing", 403), ("a b", 422), (5, 422)]:
        assert http.post(address, json={"source": source}, headers=ada).status_code == status


def test_what_is_done_to_a_token_is_on_record_without_its_secret(
    http: FlaskClient, root: Root, ada: Headers
) -> None:
    body = {"name": "x", "limit_num_downloads": 1, "token": "my-own.token"}
    slug = (http.post(ADDRESS, json=body, headers=ada).json or {})["slug_perm"]
    address = f"{ADDRESS}{slug}/"
    http.patch(address, json={"limit_num_downloads": 2, "token": "my-other.token"}, headers=ada)
    http.post(f"{address}refresh/", headers=ada)
    http.post(f"{address}reset/", headers=ada)
    http.post(f"{address}disable/", headers=ada)
    http.delete(address, headers=ada)
    found = recorded(root)
    assert [event.pop("event").removeprefix("entitlement-") for event in found] == [
        "created", "updated", "refreshed", "refreshed", "reset", "updated", "deleted",
    ]  # fmt: skip
    assert [event.pop("changes") for event in (found[1], found[5])] == [
        {"limit_num_downloads": 2},
        {"is_active": False},
    ]
    assert found[0].pop("terms") == {"limit_num_downloads": 1}
    [key] = root.access.accounts.get().keys.values()
    same = {"repository": "acme/tools", "actor": "ada", "client": "127.0.0.1", "by_key": key.slug}
    assert all(event == {**same, "slug": slug, "name": "x"} for event in found)
    assert ".token" not in json.dumps(list(root.log.read()))


def test_a_repository_that_is_not_there_has_no_tokens(
    http: FlaskClient, ada: Headers, owner: Headers
) -> None:
    root_owner = http.get("/v1/entitlements/acme/nothing/", headers=owner)
    assert root_owner.status_code == 404
    assert http.get("/v1/entitlements/acme/nothing/", headers=ada).status_code == 403
    assert http.get(f"{ADDRESS}0123456789ab/", headers=ada).status_code == 404
