"""Files changed as a whole or not at all: lock, re-read, apply the edit, write beside, sync, replace."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pocketrepo.config.errors import Locked, NotWritable
from pocketrepo.config.guard import Edit
from pocketrepo.config.locate import Place

LOCK_SECONDS = 30.0


@dataclass(frozen=True)
class FileEdit:
    """What shall happen to one file. ``private``: a secret goes in, so nobody else may read it (0600)."""

    path: Path
    edits: tuple[Edit[Any], ...] = field(repr=False)
    private: bool = False

    def applied(self, data: bytes | None) -> bytes | None:
        """The bytes after the edits; None stays None if there is nothing to write."""
        after = data or b""
        for edit in self.edits:
            after = edit.apply(after, self.path)
        return data if after == (data or b"") else after


@dataclass(frozen=True)
class FileChange:
    """One file's bytes before and after (None: no such file), and its mode before. Its repr shows no content."""

    path: Path
    before: bytes | None = field(repr=False)
    after: bytes | None = field(repr=False)
    mode: int | None = None
    private: bool = False

    @property
    def changed(self) -> bool:
        return self.before != self.after or bool(self.private and self.mode and self.mode & 0o077)


def current(path: Path) -> bytes | None:
    """The file's bytes, None if it does not exist.

    Raises: NotWritable if it is no regular file or cannot be read.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise NotWritable(path, "it is not a regular file")
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NotWritable(path, _reason(error)) from None


def preview(edit: FileEdit) -> FileChange:
    """What the edit would do to the file as it is now."""
    before = current(edit.path)
    mode = stat.S_IMODE(edit.path.stat().st_mode) if before is not None else None
    return FileChange(edit.path, before, edit.applied(before), mode, edit.private)


@contextlib.contextmanager
def locked(place: Place, paths: Sequence[Path], seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Exclusive among all processes of this user, for all the files at once; locks die with their process.

    Raises: Locked after ``seconds``.
    """
    from filelock import FileLock, Timeout

    folder = place.state / "locks"
    with contextlib.ExitStack() as stack:
        for path in sorted({real(path) for path in paths}):
            try:
                make_private(folder)
                stack.enter_context(FileLock(folder / f"{lock_name(path)}.lock", timeout=seconds, mode=0o600))
            except Timeout:
                raise Locked(path, seconds) from None
            except OSError as error:
                raise NotWritable(folder, _reason(error), hint="locks are kept there") from None
            temporary(path).unlink(missing_ok=True)  # what a killed process left behind
        yield


def lock_name(path: Path) -> str:
    """One name for all spellings of a path."""
    return hashlib.sha256(os.fsencode(real(path))).hexdigest()[:32]


def real(path: Path) -> Path:
    """The file behind any symbolic links: it is replaced, the links stay."""
    return Path(os.path.realpath(path))


def temporary(path: Path) -> Path:
    """Where the new bytes wait: beside the file, one name a file, so that nothing can pile up."""
    return path.with_name(f".{path.name}.pocketrepo-new")


def make_private(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def check_writable(path: Path) -> None:
    """Raises: NotWritable where replacing the file would go against its permissions or its links."""
    target = real(path)
    try:
        status = target.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise NotWritable(path, _reason(error)) from None
    if not status.st_mode & 0o222 or not os.access(target, os.W_OK):
        raise NotWritable(path, "it is read-only", hint="make it writable first")
    if status.st_nlink > 1:
        raise NotWritable(
            path, f"it has {status.st_nlink} hard links, which would part", hint="edit it by hand"
        )


def replace(path: Path, data: bytes | None, *, mode: int | None = None) -> None:
    """The file's new bytes in one step, durable when this returns; None removes the file.

    Permissions, owner and extended attributes stay; ``mode`` sets the permission bits. Call it under ``locked``.

    Raises: NotWritable, with the old file intact.
    """
    target = real(path)
    try:
        if data is None:
            target.unlink(missing_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            _write_beside(target, data, mode)
            temporary(target).replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary(target).unlink(missing_ok=True)
        raise NotWritable(path, _reason(error)) from None


def _write_beside(target: Path, data: bytes, mode: int | None) -> None:
    try:
        old = target.stat()
    except FileNotFoundError:
        old = None
    created = 0o600 if old or mode is not None else 0o666  # less the umask
    temporary(target).unlink(missing_ok=True)
    handle = os.open(temporary(target), os.O_WRONLY | os.O_CREAT | os.O_EXCL, created)
    with os.fdopen(handle, "wb") as file:
        if old:
            _copy_ownership(old, target, handle)
        if old or mode is not None:
            _chmod(handle, stat.S_IMODE(old.st_mode) if old and mode is None else mode or 0o600)
        file.write(data)
        file.flush()
        os.fsync(handle)


def _copy_ownership(old: os.stat_result, target: Path, handle: int) -> None:
    mine = os.fstat(handle)
    if hasattr(os, "fchown") and (old.st_uid, old.st_gid) != (mine.st_uid, mine.st_gid):
        os.fchown(handle, old.st_uid, old.st_gid)
    if hasattr(os, "listxattr"):
        with contextlib.suppress(OSError):
            for name in os.listxattr(target):
                os.setxattr(handle, name, os.getxattr(target, name))


def _chmod(handle: int, mode: int) -> None:
    if hasattr(os, "fchmod"):
        os.fchmod(handle, mode)


def _sync_folder(folder: Path) -> None:
    """A rename is durable once its folder is; Windows has no such call."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
