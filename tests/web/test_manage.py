"""The management API: shapes, pages, queries, changes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from packaging.utils import NormalizedName

from pocketrepo.folder import open_folders
from pocketrepo.repository import Root
from tests.distributions import make_sdist, make_wheel
from tests.uploads import admit, filenames, hosted

HELLO = NormalizedName("hello-pocket")
PACKAGES = "/v1/packages/local/main/"


@pytest.fixture
def filled(root: Root, tmp_path: Path) -> Root:
    for version in ("1.0", "2.0"):
        admit(root, make_wheel(tmp_path, "Hello.Pocket", version))
    admit(root, make_sdist(tmp_path, "other", "1.0", requires_python=None))
    return root


def names(http: FlaskClient, query: str) -> list[str]:
    response = http.get(PACKAGES, query_string={"query": query})
    assert response.status_code == 200, response.text
    return [entry["filename"] for entry in response.json or []]


def test_a_repository_is_made_shown_listed_and_deleted(http: FlaskClient, owner: dict[str, str]) -> None:
    made = http.post("/v1/repos/Acme/", json={"name": "Internal"}, headers=owner)
    assert made.status_code == 201
    shown = http.get("/v1/repos/acme/internal/").json
    assert made.json == shown
    assert shown is not None
    assert shown["namespace"] == "acme"
    assert shown["slug"] == shown["slug_perm"] == "internal"
    assert shown["is_default"] is False
    assert shown["is_public"] is True
    assert shown["package_group_count"] == 0
    assert shown["index_url"] == "http://localhost/acme/internal/simple/"
    assert [r["slug"] for r in http.get("/v1/repos/").json or []] == ["internal", "main"]
    assert http.get("/v1/repos/ACME/").json == [shown]
    again = http.post("/v1/repos/acme/", json={"name": "internal"}, headers=owner)
    assert (again.status_code, again.json) == (409, {"detail": "repository acme/internal already exists"})
    assert http.delete("/v1/repos/acme/internal/", headers=owner).status_code == 204
    assert http.get("/v1/repos/acme/").json == []
    assert http.delete("/v1/repos/acme/internal/", headers=owner).status_code == 404
    assert http.delete("/v1/repos/local/main/", headers=owner).status_code == 400


def test_a_package_is_one_file(http: FlaskClient, filled: Root) -> None:
    file = hosted(filled).project(HELLO).value.files[0]
    shown = http.get(f"{PACKAGES}{file.key}/").json
    assert shown is not None
    assert shown == http.get(f"{PACKAGES}hello-pocket-{file.key}/").json
    assert shown == http.get(PACKAGES).json[0]  # type: ignore[index]
    expected = {
        "name": "Hello.Pocket",
        "version": "1.0",
        "format": "python",
        "filename": "hello_pocket-1.0-py3-none-any.whl",
        "slug": f"hello-pocket-{file.key}",
        "slug_perm": file.key,
        "size": file.size,
        "checksum_sha256": file.sha256,
        "uploaded_at": file.upload_time,
        "is_yanked": False,
        "is_sync_completed": True,
        "status_str": "Completed",
    }
    assert {key: shown[key] for key in expected} == expected
    assert http.get(shown["cdn_url"]).status_code == 200
    assert http.get(shown["self_url"]).json == shown
    assert shown["files"][0]["cdn_url"] == shown["cdn_url"]


def test_files_of_an_offered_folder_are_packages_that_cannot_be_changed(
    http: FlaskClient, owner: dict[str, str], filled: Root, tmp_path: Path
) -> None:
    (tmp_path / "dist").mkdir()
    make_wheel(tmp_path / "dist", "offered")
    filled.offer(open_folders([tmp_path / "dist"]))
    [shown] = http.get(PACKAGES, query_string={"query": "offered"}).json or []
    assert http.get(shown["self_url"]).json == shown
    assert http.get(f"{PACKAGES}{shown['slug']}/").json == shown
    assert http.delete(f"{PACKAGES}{shown['slug_perm']}/", headers=owner).status_code == 404


def test_lists_come_in_pages_that_say_where_they_stand(http: FlaskClient, filled: Root) -> None:
    def page(query: str) -> tuple[int, list[str]]:
        response = http.get(PACKAGES + query)
        headers = [
            response.headers[f"X-Pagination-{name}"] for name in ("Count", "Page", "PageSize", "PageTotal")
        ]
        return len(response.json or []), headers

    assert page("") == (3, ["3", "1", "30", "1"])
    assert page("?page_size=2") == (2, ["3", "1", "2", "2"])
    assert page("?page_size=2&page=2") == (1, ["3", "2", "2", "2"])
    assert page("?page=9") == (0, ["3", "9", "30", "1"])
    assert page("?page=-1&page_size=0") == (1, ["3", "1", "1", "3"])
    assert page("?page=x&page_size=1000000") == (3, ["3", "1", "500", "1"])
    assert page("?query=nothing") == (0, ["0", "1", "30", "1"])


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("hello", 2),
        ("HELLO_pocket", 2),
        ("name:hello AND version:1.0", 1),
        ("name:hello version:1.0.0", 1),
        ('name:"hello.pocket"', 2),
        ("name:^hello", 2),
        ("name:^pocket", 0),
        ("name:pocket$", 2),
        ("name:^hello-pocket$", 2),
        ("name:^hello$", 0),
        ("filename:other-1.0.tar.gz", 1),
        ("version:1.0", 2),
        ("format:python", 3),
        ("format:deb", 0),
        ("hello other", 0),
    ],
)
def test_a_query_is_terms_that_must_all_hold(http: FlaskClient, filled: Root, query: str, count: int) -> None:
    assert len(names(http, query)) == count


@pytest.mark.parametrize(
    ("query", "said"),
    [("tag:x", "unknown field 'tag'"), ("x" * 1025, "1,024"), ("version:nonsense", "not a version")],
)
def test_a_query_that_is_not_understood_is_refused(http: FlaskClient, query: str, said: str) -> None:
    response = http.get(PACKAGES, query_string={"query": query})
    assert response.status_code == 400
    assert said in (response.json or {})["detail"]


@pytest.mark.parametrize("slug", ["KEY", "NAME-KEY"])
def test_yank_unyank_and_delete(http: FlaskClient, owner: dict[str, str], filled: Root, slug: str) -> None:
    file = hosted(filled).project(HELLO).value.files[0]
    address = PACKAGES + slug.replace("NAME", "hello-pocket").replace("KEY", file.key)
    yanked = http.post(f"{address}/yank/", json={"reason": "broken é\n"}, headers=owner)
    assert (yanked.status_code, yanked.json) == (200, http.get(f"{address}/").json)
    assert (yanked.json or {})["yanked_reason"] == "broken é\n"
    assert http.post(f"{address}/yank/", headers=owner).json["yanked_reason"] == ""  # type: ignore[index]
    unyanked = http.post(f"{address}/unyank/", headers=owner).json or {}
    assert (unyanked["is_yanked"], unyanked["yanked_reason"]) == (False, None)
    assert http.delete(f"{address}/", headers=owner).status_code == 204
    assert http.delete(f"{address}/", headers=owner).status_code == 404
    assert filenames(filled) == ["hello_pocket-2.0-py3-none-any.whl"]


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"1", b'{"reason": 5}', b"reason=x", b"\xff", json.dumps({"reason": "x" * 1001}).encode(),
     b'{"reason": "\\ud800"}'],
)  # fmt: skip
def test_a_yank_whose_body_makes_no_sense_does_nothing(
    http: FlaskClient, owner: dict[str, str], filled: Root, body: bytes
) -> None:
    file = hosted(filled).project(HELLO).value.files[0]
    response = http.post(
        f"{PACKAGES}{file.key}/yank/", data=body, headers=owner, content_type="application/json"
    )
    assert response.status_code == 400
    assert response.json
    assert hosted(filled).project(HELLO).value.files[0].yanked is None


WRITES: list[tuple[str, str]] = [
    ("POST", "/v1/repos/acme/"),
    ("DELETE", "/v1/repos/local/main/"),
    ("DELETE", f"{PACKAGES}hello-pocket-0123456789abcdef/"),
    ("POST", f"{PACKAGES}hello-pocket-0123456789abcdef/yank/"),
    ("POST", f"{PACKAGES}hello-pocket-0123456789abcdef/unyank/"),
    ("POST", "/v1/server/stop/"),
]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_change_takes_a_credential_before_anything_is_looked_at(
    http: FlaskClient, method: str, path: str
) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic é"}):
        response = http.open(path, method=method, data=b"{", content_type="application/json", headers=headers)
        assert response.status_code == 401
        assert set(response.json or {}) == {"detail"}
        assert response.headers["WWW-Authenticate"].startswith("Basic ")


FOREIGN: list[dict[str, str]] = [
    {"Origin": "http://evil.example"},
    {"Origin": "https://evil.example:80"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_page_of_another_site_changes_nothing_even_with_the_key(
    http: FlaskClient, owner: dict[str, str], headers: dict[str, str]
) -> None:
    response = http.post("/v1/repos/acme/", json={"name": "x"}, headers={**owner, **headers})
    assert response.status_code == 403
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert http.post("/v1/repos/acme/", json={"name": "x"}, headers={**owner, **own}).status_code == 201


@pytest.mark.parametrize(
    "slug",
    ["x", "-", "%2e%2e", "a%00b-0123456789abcdef", "%2e%2e-0123456789abcdef", "0123456789abcdef",
     "hello-pocket-0123456789abcdef", f"{'a' * 300}-0123456789abcdef", "hello-pocket-%00", "\N{SNOWMAN}"],
)  # fmt: skip
def test_what_is_no_package_is_404(http: FlaskClient, owner: dict[str, str], filled: Root, slug: str) -> None:
    for method in ("GET", "DELETE"):
        response = http.open(f"{PACKAGES}{slug}/", method=method, headers=owner)
        assert response.status_code == 404, response.text
        assert set(response.json or {}) == {"detail"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nope/a/b/", 404), ("PUT", "/v1/repos/", 405), ("POST", "/v1/user/self/", 405)],
)
def test_what_the_api_does_not_have_is_json_too(
    http: FlaskClient, method: str, path: str, status: int
) -> None:
    response = http.open(path, method=method)
    assert response.status_code == status
    assert set(response.json or {}) == {"detail"}
    assert status != 405 or "GET" in response.headers["Allow"]


@pytest.mark.parametrize("name", ["", "a b", "simple", "x/y", "\N{SNOWMAN}", None, 5])
def test_a_bad_name_is_refused(http: FlaskClient, owner: dict[str, str], name: Any) -> None:
    response = http.post("/v1/repos/acme/", json={"name": name}, headers=owner)
    assert response.status_code == 400
    assert http.get("/v1/repos/acme/").json == []


def test_who_am_i(http: FlaskClient, owner: dict[str, str]) -> None:
    assert http.get("/v1/user/self/").json["authenticated"] is False  # type: ignore[index]
    known = http.get("/v1/user/self/", headers=owner).json or {}
    assert (known["authenticated"], known["name"]) == (True, "owner")
    assert http.get("/v1/status/check/basic/").status_code == 200
