"""What a backend must offer, and `Store.update`, the only retry loop in the project."""

from __future__ import annotations

import itertools
import json
import secrets
import shutil
import stat
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

from pocketrepo.errors import Conflict, Damaged, NewerFormat, NotFound, PocketRepoError, Unavailable
from pocketrepo.model import Json
from pocketrepo.store.combine import Combiner, Job
from pocketrepo.store.key import check_names

SCHEMA: Final = 1
"""Format of the documents that this version writes; it reads this one and the one before."""
REMEMBERED_OPERATIONS: Final = 32
PATIENCE: Final = 10.0
"""Seconds for which `Store.update` goes on losing against other writers."""
LONGEST_PAUSE: Final = 0.25
"""Seconds between two attempts at most; the first pauses are about a millisecond."""

_dice = secrets.SystemRandom()


class Unchanged:
    """The type of `UNCHANGED`."""

    def __repr__(self) -> str:
        return "UNCHANGED"


UNCHANGED: Final = Unchanged()
"""What `Store.read` answers when the document is still at the etag given as ``unless``."""


@dataclass(frozen=True, slots=True)
class Doc:
    """A small document: its bytes and the etag that a conditional write or read names."""

    data: bytes
    etag: str

    def json(self) -> Json:
        """Decoded. Raises NewerFormat if a later version of the project wrote it, Damaged if nobody did."""
        try:
            value = json.loads(self.data)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise Damaged("the data is not a JSON object", hint="restore the file from a backup")
        if value.get("schema", 0) > SCHEMA:
            raise NewerFormat(
                f"this data is in format {value['schema']}, this version reads up to {SCHEMA}",
                hint="upgrade pocketrepo",
            )
        return value


@dataclass(frozen=True, slots=True)
class Blob:
    """Immutable bytes: a file of ``size`` bytes that can be opened at ``path``, or ``data`` where an index
    keeps them in memory."""

    path: str
    size: int
    data: bytes | None = None


Change = Callable[[Json | None], Json | None]
"""Takes a document's content (None: absent), returns the new content or None for "leave it as it is".

It may be called again when the write loses against another writer, so it must only compute. It may change
the object it is given and return it. An exception leaves the document as it was and reaches the caller.
"""

ABSENT: Final[Literal["absent"]] = "absent"
"""As ``if_match``: the document must not exist yet."""


Names = list[str]
_Changes = list[Job[Change, Json | None]]


