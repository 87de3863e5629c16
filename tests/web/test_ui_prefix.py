"""Pages under a URL prefix."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from pocketrepo.repository import Root
from tests.web.page import BROWSER, PROJECT, REPO, get, parse


def mounted(app: Flask) -> Client:
    """As a server that knows its prefix runs it."""
    return Client(DispatcherMiddleware(_nothing, {"/deep/prefix": app}))


def stripped(app: Flask) -> Client:
    """As behind a proxy that takes a prefix away and tells nobody."""

    def proxy(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith("/deep/prefix/"):
            return _nothing(environ, start_response)
        for name in ("PATH_INFO", "RAW_URI", "REQUEST_URI"):
            environ[name] = environ[name].replace("/deep/prefix", "", 1)
        return app(environ, start_response)

    return Client(proxy)


def _nothing(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("418 Outside", [("Content-Type", "text/plain")])
    return [b"outside"]


@pytest.mark.parametrize("mount", [mounted, stripped])
def test_under_a_prefix_every_link_holds(stocked: Root, app: Flask, mount: Callable[[Flask], Client]) -> None:
    """Followed from page to page, everything there is answers, below the prefix."""
    http = mount(app)
    start = "http://localhost/deep/prefix/"
    seen = {start}
    waiting = deque([start])
    while waiting:
        here = waiting.popleft()
        response = http.get(here, headers={"Accept": BROWSER})
        assert response.status_code == 200, here
        if response.mimetype != "text/html":
            continue
        found = parse(response.text)
        for link in found.links + found.loads:
            if not urlsplit(link).scheme:
                assert not link.startswith("/"), (here, link)
                target = urldefrag(urljoin(here, link)).url
                assert target.startswith(start), (here, link)
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
    kinds = {urlsplit(each).path.removeprefix("/deep/prefix").rpartition(".")[2] for each in seen}
    assert {"css", "svg", "whl", "gz", "metadata"} <= kinds
    assert f"{start}local/main/projects/hello-pocket/?version=1.0" in seen


@pytest.mark.parametrize("mount", [mounted, stripped])
@pytest.mark.parametrize("path", ["nothing", "no/such/page", "local/a%2Fb/c", f"{PROJECT[1:]}x%2f..%2fy"])
def test_under_a_prefix_an_error_page_finds_its_stylesheet(
    app: Flask, mount: Callable[[Flask], Client], path: str
) -> None:
    here = f"http://localhost/deep/prefix/{path}"
    [style] = parse(mount(app).get(here, headers={"Accept": BROWSER}).text).all("link")[1:]
    assert urljoin(here, style["href"]) == "http://localhost/deep/prefix/static/style.css"


def test_set_up_lines_have_a_prefix_that_is_known(app: Flask) -> None:
    html = get(mounted(app), "/deep/prefix/local/main/").text
    assert "http://localhost/deep/prefix/local/main/simple/" in html


def test_a_forwarded_address_is_not_believed(http: FlaskClient) -> None:
    html = get(
        http, REPO, X_Forwarded_Host="evil.example", X_Forwarded_Prefix="/evil", Forwarded="host=evil.example"
    ).text
    assert "evil" not in html


def test_behind_jupyter_the_lines_to_copy_are_for_tools_beside_the_server(
    app: Flask, http: FlaskClient
) -> None:
    app.extensions["pocketrepo"].port = 8333
    prefix = "/user/ana/proxy/8333"
    html = get(http, REPO, X_ProxyContextPath=prefix, X_Forwarded_Prefix=prefix, Cookie="_xsrf=s3cret").text
    assert "http://127.0.0.1:8333/local/main/simple/" in html
    assert "ana" not in html
    assert "s3cret" not in html
