"""Files that are uploaded here: the few writes, each ending in one conditional write.

``projects/NAME/project.json`` is the only truth about a project. Bytes are stored first and the document's swap
is the commit; removal goes the other way round. One upload owns one KEY, so whoever unlists a file may delete
its bytes.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from packaging.utils import NormalizedName

from pocketrepo import events
from pocketrepo.documents import (
    Admitted,
    Upload,
    companions_of,
    entry_of,
    file_of,
    new_document,
    tombstone,
    upload_record,
)
from pocketrepo.errors import FileExists, NoSuchFile, NoSuchProject, PocketRepoError, Refused
from pocketrepo.events import EventLog
from pocketrepo.model import CLOSED, File, Json, Project, RepositoryName
from pocketrepo.namelist import NameList
from pocketrepo.rules import Rules
from pocketrepo.shelf import Shelf
from pocketrepo.snapshot import Memo, Snapshot
from pocketrepo.standing import Standing
from pocketrepo.store import Store
from pocketrepo.store.base import encode


class Hosted(Shelf):
    """The uploaded files of one repository."""

    def __init__(
        self, store: Store, name: RepositoryName, memo: Memo, log: EventLog, rules: Rules | None = None
    ) -> None:
        super().__init__(store, name, memo)
        self.rules = rules or Rules()
        self._log = log
        self._names = NameList(store, self._names_key)

    def admit(self, upload: Upload) -> Admitted:
        """List a file; readers see it before this returns.

        The same bytes under a listed name are no change. Raises FileExists for other bytes under a name that is
        listed or was deleted, and Refused for a new project that reads like another, unless the rules allow
        it; Refused for a project that takes no uploads. The staged file is gone afterwards.
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

    def configure(self, name: NormalizedName, display_name: str, changes: Json, *, actor: str) -> Standing:
        """Say something of a project as a whole; ``changes`` are fields of `Standing`.

        Publishers can be set before the first upload. Raises UsageError for what cannot be said, NoSuchProject.
        """
        try:
            before = self.standing(name)
        except NoSuchProject:
            if "publishers" not in changes:
                raise
            self._reserve(name)
            before = Standing()
        after = before.changed(name, changes)
        if not after.loosens(before):
            self._record_standing(name, after, actor)

        def say(document: Json | None) -> Json:
            document = document or new_document(name, display_name)
            return {**document, "standing": Standing.of(document).changed(name, changes).to_json()}

        self._store.update(self._project_key(name), say)
        if after.loosens(before):
            self._record_standing(name, after, actor)
        return self.standing(name)

    def sync_names(self) -> None:
        """Make the list of projects say what the project documents say."""
        for name in {*self._store.children(f"{self._prefix}/projects"), *self.projects().value.names}:
            self._sync_name(NormalizedName(name))

    # The steps of a write

    def _admit(self, name: NormalizedName, upload: Upload) -> Admitted:
        listed = self._find(name, upload.distribution.filename)
        if listed is not None:
            if listed.sha256 == upload.sha256:
                # The disk may have failed the first time, behind the commit.
                self._list_name(name)
                return Admitted(name, listed, "same")
            if not self.rules.allow_replace:
                raise FileExists(listed.filename, sha256=listed.sha256)
        self.rules.check_dependencies(upload.distribution.fields.get("requires_dist", ()))
        if listed is None and name not in self.projects().value.names:
            self._reserve(name)
        file = file_of(upload)
        self._store_bytes(name, file, upload)
        try:
            if listed is not None:
                self._record(events.DELETED, name, [listed], upload.actor)
            admitted = self._commit(name, file, upload, replacing=listed)
        except BaseException:
            with suppress(PocketRepoError):
                self._take_back(name, file)
            raise
        if admitted.result == "same":
            self._discard(name, file)
            return admitted
        self._list_name(name)
        self._log.record(events.UPLOADED, self.name, actor=upload.actor, project=name, **entry_of(file))
        if listed is not None:
            self._discard(name, listed)
        return admitted

    def _take_back(self, name: NormalizedName, file: File) -> None:
        """Remove the bytes of an upload that failed, unless it is listed and only the flush of that failed."""
        document = self._store.get(self._project_key(name)) or {"files": []}
        if all(entry["key"] != file.key for entry in document["files"]):
            self._discard(name, file)

    def _list_name(self, name: NormalizedName) -> None:
        # A listed name stays listed: whoever takes it away for lack of files looks again afterwards.
        if name not in self.projects().value.names:
            self._sync_name(name)

    def _find(self, name: NormalizedName, filename: str) -> File | None:
        """A listed file; without a snapshot, which the upload would outdate at once. Raises Refused for a project
        that takes no uploads."""
        key = self._project_key(name)
        held: Snapshot[Project] | None = self._resident(key)
        if held is not None:
            _refuse_closed(name, held.value.status)
            return next((file for file in held.value.files if file.filename == filename), None)
        document = self._store.get(key) or {"files": []}
        _refuse_closed(name, Standing.of(document).status)
        return next((File(**entry) for entry in document["files"] if entry["filename"] == filename), None)

    def _reserve(self, name: NormalizedName) -> None:
        """Of two new projects at once that read alike, one is refused here. Raises Refused."""
        similar = None if self.rules.allow_similar else self._names.reserve(name)
        if similar is not None:
            raise Refused(
                f"the name {name} is too similar to the project {similar}",
                hint=f"choose another, or: pocketrepo repo set {self.name} --allow-similar",
            )

    def _store_bytes(self, name: NormalizedName, file: File, upload: Upload) -> None:
        members = {file.filename: upload.staged}
        try:
            members["upload.json"] = self._stage(encode(upload_record(file, upload)))
            for suffix, data in companions_of(upload).items():
                members[file.filename + suffix] = self._stage(data)
            self._store.add_all(self._folder(name, file.key), members)
        except BaseException:
            for staged in members.values():
                staged.unlink(missing_ok=True)
            raise

    def _commit(
        self, name: NormalizedName, file: File, upload: Upload, *, replacing: File | None = None
    ) -> Admitted:
        admitted = Admitted(name, file, "new")

        def add_file(document: Json | None) -> Json | None:
            nonlocal admitted
            document = document or new_document(name, upload.distribution.display_name)
            _refuse_closed(name, Standing.of(document).status)
            others = []
            for entry in document["files"]:
                if entry["filename"] != file.filename:
                    others.append(entry)
                elif entry["sha256"] == file.sha256:
                    admitted = Admitted(name, File(**entry), "same")
                    return None
                elif replacing is None or entry["key"] != replacing.key:
                    raise FileExists(file.filename, sha256=entry["sha256"])
            if not self.rules.allow_replace:
                _refuse_deleted(document, file)
            admitted = Admitted(name, file, "new")
            if replacing is not None and len(others) < len(document["files"]):
                admitted = Admitted(name, file, "replaced")
                document["deleted"].append(tombstone(replacing))
            document["files"] = [*others, entry_of(file)]
            return document

        self._store.update(self._project_key(name), add_file)
        return admitted

    def _choose(self, name: NormalizedName, version: str, filename: str) -> list[File]:
        project = self.project(name).value
        files = [
            file
            for file in project.files or project.withheld
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
            display = project.display_name if project and (project.files or project.withheld) else None
            if self.projects().value.names.get(name) == display:
                return
            self._names.put(name, display)

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

    def _record_standing(self, name: NormalizedName, standing: Standing, actor: str) -> None:
        self._log.record(
            events.PROJECT_CHANGED, self.name, actor=actor, project=name, standing=standing.to_json()
        )

    def _stage(self, data: bytes) -> Path:
        path = self._store.staging / secrets.token_hex(16)
        try:
            path.write_bytes(data)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path


def _refuse_closed(name: NormalizedName, status: str) -> None:
    if status in CLOSED:
        raise Refused(
            f"the project {name} is {status} and takes no uploads", hint="its owner can change that"
        )


def _refuse_deleted(document: Json, file: File) -> None:
    for entry in document["deleted"]:
        if entry["filename"] == file.filename and entry["sha256"] != file.sha256:
            raise FileExists(file.filename, sha256=entry["sha256"], deleted=True)
