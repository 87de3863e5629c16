"""Which pages of other sites may read what, on the fast road and by Flask."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from pocketrepo.cors import Origins
from pocketrepo.model import RepositoryName
from tests.conftest import Live
from tests.distributions import make_wheel
from tests.uploads import admit, stage

LAB, EVIL = "https://lab.example.org", "https://evil.example"
JSON = "application/vnd.pypi.simple.v1+json"
OPEN, SECRET = RepositoryName("acme", "open"), RepositoryName("acme", "secret")
LEGACY = ["pypi/hello-pocket/json", "pypi/hello-pocket/1.0/json"]
PATHS = ["simple/", "simple/hello-pocket/", "{file}", "{file}.metadata", *LEGACY]
REFUSALS = [
    "simple/nothing/", "simple/Hello.Pocket/", "simple/hello-pocket", "simple//hello-pocket/",
    "pypi/nothing/json", "pypi/hello-pocket/9/json", "pypi/Hello.Pocket/json",
]  # fmt: skip


class Shelf:
    """The default repository is read by pages of LAB, acme/open by those of any origin, acme/secret by none."""

    def __init__(self, live: Live, folder: Path) -> None:
        self.live = live
        wheel = make_wheel(folder, "hello-pocket", "1.0")
        root = live.root
        self.file = admit(root, wheel).file
        for name, private in ((OPEN, False), (SECRET, True)):
            copy = root.create(name, actor="tests", private=private).hosted.admit(stage(root, wheel)).file
            if not private:
                self.other = f"files/hello-pocket/{copy.key}/{copy.filename}"
        root.share(root.default, Origins.parse([LAB]), actor="tests")
        root.share(OPEN, Origins.parse(["*"]), actor="tests")

    def ask(self, path: str, origin: str | None, method: str = "GET", **headers: str) -> requests.Response:
        """Twice, so that the second answer comes from memory where there is one."""
        sent = {"Accept": JSON} | {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"Origin": origin} if origin else {}
        url = self.live.url + path.format(file=f"files/hello-pocket/{self.file.key}/{self.file.filename}")
        for _ in range(2):
            response = requests.request(method, url, headers=sent, allow_redirects=False, timeout=5)
        return response


@pytest.fixture
def shelf(live: Live, tmp_path: Path) -> Shelf:
    return Shelf(live, tmp_path)


def allowed(response: requests.Response) -> dict[str, str]:
    return {
        name: value for name, value in response.headers.items() if name.lower().startswith("access-control")
    }


def varies(response: requests.Response) -> set[str]:
    return {name.strip().lower() for name in response.headers.get("Vary", "").split(",")} - {""}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_pages_of_a_named_origin_may_read_whatever_is_said(shelf: Shelf, method: str) -> None:
    for path in [*PATHS, *REFUSALS]:
        response = shelf.ask(path, LAB, method)
        assert response.status_code in (200, 301, 404)
        assert allowed(response)["access-control-allow-origin"] == LAB
        assert "origin" in varies(response)
        assert response.headers["X-Content-Type-Options"] == "nosniff" or response.status_code == 301


def test_pages_of_other_origins_may_not_and_caches_know(shelf: Shelf) -> None:
    for path in [*PATHS, *REFUSALS]:
        for origin in (None, EVIL, "null", f"{LAB}.evil.example", f"{LAB}:444", "http://lab.example.org"):
            response = shelf.ask(path, origin)
            assert allowed(response) == {}, path
            assert "origin" in varies(response), path


def test_each_kind_of_answer_is_shared(shelf: Shelf) -> None:
    whole = shelf.ask("{file}", LAB)
    for headers, status in [
        ({"If_None_Match": whole.headers["ETag"]}, 304),
        ({"If_Match": '"x"'}, 412),
        ({"Range": "bytes=0-3"}, 206),
        ({"Range": "bytes=9999999-"}, 416),
    ]:
        response = shelf.ask("{file}", LAB, **headers)
        assert response.status_code == status
        assert allowed(response)["access-control-allow-origin"] == LAB
        exposed = allowed(response)["access-control-expose-headers"].split(", ")
        assert {"etag", "content-range", "accept-ranges"} <= set(exposed)
    refused = shelf.ask("simple/", LAB, Accept="text/xml")
    assert refused.status_code == 406
    assert allowed(refused)


def test_a_page_still_varies_by_what_it_varied_by(shelf: Shelf) -> None:
    for origin in (LAB, EVIL, None):
        response = shelf.ask("simple/hello-pocket/", origin)
        assert varies(response) == {"accept", "accept-encoding", "origin"}
        assert varies(shelf.ask("simple/hello-pocket/", origin, If_None_Match="*")) == varies(response)


def test_a_star_lets_any_page_in_and_files_do_not_vary_by_it(shelf: Shelf) -> None:
    for origin in (LAB, EVIL, "null", None):
        for path in ("acme/open/simple/hello-pocket/", "acme/open/simple/nothing/"):
            assert allowed(shelf.ask(path, origin))["access-control-allow-origin"] == "*"
    for path in LEGACY:
        assert allowed(shelf.ask(f"acme/open/{path}", EVIL))["access-control-allow-origin"] == "*"
    url = f"acme/open/{shelf.other}"
    assert shelf.ask(url, EVIL).status_code == 200
    assert varies(shelf.ask(url, EVIL)) == set()


MICROPIP = f"{JSON}, */*;q=0.01"


def test_pages_of_other_origins_are_given_html_if_they_take_it_at_all(shelf: Shelf) -> None:
    """micropip cannot follow relative links in JSON."""

    def kind(path: str, origin: str | None, accept: str) -> str:
        return shelf.ask(path, origin, Accept=accept).headers["Content-Type"].partition(";")[0]

    for path in ("simple/", "simple/hello-pocket/", "acme/open/simple/hello-pocket/"):
        assert kind(path, LAB, MICROPIP) == "text/html"
        assert kind(path, LAB, JSON) == JSON
        assert kind(path, LAB, f"{JSON}, text/html;q=0") == JSON
        assert kind(path, None, MICROPIP) == JSON
    assert kind("simple/", EVIL, MICROPIP) == JSON
    assert kind("acme/open/simple/", EVIL, MICROPIP) == "text/html"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_credentials_are_never_let_along(shelf: Shelf, method: str) -> None:
    for path in ["acme/open/simple/hello-pocket/", "simple/hello-pocket/"]:
        response = shelf.ask(path, LAB, method, Access_Control_Request_Headers="authorization")
        assert allowed(response)
        assert "access-control-allow-credentials" not in allowed(response)
        assert "authorization" not in allowed(response).get("access-control-allow-headers", "")


@pytest.mark.parametrize("key", [True, False])
def test_private_repositories_are_shared_with_no_page(shelf: Shelf, key: bool) -> None:
    for path in [*PATHS, *REFUSALS]:
        auth = {"Authorization": f"Bearer {shelf.live.key}"} if key else {}
        for origin in (LAB, EVIL):
            for method in ("GET", "OPTIONS"):
                response = shelf.ask(f"acme/secret/{path}", origin, method, **auth)
                assert allowed(response) == {}
                assert "origin" not in varies(response)


def test_one_that_becomes_private_is_shared_no_more_from_the_next_request_on(shelf: Shelf) -> None:
    assert allowed(shelf.ask("acme/open/simple/hello-pocket/", EVIL))
    shelf.live.root.set_private(OPEN, True, actor="tests")
    response = shelf.ask("acme/open/simple/hello-pocket/", EVIL, Authorization=f"Bearer {shelf.live.key}")
    assert (response.status_code, allowed(response)) == (200, {})


def test_origins_named_later_count_from_the_next_request_on(shelf: Shelf) -> None:
    root = shelf.live.root
    assert allowed(shelf.ask("simple/hello-pocket/", EVIL)) == {}
    root.share(root.default, Origins.parse([EVIL]), actor="tests")
    assert allowed(shelf.ask("simple/hello-pocket/", EVIL))
    assert allowed(shelf.ask("simple/hello-pocket/", LAB)) == {}
    root.share(root.default, Origins(()), actor="tests")
    for origin in (LAB, EVIL):
        response = shelf.ask("simple/hello-pocket/", origin)
        assert (allowed(response), "origin" in varies(response)) == ({}, False)


def test_a_browser_that_asks_first_is_told_what_it_may(shelf: Shelf) -> None:
    for path in [*PATHS, "simple/nothing/", "simple/hello-pocket"]:
        preflight = {
            "Access_Control_Request_Method": "GET",
            "Access_Control_Request_Headers": "if-none-match,range",
        }
        response = shelf.ask(path, LAB, "OPTIONS", **preflight)
        assert response.ok
        said = allowed(response)
        assert said["access-control-allow-origin"] == LAB
        assert said["access-control-allow-methods"] == "GET, HEAD"
        assert {"if-none-match", "range", "accept"} <= set(said["access-control-allow-headers"].split(", "))
        assert set(allowed(shelf.ask(path, EVIL, "OPTIONS", **preflight))) == set()


def test_nothing_but_the_index_is_shared(shelf: Shelf) -> None:
    for path in [
        "",
        "local/main/",
        "local/main/projects/hello-pocket/",
        "v1/repos/",
        "v1/packages/local/main/",
        "health",
    ]:
        for origin in (LAB, EVIL):
            for method in ("GET", "OPTIONS"):
                assert allowed(shelf.ask(path, origin, method)) == {}


def test_a_page_that_asks_whether_it_may_write_is_told_nothing(shelf: Shelf) -> None:
    for path in ["legacy/", "", "local/main/", "v1/repos/acme/", "v1/server/stop/"]:
        preflight = {
            "Access_Control_Request_Method": "POST",
            "Access_Control_Request_Headers": "authorization",
        }
        assert allowed(shelf.ask(path, LAB, "OPTIONS", **preflight)) == {}


class TestManaging:
    @pytest.fixture
    def send(self, shelf: Shelf) -> object:
        def send(method: str, path: str, body: object, status: int) -> dict[str, object]:
            url = f"{shelf.live.url}v1/repos/{path}"
            response = requests.request(method, url, json=body, auth=("__token__", shelf.live.key), timeout=5)
            assert response.status_code == status, response.text
            return dict(response.json())

        return send

    def test_origins_are_named_when_a_repository_is_made_or_changed(self, send) -> None:
        assert send("POST", "acme/", {"name": "new"}, 201)["cors"] == []
        assert send("POST", "acme/", {"name": "newer", "cors": [f"{LAB}/"]}, 201)["cors"] == [LAB]
        assert send("PATCH", "acme/newer/", {"cors": [EVIL, LAB]}, 200)["cors"] == [EVIL, LAB]
        assert send("PATCH", "acme/newer/", {"cors": []}, 200)["cors"] == []

    @pytest.mark.parametrize("cors", ["*", [1], {"a": 1}, ["null"], ["https://x/y"], None])
    def test_what_is_no_list_of_origins_is_refused_and_makes_nothing(
        self, shelf: Shelf, send, cors: object
    ) -> None:
        send("POST", "acme/", {"name": "new", "cors": cors}, 400)
        assert not shelf.live.root.store.get("repos/acme/new/repository.json")
        send("PATCH", "acme/open/", {"cors": cors}, 400)
        assert allowed(shelf.ask("acme/open/simple/", EVIL))

    def test_a_private_repository_names_none(self, send) -> None:
        send("POST", "acme/", {"name": "new", "private": True, "cors": ["*"]}, 400)
        send("PATCH", "acme/secret/", {"cors": ["*"]}, 400)
        send("PATCH", "acme/secret/", {"cors": []}, 200)

    @pytest.mark.parametrize("body", [{}, {"other": 1}, {"cors": [], "other": 1}])
    def test_what_cannot_be_changed_is_refused(self, send, body: object) -> None:
        send("PATCH", "acme/open/", body, 400)

    def test_only_its_owner_names_origins(self, shelf: Shelf) -> None:
        url = f"{shelf.live.url}v1/repos/local/main/"
        assert requests.patch(url, json={"cors": ["*"]}, timeout=5).status_code == 401
        assert allowed(shelf.ask("simple/", EVIL)) == {}
