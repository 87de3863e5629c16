"""Addresses that lead nowhere, and those that try to lead elsewhere."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from pocketrepo.repository import Root
from tests.web.page import BROWSER, PIP, PROJECT, REPO, assert_harmless, get, parse, texts


def test_another_spelling_leads_to_the_normalized_name(stocked: Root, http: FlaskClient) -> None:
    response = get(http, f"{REPO}projects/Hello_Pocket/?version=1.0", status=301)
    assert response.headers["Location"] == "../hello-pocket/?version=1.0"


def test_an_address_without_its_slash_leads_to_the_page(stocked: Root, http: FlaskClient) -> None:
    for path, location in (("/local/main", "./main/"), (PROJECT.rstrip("/"), "./hello-pocket/")):
        assert get(http, f"{path}?q=1", status=301).headers["Location"] == f"{location}?q=1"
    assert get(http, f"{REPO}projects/", status=301).headers["Location"] == "../"


@pytest.mark.parametrize(
    "path", ["/local/https:evil.example", "/local/evil%0d%0aSet-Cookie:%20x=1", "/a/%2fevil.example"]
)
def test_no_redirect_leads_away(http: FlaskClient, path: str) -> None:
    response = http.get(path)
    location = response.headers.get("Location", "")
    assert "Set-Cookie" not in response.headers
    assert urljoin("http://localhost/local/x", location).startswith("http://localhost/local/")


@pytest.mark.parametrize(
    "path",
    [
        f"{REPO}projects/nothing/",
        f"{PROJECT}?version=7",
        f"{PROJECT}?version=%3Cscript%3E",
        f"{REPO}projects/..%20/",
        f"{REPO}projects/a%0d%0ab/",
        f"{REPO}projects/a%00b/",
        f"{REPO}projects/%3Cscript%3Ealert(1)%3C/script%3E/",
        "/static/nothing.css",
        "/no/such/page/at/all",
    ],
)
def test_what_is_not_there_is_a_page_for_a_browser_and_a_line_for_a_tool(
    stocked: Root, http: FlaskClient, path: str
) -> None:
    response = get(http, path, status=404)
    assert response.mimetype == "text/html"
    found = parse(response.text)
    assert_harmless(found)
    assert "Not found" in found.text
    for accept in (PIP, "*/*", ""):
        said = http.get(path, headers={"Accept": accept})
        assert (said.status_code, said.mimetype) == (404, "text/plain")
        assert said.text.count("\n") == 1


def test_an_unknown_repository_is_not_told_from_a_hidden_one(http: FlaskClient) -> None:
    for path in ("/no/body/", "/no/body/projects/x/", "/no/body/projects/", "/_/-/"):
        assert get(http, path, status=401).mimetype == "text/html"


@pytest.mark.parametrize("path", ["/", REPO, PROJECT])
def test_a_page_asked_for_as_something_else_is_not_acceptable(
    stocked: Root, http: FlaskClient, path: str
) -> None:
    for accept in ("application/json", "text/html;q=0, application/json"):
        assert http.get(path, headers={"Accept": accept}).status_code == 406
    for accept in ("", "*/*", "text/*", "application/json, text/html;q=0.1"):
        assert http.get(path, headers={"Accept": accept}).status_code == 200


@pytest.mark.parametrize("host", ['localhost:80"><script>', "localhost:$(id)", "localhost:80/`id`"])
def test_a_strange_host_is_not_repeated(http: FlaskClient, host: str) -> None:
    for path in ("/", REPO):
        response = http.get(path, headers={"Host": host, "Accept": BROWSER})
        assert response.status_code in (400, 421)
        assert "<script>" not in response.text
        assert "id)" not in "".join(texts(response.text, "pre"))
