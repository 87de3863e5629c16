"""PyPI's legacy JSON: what tools read from it, and that its absolute links are right wherever it is asked."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient
from packaging.utils import NormalizedName

from pocketrepo.folder import Folder
from pocketrepo.model import RepositoryName
from pocketrepo.repository import Root
from pocketrepo.server import create_app
from pocketrepo.settings import Settings
from tests.distributions import make_sdist, make_wheel
from tests.uploads import hosted
from tests.web.forms import Post

HELLO = NormalizedName("hello-pocket")


def get(http: FlaskClient, path: str, **options: Any) -> Any:
    response = http.get(path, **options)
    assert response.status_code == 200, response.text
    return response.json


def test_a_project_has_its_newest_metadata_and_all_its_files(stocked: Root, http: FlaskClient) -> None:
    found = get(http, "/pypi/hello-pocket/json")
    assert found.keys() == {"info", "last_serial", "releases", "urls", "vulnerabilities"}
    assert found["vulnerabilities"] == []
    info = found["info"]
    assert (info["name"], info["version"], info["requires_python"]) == ("Hello.Pocket", "1.10", ">=3.11")
    assert info["requires_dist"] == ["click>=8"]
    assert (info["classifiers"], info["license"], info["yanked"], info["yanked_reason"]) == (
        [],
        None,
        False,
        None,
    )
    assert http.get(info["package_url"]).status_code == http.get(info["release_url"]).status_code == 200
    assert found["releases"].keys() == {"1.0", "1.9", "1.10"}
    assert found["releases"]["1.10"] == found["urls"]
    assert [file["packagetype"] for file in found["urls"]] == ["bdist_wheel", "sdist"]
    assert [file["python_version"] for file in found["urls"]] == ["py3", "source"]
    for files in found["releases"].values():
        for file in files:
            data = http.get(file["url"]).data
            assert hashlib.sha256(data).hexdigest() == file["digests"]["sha256"]
            assert (len(data), file["yanked"], file["yanked_reason"]) == (file["size"], False, None)
            assert file["upload_time_iso_8601"].startswith(file["upload_time"])


@pytest.mark.parametrize("spelled", ["1.9", "1.9.0", "v1.9"])
def test_a_release_has_its_own_metadata_and_files(stocked: Root, http: FlaskClient, spelled: str) -> None:
    found = get(http, f"/pypi/hello-pocket/{spelled}/json")
    assert "releases" not in found
    info = found["info"]
    assert (info["version"], info["license_expression"], info["classifiers"]) == (
        "1.9",
        "MIT",
        ["Private :: x"],
    )
    assert info["description"].startswith("# Greet")
    assert info["project_urls"]["Source"] == "https://h.example/src"
    assert [file["filename"] for file in found["urls"]] == ["hello_pocket-1.9-py3-none-any.whl"]


def test_what_the_form_said_is_served(http: FlaskClient, post: Post, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    post(wheel, more=[("comment", "built on <tuesday>")])
    [file] = get(http, "/pypi/hello-pocket/json")["urls"]
    data = wheel.read_bytes()
    assert file["digests"] == {
        "sha256": hashlib.sha256(data).hexdigest(),
        "md5": hashlib.md5(data).hexdigest(),
        "blake2b_256": hashlib.blake2b(data, digest_size=32).hexdigest(),
    }
    assert (file["md5_digest"], file["comment_text"]) == (file["digests"]["md5"], "built on <tuesday>")


def test_a_yank_is_told_with_its_reason(stocked: Root, http: FlaskClient) -> None:
    hosted(stocked).yank(HELLO, version="1.10", reason="broken", actor="tests")
    assert get(http, "/pypi/hello-pocket/json")["info"]["version"] == "1.9"
    found = get(http, "/pypi/hello-pocket/1.10/json")
    assert (found["info"]["yanked"], found["info"]["yanked_reason"]) == (True, "broken")
    assert [(file["yanked"], file["yanked_reason"]) for file in found["urls"]] == [(True, "broken")] * 2


@pytest.mark.parametrize("rest", ["json", "1.9/json"])
def test_another_spelling_is_redirected_by_a_relative_link(
    stocked: Root, http: FlaskClient, rest: str
) -> None:
    path = f"/local/main/pypi/Hello.Pocket/{rest}"
    response = http.get(path)
    assert response.status_code == 301
    assert response.headers["Location"].startswith("../")
    assert urljoin(path, response.headers["Location"]) == f"/local/main/pypi/hello-pocket/{rest}"


@pytest.mark.parametrize(
    "path", ["nothing/json", "hello-pocket/7.0/json", "hello-pocket/nonsense/json", "-/json", "a b/json"]
)
def test_what_is_not_there_is_404(stocked: Root, http: FlaskClient, path: str) -> None:
    assert http.get(f"/pypi/{path}").status_code == 404


def test_a_project_in_quarantine_is_404(stocked: Root, http: FlaskClient) -> None:
    hosted(stocked).configure(HELLO, "x", {"status": "quarantined"}, actor="tests")
    assert http.get("/pypi/hello-pocket/json").status_code == 404
    assert http.get("/pypi/hello-pocket/1.9/json").status_code == 404


@pytest.mark.parametrize(
    "prefix", ["", "/local/main", "/public/local/main/python", "/basic/local/main/python"]
)
def test_files_lie_under_the_prefix_and_host_that_were_asked(
    stocked: Root, http: FlaskClient, prefix: str
) -> None:
    for host in ("localhost:1234", "127.0.0.1"):  # in turn: nothing of the first may be kept for the second
        for rest in ("json", "1.9/json"):
            [file, *_] = get(http, f"{prefix}/pypi/hello-pocket/{rest}", headers={"Host": host})["urls"]
            assert file["url"].startswith(f"http://{host}{prefix}/files/hello-pocket/")
            assert http.get(file["url"].partition(host)[2]).status_code == 200


def test_a_public_url_counts_before_the_request(stocked: Root, settings: Settings) -> None:
    told = Settings(root=settings.root, public_url="https://pypi.acme.example/index/")
    http = create_app(told, stocked).test_client()
    [file, *_] = get(http, "/local/main/pypi/hello-pocket/json")["urls"]
    assert file["url"].startswith("https://pypi.acme.example/index/local/main/files/hello-pocket/")


def test_files_of_an_offered_folder_are_described_too(http: FlaskClient, root: Root, tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    make_wheel(tmp_path / "dist", requires=["click>=8"])
    make_sdist(tmp_path / "dist")
    root.offer([Folder(tmp_path / "dist")])
    found = get(http, "/pypi/hello-pocket/json")
    assert found["info"]["requires_dist"] == ["click>=8"]
    assert [set(file["digests"]) for file in found["urls"]] == [{"sha256"}] * 2


def test_it_is_sent_again_only_if_it_changed(stocked: Root, http: FlaskClient) -> None:
    etag = http.get("/pypi/hello-pocket/json").headers["ETag"]
    again = http.get("/pypi/hello-pocket/json", headers={"If-None-Match": etag})
    assert (again.status_code, again.headers["Cache-Control"]) == (304, "no-cache")
    hosted(stocked).yank(HELLO, version="1.9", actor="tests")
    assert http.get("/pypi/hello-pocket/json", headers={"If-None-Match": etag}).status_code == 200


def test_a_private_repository_tells_strangers_nothing(
    stocked: Root, http: FlaskClient, owner: dict[str, str]
) -> None:
    stocked.set_private(stocked.default, True, actor="tests")
    for path in ("/pypi/hello-pocket/json", "/pypi/nothing/json", "/acme/none/pypi/hello-pocket/1.9/json"):
        assert http.get(path).status_code == 401
    response = http.get("/pypi/hello-pocket/json", headers=owner)
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "private, no-cache")
    stocked.repository(RepositoryName("acme", "tools"))
