"""What an answer costs while nothing changes: one ``stat`` for each document that it depends on, however many
projects and versions there are."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from packaging.utils import NormalizedName

from pocketrepo.documents import entry_of, new_document
from pocketrepo.model import File
from pocketrepo.repository import Root, open_root
from pocketrepo.server import create_app
from pocketrepo.settings import Settings
from pocketrepo.store import ABSENT
from pocketrepo.store.base import encode
from tests.conftest import Live
from tests.distributions import make_wheel
from tests.uploads import admit

MAIN = "repos/local/main"
REPOSITORY, NAMES = f"{MAIN}/repository.json", f"{MAIN}/names.json"
LARGE, SMALL = f"{MAIN}/projects/large/project.json", f"{MAIN}/projects/hello-pocket/project.json"
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


class Calls:
    """The calls of the operating system that concern files of a root."""

    def __init__(self, folder: Path) -> None:
        self._folder = f"{folder}/"
        self._counted: Counter[str] | None = None

    @contextmanager
    def counted(self) -> Iterator[Counter[str]]:
        """``stat PATH``, ``open PATH``… with their number."""
        self._counted = found = Counter[str]()
        yield found
        self._counted = None

    def counting(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(path: Any = ".", *args: Any, **options: Any) -> Any:
            if self._counted is not None and str(path).startswith(self._folder):
                self._counted[f"{name} {str(path).removeprefix(self._folder)}"] += 1
            return call(path, *args, **options)

        return counted


@pytest.fixture
def calls(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Counts from before the root is opened: a store keeps the functions that it asks most."""
    calls = Calls(settings.root)
    for module, name in [
        (os, "stat"),
        (os, "lstat"),
        (os, "open"),
        (os, "scandir"),
        (os, "listdir"),
        (io, "open"),
    ]:
        monkeypatch.setattr(module, name, calls.counting(name, getattr(module, name)))
    return calls


@pytest.fixture
def large(calls: Calls, settings: Settings, tmp_path: Path) -> Root:
    """A root of 10,000 projects, one of which has 2,000 versions."""
    root = open_root(settings)
    admit(root, make_wheel(tmp_path))
    document = new_document(NormalizedName("large"), "large")
    document["files"] = [
        entry_of(
            File(
                filename=f"large-1.{number}-py3-none-any.whl",
                version=f"1.{number}",
                key=f"{number:016x}",
                size=1,
                sha256=f"{number:064x}",
                upload_time="2026-01-01T00:00:00.000000Z",
            )
        )
        for number in range(2000)
    ]
    root.store.write(LARGE, encode(document), if_match=ABSENT)
    names = {f"project-{number}": f"project-{number}" for number in range(9_998)}
    root.store.update(NAMES, lambda _: {"names": {"hello-pocket": "hello-pocket", "large": "large", **names}})
    return root


@pytest.fixture
def server(large: Root, settings: Settings, serve: Callable[..., Live]) -> Live:
    return serve(create_app(settings, large))


@pytest.mark.parametrize(
    ("path", "documents"),
    [
        ("simple/", [REPOSITORY, NAMES]),
        ("simple/large/", [REPOSITORY, LARGE]),
        ("simple/hello-pocket/", [REPOSITORY, SMALL]),
        ("files/hello-pocket/{key}/{filename}", [REPOSITORY, SMALL]),
        ("files/hello-pocket/{key}/{filename}.metadata", [REPOSITORY, SMALL]),
    ],
)
def test_an_answer_that_is_held_asks_once_for_each_document(
    server: Live, calls: Calls, path: str, documents: list[str]
) -> None:
    [file] = (
        server.root.repository(server.root.default).hosted.project(NormalizedName("hello-pocket")).value.files
    )
    url = server.url + path.format(key=file.key, filename=file.filename)
    first = requests.get(url, headers=JSON, timeout=30)
    requests.get(url, headers=JSON, timeout=30)
    with calls.counted() as found:
        again = requests.get(url, headers=JSON, timeout=30)
        assert (again.status_code, again.content) == (200, first.content)
    assert found == Counter(f"stat {document}" for document in documents)
    with calls.counted() as found:
        known = requests.get(url, headers={**JSON, "If-None-Match": first.headers["ETag"]}, timeout=30)
        assert known.status_code == 304
    assert found == Counter(f"stat {document}" for document in documents)


def test_an_upload_reads_no_project_but_its_own(large: Root, calls: Calls, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, version="2.0")
    with calls.counted() as found:
        admit(large, wheel)
    touched = {call.split(" ", 1)[1] for call in found}
    others = {path for path in touched if path.startswith(f"{MAIN}/projects/")} - {f"{MAIN}/projects/"}
    assert all(path.startswith(f"{MAIN}/projects/hello-pocket") for path in others), others
    assert not any(call.startswith(("listdir", f"scandir {MAIN}/projects ")) for call in found)
