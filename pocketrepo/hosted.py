"""Files that were uploaded here: the read side, and the few writes, each ending in one conditional write.

``projects/NAME/project.json`` is the only truth about a project. Bytes are stored first and the document's swap
is the commit; removal goes the other way round. One upload owns one KEY, so whoever unlists a file may delete
its bytes.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from packaging.utils import NormalizedName

from pocketrepo import events
from pocketrepo.documents import (
    Admitted,
    Upload,
    entry_of,
    file_of,
    new_document,
    project_from,
    project_list_from,
    tombstone,
    upload_record,
)
from pocketrepo.errors import FileExists, NoSuchFile, NoSuchProject, NotFound
from pocketrepo.events import EventLog
from pocketrepo.index import METADATA_SUFFIX, Index, listed
from pocketrepo.model import File, Json, Project, ProjectList, RepositoryName
from pocketrepo.snapshot import Memo, Snapshot, T
from pocketrepo.store import UNCHANGED, Blob, Doc, Store
from pocketrepo.store.base import encode

DOCUMENT_COST = 5
"""Bytes of memory that a parsed document takes for each byte of its JSON, measured."""
KEPT_FILES = 1024 * 1024
"""Bytes of small files that one project may keep in memory."""


class Hosted(Index):
    """The uploaded files of one repository."""

    def __init__(self, store: Store, name: RepositoryName, memo: Memo, log: EventLog) -> None:
        self.name = name
        self._store = store
        self._memo = memo
        self._log = log
        self._prefix = f"repos/{name}"
        self._names_key = f"{self._prefix}/names.json"
        self._projects = f"{self._prefix}/projects"

    # Reading

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

    # Writing

    def admit(self, upload: Upload) -> Admitted:
        """List a file; readers see it before this returns.

        The same bytes under a listed name are no change. Raises FileExists for other bytes under a name that is
        listed or was deleted. The staged file is gone afterwards.
        """
        try:
            return self._admit(upload.distribution.name, upload)
        finally:
            upload.staged.unlink(missing_ok=True)

    def yank(
        self, name: NormalizedName, *, reason: str = "", version: str = "", filename: str = "", actor: str
    ) -> list[File]:
        """Mark files so that installers pass over them unless pinned (PEP 592); a yanked one takes the new
        reason. Raises NoSuchProject, NoSuchFile."""
        chosen = self._choose(name, version, filename)
        self._record(events.YANKED, name, chosen, actor, reason=reason)
        return self._alter(name, chosen, lambda file: replace(file, yanked=reason))

    def unyank(
        self, name: NormalizedName, *, version: str = "", filename: str = "", actor: str
    ) -> list[File]:
        """Take the mark away again. Raises NoSuchProject, NoSuchFile."""
        chosen = self._choose(name, version, filename)
        changed = self._alter(name, chosen, lambda file: replace(file, yanked=None))
        self._record(events.UNYANKED, name, chosen, actor)
        return changed

    def delete(
        self, name: NormalizedName, *, version: str = "", filename: str = "", actor: str
    ) -> list[File]:
        """Unlist files for good and remove their bytes; their names stay taken. No version and no filename
        means all files. Raises NoSuchProject, NoSuchFile."""
        chosen = self._choose(name, version, filename)
        self._record(events.DELETED, name, chosen, actor)
        removed = self._alter(name, chosen, lambda file: None)
        self._sync_name(name)
        for file in removed:
            self._discard(name, file)
        return removed

    def sync_names(self) -> None:
        """Make the list of projects say what the project documents say."""
        for name in {*self._store.children(f"{self._prefix}/projects"), *self.projects().value.names}:
            self._sync_name(NormalizedName(name))

    # The steps of a write

    def _admit(self, name: NormalizedName, upload: Upload) -> Admitted:
        already = self._already(name, upload)
        if already is not None:
            return already
        file = file_of(upload)
        self._store_bytes(name, file, upload)
        try:
            admitted = self._commit(name, file, upload)
        except BaseException:
            self._discard(name, file)
            raise
        if admitted.result == "same":
            self._discard(name, file)
            return admitted
        # A listed name stays listed: whoever takes it away for lack of files looks again afterwards.
        if name not in self.projects().value.names:
            self._sync_name(name)
        self._log.record(events.UPLOADED, self.name, actor=upload.actor, project=name, **entry_of(file))
        return admitted

    def _already(self, name: NormalizedName, upload: Upload) -> Admitted | None:
        """Answers a repeated upload from what is listed, before any byte is stored."""
        file = self._find(name, upload.distribution.filename)
        if file is None:
            return None
        if file.sha256 != upload.sha256:
            raise FileExists(file.filename, sha256=file.sha256)
        return Admitted(name, file, "same")

    def _find(self, name: NormalizedName, filename: str) -> File | None:
        """A listed file; without a snapshot, which the upload would outdate at once."""
        key = self._project_key(name)
        held: Snapshot[Project] | None = self._resident(key)
        if held is not None:
            return next((file for file in held.value.files if file.filename == filename), None)
        document = self._store.get(key) or {"files": []}
        return next((File(**entry) for entry in document["files"] if entry["filename"] == filename), None)

    def _store_bytes(self, name: NormalizedName, file: File, upload: Upload) -> None:
        folder = self._folder(name, file.key)
        members = {file.filename: upload.staged}
        try:
            members["upload.json"] = self._stage(encode(upload_record(file, upload)))
            if file.metadata_sha256:
                members[file.filename + METADATA_SUFFIX] = self._stage(upload.distribution.metadata)
            self._store.add_all(folder, members)
        except BaseException:
            for staged in members.values():
                staged.unlink(missing_ok=True)
            raise

    def _commit(self, name: NormalizedName, file: File, upload: Upload) -> Admitted:
        admitted = Admitted(name, file, "new")

        def add_file(document: Json | None) -> Json | None:
            nonlocal admitted
            document = document or new_document(name, upload.distribution.display_name)
            for entry in document["files"]:
                if entry["filename"] == file.filename:
                    if entry["sha256"] != file.sha256:
                        raise FileExists(file.filename, sha256=entry["sha256"])
                    admitted = Admitted(name, File(**entry), "same")
                    return None
            for entry in document["deleted"]:
                if entry["filename"] == file.filename and entry["sha256"] != file.sha256:
                    raise FileExists(file.filename, sha256=entry["sha256"], deleted=True)
            admitted = Admitted(name, file, "new")
            document["files"].append(entry_of(file))
            return document

        self._store.update(self._project_key(name), add_file)
        return admitted

    def _choose(self, name: NormalizedName, version: str, filename: str) -> list[File]:
        files = [
            file
            for file in self.project(name).value.files
            if (not version or file.version == version) and (not filename or file.filename == filename)
        ]
        if not files and (version or filename):
            raise NoSuchFile(filename or f"of {name} {version}")
        return files

    def _alter(
        self, name: NormalizedName, chosen: list[File], change: Callable[[File], File | None]
    ) -> list[File]:
        """Replace (or, for None, delete) the chosen files; returns them as they are now, or were last."""
        keys = {file.key for file in chosen}
        altered: list[File] = []

        def alter(document: Json | None) -> Json | None:
            altered.clear()
            if document is None:
                return None
            kept = []
            for entry in document["files"]:
                file = File(**entry)
                if file.key not in keys:
                    kept.append(entry)
                    continue
                after = change(file)
                altered.append(after or file)
                if after is not None:
                    kept.append(entry_of(after))
                else:
                    document["deleted"].append(tombstone(file))
            if not altered:
                return None
            document["files"] = kept
            return document

        self._store.update(self._project_key(name), alter)
        return altered

    def _sync_name(self, name: NormalizedName) -> None:
        """Bring ``names.json`` into line with a project that may just have got its first file or lost its last.

        Writes, then looks again: a file that another writer committed in between is seen here or there.
        """
        while True:
            try:
                project: Project | None = self.project(name).value
            except NoSuchProject:
                project = None
            display = project.display_name if project and project.files else None
            if self.projects().value.names.get(name) == display:
                return

            def set_name(document: Json | None, display: str | None = display) -> Json:
                document = document or {"names": {}}
                document["names"].pop(name, None)
                if display is not None:
                    document["names"][name] = display
                return document

            self._store.update(self._names_key, set_name)

    def _discard(self, name: NormalizedName, file: File) -> None:
        """Remove the bytes of an upload that is not listed."""
        for stored in list(self._store.list(self._folder(name, file.key))):
            self._store.remove(stored)

    def _record(self, event: str, name: NormalizedName, files: list[File], actor: str, **data: Any) -> None:
        for file in files:
            self._log.record(
                event,
                self.name,
                actor=actor,
                project=name,
                filename=file.filename,
                key=file.key,
                sha256=file.sha256,
                **data,
            )

    def _stage(self, data: bytes) -> Path:
        path = self._store.staging / secrets.token_hex(16)
        try:
            path.write_bytes(data)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

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
