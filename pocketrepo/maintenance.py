"""Look after a root: find what crashes left, and make project documents again from upload records and events."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from packaging.utils import NormalizedName

from pocketrepo import events
from pocketrepo.documents import entry_of, new_document
from pocketrepo.errors import Damaged, NotFound
from pocketrepo.model import COMPANIONS, File, Json
from pocketrepo.repository import Repository, Root
from pocketrepo.store import Store

GRACE = 3600.0
"""Seconds that unlisted bytes are left alone: an upload may still be on its way."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. ``fixed`` tells whether it was put right."""

    kind: Literal["leftover", "damaged", "missing", "names", "document", "unknown"]
    where: str
    message: str
    fixed: bool = False


def check(root: Root, *, sweep: bool = False, hashes: bool = True, grace: float = GRACE) -> list[Finding]:
    """Compare documents with bytes, in every repository.

    Found are: bytes that no document lists (``sweep`` removes those older than ``grace`` seconds), listed files
    that are missing or do not match their hash, unreadable documents, and lists of projects that do not say what
    the documents say (``sweep`` rewrites those).
    """
    findings = list(_half_made(root.store, sweep, grace))
    for repository in root.repositories():
        findings += _repository(root, repository, sweep, hashes, grace)
    return findings


def _half_made(store: Store, sweep: bool, grace: float) -> Iterator[Finding]:
    for path in store.sweep(older_than=grace, dry_run=not sweep):
        yield Finding("leftover", path, "was never finished", sweep)


def _repository(
    root: Root, repository: Repository, sweep: bool, hashes: bool, grace: float
) -> Iterator[Finding]:
    store, prefix = root.store, f"repos/{repository.name}"
    history = _History(root.log, repository)
    display_names: dict[str, str] = {}
    readable = True
    for name in store.children(f"{prefix}/projects"):
        project_prefix = f"{prefix}/projects/{name}"
        try:
            document = store.get(f"{project_prefix}/project.json") or new_document(NormalizedName(name), name)
        except Damaged:
            readable = False
            yield Finding(
                "document", f"{project_prefix}/project.json", "cannot be read; run: pocketrepo rebuild"
            )
            continue
        files = [File(**entry) for entry in document["files"]]
        if files:
            display_names[name] = document["display_name"]
        for file in files:
            yield from _file(store, f"{project_prefix}/files/{file.key}", file, hashes)
        unlisted = set(store.children(f"{project_prefix}/files")) - {file.key for file in files}
        for key in sorted(unlisted):
            yield from _unlisted(store, f"{project_prefix}/files/{key}", history.lists(key), sweep, grace)
    if readable and repository.hosted.projects().value.names != display_names:
        if sweep:
            repository.hosted.sync_names()
        yield Finding("names", f"{prefix}/names.json", "does not list the projects that have files", sweep)


def _file(store: Store, folder: str, file: File, hashes: bool) -> Iterator[Finding]:
    for suffix in ("", *COMPANIONS):
        digest, member = file.digest(suffix), file.filename + suffix
        if digest is None:
            continue
        where = f"{folder}/{member}"
        try:
            blob = store.open(where)
        except NotFound:
            yield Finding("missing", where, "is listed and not there")
            continue
        if member == file.filename and blob.size != file.size:
            yield Finding("damaged", where, f"has {blob.size:,} bytes, listed are {file.size:,}")
        elif hashes and _sha256(blob.path) != digest:
            yield Finding("damaged", where, "does not match its hash")


def _unlisted(store: Store, folder: str, was_listed: bool, sweep: bool, grace: float) -> Iterator[Finding]:
    """An upload that no document lists: left by a crash, unless the log says that its document was lost."""
    if was_listed:
        yield Finding("document", folder, "was listed, and its document is lost; run: pocketrepo rebuild")
        return
    members = list(store.list(folder))
    if not members or min(_age(Path(store.open(member).path)) for member in members) < grace:
        return
    if sweep:
        for member in members:
            store.remove(member)
    yield Finding("leftover", folder, "bytes that no document lists", sweep)


def rebuild(root: Root) -> list[Finding]:
    """Make missing or unreadable project documents again, by replaying upload records and the event log.

    A file is listed again only if its bytes match its record, the log says that it was listed, and nothing says
    that it was deleted; it is yanked if anything says so. What cannot be known stays hidden and is reported.
    Documents that can be read are left as they are.
    """
    findings: list[Finding] = []
    for repository in root.repositories():
        history = _History(root.log, repository)
        for name in root.store.children(f"repos/{repository.name}/projects"):
            key = f"repos/{repository.name}/projects/{name}/project.json"
            try:
                if root.store.get(key) is not None:
                    continue
            except Damaged:
                root.store.remove(key)
            findings += _rebuild_project(root.store, repository, NormalizedName(name), history)
        repository.hosted.sync_names()
    return findings


class _History:
    """What the event log says of each upload of a repository, by KEY, and of each project, by name."""

    def __init__(self, log: events.EventLog, repository: Repository) -> None:
        self.listed: set[str] = set()
        self.deleted: dict[str, Json] = {}
        self.yanked: dict[str, str] = {}
        self.standings: dict[str, Json] = {}
        for entry in log.read(repository.name):
            key, event = str(entry.get("key")), entry.get("event")
            if event == events.UPLOADED:
                self.listed.add(key)
            elif event == events.DELETED:
                self.deleted[key] = entry
            elif event == events.YANKED:
                self.yanked[key] = str(entry.get("reason", ""))
            elif event == events.UNYANKED:
                self.yanked.pop(key, None)
            elif event == events.PROJECT_CHANGED:
                self.standings[str(entry.get("project"))] = entry.get("standing", {})

    def lists(self, key: str) -> bool:
        """Whether an upload was listed and not deleted."""
        return key in self.listed and key not in self.deleted


def _rebuild_project(
    store: Store, repository: Repository, name: NormalizedName, history: _History
) -> Iterator[Finding]:
    prefix = f"repos/{repository.name}/projects/{name}"
    files: list[File] = []
    display_name = str(name)
    for key in store.children(f"{prefix}/files"):
        where = f"{prefix}/files/{key}"
        try:
            record = store.get(f"{where}/upload.json")
            file = File(**record["file"]) if record else None
        except (Damaged, KeyError, TypeError):
            record, file = None, None
        if record is None or file is None:
            yield Finding("unknown", where, "has no upload record that can be read; stays hidden")
        elif key in history.deleted:
            continue
        elif key not in history.listed:
            yield Finding(
                "unknown", where, f"{file.filename}: no event says that it was listed; stays hidden"
            )
        elif any(_file(store, where, file, True)):
            yield Finding("damaged", where, f"{file.filename} does not match its record; stays hidden")
        else:
            display_name = record["display_name"]
            files.append(File(**{**entry_of(file), "yanked": history.yanked.get(key, file.yanked)}))
    files.sort(key=lambda file: file.upload_time)
    document = new_document(name, display_name)
    document["files"] = [entry_of(file) for file in files]
    document["standing"] = history.standings.get(name, {})
    document["deleted"] = [
        {name: entry[name] for name in ("filename", "sha256", "key", "time")}
        for entry in history.deleted.values()
        if entry.get("project") == name and "sha256" in entry
    ]
    store.update(f"{prefix}/project.json", lambda _absent: document)
    yield Finding("document", f"{prefix}/project.json", f"made again with {len(files)} files", True)


def _sha256(path: str) -> str:
    with open(path, "rb") as file:  # noqa: PTH123
        return hashlib.file_digest(file, "sha256").hexdigest()


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
