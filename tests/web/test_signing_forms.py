"""A form signs in only from the page and the browser that it was given to."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pocketrepo import events
from pocketrepo.repository import Root
from tests.web.page import parse
from tests.web.people import recorded
from tests.web.readers import PAGE, cookies, opened, problem, send, sign_in


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
