"""Signing in to the web pages, and out again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from flask import Flask
from flask.testing import FlaskClient
from packaging.utils import NormalizedName
from werkzeug.test import Client, TestResponse

from pocketrepo import events
from pocketrepo.access import Scope
from pocketrepo.access.entitlements import Terms
from pocketrepo.access.throttle import FOR_USER
from pocketrepo.keys import new_secret, owner_key
from pocketrepo.model import Json
from pocketrepo.repository import Root, open_root
from pocketrepo.server import create_app
from pocketrepo.settings import Settings
from tests.distributions import make_wheel
from tests.web.page import PIP, parse, texts
from tests.web.readers import PAGE, PASSWORD, SECRET, add_reader, opened, send, sign_in, sign_out
from tests.web.test_ui_prefix import mounted, stripped


@pytest.fixture
def private(root: Root) -> Root:
    """A root that has a private repository."""
    root.create(SECRET, actor="tests", private=True)
    return root


@pytest.fixture
def key(private: Root) -> str:
    """An API key of ada, who may read it."""
    return add_reader(private)


def recorded(root: Root, *kinds: str) -> list[Json]:
    return [each for each in root.log.read() if each["event"] in kinds]


def problem(response: TestResponse) -> list[str]:
    return [line for line in texts(response.text, "p") if "may stay empty" not in line][:1]


# Asked to


def test_a_browser_gets_the_form_and_a_tool_the_challenge(private: Root, http: FlaskClient) -> None:
    response = opened(http, f"{PAGE}?q=x")
    assert (response.status_code, response.mimetype) == (401, "text/html")
    assert not response.headers["WWW-Authenticate"].startswith("Basic"), "it would ask in a window of its own"
    assert {each["name"]: each.get("value") for each in parse(response.text).all("input")}["next"] == (
        "acme/secret/?q=x"
    )
    for accept in (PIP, "*/*", ""):
        said = http.get(PAGE, headers={"Accept": accept})
        assert (said.status_code, said.mimetype) == (401, "text/plain")
        assert said.headers["WWW-Authenticate"].startswith("Basic ")


def test_an_installer_that_prefers_html_is_challenged_at_an_index(private: Root, http: FlaskClient) -> None:
    response = http.get(f"{PAGE}simple/", headers={"Accept": "text/html"})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("path", ["", "projects/", "projects/hello-pocket/"])
@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_a_private_repository_looks_like_one_that_does_not_exist(
    private: Root, http: FlaskClient, path: str, accept: str
) -> None:
    opened(http, PAGE)  # gets its cookie

    def answer() -> tuple[int, dict[str, str], bytes]:
        found = http.get(f"{PAGE}{path}", headers={"Accept": accept})
        return found.status_code, dict(found.headers), found.data

    there = answer()
    private.delete(SECRET, actor="tests")
    assert answer() == there


# Signing in


@pytest.mark.parametrize("how", ["password", "key", "key alone", "key as user", "owner", "owner as user"])
def test_everybody_signs_in_with_what_they_have(
    private: Root, http: FlaskClient, key: str, settings: Settings, how: str
) -> None:
    owner = owner_key(settings.root)
    user, secret, name = {
        "password": ("ada", PASSWORD, "ada"),
        "key": ("ada", key, "ada"),
        "key alone": ("", key, "ada"),
        "key as user": (key, "", "ada"),
        "owner": ("", owner, "owner"),
        "owner as user": (owner, "", "owner"),
    }[how]
    response = sign_in(http, secret, user, at=PAGE)
    assert response.status_code == 303
    assert urljoin(response.request.url, response.headers["Location"]) == f"http://localhost{PAGE}"
    shown = opened(http, PAGE)
    assert shown.status_code == 200
    assert f"Signed in as {name}" in " ".join(parse(shown.text).text.split())
    [entry] = recorded(private, events.SIGNED_IN)
    assert (entry["actor"], entry["client"]) == (name, "127.0.0.1")
    assert (secret or user) not in f"{shown.text}{response.headers}{entry}"


def cookies(response: TestResponse) -> dict[str, set[str]]:
    """Name -> attributes."""
    found = {}
    for line in response.headers.getlist("Set-Cookie"):
        value, *attributes = line.split("; ")
        found[value.partition("=")[0]] = set(attributes)
    return found


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


def test_what_is_wrong_is_said_in_one_line_and_on_record(private: Root, http: FlaskClient, key: str) -> None:
    for user, secret, name in (
        ("ada", "wrong", "ada"),
        ("nobody", "wrong", "unknown"),
        ("", new_secret(), "unknown"),
        ("eve", key, "unknown"),
        ("", "", "unknown"),
    ):
        response = sign_in(http, secret, user, at=f"{PAGE}?q=1")
        assert response.status_code == 401
        assert problem(response) == ["this credential is not known (check the user name and the key)"]
        assert "acme/secret/?q=1" in response.text, "where to go on is kept"
        assert cookies(response) == {}
        assert not secret or secret not in response.text
        entry = recorded(private, events.DENIED)[-1]
        assert (entry["actor"], entry["status"]) == (name, 401)
    assert len(recorded(private, events.DENIED)) == 5
    assert recorded(private, events.SIGNED_IN) == []


def test_a_password_in_the_wrong_field_is_not_logged(private: Root, http: FlaskClient) -> None:
    sign_in(http, "ada", "my secret password")
    assert "my secret" not in str(recorded(private, events.DENIED))


def test_what_may_be_a_key_is_not_shown_again(private: Root, http: FlaskClient) -> None:
    assert "pkr_mistyped" not in sign_in(http, "", "pkr_mistyped").text
    assert 'value="ada"' in sign_in(http, "wrong", "ada").text


def test_an_entitlement_token_signs_in_to_nothing_and_is_told_so(private: Root, http: FlaskClient) -> None:
    _, token = private.access.entitlements(SECRET).create(Terms(name="guest"), actor="tests")
    for user in ("", "token"):
        response = sign_in(http, token, user)
        assert response.status_code == 401
        assert problem(response) == [
            "an entitlement token signs in to nothing: it is for pip, uv and other tools"
        ]
    assert opened(http, PAGE).status_code == 401


def test_keys_that_can_read_nothing_do_not_sign_in(private: Root, http: FlaskClient, key: str) -> None:
    accounts = private.access.accounts
    _, expired = accounts.add_key("ada", "old", expires="2020-01-01T00:00:00.000000Z")
    _, uploads = accounts.add_key("ada", "ci", scope=Scope(upload_only=True))
    assert "has expired" in problem(sign_in(http, expired))[0]
    assert problem(sign_in(http, uploads)) == ["this key is for uploads alone, and reads no pages"]
    assert opened(http, PAGE).status_code == 401


def test_guessing_is_slowed_down(private: Root, http: FlaskClient, key: str) -> None:
    for _ in range(FOR_USER):
        assert sign_in(http, "wrong", "nobody").status_code == 401
    response = sign_in(http, "wrong", "nobody")
    assert response.status_code == 429
    assert "too many wrong credentials" in problem(response)[0]
    assert int(response.headers["Retry-After"]) > 0
    assert sign_in(http, key).status_code == 303, "others are not locked out"


# Leading elsewhere


@pytest.mark.parametrize(
    "place",
    [
        "//evil.example/",
        "/evil.example/",
        "https://evil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        "\\\\evil.example/",
        "/\\evil.example",
        "../../evil/",
        "acme/../../evil/",
        "%2e%2e/%2e%2e/evil/",
        "acme//evil.example/",
        "acme/secret/\r\nSet-Cookie: x=1",
        "acme/secret/\n",
        "acme/secret/#x",
        "acme/secret/?q=<script>",
        "acme/secrét/",
        "account/sign-out/",
        "acme@evil.example/",
        ".evil/",
        " acme/secret/",
        "acme/secret",
    ],
)
def test_nothing_leads_elsewhere_after_signing_in(
    private: Root, http: FlaskClient, key: str, place: str
) -> None:
    form = opened(http, "/account/sign-in/", query_string={"next": place})
    assert "evil" not in form.text
    response = send(http, form, "sign-in", secret=key, next=place)
    assert response.headers["Location"] == "../../"
    assert "x=1" not in str(response.headers)


def test_the_form_of_a_public_page_leads_back_to_it(private: Root, http: FlaskClient, key: str) -> None:
    page = parse(opened(http, "/local/main/?q=a%2Fb+c").text)
    [link] = [each["href"] for each in page.all("a") if "sign-in" in each["href"]]
    response = sign_in(http, key, at=urljoin("/local/main/", link))
    assert response.headers["Location"] == "../../local/main/?q=a%2Fb+c"


@pytest.mark.parametrize("mount", [mounted, stripped])
def test_under_a_prefix_a_reader_signs_in_and_out(
    private: Root, app: Flask, key: str, mount: Callable[[Flask], Client]
) -> None:
    http = mount(app)
    start = "http://localhost/deep/prefix"
    response = sign_in(http, key, at=f"{start}{PAGE}")
    assert urljoin(response.request.url, response.headers["Location"]) == f"{start}{PAGE}"
    assert opened(http, f"{start}{PAGE}").status_code == 200
    response = sign_out(http, f"{start}{PAGE}")
    assert urljoin(response.request.url, response.headers["Location"]) == f"{start}/"
    assert opened(http, f"{start}{PAGE}").status_code == 401


# Forms of others


def posted(http: FlaskClient, key: str, headers: dict[str, str], **fields: str) -> TestResponse:
    """The form to sign in as this browser got it, but with other headers."""
    inputs = parse(opened(http, "/account/sign-in/").text).all("input")
    filled = {each["name"]: each.get("value", "") for each in inputs} | {"secret": key}
    return http.post("/account/sign-in/", data=filled | fields, headers=headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:81"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
    ],
)
def test_another_site_signs_nobody_in(
    private: Root, http: FlaskClient, key: str, headers: dict[str, str]
) -> None:
    response = posted(http, key, headers)
    assert response.status_code == 403
    assert cookies(response) == {}
    assert recorded(private, events.SIGNED_IN) == []


@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
def test_a_form_without_its_own_answer_signs_nobody_in(
    private: Root, http: FlaskClient, key: str, token: str
) -> None:
    response = posted(http, key, {"Origin": "http://localhost"}, csrf=token)
    assert response.status_code == 403
    assert "this form is out of date" in problem(response)[0]
    assert cookies(response) == {}
    assert send(http, response, "sign-in", secret=key).status_code == 303, "the form it shows is good"


def test_a_form_is_good_in_its_own_browser_only(app: Flask, private: Root, key: str) -> None:
    mine, theirs = app.test_client(), app.test_client()
    form = opened(theirs, "/account/sign-in/")
    opened(mine, "/account/sign-in/")
    assert send(mine, form, "sign-in", secret=key).status_code == 403
    assert send(app.test_client(), form, "sign-in", secret=key).status_code == 403
    assert send(theirs, form, "sign-in", secret=key).status_code == 303


def test_a_browser_that_vouches_for_the_origin_is_believed_behind_a_proxy(
    private: Root, http: FlaskClient, key: str
) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "https://repo.example"}
    assert posted(http, key, headers).status_code == 303


def test_pages_with_a_form_let_the_browser_say_its_origin(private: Root, http: FlaskClient, key: str) -> None:
    assert opened(http, PAGE).headers["Referrer-Policy"] == "same-origin"
    sign_in(http, key)
    assert opened(http, "/").headers["Referrer-Policy"] == "same-origin"


def test_a_form_that_is_too_large_is_not_read(private: Root, http: FlaskClient, key: str) -> None:
    assert posted(http, key, {}, user="x" * 20_000).status_code == 413


# The session


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
