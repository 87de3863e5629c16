"""A folder of distributions, or a few files, offered as they lie there: read-only, hashed before listed."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from packaging.utils import NormalizedName

from pocketrepo.archive import Distribution, inspect
from pocketrepo.errors import NoSuchFile, NoSuchProject, Refused, UsageError
from pocketrepo.index import Index, listed
from pocketrepo.model import File, Project, ProjectList
from pocketrepo.snapshot import Snapshot
from pocketrepo.store import Blob

SUFFIXES = (".whl", ".tar.gz", ".zip")
SETTLED = 2.0
"""Seconds after which a file that has not changed is taken to be complete."""

Identity = tuple[int, int, int]


@dataclass
class _Scan:
    """What one look at the folder found."""

    identity: Identity | None
    projects: dict[NormalizedName, Snapshot[Project]] = field(default_factory=dict)
    names: Snapshot[ProjectList] = field(default_factory=lambda: Snapshot(ProjectList(), "none", cost=0))
    unsettled: dict[str, Identity] = field(default_factory=dict)


class Folder(Index):
    """The distributions directly in ``folder``, or just ``only`` these file names of it.

    Every question costs one ``stat`` of the folder, and one of each file that was still being written at the
    last look. A changed file (size, mtime, inode) is hashed and inspected before it is listed; a broken one is
    told to ``report`` once, and left out.
    """

    def __init__(
        self, folder: Path, *, only: frozenset[str] | None = None, report: Callable[[str], None] = print
    ) -> None:
        self._folder = folder
        self._only = only
        self._report = report
        self._known: dict[str, tuple[Identity, File | None, Distribution | None]] = {}
        self._reported: set[tuple[str, Identity]] = set()
        self._scan = _Scan(None)
        self._lock = threading.Lock()

    def projects(self) -> Snapshot[ProjectList]:
        return self._current().names

    def project(self, name: NormalizedName) -> Snapshot[Project]:
        try:
            return self._current().projects[name]
        except KeyError:
            raise NoSuchProject(name) from None

    def file(self, name: NormalizedName, key: str, filename: str) -> Blob:
        """Raises NoSuchFile also for a file that is no longer what it was when it was listed."""
        file, companion = listed(self.project(name).value, key, filename)
        path = self._folder / file.filename
        identity, _file, distribution = self._known[file.filename]
        if _identity(path) != identity:
            self._scan = _Scan(None)
            raise NoSuchFile(filename)
        if not companion:
            return Blob(str(path), file.size)
        assert distribution is not None
        return Blob("", len(distribution.metadata), distribution.metadata)

    def resident_projects(self) -> Snapshot[ProjectList] | None:
        return self._scan.names if self._is_current() else None

    def resident(self, name: NormalizedName) -> Snapshot[Project] | None:
        return self.project(name) if self._is_current() else None

    def _is_current(self) -> bool:
        scan = self._scan
        if scan.identity is None or scan.identity != _identity(self._folder):
            return False
        return all(_identity(self._folder / name) == seen for name, seen in scan.unsettled.items())

    def _current(self) -> _Scan:
        if not self._is_current():
            with self._lock:
                if not self._is_current():
                    self._scan = self._look()
        return self._scan

    def _look(self) -> _Scan:
        scan = _Scan(_identity(self._folder))
        files: dict[NormalizedName, list[tuple[File, Distribution]]] = {}
        known = {}
        for entry in self._entries():
            identity = _identity(self._folder / entry)
            if identity is None:
                continue
            held = self._known.get(entry)
            if held is None or held[0] != identity:
                held = (identity, *self._inspect(entry, identity))
            known[entry] = held
            _, file, distribution = held
            if file is None or distribution is None or time.time() - identity[1] / 1e9 < SETTLED:
                scan.unsettled[entry] = identity
            if file is not None and distribution is not None:
                files.setdefault(distribution.name, []).append((file, distribution))
        self._known = known
        for name, found in files.items():
            project = Project(name, found[0][1].display_name, tuple(file for file, _ in found))
            version = hashlib.sha256("".join(file.key for file, _ in found).encode()).hexdigest()
            scan.projects[name] = Snapshot(project, version, cost=1000 * len(found))
        names = {name: scan.projects[name].value.display_name for name in sorted(scan.projects)}
        scan.names = Snapshot(ProjectList(names), str(scan.identity), cost=100 * len(names))
        return scan

    def _entries(self) -> list[str]:
        try:
            with os.scandir(self._folder) as entries:
                names = sorted(entry.name for entry in entries if entry.name.endswith(SUFFIXES))
        except OSError as error:
            self._tell("", (0, 0, 0), f"{self._folder} cannot be read: {error.strerror}")
            return []
        return [name for name in names if self._only is None or name in self._only]

    def _inspect(self, name: str, identity: Identity) -> tuple[File | None, Distribution | None]:
        path = self._folder / name
        try:
            distribution = inspect(path)
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except (Refused, OSError) as error:
            # A young file may still be on its way in; it is judged again once it has changed.
            if time.time() - identity[1] / 1e9 >= SETTLED:
                self._tell(name, identity, f"{path} is not offered: {error}")
            return None, None
        if _identity(path) != identity:
            return None, None
        metadata = distribution.metadata if distribution.serve_metadata else None
        found = File(
            filename=name,
            version=distribution.version,
            key=f"{digest[:16]}",
            size=identity[0],
            sha256=digest,
            upload_time=datetime.fromtimestamp(identity[1] / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            requires_python=distribution.requires_python,
            metadata_sha256=hashlib.sha256(metadata).hexdigest() if metadata else None,
        )
        return found, distribution

    def _tell(self, name: str, identity: Identity, message: str) -> None:
        if (name, identity) not in self._reported:
            self._reported.add((name, identity))
            self._report(message)


def open_folders(paths: list[Path], *, report: Callable[[str], None] = print) -> list[Folder]:
    """Indexes for what was named on a command line: folders as they are, files grouped by their folder.

    Raises UsageError for what is neither a folder nor a distribution.
    """
    folders = []
    singles: dict[Path, set[str]] = {}
    for path in paths:
        if path.is_dir():
            folders.append(Folder(path.absolute(), report=report))
        elif path.is_file() and path.name.endswith(SUFFIXES):
            singles.setdefault(path.absolute().parent, set()).add(path.name)
        else:
            raise UsageError(f"{path} is neither a folder nor a wheel or sdist")
    return folders + [
        Folder(folder, only=frozenset(names), report=report) for folder, names in singles.items()
    ]


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    size = 0 if stat.S_ISDIR(found.st_mode) else found.st_size
    return size, found.st_mtime_ns, found.st_ino