class Store(ABC):
    """Keys -> bytes with conditional writes.

    What is no key (`pocketrepo.store.key`) raises ValueError, as only a mistake of the project makes it. No key
    may continue another one. Every method may raise Unavailable (full disk, stuck lock, no answer).
    """

    def __init__(self) -> None:
        self._changes: Combiner[Change, Json | None] = Combiner()

    @abstractmethod
    def read(self, key: str, unless: str | None = None) -> Doc | Unchanged:
        """The document, or `UNCHANGED` if its etag is still ``unless``. Raises NotFound. Never locks."""

    @abstractmethod
    def etag(self, key: str) -> str | None:
        """The document's etag without its bytes, None if it is absent. As cheap as one ``stat``."""

    def watch(self, key: str, etag: str) -> Callable[[], bool]:
        """Something to ask, any number of times, whether the document is still at ``etag``: the cheapest of all
        questions, and one that is never answered with a fault."""
        return lambda: self.etag(key) == etag

    @abstractmethod
    def write(self, key: str, data: bytes, *, if_match: str) -> str:
        """Write a document durably and atomically; returns its new etag, never seen before for this key.

        ``if_match`` is the etag it must be at, or `ABSENT`. Raises Conflict otherwise.
        """

    @abstractmethod
    def add(self, key: str, source: Path, *, durable: bool = True) -> None:
        """Move a finished file from `staging` to a new key.

        Durable when this returns, unless the bytes can be made again and the caller says so: then the key
        may be absent or incomplete after a power cut. Raises Conflict if the key exists; the file stays in
        staging then.
        """

    def add_all(self, prefix: str, sources: Mapping[str, Path], *, derived: Container[str] = ()) -> None:
        """Move finished files from `staging` to the keys ``prefix/NAME``, at less cost than one by one.

        All are durable when this returns, but for the bytes of those in ``derived``, which can be made
        again from the others. If it raises, no key was added, and the caller removes what is left of the
        files. Raises Conflict if there is any key under ``prefix``; `add` alone can extend what it made.
        """
        check_names(prefix, sources)
        if any(self.list(prefix)):
            raise Conflict(prefix)
        added: Names = []
        try:
            for name, source in sources.items():
                self.add(f"{prefix}/{name}", source, durable=name not in derived)
                added.append(name)
        except BaseException:
            for name in added:
                self.remove(f"{prefix}/{name}")
            raise

    @abstractmethod
    def copy(self, source: str, target: str) -> None:
        """The bytes at ``source`` also at the new key ``target``, durably and by hard link where the
        backend can; removing one leaves the other. Raises NotFound, Conflict."""

    @abstractmethod
    def open(self, key: str) -> Blob:
        """The bytes at a key that `add` or `copy` made. Raises NotFound."""

    @abstractmethod
    def list(self, prefix: str) -> Iterator[str]:
        """All keys under ``prefix`` (a whole segment path, ``""`` for everything), ordered as strings.
        Staging, locks and half-written files are not keys."""

    @abstractmethod
    def children(self, prefix: str) -> Names:
        """The next segments of the keys under ``prefix``, sorted: ``children("repos")`` are the owners."""

    @abstractmethod
    def remove(self, key: str, *, if_match: str | None = None) -> None:
        """Remove a document or blob, durably. No error if it is absent and ``if_match`` is None; raises
        Conflict if it is not at ``if_match``."""

    @abstractmethod
    def append(self, key: str, *lines: bytes) -> None:
        """Add lines (no newline in them) to a log, durably and whole, beside any number of other writers.
        The log reads as a document."""

    @property
    @abstractmethod
    def staging(self) -> Path:
        """A folder on the same file system as the blobs, for files on their way in. The caller removes what
        it does not `add`; `sweep` removes what crashes leave."""

    def sweep(self, *, older_than: float, dry_run: bool = False) -> Names:
        """Remove what crashes left in `staging` or half-made: whatever last changed more than ``older_than``
        seconds ago. Returns the paths, which ``dry_run`` only finds."""
        return sweep_files(self.staging.iterdir(), older_than=older_than, dry_run=dry_run)

    def get(self, key: str) -> Json | None:
        """The document's content, None if it is absent. Raises NewerFormat, Damaged."""
        return _content(key, self._doc(key))

    def update(self, key: str, change: Change) -> Json | None:
        """Apply ``change`` to the document at ``key`` and write it; returns the content afterwards.

        Threads of this process queue, and the first of them writes once for all that wait: only processes
        compete. Each change succeeds or raises on its own; if the write itself fails, so do all that waited
        for it. The document gets ``schema``, a growing ``rev`` and the ids of the last writes, so that its
        content never repeats and a backend that is unsure whether a write happened may answer Conflict: it
        is looked up. Raises what ``change`` raises, NewerFormat, Damaged.
        """
        return self._changes.run(key, change, partial(self._write_for_all, key))

    def _exclusive(self, key: str) -> AbstractContextManager[None]:
        """Keeps other processes from writing ``key`` where the backend can, so that none works in vain.
        What an update relies on is the conditional write alone."""
        return nullcontext()

    def _write_for_all(self, key: str, changes: _Changes) -> None:
        try:
            self._write_together(key, changes)
        except PocketRepoError:
            raise
        except Exception:
            if len(changes) == 1:
                raise
            # One of them made content that has no JSON. The others are not to fail with it.
            for job in changes:
                try:
                    self._write_together(key, [job])
                except Exception as error:
                    job.error = error

    def _write_together(self, key: str, changes: _Changes) -> None:
        operation = secrets.token_hex(8)
        deadline = time.monotonic() + PATIENCE
        for attempt in itertools.count():
            with self._exclusive(key):
                if self._attempt(key, changes, operation):
                    return
            if time.monotonic() > deadline:
                raise Unavailable(f"too many writers at {key}", hint="try again")
            time.sleep(_dice.uniform(0, min(LONGEST_PAUSE, 0.001 * 2 ** min(attempt, 10))))

    def _attempt(self, key: str, changes: _Changes, operation: str) -> bool:
        """One read, all changes, at most one write. False if another writer came in between."""
        doc = self._doc(key)
        content = _content(key, doc)
        rev, operations = (content.get("rev", 0), content.get("ops", [])) if content else (0, [])
        if operation in operations:
            _hand_out(changes, content)
            return True
        operations = [*operations, operation][-REMEMBERED_OPERATIONS:]
        content, made = _apply(changes, key, doc, content)
        if made and content is not None:
            content |= {"schema": SCHEMA, "rev": rev + 1, "ops": operations}
            try:
                self.write(key, encode(content), if_match=doc.etag if doc else ABSENT)
            except Conflict:
                return False
        _hand_out(changes, content)
        return True

    def _doc(self, key: str) -> Doc | None:
        try:
            doc = self.read(key)
        except NotFound:
            return None
        assert isinstance(doc, Doc)
        return doc


def _apply(changes: _Changes, key: str, doc: Doc | None, content: Json | None) -> tuple[Json | None, bool]:
    """The content after all changes, and whether any of them made it.

    One that raises or returns None may have touched the object before: those that came through run again on a
    fresh one.
    """
    through: _Changes = []
    for job in changes:
        job.error = None
        try:
            after = job.work(content)
        except Exception as error:
            job.error, after = error, None
        if after is not None:
            content = after
            through.append(job)
        else:
            content = _content(key, doc)
            for earlier in through:
                content = earlier.work(content)
    return content, bool(through)


def _hand_out(changes: _Changes, content: Json | None) -> None:
    """Each caller gets an object of its own."""
    first, *others = changes
    first.result = content
    if others:
        data = json.dumps(content)
        for job in others:
            job.result = json.loads(data)


def _content(key: str, doc: Doc | None) -> Json | None:
    try:
        return None if doc is None else doc.json()
    except (Damaged, NewerFormat) as error:
        raise type(error)(f"{key}: {error.message}", hint=error.hint) from None


def encode(value: Json) -> bytes:
    """A document's bytes: one line of JSON that a person can read."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def log_lines(lines: Sequence[bytes]) -> bytes:
    """As they stand in a log. Raises ValueError for one that would be two."""
    if any(b"\n" in line for line in lines):
        raise ValueError("a line of a log has no newline in it")
    return b"".join(line + b"\n" for line in lines)


def sweep_files(paths: Iterable[Path], *, older_than: float, dry_run: bool) -> list[str]:
    """Remove files and folders by their age in seconds; returns the paths of those that are old enough."""
    found = []
    for path in paths:
        with suppress(FileNotFoundError):
            status = path.lstat()
            if time.time() - status.st_ctime > older_than:
                found.append(str(path))
                if not dry_run:
                    shutil.rmtree(path) if stat.S_ISDIR(status.st_mode) else path.unlink()
    return found
