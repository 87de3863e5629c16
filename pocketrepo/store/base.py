"""What a backend must offer, and `Store.update`, the only retry loop in the project."""

from __future__ import annotations

import json
import secrets
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from pocketrepo.errors import Conflict, NewerFormat, NotFound, Unavailable
from pocketrepo.model import Json

SCHEMA: Final = 1
"""Format of the documents that this version writes; it reads this one and the one before."""
REMEMBERED_OPERATIONS: Final = 32
MAX_ATTEMPTS: Final = 100


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
        """Decoded. Raises NewerFormat if a later version of the project wrote it."""
        value: Json = json.loads(self.data)
        if value.get("schema", 0) > SCHEMA:
            raise NewerFormat(
                f"this data is in format {value['schema']}, this version reads up to {SCHEMA}",
                hint="upgrade pocketrepo",
            )
        return value


@dataclass(frozen=True, slots=True)
class Blob:
    """Large immutable bytes: a file of ``size`` bytes that can be opened at ``path``."""

    path: str
    size: int


Change = Callable[[Json | None], Json | None]
"""Takes a document's content (None: absent), returns the new content or None for "leave it as it is".

It may be called again when the write loses against another writer, so it must only compute. It may change
the object it is given and return it. An exception leaves the document as it was and reaches the caller.
"""

ABSENT: Final[Literal["absent"]] = "absent"
"""As ``if_match``: the document must not exist yet."""


@dataclass
class _Pending:
    """A change that waits in a document's queue for the thread that will write for all."""

    change: Change
    operation: str = field(default_factory=lambda: secrets.token_hex(8))
    done: bool = False
    result: Json | None = None
    error: BaseException | None = None


class Store(ABC):
    """Keys -> bytes with conditional writes. Every method may raise Unavailable (full disk, no such mount)."""

    def __init__(self) -> None:
        self._queues: dict[str, list[_Pending]] = {}
        self._writing: set[str] = set()
        self._turn = threading.Condition()

    @abstractmethod
    def read(self, key: str, unless: str | None = None) -> Doc | Unchanged:
        """The document, or `UNCHANGED` if its etag is still ``unless``. Raises NotFound. Never locks."""

    @abstractmethod
    def etag(self, key: str) -> str | None:
        """The document's etag without its bytes, None if it is absent. As cheap as one ``stat``."""

    @abstractmethod
    def write(self, key: str, data: bytes, *, if_match: str) -> str:
        """Write a document durably and atomically; returns its new etag, never seen before for this key.

        ``if_match`` is the etag it must be at, or `ABSENT`. Raises Conflict otherwise.
        """

    @abstractmethod
    def add(self, key: str, source: Path, *, durable: bool = True) -> None:
        """Move a finished file from `staging` to a new key. Durable when this returns, unless the bytes can be
        made again and the caller says so. Raises Conflict if the key exists."""

    @abstractmethod
    def copy(self, source: str, target: str) -> None:
        """The bytes at ``source`` also at the new key ``target``, by hard link where the backend can.
        Raises NotFound, Conflict."""

    @abstractmethod
    def open(self, key: str) -> Blob:
        """The bytes at a key that `add` or `copy` made. Raises NotFound."""

    @abstractmethod
    def list(self, prefix: str) -> Iterator[str]:
        """All keys under ``prefix`` (a whole segment path, ``""`` for everything), in order. Staging, locks and
        half-written files are not keys."""

    @abstractmethod
    def children(self, prefix: str) -> list[str]:
        """The next segments under ``prefix``, sorted: ``children("repos")`` are the owners."""

    @abstractmethod
    def remove(self, key: str, *, if_match: str | None = None) -> None:
        """Remove a document or blob, durably. No error if it is absent and ``if_match`` is None; raises Conflict
        if it is not at ``if_match``."""

    @abstractmethod
    def append(self, key: str, line: bytes) -> None:
        """Add one line (no newline in it) to a log, durably and whole, beside any number of other writers."""

    @property
    @abstractmethod
    def staging(self) -> Path:
        """A folder on the same file system as the blobs, for files on their way in. The caller removes what it
        does not `add`; `check` sweeps what crashes leave."""

    def get(self, key: str) -> Json | None:
        """The document's content, None if it is absent."""
        try:
            doc = self.read(key)
        except NotFound:
            return None
        assert isinstance(doc, Doc)
        return doc.json()

    def update(self, key: str, change: Change) -> Json | None:
        """Apply ``change`` to the document at ``key`` and write it; returns the content afterwards.

        Threads of this process queue, and the first of them writes once for all that wait: only processes
        compete. Each change succeeds or raises on its own. The document gets ``schema``, a growing ``rev`` and
        the ids of its last operations, so that its content never repeats and an ambiguous answer from a remote
        backend can be resolved.
        """
        mine = _Pending(change)
        with self._turn:
            self._queues.setdefault(key, []).append(mine)
            while not mine.done and key in self._writing:
                self._turn.wait()
            if mine.done:
                return self._outcome(mine)
            self._writing.add(key)
            batch = self._queues.pop(key)
        try:
            self._write_batch(key, batch)
        except BaseException as error:
            for pending in batch:
                pending.error = pending.error or error
        finally:
            with self._turn:
                self._writing.discard(key)
                for pending in batch:
                    pending.done = True
                self._turn.notify_all()
        return self._outcome(mine)

    def _write_batch(self, key: str, batch: list[_Pending]) -> None:
        for _attempt in range(MAX_ATTEMPTS):
            if self._try_batch(key, batch):
                return
        raise Unavailable(f"too many writers at {key}", hint="try again")

    def _try_batch(self, key: str, batch: list[_Pending]) -> bool:
        """One read, all changes, at most one write. False if another process wrote in between."""
        try:
            doc = self.read(key)
            assert isinstance(doc, Doc)
            etag, data = doc.etag, doc.data
            before: Json | None = doc.json()
        except NotFound:
            etag, data, before = ABSENT, b"", None
        current, applied = before, []
        for pending in batch:
            pending.error = None
            try:
                after = pending.change(current)
            except Exception as error:
                pending.error = error
                # The change may have touched the object before it failed: take the last good state again.
                current = _replay(data, [p for p in applied])
                continue
            if after is not None:
                current = after
                applied.append(pending)
            pending.result = current
        if not applied or current is None:
            return True
        current["schema"] = SCHEMA
        current["rev"] = current.get("rev", 0) + 1
        operations = [*current.get("ops", []), *(pending.operation for pending in applied)]
        current["ops"] = operations[-REMEMBERED_OPERATIONS:]
        try:
            self.write(key, encode(current), if_match=etag)
        except Conflict:
            return False
        return True

    @staticmethod
    def _outcome(pending: _Pending) -> Json | None:
        if pending.error is not None:
            raise pending.error
        return pending.result


def _replay(data: bytes, applied: list[_Pending]) -> Json | None:
    current: Json | None = json.loads(data) if data else None
    for pending in applied:
        current = pending.change(current)
        pending.result = current
    return current


def encode(value: Json) -> bytes:
    """A document's bytes: one line of JSON that a person can read."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
