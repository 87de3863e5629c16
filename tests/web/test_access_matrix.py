"""Every kind of credential, in every form of URL, for everything that can be done, with every kind of repository:
the status of each, with the fast road for pages and files and without it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from pocketrepo.repository import Root
from tests.web.connection import Answer, Request
from tests.web.credentials import (
    CREDENTIALS,
    HELLO,
    KINDS,
    MISSING,
    PRIVATE,
    PUBLIC,
    UNKNOWN,
    Credential,
    Standing,
)
from tests.web.site import Site, opened_site, staffed_root

JSON = "application/vnd.pypi.simple.v1+json"
both_ways = pytest.mark.parametrize("site", [True, False], ids=["front", "flask"], indirect=True)
one_way = pytest.mark.parametrize("site", [True], ids=[""], indirect=True)
"""For what the fast road always leaves to Flask."""

READ = {PUBLIC: (200, 200, 200, 200), PRIVATE: (401, 401, 403, 200), MISSING: (401, 401, 403, 403)}
"""Status for nobody, for a credential that is not known, for one without the right, and for one with it."""
UPLOAD = {PUBLIC: (401, 401, 403, 400), PRIVATE: (401, 401, 403, 400), MISSING: (401, 401, 403, 404)}
"""The form is empty: what may be sent is refused for that alone."""
YANK = {PUBLIC: (401, 401, 403, 200), PRIVATE: (401, 401, 403, 200), MISSING: (401, 401, 403, 404)}
ADMINISTER = (401, 401, 403, 400)
"""Nothing is said that could be changed."""
CREATE = (401, 401, 403, 400)
"""The name is none that a repository can have."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Root:
    return staffed_root(tmp_path_factory.mktemp("matrix"))


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, root: Root) -> Iterator[Site]:
    with opened_site(root, front=request.param) as site:
        yield site


def row(standing: Standing | None, right: str, kind: str) -> int:
    if standing is None:
        return 0
    return 1 if not standing.known else 3 if kind in getattr(standing, right).split() else 2


def prefixes(credential: Credential, kind: str) -> list[str]:
    """Where a repository is read with this credential."""
    if credential.path:
        return [f"/{credential.path}/acme/{kind}/python"]
    found = [f"/acme/{kind}", f"/public/acme/{kind}/python", f"/basic/acme/{kind}/python"]
    return ["", *found] if kind == PRIVATE else found


def pages(prefix: str) -> list[str]:
    found = [f"{prefix}/simple/", f"{prefix}/simple/{HELLO}/"]
    return [*found, f"{prefix}/index/{HELLO}/"] if prefix.endswith("/python") else found


def files(site: Site, prefix: str, kind: str) -> list[str]:
    address = f"{prefix}/files/{HELLO}/{site.key[kind]}/{site.filename}"
    return [address, f"{address}.metadata"]


@both_ways
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CREDENTIALS)
def test_reading(site: Site, name: str, kind: str) -> None:
    credential = site.credentials[name]
    standing = credential.reading(kind)
    expected = READ[kind][row(standing, "reads", kind)]
    headers = credential.headers | {"Accept": f"{JSON}, */*;q=0.1"}
    asked: dict[tuple[str, str], int] = {}
    for prefix in prefixes(credential, kind):
        found = [*pages(prefix), *files(site, prefix, kind)]
        asked |= dict.fromkeys([("GET", path) for path in found] + [("HEAD", found[-2])], expected)
        asked["GET", f"{prefix}/simple/unknown/"] = 404 if expected == 200 else expected
    requests = [Request(method, path, headers) for method, path in asked]
    assert dict(zip(asked, site.statuses(*requests), strict=True)) == asked
    if site.front and expected == 200:
        again = dict(zip(asked, site.statuses(*requests), strict=True))
        assert again == asked, "what is asked for again is answered from memory"


