"""What a page of another site can make a browser do here: nothing, whatever the browser remembers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask

from pocketrepo.cors import Origins
from tests.conftest import Live
from tests.distributions import make_wheel
from tests.uploads import admit, stored
from tests.web.forms import body, form

EVIL = "https://evil.example"
FOREIGN = [
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://localhost"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]
"""What a browser sends with a request that a page of another origin makes."""
REBOUND = [
    "evil.example",
    "evil.example:8080",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "0x7f.1",
    "a" * 400,
]


@pytest.fixture
def stocked(live: Live, tmp_path: Path) -> Live:
    """Everybody's pages may read the default repository: that says nothing of writing."""
    admit(live.root, make_wheel(tmp_path, "hello-pocket", "1.0"))
    live.root.share(live.root.default, Origins.parse(["*"]), actor="tests")
    return live


def writes(app: Flask) -> Iterator[tuple[str, str]]:
    """Every method and path that may change something."""
    known = {"owner": "local", "repo": "main", "slug": "0123456789abcdef", "name": "hello-pocket"}
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - {"GET", "HEAD", "OPTIONS"}):
            arguments = {name: known.get(name, "x") for name in rule.arguments}
            yield method, rule.build(arguments)[1].lstrip("/")


@pytest.mark.parametrize("headers", FOREIGN, ids=lambda headers: str(next(iter(headers.values()))))
def test_nothing_changes_even_with_the_owners_credential(
    stocked: Live, headers: dict[str, str], tmp_path: Path
) -> None:
    upload, kind = body(form(make_wheel(tmp_path, "evil", "1.0")), [])
    before = stored(stocked.root)
    asked = list(writes(stocked.app))
    assert len(asked) > 8
    for method, path in asked:
        response = requests.request(
            method,
            stocked.url + path,
            data=upload,
            headers={**headers, "Content-Type": kind},
            auth=("__token__", stocked.key),
            timeout=5,
        )
        assert response.status_code == 403, (method, path)
        assert "access-control-allow-origin" not in response.headers
    assert stored(stocked.root) == before
    assert requests.get(f"{stocked.url}health", timeout=5).ok


def test_a_page_of_our_own_may(stocked: Live) -> None:
    origin = stocked.url.rstrip("/")
    made = requests.post(
        f"{stocked.url}v1/repos/acme/",
        json={"name": "new"},
        headers={"Origin": origin, "Sec-Fetch-Site": "same-origin"},
        auth=("__token__", stocked.key),
        timeout=5,
    )
    assert made.status_code == 201


@pytest.mark.parametrize("host", REBOUND, ids=lambda host: host[:30])
def test_a_name_that_resolves_here_leads_nowhere(stocked: Live, host: str) -> None:
    """DNS rebinding: the page's own host name points to this machine, so nothing is of another origin to it."""
    headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    reads = [
        ("GET", path)
        for path in ("", "simple/", "simple/hello-pocket/", "local/main/", "v1/repos/", "health")
    ]
    for method, path in [*reads, *writes(stocked.app), ("OPTIONS", "simple/")]:
        response = requests.request(
            method, stocked.url + path, headers=headers, auth=("__token__", stocked.key), timeout=5
        )
        assert response.status_code == 421, (method, path)
        assert "hello-pocket" not in response.text
        assert "access-control-allow-origin" not in response.headers


def test_a_simple_form_of_another_site_uploads_nothing(stocked: Live, tmp_path: Path) -> None:
    """What needs no preflight: a multipart form, sent without a credential as no browser remembers one."""
    wheel = make_wheel(tmp_path, "evil", "1.0")
    data, kind = body(form(wheel), [("content", wheel.name, wheel.read_bytes())])
    for path in ("", "legacy/", "local/main/"):
        response = requests.post(
            stocked.url + path, data=data, headers={"Content-Type": kind, "Origin": EVIL}, timeout=5
        )
        assert response.status_code in (401, 403)
    assert "evil" not in str(stored(stocked.root))
