"""Files that were uploaded here, as they are read: the documents of one repository and what lies beside them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from packaging.utils import NormalizedName

from pocketrepo.documents import project_from, project_list_from
from pocketrepo.errors import NoSuchFile, NoSuchProject, NotFound
from pocketrepo.index import Index, listed
from pocketrepo.model import Json, Project, ProjectList, RepositoryName
from pocketrepo.snapshot import Memo, Snapshot, T
from pocketrepo.standing import Standing
from pocketrepo.store import UNCHANGED, Blob, Doc, Store

DOCUMENT_COST = 5
"""Bytes of memory that a parsed document takes for each byte of its JSON, measured."""
KEPT_FILES = 1024 * 1024
"""Bytes of small files that one project may keep in memory."""


class Shelf(Index):
    """The uploaded files of one repository, to look at."""

    def __init__(self, store: Store, name: RepositoryName, memo: Memo) -> None:
        self.name = name
        self._store = store
        self._memo = memo
        self._prefix = f"repos/{name}"
        self._names_key = f"{self._prefix}/names.json"
        self._projects = f"{self._prefix}/projects"

    def projects(self) -> Snapshot[ProjectList]:
        try:
            return self._load(self._names_key, project_list_from)
        except NotFound:
            return Snapshot(ProjectList(), "empty", cost=0)

    def resident_projects(self) -> Snapshot[ProjectList] | None:
        return self._resident(self._names_key)

    def project(self, name: NormalizedName) -> Snapshot[Project]:
        try:
            return self._load(self._project_key(name), project_from)
        except NotFound:
            raise NoSuchProject(name) from None

    def resident(self, name: NormalizedName) -> Snapshot[Project] | None:
        key = self._project_key(name)
        held = self._resident(key)
        if held is None and self._store.etag(key) is None:
            raise NoSuchProject(name)
        return held

    def finder(self, name: NormalizedName) -> Callable[[], Snapshot[Project] | None]:
        return partial(self._resident, self._project_key(name))

    def file(self, name: NormalizedName, key: str, filename: str) -> Blob:
        listed(self.project(name).value, key, filename)
        try:
            return self._store.open(f"{self._folder(name, key)}/{filename}")
        except NotFound:
            raise NoSuchFile(filename) from None

    def upload_record(self, name: NormalizedName, key: str) -> Json:
        """All that was known when the file was uploaded: the form, the metadata, who and when."""
        return self._store.get(f"{self._folder(name, key)}/upload.json") or {}

    def projects_with_key(self, key: str) -> list[NormalizedName]:
        """The project whose upload has this KEY, if there is one; at one ``stat`` for each project."""
        names = self._store.children(f"{self._prefix}/projects")
        return [
            NormalizedName(name)
            for name in names
            if self._store.etag(f"{self._folder(NormalizedName(name), key)}/upload.json") is not None
        ]

    def standing(self, name: NormalizedName) -> Standing:
        """What its owner says of a project. Raises NoSuchProject."""
        document = self._store.get(self._project_key(name))
        if document is None:
            raise NoSuchProject(name)
        return Standing.of(document)

    # Keys and loading

    def _project_key(self, name: NormalizedName) -> str:
        return f"{self._projects}/{name}/project.json"

    def _folder(self, name: NormalizedName, key: str) -> str:
        return f"{self._prefix}/projects/{name}/files/{key}"

    def _resident(self, key: str) -> Snapshot[Any] | None:
        held = self._memo.get(key)
        return held if held is not None and held.stands() else None

    def _load(self, key: str, decode: Callable[[Json], T]) -> Snapshot[T]:
        held = self._memo.get(key)
        doc = self._store.read(key, unless=held.etag if held else None)
        if held is not None and doc is UNCHANGED:
            return held
        with self._memo.loading(key):
            held = self._memo.get(key)
            doc = self._store.read(key, unless=held.etag if held else None)
            if held is not None and doc is UNCHANGED:
                return held
            assert isinstance(doc, Doc)
            cost = DOCUMENT_COST * len(doc.data)
            stands = self._store.watch(key, doc.etag)
            snapshot = Snapshot(decode(doc.json()), doc.etag, cost=cost, room=KEPT_FILES, stands=stands)
            self._memo.put(key, snapshot)
            return snapshot
