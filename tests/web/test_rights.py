"""What only the owner of the root or administrators may is refused to everybody else."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from pocketrepo.access import Scope
from pocketrepo.repository import Root
from tests.web.people import TOOLS, Headers, KeyOf, bearer

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


def narrow(root: Root, **scope: Any) -> str:
    return root.access.accounts.add_key("ada", "narrow", scope=Scope(**scope))[1]


@pytest.mark.parametrize(("method", "path"), OWNERS + ADMINS)
def test_what_only_some_may_is_refused_to_the_others_before_anything_is_looked_at(
    http: FlaskClient, staffed: Root, key_of: KeyOf, method: str, path: str
) -> None:
    token = staffed.access.entitlements(TOOLS)
    others = ["dan", "bob", *(["ada", "cleo"] if (method, path) in OWNERS else [])]
    askers = {who: key_of(who) for who in others}
    askers["ada, to upload"] = bearer(narrow(staffed, upload_only=True))
    askers["ada, elsewhere"] = bearer(narrow(staffed, repository="acme/other"))
    before = staffed.access.accounts.get(), token.all()
    for who, headers in askers.items():
        response = http.open(path, method=method, data=b"{", content_type="application/json", headers=headers)
        assert response.status_code == 403, who
    for headers in ({}, bearer("wrong")):
        response = http.open(path, method=method, data=b"{", content_type="application/json", headers=headers)
        assert response.status_code == 401
    assert (staffed.access.accounts.get(), token.all()) == before


@pytest.mark.parametrize(("method", "path"), [*OWNERS, *ADMINS, ("GET", "/v1/user/tokens/")])
def test_a_page_of_another_site_gets_nothing_even_with_the_key(
    http: FlaskClient, staffed: Root, owner: Headers, method: str, path: str
) -> None:
    for foreign in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert http.open(path, method=method, json={}, headers={**owner, **foreign}).status_code == 403


def test_an_entitlement_token_is_no_credential_of_the_api(
    http: FlaskClient, staffed: Root, owner: Headers
) -> None:
    made = http.post("/v1/entitlements/acme/tools/", json={"name": "x"}, headers=owner).json or {}
    for method, path in [*ADMINS, ("GET", "/v1/user/tokens/"), ("GET", "/v1/repos/acme/tools/")]:
        assert http.open(path, method=method, json={}, headers=bearer(made["token"])).status_code == 401
