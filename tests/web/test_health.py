"""That the server answers, and that it knows its root's key without telling it."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

import pocketrepo
from pocketrepo.keys import owner_key, prove
from pocketrepo.settings import Settings


def test_health_says_who_answers(http: FlaskClient, app: Flask) -> None:
    app.extensions["pocketrepo"].instance = "0123456789abcdef"
    response = http.get("/health")
    assert response.json == {
        "status": "ok",
        "version": pocketrepo.__version__,
        "instance": "0123456789abcdef",
    }
    assert response.headers["Cache-Control"] == "no-store"


def test_a_nonce_is_answered_with_a_proof_of_key_and_port(
    http: FlaskClient, app: Flask, settings: Settings
) -> None:
    app.extensions["pocketrepo"].port = 8123
    key = owner_key(settings.root)
    response = http.get("/health?nonce=abc")
    assert (response.json or {})["proof"] == prove(key, "abc", 8123)
    assert key not in response.text


@pytest.mark.parametrize(("nonce", "status"), [("x" * 200, 200), ("x" * 201, 400), ("\N{SNOWMAN}", 200)])
def test_a_nonce_has_its_limit(http: FlaskClient, nonce: str, status: int) -> None:
    assert http.get("/health", query_string={"nonce": nonce}).status_code == status


def test_only_the_owner_stops_the_server(http: FlaskClient, app: Flask, owner: dict[str, str]) -> None:
    stopped = []
    app.extensions["pocketrepo"].stop = lambda: stopped.append(True)
    assert http.post("/v1/server/stop/").status_code == 401
    assert http.get("/v1/server/stop/", headers=owner).status_code == 405
    foreign = {**owner, "Origin": "http://evil.example"}
    assert http.post("/v1/server/stop/", headers=foreign).status_code == 403
    assert not stopped
    assert http.post("/v1/server/stop/", headers=owner).json == {"detail": "stopping"}
    assert stopped == [True]