@one_way
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CREDENTIALS)
def test_uploading(site: Site, name: str, kind: str) -> None:
    credential = site.credentials[name]
    expected = UPLOAD[kind][row(credential.uploading(kind), "uploads", kind)]
    forms = [f"/acme/{kind}/", f"/acme/{kind}/legacy/", f"/python/acme/{kind}/"]
    if kind == PRIVATE:
        forms += ["/", "/legacy/"]
    body = b'--x\r\nContent-Disposition: form-data; name=":action"\r\n\r\nfile_upload\r\n--x--\r\n'
    headers = credential.headers | {"Content-Type": "multipart/form-data; boundary=x"}
    found = site.statuses(*(Request("POST", path, headers, body) for path in forms))
    assert dict(zip(forms, found, strict=True)) == dict.fromkeys(forms, expected)


def sent(credential: Credential, method: str, path: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of a request to the API."""
    if method in ("GET", "DELETE"):
        return credential.headers, b""
    return credential.headers, b'{"name": "no name"}' if path == "/v1/repos/acme/" else b"{}"


@one_way
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CREDENTIALS)
def test_the_api(site: Site, name: str, kind: str) -> None:
    credential = site.credentials[name]
    standing = credential.managing()
    repository, key = f"acme/{kind}", site.key[kind]
    package = f"/v1/packages/{repository}/{key}/"
    reads = READ[kind][row(standing, "reads", kind)]
    if kind == MISSING and standing and standing.sees_all:
        reads = 404
    changes = YANK[kind][row(standing, "changes", kind)]
    expected = {
        ("GET", f"/v1/packages/{repository}/"): reads,
        ("GET", f"/v1/repos/{repository}/"): reads,
        ("GET", package): reads,
        ("POST", f"{package}yank/"): changes,
        ("POST", f"{package}unyank/"): changes,
        ("PATCH", f"/v1/repos/{repository}/"): ADMINISTER[row(standing, "administers", kind)],
        ("POST", "/v1/repos/acme/"): CREATE[row(standing, "creates", "acme")],
    }
    if changes != 200:
        expected["DELETE", package] = changes
    requests = [Request(method, path, *sent(credential, method, path)) for method, path in expected]
    assert dict(zip(expected, site.statuses(*requests), strict=True)) == expected


@one_way
@pytest.mark.parametrize("name", CREDENTIALS)
def test_a_private_repository_looks_like_none_to_who_may_not_see_it(site: Site, name: str) -> None:
    credential = site.credentials[name]
    standing = credential.reading(PRIVATE)
    if standing is not None and (PRIVATE in standing.reads.split() or credential.home == PRIVATE):
        pytest.skip("knows that there is one")
    asked = [
        path
        for prefix in prefixes(credential, PRIVATE)[-2:]
        for path in [*pages(prefix), f"{prefix}/simple", *files(site, prefix, MISSING)]
    ]
    if not credential.path:
        asked += [f"/acme/{PRIVATE}/{rest}" for rest in ("", "projects/", "projects/hello-pocket/")]
    if PRIVATE not in (credential.managing() or UNKNOWN).reads.split():
        asked += [f"/v1/{noun}/acme/{PRIVATE}/" for noun in ("repos", "packages")]
    requests = [
        Request("GET", path, credential.headers | {"Accept": accept})
        for path in asked
        for accept in ("text/html", "*/*")
    ]
    there = site.ask(*requests)
    absent = site.ask(*(each._replace(path=each.path.replace(PRIVATE, MISSING)) for each in requests))
    for request, *answers in zip(requests, there, absent, strict=True):
        shown = [seen(answer, kind) for answer, kind in zip(answers, (PRIVATE, MISSING), strict=True)]
        assert shown[0] == shown[1], request.path


def seen(answer: Answer, kind: str) -> tuple[object, ...]:
    """All that comes back, but for the time and the name that was asked for."""
    kept = [pair for pair in answer.headers if pair[0] not in ("date", "set-cookie")]
    body = re.sub(rb'name="csrf" value="[^"]*"', b"", answer.body)  # never the same twice
    return answer.status, repr(kept).replace(kind, "NAME"), body.replace(kind.encode(), b"NAME")
