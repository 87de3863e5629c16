"""What holds for every answer to a reader: HEAD, methods, caches, and places below a prefix."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from pocketrepo.model import RepositoryName
from tests.conftest import Live
from tests.distributions import make_wheel
from tests.uploads import admit, stage

JSON = "application/vnd.pypi.simple.v1+json"
SECRET = RepositoryName("acme", "secret")
KEPT = 31536000

PAGES = [
    "simple/",
    "simple/hello-pocket/",
    "local/main/simple/",
    "public/local/main/python/simple/hello-pocket/",
]
FILES = ["{file}", "{file}.metadata", "local/main/{file}", "public/local/main/python/{file}"]
REDIRECTS = ["simple", "simple/hello-pocket", "simple/Hello.Pocket/", "local/main"]
REFUSED = [
    "simple/nothing/",
    "files/hello-pocket/0123456789abcdef/x.whl",
    "no/such/simple/",
    "nowhere",
    "v1/nope/",
]
PRIVATE = [
    "acme/secret/simple/",
    "acme/secret/simple/hello-pocket/",
    "acme/secret/+simple/hello-pocket/",
    "acme/secret/{secret}",
]
FOR_PEOPLE = ["", "local/main/", "local/main/projects/hello-pocket/", "static/style.css", "health"]


@dataclass
class Filled(Live):
    """``paths`` of two files: one that everybody may have, one in a private repository."""

    paths: dict[str, str]


@pytest.fixture
def filled(live: Live, tmp_path: Path) -> Filled:
    wheel = make_wheel(tmp_path, "hello-pocket", "1.0")
    secret = live.root.create(SECRET, actor="tests", private=True).hosted.admit(stage(live.root, wheel)).file
    file = admit(live.root, wheel).file
    paths = {
        "file": f"files/hello-pocket/{file.key}/{file.filename}",
        "secret": f"files/hello-pocket/{secret.key}/{secret.filename}",
    }
    return Filled(**vars(live), paths=paths)


def ask(live: Filled, path: str, method: str = "GET", **headers: str) -> requests.Response:
    """Twice, so that the second answer comes from memory where there is one."""
    sent = {"Accept-Encoding": "identity", "Accept": "*/*"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    auth = ("__token__", live.key) if path in PRIVATE else None
    url = live.url + path.format(**live.paths)
    for _ in range(2):
        response = requests.request(method, url, headers=sent, auth=auth, allow_redirects=False, timeout=5)
    return response


def described(response: requests.Response) -> dict[str, str]:
    changing = ("date", "set-cookie")
    return {name.lower(): value for name, value in response.headers.items() if name.lower() not in changing}


def test_head_says_what_get_says(filled: Filled) -> None:
    for path in [*PAGES, *FILES, *REDIRECTS, *REFUSED, *PRIVATE, *FOR_PEOPLE]:
        got, head = ask(filled, path), ask(filled, path, "HEAD")
        assert head.content == b""
        assert (head.status_code, described(head)) == (got.status_code, described(got))
        assert got.headers["Content-Length"] == str(len(got.content))


@pytest.mark.parametrize("headers", [{"Accept": "text/xml"}, {"Accept": "text/html"}, {"If_None_Match": "*"}])
def test_head_says_what_get_says_on_every_condition(filled: Filled, headers: dict[str, str]) -> None:
    for path in (*PAGES, *FILES, *REFUSED):
        got, head = ask(filled, path, **headers), ask(filled, path, "HEAD", **headers)
        assert (head.status_code, described(head)) == (got.status_code, described(got)), path


def test_ranges_are_of_get_alone(filled: Filled) -> None:
    """RFC 9110 §14.2."""
    for path in FILES:
        head = ask(filled, path, "HEAD", Range="bytes=0-3")
        assert head.status_code == 200
        assert described(head) == described(ask(filled, path))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_a_method_that_makes_no_sense_is_405_and_told_what_does(filled: Filled, method: str) -> None:
    for path in [*PAGES, *FILES, "health", "local/main/projects/hello-pocket/"]:
        response = ask(filled, path, method)
        assert response.status_code == 405
        assert {"GET", "HEAD"} <= set(response.headers["Allow"].split(", "))


def test_what_answers_to_whom_is_said_to_caches(filled: Filled) -> None:
    for path in PAGES[:2]:
        for accept in (JSON, "text/html"):
            headers = ask(filled, path, Accept=accept).headers
            assert headers["Vary"] == "Accept, Accept-Encoding"
            assert headers["Cache-Control"] == "no-cache"
            assert headers["ETag"][0] == '"'


def test_files_may_be_kept_by_any_cache_for_a_year(filled: Filled) -> None:
    for path in FILES:
        headers = ask(filled, path).headers
        assert headers["Cache-Control"] == f"public, max-age={KEPT}, immutable"
        assert "Vary" not in headers


def test_what_one_reader_may_have_stays_with_them(filled: Filled) -> None:
    for path in PRIVATE:
        whole = ask(filled, path)
        assert whole.status_code == 200
        assert whole.headers["Cache-Control"].startswith("private, ")
        assert (
            ask(filled, path, If_None_Match=whole.headers["ETag"])
            .headers["Cache-Control"]
            .startswith("private, ")
        )


def test_no_cache_keeps_a_refusal(filled: Filled) -> None:
    """404 may be kept by heuristics unless it says no (RFC 9110 §15.1)."""
    for path in [*REFUSED, *PRIVATE, "simple/hello-pocket/?"]:
        url = filled.url + path.format(**filled.paths)
        response = requests.get(url, headers={"Accept": "text/xml"}, timeout=5)
        assert response.status_code in (401, 404, 406)
        assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("query", ["", "?a=b&c=%2F"])
def test_redirects_hold_under_a_prefix_and_keep_what_is_asked(filled: Filled, query: str) -> None:
    for path in REDIRECTS:
        response = ask(filled, path + query)
        assert response.status_code == 301
        location = response.headers["Location"]
        assert location.startswith("."), "relative, and no scheme or host can stand first"
        assert response.headers["Cache-Control"] == "no-cache"
        place = requests.compat.urljoin(f"http://h.example/some/prefix/{path}", location)
        assert place.startswith("http://h.example/some/prefix/")
        if not path.endswith("/"):
            assert location.endswith(query)
        target = place.removeprefix("http://h.example/some/prefix/")
        assert requests.get(filled.url + target, timeout=5).status_code == 200


@pytest.mark.parametrize("prefix", ["", "local/main/", "public/local/main/python/"])
def test_two_slashes_before_a_name_are_one(filled: Filled, prefix: str) -> None:
    """As micropip asks where an index URL ends in a slash. Python's own urljoin() drops empty segments, which
    browsers count (RFC 3986 §5.2.4)."""
    response = ask(filled, f"{prefix}simple//hello-pocket/")
    assert (response.status_code, response.headers["Location"]) == (301, "../../hello-pocket/")


def test_no_redirect_leads_to_another_host(filled: Filled) -> None:
    for path in ["simple//..%2f..%2fevil/", "simple//%2F%2Fevil.example/", "simple//evil:x/"]:
        response = ask(filled, path)
        location = response.headers.get("Location", "./")
        place = requests.compat.urljoin(filled.url + path, location)
        assert place.startswith(filled.url)


def test_the_spelling_that_devpi_has_is_understood(filled: Filled) -> None:
    """hatch looks there, whatever index it publishes to."""
    for path in (
        "+simple/",
        "+simple/hello-pocket/",
        "+simple/Hello.Pocket/",
        "local/main/+simple/",
        "local/main/+simple/hello-pocket/",
        "acme/secret/+simple/hello-pocket/",
        "acme/secret/+simple/nothing/",
        "acme/absent/+simple/hello-pocket/",
    ):
        found, same = (ask(filled, each, Accept=JSON) for each in (path, path.replace("+simple", "simple")))
        assert (found.status_code, found.content, described(found)) == (
            same.status_code,
            same.content,
            described(same),
        )
    assert found.status_code == 401


def test_who_is_denied_there_is_on_record_with_the_repository(filled: Filled) -> None:
    response = requests.get(
        f"{filled.url}acme/secret/+simple/hello-pocket/", auth=("ada", "wrong"), timeout=5
    )
    [denied] = filled.root.log.latest(1, SECRET).entries
    assert (response.status_code, denied["event"], denied["status"]) == (401, "denied", 401)


def test_every_answer_says_when(filled: Filled) -> None:
    """An origin server with a clock must (RFC 9110 §6.6.1)."""
    for path in [*PAGES[:2], *FILES[:2]]:
        assert ask(filled, path).headers["Date"].endswith(" GMT")
