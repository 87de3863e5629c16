"""Repositories of more projects than a page shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from packaging.utils import NormalizedName

from pocketrepo.access import Access
from pocketrepo.archive import Distribution
from pocketrepo.documents import Upload
from pocketrepo.model import RepositoryName
from pocketrepo.repository import Root
from pocketrepo.server import create_app
from pocketrepo.settings import Settings
from pocketrepo.store import MemoryStore
from tests.web.page import REPO, get, page


class CountingStore(MemoryStore):
    """Remembers the documents that were read."""

    reads: list[str]

    def read(self, key: str, unless: str | None = None) -> Any:
        self.reads.append(key)
        return super().read(key, unless)


@pytest.fixture
def large(tmp_path: Path) -> Root:
    """A repository of 300 projects."""
    store = CountingStore()
    store.reads = []
    root = Root(store, Access(tmp_path, store), {"default": "local/main"}, memory=1 << 25)
    repository = root.create(RepositoryName("local", "main"), actor="tests")
    for number in range(300):
        staged = store.staging / "file"
        staged.write_bytes(b"x")
        name = f"project-{number:03}"
        distribution = Distribution(
            filename=f"project_{number:03}-1.0-py3-none-any.whl",
            name=NormalizedName(name),
            display_name=name,
            version="1.0",
            kind="bdist_wheel",
            python_tag="py3",
            requires_python=None,
            metadata=b"",
            metadata_version="2.4",
            serve_metadata=False,
            fields={"summary": f"Number {number}"},
        )
        repository.hosted.admit(
            Upload(distribution=distribution, staged=staged, size=1, sha256="0" * 64, actor="tests")
        )
    return Root(store, Access(tmp_path, store), {"default": "local/main"}, memory=1 << 25)


def test_a_page_of_a_large_repository_reads_only_what_it_shows(large: Root, settings: Settings) -> None:
    http = create_app(settings, large).test_client()
    store = large.store
    assert isinstance(store, CountingStore)
    for number, first, last in ((1, 0, 99), (2, 100, 199), (3, 200, 299)):
        store.reads.clear()
        html = get(http, f"{REPO}?page={number}").text
        assert [f"project-{each:03}" in html for each in (first - 1, first, last, last + 1)] == [
            False,
            True,
            True,
            False,
        ]
        assert f"Number {first}" in html
        read = {key.split("/")[4] for key in store.reads if "/projects/" in key}
        assert read == {f"project-{each:03}" for each in range(first, last + 1)}
        assert len(store.reads) <= 310


def test_pages_lead_to_each_other(large: Root, settings: Settings) -> None:
    http = create_app(settings, large).test_client()

    def neighbours(path: str) -> list[str]:
        return [link["href"] for link in page(http, path).all("a") if "rel" in link]

    assert neighbours(REPO) == ["?page=2"]
    assert neighbours(f"{REPO}?page=2") == ["./", "?page=3"]
    assert neighbours(f"{REPO}?page=3") == ["?page=2"]
    assert neighbours(f"{REPO}?q=project") == ["?q=project&page=2"]
    assert neighbours(f"{REPO}?page=2&q=project") == ["?q=project", "?q=project&page=3"]
    assert neighbours(f"{REPO}?q=project-1") == []


@pytest.mark.parametrize("number", ["0", "-1", "x", "", "9" * 30])
def test_a_page_that_does_not_exist_is_the_nearest(stocked: Root, http: FlaskClient, number: str) -> None:
    assert "Hello.Pocket" in get(http, f"{REPO}?page={number}").text
