"""A browser is asked to sign in, does so with what its reader has, and is led back to where it was, not elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urljoin

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import Client

from pocketrepo import events
from pocketrepo.keys import owner_key
from pocketrepo.repository import Root
from pocketrepo.settings import Settings
from tests.web.page import PIP, parse
from tests.web.people import recorded
from tests.web.readers import PAGE, PASSWORD, SECRET, opened, send, sign_in, sign_out
from tests.web.test_ui_prefix import mounted, stripped


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
