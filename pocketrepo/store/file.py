"""The store as a folder: a key is a path, a write is a rename, a change is safe beside other processes."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Final

from pocketrepo.errors import Conflict, NotFound
from pocketrepo.store import disk
from pocketrepo.store.base import (
    ABSENT,
    UNCHANGED,
    Blob,
    Doc,
    Names,
    Store,
    Unchanged,
    log_lines,
    sweep_files,
)
from pocketrepo.store.combine import Combiner, Job
from pocketrepo.store.key import RESERVED, check_key, check_names, check_prefix
from pocketrepo.store.locks import KeyLocks

APPEND: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
NO_SUCH: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG})
OCCUPIED: Final = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR})

Entries = list[tuple[str, bool]]

flush = getattr(os, "fdatasync", os.fsync)


class FileStore(Store):
    """Documents and blobs as files under ``root``, made as they are needed.

    Documents are created readable for their owner only; one that is replaced keeps the mode and owner it has.
    Any number of threads and processes of one machine may share a root. The disk has to keep ``flock`` and
    atomic renames: a local one does, a network share may not.
    """

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = os.path.abspath(root)
        self._base = f"{self._root}/"
        self._locks = KeyLocks(f"{self._base}locks")
        self._lines: Combiner[bytes, None] = Combiner()

    # Reading: one system call when nothing has changed, and never a lock

    def read(self, key: str, unless: str | None = None) -> Doc | Unchanged:
        if ".." in key:
            check_key(key)
        path = self._base + key
        try:
            if unless is not None and _etag(os.stat(path)) == unless:
                return UNCHANGED
            fd = os.open(path, disk.READ)
            try:
                found = os.fstat(fd)
                return Doc(_contents(fd, found.st_size), _etag(found))
            finally:
                os.close(fd)
        except OSError as error:
            if error.errno in NO_SUCH:
                raise NotFound(f"nothing is stored at {key}") from None
            raise disk.unavailable(f"read {key}", error) from error

    def etag(self, key: str) -> str | None:
        found = self._stat(key)
        return None if found is None else _etag(found)

    def watch(self, key: str, etag: str) -> Callable[[], bool]:
        # Asked twice a request: numbers are compared, as making an etag of them takes longer than the rest.
        path, look = self._path(key), os.stat
        time, size, inode = map(int, etag.split("-"))

        def unchanged() -> bool:
            try:
                found = look(path)
            except OSError:
                return False
            return found.st_mtime_ns == time and found.st_size == size and found.st_ino == inode

        return unchanged

    def open(self, key: str) -> Blob:
        found = self._stat(key)
        if found is None:
            raise NotFound(f"nothing is stored at {key}")
        return Blob(self._base + key, found.st_size)

    def _stat(self, key: str) -> os.stat_result | None:
        if ".." in key:
            check_key(key)
        try:
            found = os.stat(self._base + key)
        except OSError as error:
            if error.errno in NO_SUCH:
                return None
            raise disk.unavailable(f"read {key}", error) from error
        return found if stat.S_ISREG(found.st_mode) else None

    # Documents

    def write(self, key: str, data: bytes, *, if_match: str) -> str:
        path = self._path(key)
        folder = os.path.dirname(path)
        with disk.telling(f"write {key}"):
            before = _require(key, path, if_match)
            with disk.temporary(folder) as (fd, temporary, made):
                written = disk.fill(fd, data, before)
                with self._locks.holding(key):
                    _require(key, path, if_match)
                    os.replace(temporary, path)
            _sync_folders(folder, made)
        return _etag(written)

    def remove(self, key: str, *, if_match: str | None = None) -> None:
        path = self._path(key)
        folder = os.path.dirname(path)
        with disk.telling(f"remove {key}"):
            with self._locks.holding(key):
                if if_match is not None:
                    _require(key, path, if_match)
                try:
                    os.unlink(path)
                except OSError as error:
                    if error.errno in NO_SUCH:
                        return
                    raise
            disk.sync_folder(folder)
        disk.prune(folder, self._root)

    def append(self, key: str, *lines: bytes) -> None:
        path = self._path(key)
        self._lines.run(key, log_lines(lines), lambda jobs: self._append(key, path, jobs))

    def _append(self, key: str, path: str, jobs: list[Job[bytes, None]]) -> None:
        folder = os.path.dirname(path)
        lines = b"".join(job.work for job in jobs)
        with disk.telling(f"write {key}"), self._locks.holding(key):
            fd, made = disk.in_folder(folder, lambda: os.open(path, APPEND, 0o600))
            try:
                size = os.fstat(fd).st_size
                if size and os.pread(fd, 1, size - 1) != b"\n":
                    # A crash cut the last line short: it stays what it is, and ours are whole.
                    lines = b"\n" + lines
                try:
                    disk.write_all(fd, lines)
                    disk.flush(fd, flush)
                except BaseException:
                    with suppress(OSError):
                        os.ftruncate(fd, size)
                    raise
            finally:
                os.close(fd)
            if not size:
                _sync_folders(folder, made)

    def _exclusive(self, key: str) -> AbstractContextManager[None]:
        return self._locks.holding(key)

    # Blobs

    def add(self, key: str, source: Path, *, durable: bool = True) -> None:
        path = self._path(key)
        folder = os.path.dirname(path)
        with disk.telling(f"add {key}"):
            if durable:
                disk.sync_file(source)
            try:
                _, made = disk.in_folder(folder, lambda: self._move(key, str(source), path))
            except FileExistsError:
                raise Conflict(key) from None
            if durable:
                _sync_folders(folder, made)

    def add_all(self, prefix: str, sources: Mapping[str, Path], *, derived: Container[str] = ()) -> None:
        check_names(prefix, sources)
        path = self._base + prefix
        folder = os.path.dirname(path)
        half_made = disk.temporary_in(folder)
        if self._has_keys(prefix):
            raise Conflict(prefix)
        with disk.telling(f"add {prefix}"):
            for name, source in sources.items():
                if name not in derived:
                    disk.sync_file(source)
            _, made = disk.in_folder(folder, lambda: os.mkdir(half_made))
            try:
                for name, source in sources.items():
                    disk.carry(str(source), f"{half_made}/{name}")
                _claim(prefix, half_made, path)
            except BaseException:
                shutil.rmtree(half_made, ignore_errors=True)
                raise
            try:
                _sync_folders(path, [folder, *made])
            except BaseException:
                shutil.rmtree(path, ignore_errors=True)
                raise

    def copy(self, source: str, target: str) -> None:
        origin, path = self._path(source), self._path(target)
        folder = os.path.dirname(path)
        with disk.telling(f"copy {source} to {target}"):
            if disk.regular(origin) is None:
                raise NotFound(f"nothing is stored at {source}")
            disk.sync_file(origin)
            try:
                linked, made = disk.in_folder(folder, lambda: disk.link_new(origin, path))
                if not linked:
                    with disk.temporary(folder) as (_fd, temporary, _made):
                        shutil.copyfile(origin, temporary)
                        disk.sync_file(temporary)
                        self._move(target, temporary, path)
            except FileExistsError:
                raise Conflict(target) from None
            _sync_folders(folder, made)

    def _move(self, key: str, source: str, path: str) -> None:
        """Raises FileExistsError."""
        if disk.link_new(source, path):
            with suppress(FileNotFoundError):
                os.unlink(source)
            return
        with self._locks.holding(key):
            if os.path.lexists(path):
                raise FileExistsError(path)
            disk.carry(source, path)

    @property
    def staging(self) -> Path:
        folder = f"{self._base}staging"
        with disk.telling("make the staging folder"):
            os.makedirs(folder, mode=0o700, exist_ok=True)
        return Path(folder)

    # Listing

    def list(self, prefix: str) -> Iterator[str]:
        check_prefix(prefix)
        return self._walk(prefix)

    def children(self, prefix: str) -> Names:
        check_prefix(prefix)
        return sorted(
            name
            for name, is_folder in self._entries(prefix)
            if not is_folder or self._has_keys(_joined(prefix, name))
        )

    def _walk(self, prefix: str) -> Iterator[str]:
        # With its slash, a folder's name sorts among its neighbours as the keys beneath it do.
        entries = sorted(f"{name}/" if is_folder else name for name, is_folder in self._entries(prefix))
        for entry in entries:
            key = _joined(prefix, entry)
            if entry.endswith("/"):
                yield from self._walk(key[:-1])
            else:
                yield key

    def _has_keys(self, prefix: str) -> bool:
        entries = self._entries(prefix)
        return any(not is_folder for _, is_folder in entries) or any(
            self._has_keys(_joined(prefix, name)) for name, _ in entries
        )

    def _entries(self, prefix: str) -> Entries:
        """What lies directly under a prefix: names, and whether each is a folder."""
        hidden = RESERVED if not prefix else ()
        with disk.telling(f"list {prefix or 'the root'}"):
            try:
                with os.scandir(self._base + prefix) as entries:
                    return [
                        (entry.name, entry.is_dir())
                        for entry in entries
                        if not entry.name.startswith(disk.TEMPORARY) and entry.name not in hidden
                    ]
            except (FileNotFoundError, NotADirectoryError):
                return []

    def sweep(self, *, older_than: float, dry_run: bool = False) -> Names:
        with disk.telling("sweep the root"):
            staged = super().sweep(older_than=older_than, dry_run=dry_run)
            half_made = list(self._half_made(self._root))
            return staged + sweep_files(half_made, older_than=older_than, dry_run=dry_run)

    def _half_made(self, folder: str) -> Iterator[Path]:
        with suppress(FileNotFoundError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(disk.TEMPORARY):
                    yield Path(entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    yield from self._half_made(entry.path)

    def _path(self, key: str) -> str:
        check_key(key)
        return self._base + key


def _etag(found: os.stat_result) -> str:
    return f"{found.st_mtime_ns}-{found.st_size}-{found.st_ino}"


def _require(key: str, path: str, if_match: str) -> os.stat_result | None:
    """The file as it is, None if it is absent. Raises Conflict if that is not what ``if_match`` says."""
    found = disk.regular(path)
    if (ABSENT if found is None else _etag(found)) != if_match:
        raise Conflict(key)
    return found


def _claim(prefix: str, half_made: str, path: str) -> None:
    """Rename a folder; the disk lets it take the place of an empty one only."""
    try:
        os.rename(half_made, path)
    except OSError as error:
        if error.errno in OCCUPIED:
            raise Conflict(prefix) from None
        raise


def _contents(fd: int, size: int) -> bytes:
    """The first ``size`` bytes: what is appended meanwhile belongs to the next etag."""
    data = os.read(fd, size)
    while len(data) < size and (more := os.read(fd, size - len(data))):
        data += more
    return data


def _sync_folders(folder: str, above: list[str]) -> None:
    disk.sync_folder(folder)
    for changed in above:
        disk.sync_folder(changed)


def _joined(prefix: str, name: str) -> str:
    return f"{prefix}/{name}" if prefix else name
