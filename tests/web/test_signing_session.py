"""A session is a cookie of one root: it reads, changes nothing, and ends with what it rests on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from packaging.utils import NormalizedName

from pocketrepo import events
from pocketrepo.keys import owner_key
from pocketrepo.repository import Root, open_root
from pocketrepo.server import create_app
from pocketrepo.settings import Settings
from tests.distributions import make_wheel
from tests.web.page import parse
from tests.web.people import recorded
from tests.web.readers import PAGE, PASSWORD, SECRET, cookies, opened, sign_in, sign_out


def test_the_cookie_is_of_this_root_and_out_of_reach_for_script_and_other_sites(
    private: Root, http: FlaskClient, key: str
) -> None:
    [(form, form_attributes)] = cookies(opened(http, PAGE)).items()
    [(session, attributes)] = cookies(sign_in(http, key)).items()
    assert {form, session} == {f"pocketrepo-{private.id}-form", f"pocketrepo-{private.id}"}
    assert attributes >= {"HttpOnly", "SameSite=Lax", "Path=/"}
    assert form_attributes >= {"HttpOnly", "SameSite=Lax", "Path=/"}
    assert "Secure" not in attributes


def test_by_https_cookies_are_secure(private: Root, http: FlaskClient, key: str, settings: Settings) -> None:
    behind = create_app(replace(settings, public_url="https://repo.example/"), private).test_client()
    for client, base in ((http, "https://localhost/"), (behind, "http://localhost/")):
        form = client.get("/account/sign-in/", base_url=base)
        inputs = {each["name"]: each.get("value", "") for each in parse(form.text).all("input")}
        name = f"pocketrepo-{private.id}-form"
        cookie = client.get_cookie(name)
        assert cookie is not None
        response = client.post(
            "/account/sign-in/",
            base_url=base,
            data={**inputs, "secret": key},
            headers={"Cookie": f"{name}={cookie.value}", "Sec-Fetch-Site": "same-origin"},
        )
        assert response.status_code == 303
        assert "Secure" in cookies(response)[f"pocketrepo-{private.id}"]
        assert "Secure" in cookies(form)[name]


def test_signing_out_ends_it_and_is_on_record(private: Root, http: FlaskClient, key: str) -> None:
    sign_in(http, key)
    assert http.post("/account/sign-out/", headers={"Origin": "http://localhost"}).status_code == 403
    assert opened(http, PAGE).status_code == 200
    assert sign_out(http, PAGE).headers["Location"] == "../../"
    assert opened(http, PAGE).status_code == 401
    assert [entry["actor"] for entry in recorded(private, events.SIGNED_OUT)] == ["ada"]


@pytest.mark.parametrize("what", ["password", "key", "user", "role"])
def test_a_session_ends_with_what_it_rests_on(private: Root, http: FlaskClient, key: str, what: str) -> None:
    accounts = private.access.accounts
    sign_in(http, *((PASSWORD, "ada") if what == "password" else (key,)))
    assert opened(http, PAGE).status_code == 200
    if what == "password":
        accounts.set_password("ada", None)
    elif what == "key":
        [held] = accounts.get().keys.values()
        accounts.revoke_key(held.slug)
    elif what == "user":
        accounts.remove_user("ada")
    else:
        accounts.set_role("ada", SECRET, None)
    assert opened(http, PAGE).status_code == (403 if what == "role" else 401)


def test_a_changed_cookie_is_nobody_s(private: Root, http: FlaskClient, key: str) -> None:
    sign_in(http, key)
    cookie = http.get_cookie(f"pocketrepo-{private.id}")
    assert cookie is not None
    for value in (cookie.value[:-1], f"{cookie.value}x", "", "a.b.c", "é", "[]"):
        http.set_cookie(f"pocketrepo-{private.id}", value)
        assert opened(http, PAGE).status_code == 401


def test_a_session_changes_nothing(
    private: Root, http: FlaskClient, settings: Settings, tmp_path: Path
) -> None:
    sign_in(http, owner_key(settings.root))
    assert opened(http, PAGE).status_code == 200
    same: dict[str, Any] = {"headers": {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}}
    wheel = make_wheel(tmp_path)
    upload = {":action": "file_upload", "content": (wheel.open("rb"), wheel.name)}
    assert http.delete("/v1/repos/acme/secret/", **same).status_code == 401
    assert http.post("/v1/repos/acme/", json={"name": "more"}, **same).status_code == 401
    assert http.post("/acme/secret/legacy/", data=upload, **same).status_code == 401
    assert NormalizedName("hello-pocket") not in private.repository(SECRET).index.projects().value.names


def test_two_servers_on_one_host_do_not_sign_each_other_s_readers_out(
    private: Root, http: FlaskClient, key: str, tmp_path: Path
) -> None:
    settings = Settings(root=tmp_path / "other")
    other = open_root(settings)
    other.create(SECRET, actor="tests", private=True)
    theirs = create_app(settings, other).test_client()
    sign_in(http, key)
    sign_in(theirs, owner_key(settings.root))
    mine = http.get_cookie(f"pocketrepo-{private.id}")
    assert mine is not None
    theirs.set_cookie(f"pocketrepo-{private.id}", mine.value)
    assert opened(theirs, PAGE).status_code == 200
    theirs.delete_cookie(f"pocketrepo-{other.id}")
    theirs.set_cookie(f"pocketrepo-{other.id}", mine.value)
    assert opened(theirs, PAGE).status_code == 401
