"""A token with a package query: what does not match is not there, on no page, in no file, and for nobody else."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests

from pocketrepo.access.entitlements import Terms
from pocketrepo.model import normalize
from pocketrepo.repository import Root
from tests.access.conftest import TOOLS
from tests.conftest import Live
from tests.distributions import make_sdist, make_wheel
from tests.uploads import stage

JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


@pytest.fixture
def stocked(root: Root, tmp_path: Path) -> Root:
    root.create(TOOLS, actor="tests", private=True)
    hosted = root.repository(TOOLS).hosted
    for made in (
        make_wheel(tmp_path, "acme-web", "1.0"),
        make_wheel(tmp_path, "acme-web", "2.0"),
        make_sdist(tmp_path, "acme-web", "1.0"),
        make_wheel(tmp_path, "acme-db", "1.0"),
        make_wheel(tmp_path, "secret", "1.0"),
    ):
        hosted.admit(stage(root, made))
    return root


class Reader:
    """Reads with a token of its own, each thing twice: from disk and from memory."""

    def __init__(self, live: Live, query: str | None) -> None:
        book = live.root.access.entitlements(TOOLS)
        self.entitlement, self.token = book.create(Terms(name="ci", limit_package_query=query), actor="tests")
        self.index = f"{live.url}basic/acme/tools/python/simple/"

    def get(self, path: str) -> requests.Response:
        for _ in range(2):
            found = requests.get(
                urljoin(self.index, path), headers=JSON, auth=("token", self.token), timeout=20
            )
        return found

    @property
    def projects(self) -> list[str]:
        return [project["name"] for project in self.get("").json()["projects"]]

    def files(self, project: str) -> list[str]:
        found = self.get(f"{project}/")
        return [file["filename"] for file in found.json()["files"]] if found.ok else []

    def addresses(self, project: str) -> list[str]:
        page = urljoin(self.index, f"{project}/")
        return [urljoin(page, file["url"]) for file in self.get(page).json()["files"]]


@pytest.mark.parametrize(
    ("query", "projects", "web"),
    [
        (None, ["acme-db", "acme-web", "secret"], 3),
        ("", ["acme-db", "acme-web", "secret"], 3),
        ("name:^acme-", ["acme-db", "acme-web"], 3),
        ("name:^acme-web$", ["acme-web"], 3),
        ("web", ["acme-web"], 3),
        ("version:2.0", ["acme-web"], 1),
        ("name:acme-web AND version:1.0", ["acme-web"], 2),
        ("filename:acme_web-2.0-py3-none-any.whl", ["acme-web"], 1),
        ("format:npm", [], 0),
        ("name:^nothing$", [], 0),
    ],
)
def test_pages_show_what_matches_and_nothing_else(
    stocked: Root, live: Live, query: str | None, projects: list[str], web: int
) -> None:
    reader = Reader(live, query)
    assert reader.projects == projects
    assert len(reader.files("acme-web")) == web
    assert reader.get("secret/").status_code == (200 if "secret" in projects else 404)


def test_a_file_that_does_not_match_is_not_there_whoever_told_its_address(stocked: Root, live: Live) -> None:
    everything, narrow = Reader(live, None), Reader(live, "name:acme-web AND version:2.0")
    for project in ("acme-web", "secret"):
        for address in everything.addresses(project):
            expected = 200 if "acme_web-2.0" in address else 404
            assert everything.get(address).status_code == 200
            assert narrow.get(address).status_code == expected
            if address.endswith(".whl"):
                assert narrow.get(f"{address}.metadata").status_code == expected
    assert everything.projects == ["acme-db", "acme-web", "secret"], "others see all, as before"


def test_what_is_uploaded_or_changed_shows_at_once(stocked: Root, live: Live, tmp_path: Path) -> None:
    by_name, by_version = Reader(live, "name:^acme-"), Reader(live, "version:3.0")
    assert (by_name.projects, by_version.projects) == (["acme-db", "acme-web"], [])
    hosted = stocked.repository(TOOLS).hosted
    hosted.admit(stage(stocked, make_wheel(tmp_path, "acme-new", "3.0")))
    hosted.admit(stage(stocked, make_wheel(tmp_path, "acme-db", "3.0")))
    assert by_name.projects == ["acme-db", "acme-new", "acme-web"]
    assert by_version.projects == ["acme-db", "acme-new"]
    assert by_version.files("acme-db") == ["acme_db-3.0-py3-none-any.whl"]
    hosted.delete(normalize("acme-db"), filename="acme_db-3.0-py3-none-any.whl", actor="tests")
    assert by_version.projects == ["acme-new"]
    book = stocked.access.entitlements(TOOLS)
    book.update(by_name.entitlement.slug, {"limit_package_query": "secret"}, actor="tests")
    assert by_name.projects == ["secret"]
