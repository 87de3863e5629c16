"""From errors to HTTP: the status, one line, in the form that the asker reads."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

from pocketrepo import errors
from tests.conftest import Live

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PIP = {
    "Accept": "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
}
PLANTED = "planted: a secret detail"


@pytest.fixture
def plant(app: Flask) -> Callable[[BaseException], None]:
    """Makes two views, one of them of the API, raise."""
    raised: list[BaseException] = []

    def view(name: str = "") -> str:
        raise raised[-1]

    app.add_url_rule("/plant", "plant", view, methods=["GET", "POST"])
    app.add_url_rule("/plant/<name>", "plant_named", view)
    app.add_url_rule("/v1/plant", "plant_v1", view, methods=["GET", "POST"])
    return raised.append


@pytest.mark.parametrize("error", [ValueError(PLANTED), OSError(PLANTED), errors.Damaged(PLANTED)], ids=repr)
def test_a_fault_is_one_line_for_the_asker_and_a_traceback_for_the_log(
    http: FlaskClient,
    plant: Callable[[BaseException], None],
    error: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    plant(error)
    for path, headers in [("/plant", {}), ("/plant", BROWSER), ("/v1/plant", {})]:
        caplog.clear()
        response = http.get(path, headers=headers)
        assert response.status_code == 500
        assert "the server met a fault" in response.text
        assert "Traceback" not in response.text
        assert "planted" not in response.text
        [record] = caplog.records
        assert record.levelno == logging.ERROR
        assert record.getMessage() == f"fault at GET {path}"
        assert record.exc_info
        assert record.exc_info[1] is error
    caplog.clear()
    http.get("/plant/a%0AERROR")
    assert caplog.messages == ["fault at GET /plant/a%0AERROR"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.UsageError("x"), 400),
        (errors.Refused("x"), 400),
        (errors.BadUpload("x"), 400),
        (errors.FileExists("x", sha256="0" * 64), 400),
        (errors.Unauthorized("x"), 401),
        (errors.Forbidden("x"), 403),
        (errors.NotFound("x"), 404),
        (errors.NoSuchRepository("x"), 404),
        (errors.Stalled("x"), 408),
        (errors.AlreadyExists("x"), 409),
        (errors.Conflict("x"), 409),
        (errors.TooLarge("x"), 413),
        (errors.UpstreamError("x"), 502),
        (errors.Unavailable("x"), 503),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_every_error_has_its_status(
    http: FlaskClient, plant: Callable[[BaseException], None], error: errors.PocketRepoError, status: int
) -> None:
    plant(error)
    response = http.get("/plant")
    assert (response.status_code, response.text) == (status, f"{error}\n")
    assert response.content_type == "text/plain; charset=utf-8"
    api = http.get("/v1/plant")
    assert (api.status_code, api.json) == (status, {"detail": str(error)})


def test_errors_that_ask_for_something_say_what(
    http: FlaskClient, plant: Callable[[BaseException], None]
) -> None:
    plant(errors.Unauthorized("x"))
    assert http.get("/plant").headers["WWW-Authenticate"].startswith('Basic realm="pocketrepo"')
    plant(errors.Unavailable("x", retry_after=7))
    assert http.get("/plant").headers["Retry-After"] == "7"


def test_what_is_said_is_one_line(http: FlaskClient, plant: Callable[[BaseException], None]) -> None:
    plant(errors.Refused("two\r\nlines", hint="and\n a hint"))
    assert http.get("/plant").text == "two lines (and a hint)\n"


def test_what_refuses_a_post_stands_beside_the_status(
    http: FlaskClient, plant: Callable[[BaseException], None]
) -> None:
    plant(errors.Refused("\u201ch\u00e9llo\u2026\u201d\r\nis  taken " + "x" * 500))
    said = http.post("/plant").status
    assert said.startswith("400 ?h?llo...? is taken xxx")
    assert len(said) == len("400 ") + 300 + len("..")
    assert http.get("/plant").status == http.post("/v1/plant").status == "400 BAD REQUEST"


@pytest.mark.parametrize(
    ("headers", "html"),
    [
        (BROWSER, True),
        ({"Accept": "text/html"}, True),
        (PIP, False),
        ({"Accept": "*/*"}, False),
        ({"Accept": "nonsense"}, False),
        ({}, False),
    ],
)
def test_only_a_browser_gets_a_page(
    http: FlaskClient, plant: Callable[[BaseException], None], headers: dict[str, str], html: bool
) -> None:
    plant(errors.NotFound("no <b>thing</b>"))
    response = http.get("/plant", headers=headers)
    assert (response.mimetype == "text/html") is html
    assert ("<b>thing" in response.text) is not html, "escaped on a page"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert http.post("/plant", headers=headers).mimetype == "text/plain"
    assert http.get("/v1/plant", headers=headers).mimetype == "application/json"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/a/b/c/d/e", 404), ("DELETE", "/", 405)])
def test_what_is_not_there_is_one_line_of_text(
    http: FlaskClient, method: str, path: str, status: int
) -> None:
    response = http.open(path, method=method)
    assert (response.status_code, response.mimetype) == (status, "text/plain")
    assert response.text.count("\n") == 1
    assert status != 405 or "POST" in response.headers["Allow"]


def test_a_name_that_is_not_ours_is_421_everywhere(http: FlaskClient) -> None:
    for path in ("/", "/simple/", "/v1/repos/", "/health", "/nowhere"):
        assert http.get(path, headers={"Host": "evil.example"}).status_code == 421
        assert http.post(path, headers={"Host": "evil.example"}).status_code == 421


def test_over_a_socket_a_fault_is_said_and_the_server_lives_on(
    app: Flask, plant: Callable[[BaseException], None], serve: Callable[..., Live]
) -> None:
    plant(ValueError(PLANTED))
    live = serve(app)
    for _ in range(2):
        response = requests.get(f"{live.url}plant", timeout=5)
        assert (response.status_code, response.text.count("\n")) == (500, 1)
    assert requests.get(f"{live.url}health", timeout=5).json()["status"] == "ok"
