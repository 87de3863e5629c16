"""What holds for a project as a whole, over HTTP: who may say it, and where it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient
from packaging.utils import NormalizedName

from pocketrepo.access import Role
from pocketrepo.repository import Root
from tests.distributions import make_wheel
from tests.uploads import admit, hosted
from tests.web.forms import Post

HELLO = NormalizedName("hello-pocket")
ADDRESS = "/v1/projects/local/main/Hello.Pocket/"
PAGE = "https://index.example/simple/hello-pocket/"
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


@pytest.fixture
def filled(root: Root, tmp_path: Path) -> Root:
    admit(root, make_wheel(tmp_path, "Hello.Pocket"))
    return root


def test_what_the_owner_says_is_told_everywhere(
    http: FlaskClient, owner: dict[str, str], filled: Root
) -> None:
    said = {
        "status": "deprecated",
        "status_reason": "use <other>",
        "tracks": [PAGE],
        "alternate_locations": ["http://b.example/hello_pocket/"],
        "publishers": ["github:acme/tool:release.yml"],
    }
    response = http.patch(ADDRESS, json=said, headers=owner)
    assert response.status_code == 200, response.text
    assert response.json == http.get(ADDRESS, headers=owner).json
    assert (response.json or {}).items() >= said.items()
    page = http.get("/simple/hello-pocket/", headers=JSON).get_json(force=True)
    assert page["project-status"] == {"status": "deprecated", "reason": "use <other>"}
    assert page["meta"]["tracks"] == [PAGE]
    assert page["alternate-locations"] == ["http://b.example/hello_pocket/"]
    assert "publishers" not in str(page)
    assert "use &lt;other&gt;" in http.get("/simple/hello-pocket/").text
    assert (
        "This project is deprecated: use &lt;other&gt;" in http.get("/local/main/projects/hello-pocket/").text
    )


def test_a_status_is_noticed_at_once(http: FlaskClient, owner: dict[str, str], filled: Root) -> None:
    [file] = http.get("/simple/hello-pocket/", headers=JSON).get_json(force=True)["files"]
    address = urljoin("/simple/hello-pocket/", file["url"])
    assert http.get(address).status_code == 200
    shown = http.patch(ADDRESS, json={"status": "quarantined"}, headers=owner).json or {}
    assert [one["filename"] for one in shown["files"]] == [file["filename"]]
    assert http.get("/simple/hello-pocket/", headers=JSON).get_json(force=True)["files"] == []
    assert http.get(address).status_code == http.get(f"{address}.metadata").status_code == 404
    assert "No files are offered" in http.get("/local/main/projects/hello-pocket/").text
    assert "hello-pocket" in http.get("/simple/").text
    http.patch(ADDRESS, json={"status": "active"}, headers=owner)
    assert http.get(address).status_code == 200


def test_a_file_in_quarantine_can_be_removed(http: FlaskClient, owner: dict[str, str], filled: Root) -> None:
    shown = http.patch(ADDRESS, json={"status": "quarantined"}, headers=owner).json or {}
    package = f"/v1/packages/local/main/{shown['files'][0]['slug_perm']}/"
    assert (http.get(package).json or {})["is_quarantined"] is True
    assert http.get("/v1/packages/local/main/").json == []
    assert http.delete(package, headers=owner).status_code == 204
    assert hosted(filled).project(HELLO).value.withheld == ()


def test_an_archived_project_refuses_uploads_with_its_reason(
    http: FlaskClient, owner: dict[str, str], post: Post, filled: Root, tmp_path: Path
) -> None:
    http.patch(ADDRESS, json={"status": "archived"}, headers=owner)
    response = post(make_wheel(tmp_path, version="2.0"), changed={"version": "2.0"})
    assert response.status_code == 400
    assert response.text.startswith("the project hello-pocket is archived and takes no uploads")


def test_publishers_can_be_set_before_the_first_upload(
    http: FlaskClient, owner: dict[str, str], root: Root
) -> None:
    response = http.patch(ADDRESS, json={"publishers": ["google:ci@acme.example"]}, headers=owner)
    assert (response.json or {})["files"] == []
    assert (
        http.patch("/v1/projects/local/main/other/", json={"status": "archived"}, headers=owner).status_code
        == 404
    )
    assert http.patch("/v1/projects/local/main/-/", json={"publishers": []}, headers=owner).status_code == 404


@pytest.mark.parametrize(
    "body",
    [{"status": "gone"}, {"status_reason": "\x00"}, {"tracks": ["/x"]}, {"files": []}, {"publishers": ["x"]}],
)
def test_what_makes_no_sense_changes_nothing(
    http: FlaskClient, owner: dict[str, str], filled: Root, body: dict[str, Any]
) -> None:
    etag = hosted(filled).project(HELLO).etag
    response = http.patch(ADDRESS, json=body, headers=owner)
    assert response.status_code in (400, 422)
    assert response.json
    assert hosted(filled).project(HELLO).etag == etag


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_it_takes_a_credential(http: FlaskClient, filled: Root, method: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        assert (
            http.open(ADDRESS, method=method, json={"status": "archived"}, headers=headers).status_code == 401
        )
    assert hosted(filled).project(HELLO).value.status == "active"


@pytest.mark.parametrize(
    ("role", "read", "change"), [(Role.READ, 403, 403), (Role.WRITE, 200, 403), (Role.ADMIN, 200, 200)]
)
def test_who_uploads_may_look_and_who_administers_may_change(
    http: FlaskClient, filled: Root, role: Role, read: int, change: int
) -> None:
    accounts = filled.access.accounts
    accounts.add_user("ada")
    accounts.set_role("ada", filled.default, role)
    headers = {"Authorization": f"Bearer {accounts.add_key('ada', 'laptop')[1]}"}
    assert http.get(ADDRESS, headers=headers).status_code == read
    assert http.patch(ADDRESS, json={"status": "deprecated"}, headers=headers).status_code == change
    assert (hosted(filled).project(HELLO).value.status == "deprecated") == (change == 200)


def test_the_rules_of_a_repository_hold_at_once(
    http: FlaskClient, owner: dict[str, str], post: Post, filled: Root, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = make_wheel(tmp_path / "other", files={"hello_pocket/__init__.py": "# other\n"})
    alike = make_wheel(tmp_path, "he11o-pocket")
    repository = "/v1/repos/local/main/"
    assert post(other).status_code == post(alike, changed={"name": "he11o-pocket"}).status_code == 400
    changed = (
        http.patch(repository, json={"allow_replace": True, "allow_similar": True}, headers=owner).json or {}
    )
    assert (changed["allow_replace"], changed["allow_similar"]) == (True, True)
    assert post(other).text == f"{other.name} listed in place of another in local/main\n"
    assert post(alike, changed={"name": "he11o-pocket"}).status_code == 200
    http.patch(repository, json={"allow_replace": False}, headers=owner)
    assert post(make_wheel(tmp_path)).status_code == 400
    shown = http.get(repository).json or {}
    assert (shown["allow_replace"], shown["allow_similar"]) == (False, True)


@pytest.mark.parametrize("body", [{}, {"allow_replace": 1}, {"allow_all": True}])
def test_rules_are_true_or_false(http: FlaskClient, owner: dict[str, str], body: dict[str, Any]) -> None:
    assert http.patch("/v1/repos/local/main/", json=body, headers=owner).status_code in (400, 422)
