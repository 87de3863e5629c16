"""The few things a `FileStore` does to a disk: flush, make room, move without overwriting, and say what
failed."""

# Joined strings, as in file.py: pathlib costs more than most of these calls.
from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Final, TypeVar

from pocketrepo.errors import Unavailable

TEMPORARY: Final = ".tmp-"
"""How the names of files and folders begin that are not finished."""
READ: Final = os.O_RDONLY | os.O_CLOEXEC
CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
NO_LINKS: Final = frozenset(
    {errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV}
)
"""What ``link`` answers where there are no hard links, or none between these two folders."""
RACES: Final = 100
"""How often a folder that was just made may be pruned by another process before we give up."""
CLOCK_STEPS: Final = (1, 1_000, 2_000_000_000)
"""Nanoseconds by which a modification time grows: as kept by ext4, by others, and by the coarsest (FAT)."""

_FAILURES: Final = {
    errno.ENOENT: ("a file or folder that it needs is gone", "try again"),
    errno.ENOSPC: ("the disk is full", "free some space"),
    errno.EDQUOT: ("the disk quota is used up", "free some space or ask for more"),
    errno.EROFS: ("the disk is read-only", "mount it writable, or choose another root"),
    errno.EACCES: ("permission denied", "check who owns the root folder"),
    errno.EPERM: ("permission denied", "check who owns the root folder"),
    errno.EMFILE: ("too many open files", "raise the limit (ulimit -n)"),
    errno.ENFILE: ("too many open files", "raise the limit of the system"),
    errno.EIO: ("the disk reports an error", "check the disk"),
    errno.ENOLCK: ("locks do not work on this file system", "put the root on a local disk"),
    errno.ELOOP: ("a symbolic link is in its place", "remove the link"),
    errno.ENAMETOOLONG: ("its name is too long for this disk", "choose a shorter one"),
}

EXHAUSTED: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO}
)
"""What a call answers where the machine, and not its caller, is at fault."""

T = TypeVar("T")

_flushes: ContextVar[bool] = ContextVar("flushes", default=True)


@contextmanager
def telling(doing: str) -> Iterator[None]:
    """Turn an OSError in the block into `Unavailable`."""
    try:
        yield
    except OSError as error:
        raise unavailable(doing, error) from error


def unavailable(doing: str, error: OSError) -> Unavailable:
    """``doing`` says what was tried, as in "write accounts.json"."""
    fallback = (error.strerror or str(error), "check the disk of the root folder")
    what, hint = _FAILURES.get(error.errno or 0, fallback)
    return Unavailable(f"cannot {doing}: {what}", hint=hint)


def regular(path: str) -> os.stat_result | None:
    """The ``stat`` of a file, None if there is none."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def flush(fd: int, how: Callable[[int], None] | None = None) -> None:
    """On the disk when this returns: what was written to a file, or a folder's names; except within `unflushed`."""
    if _flushes.get():
        (how or os.fsync)(fd)


@contextmanager
def unflushed() -> Iterator[None]:
    """Within the block, and for this thread, nothing waits for the disk: for data that is thrown away."""
    token = _flushes.set(False)
    try:
        yield
    finally:
        _flushes.reset(token)


def sync_file(path: str | os.PathLike[str]) -> None:
    """On the disk when this returns: a file's bytes."""
    fd = os.open(path, READ)
    try:
        flush(fd)
    finally:
        os.close(fd)


def sync_folder(path: str) -> None:
    """On the disk when this returns: which names a folder has. If it was pruned meanwhile, that it is
    gone."""
    while True:
        try:
            fd = os.open(path, READ | os.O_DIRECTORY)
        except FileNotFoundError:
            path = os.path.dirname(path)
            continue
        try:
            flush(fd)
        except OSError as error:
            # Some network and FUSE file systems have no such operation for folders.
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(fd)
        return


def in_folder(folder: str, place: Callable[[], T]) -> tuple[T, list[str]]:
    """Call ``place``, which makes something in ``folder``; the folder and those above it are made if need be.

    Returns its result and the folders that have new folders in them, for `sync_folder`. Holds against others
    that prune empty folders meanwhile. Raises OSError.
    """
    changed: list[str] = []
    for _ in range(RACES):
        try:
            return place(), changed
        except FileNotFoundError:
            with suppress(FileNotFoundError):
                _make_folder(folder, changed)
    return place(), changed


def _make_folder(folder: str, changed: list[str]) -> None:
    above = os.path.dirname(folder)
    with suppress(FileExistsError):
        try:
            os.mkdir(folder)
        except FileNotFoundError:
            _make_folder(above, changed)
            os.mkdir(folder)
        changed.append(above)


def prune(folder: str, top: str) -> None:
    """Remove ``folder`` and those above it, up to but without ``top``, as far as they are empty."""
    with suppress(OSError):
        while folder != top:
            os.rmdir(folder)
            folder = os.path.dirname(folder)


def temporary_in(folder: str) -> str:
    return f"{folder}/{TEMPORARY}{secrets.token_hex(8)}"


@contextmanager
def temporary(folder: str) -> Iterator[tuple[int, str, list[str]]]:
    """A new file (mode 0600) in ``folder``: its descriptor, its path and what `in_folder` made.

    If the block raises, the file is gone; otherwise the block has renamed it.
    """
    path = temporary_in(folder)
    fd, made = in_folder(folder, lambda: os.open(path, CREATE, 0o600))
    try:
        yield fd, path, made
    except BaseException:
        with suppress(OSError):
            os.unlink(path)
        raise
    finally:
        os.close(fd)


def write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def fill(fd: int, data: bytes, before: os.stat_result | None) -> os.stat_result:
    """Write and flush the successor of a file, with its mode, its owner and a later modification time."""
    write_all(fd, data)
    if before is not None:
        os.fchmod(fd, stat.S_IMODE(before.st_mode))
        if before.st_uid != os.geteuid():
            with suppress(PermissionError):
                os.fchown(fd, before.st_uid, before.st_gid)
    # The kernel's own stamps stand still for some milliseconds, so two writes could look the same.
    last = before.st_mtime_ns if before is not None else 0
    for step in CLOCK_STEPS:
        then = max(time.time_ns(), last + step)
        os.utime(fd, ns=(then, then))
        if os.fstat(fd).st_mtime_ns > last:
            break
    flush(fd)
    return os.fstat(fd)


def link_new(source: str, target: str) -> bool:
    """A second name for a file; False where the disk cannot do that. Raises FileExistsError."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        return False
    return True


def carry(source: str, target: str) -> None:
    """Rename a file, also from another disk. Overwrites."""
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with temporary(os.path.dirname(target)) as (_fd, copy, _made):
            shutil.copyfile(source, copy)
            sync_file(copy)
            os.rename(copy, target)
        os.unlink(source)
