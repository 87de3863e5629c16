"""What cannot be a repository's name is answered like a name that no repository has, whoever asks for whatever."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pocketrepo.access import throttle
from pocketrepo.keys import owner_key
from pocketrepo.repository import Root
from pocketrepo.settings import Settings
from tests.web.page import BROWSER
from tests.web.readers import PASSWORD, add_reader, sign_in

UNKNOWN = "acme/nothing"
IMPOSSIBLE = ["acme/in ternal", f"acme/{'x' * 64}", "acme/legacy", "api/tools", "-/-", "acme/.."]
INDEX = [
    "/{}/simple/", "/{}/simple/hello/", "/{}/+simple/hello/", "/public/{}/python/simple/",
    "/basic/{}/python/index/hello/", "/secret-token/{}/python/simple/",
    "/{}/files/hello/0123456789abcdef/hello-1.0.tar.gz", "/{}/pypi/hello/json", "/{}/pypi/hello/1.0/json",
]  # fmt: skip
ASKERS = [
    "nobody",
    "stranger",
    "owner",
    "owner's cookie",
    "reader's cookie",
    "wrong key",
    "owner in X-Api-Key",
]


@pytest.fixture(params=ASKERS)
def asker(
    request: pytest.FixtureRequest,
    app: Flask,
    root: Root,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> FlaskClient:
    monkeypatch.setattr(throttle, "FOR_ADDRESS", 1000)
    http, owner = app.test_client(), owner_key(settings.root)
    match request.param:
        case "owner's cookie":
            sign_in(http, owner)
        case "reader's cookie":
            add_reader(root)
            sign_in(http, PASSWORD, "ada")
        case "owner in X-Api-Key":
            http.environ_base["HTTP_X_API_KEY"] = owner
        case "stranger":
            http.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {add_reader(root)}"
        case "owner":
            http.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {owner}"
        case "wrong key":
            http.environ_base["HTTP_AUTHORIZATION"] = "Bearer wrong"
    return http


def said(http: FlaskClient, path: str, name: str, method: str = "GET") -> tuple[int, str, str | None]:
    """The status, the line without the advice, and the challenge."""
    answer = http.open(path.format(name), method=method, headers={"Accept": "*/*"})
    line = answer.text.replace(name, "NAME").partition(" (")[0]
    return answer.status_code, line.strip(), answer.headers.get("WWW-Authenticate")


@pytest.mark.parametrize("paths", [INDEX, ["/v1/repos/{}/", "/v1/packages/{}/"]], ids=["index", "api"])
def test_nobody_is_told_the_difference(asker: FlaskClient, paths: list[str]) -> None:
    for path in paths:
        unknown = said(asker, path, UNKNOWN)
        for name in IMPOSSIBLE:
            assert said(asker, path, name) == unknown, path.format(name)


def test_nor_is_a_person_or_an_uploader(asker: FlaskClient) -> None:
    for method, path in [
        ("GET", "/{}/"),
        ("GET", "/{}/projects/hello/"),
        ("POST", "/{}/"),
        ("POST", "/python/{}/"),
    ]:
        statuses = {
            asker.open(path.format(name), method=method, headers={"Accept": BROWSER}).status_code
            for name in [UNKNOWN, *IMPOSSIBLE]
        }
        assert len(statuses) == 1, (method, path)


def test_the_owner_is_told_what_is_wrong_and_never_404(http: FlaskClient, owner: dict[str, str]) -> None:
    """Installers take that as leave to ask the next index."""
    for path in INDEX:
        answer = http.get(path.format("acme/in ternal"), headers=owner)
        assert answer.status_code == 403
        assert "no repository acme/in ternal (write OWNER/REPO in letters" in answer.text
