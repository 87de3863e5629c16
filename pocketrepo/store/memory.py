"""The store as a dictionary, for tests and throw-away repositories; only blobs are files."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pocketrepo.errors import Conflict, NotFound
from pocketrepo.store.base import ABSENT, UNCHANGED, Blob, Doc, Names, Store, Unchanged, log_lines
from pocketrepo.store.key import check_key, check_prefix


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is at a key: a document's bytes or a blob's file."""

    etag: str
    value: bytes | Path


class MemoryStore(Store):
    """Keeps what a `FileStore` promises for as long as it lives, within one process.

    Blobs lie in a temporary folder that goes with it, and so do files on their way in unless ``staging``
    names a folder for them.
    """

    def __init__(self, staging: Path | None = None) -> None:
        super().__init__()
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.RLock()
        self._number = itertools.count(1)
        self._staging = staging

    def read(self, key: str, unless: str | None = None) -> Doc | Unchanged:
        entry = self._entry(key)
        if entry.etag == unless:
            return UNCHANGED
        data = entry.value if isinstance(entry.value, bytes) else entry.value.read_bytes()
        return Doc(data, entry.etag)

    def etag(self, key: str) -> str | None:
        check_key(key)
        entry = self._entries.get(key)
        return entry.etag if entry is not None else None

    def write(self, key: str, data: bytes, *, if_match: str) -> str:
        with self._lock:
            self._require(key, if_match)
            return self._put(key, data)

    def add(self, key: str, source: Path, *, durable: bool = True) -> None:
        with self._lock:
            self._require(key, ABSENT)
            path = self._folder / f"blob-{next(self._number)}"
            shutil.move(source, path)
            self._put(key, path)

    def copy(self, source: str, target: str) -> None:
        with self._lock:
            entry = self._entry(source)
            self._require(target, ABSENT)
            self._put(target, entry.value)

    def open(self, key: str) -> Blob:
        path = self._entry(key).value
        if isinstance(path, bytes):
            raise NotFound(f"no file is stored at {key}")
        return Blob(str(path), path.stat().st_size)

    def list(self, prefix: str) -> Iterator[str]:
        check_prefix(prefix)
        beginning = f"{prefix}/" if prefix else ""
        with self._lock:
            return iter(sorted(key for key in self._entries if key.startswith(beginning)))

    def children(self, prefix: str) -> Names:
        beginning = len(prefix) + 1 if prefix else 0
        return sorted({key[beginning:].partition("/")[0] for key in self.list(prefix)})

    def remove(self, key: str, *, if_match: str | None = None) -> None:
        with self._lock:
            if if_match is not None:
                self._require(key, if_match)
            check_key(key)
            removed = self._entries.pop(key, None)
            values = [entry.value for entry in self._entries.values()]
            if removed is not None and isinstance(removed.value, Path) and removed.value not in values:
                removed.value.unlink()

    def append(self, key: str, *lines: bytes) -> None:
        with self._lock:
            before = b"" if self.etag(key) is None else self._entries[key].value
            assert isinstance(before, bytes)
            self._put(key, before + log_lines(lines))

    @property
    def staging(self) -> Path:
        folder = self._staging or self._folder / "staging"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @cached_property
    def _folder(self) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="pocketrepo-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    def _entry(self, key: str) -> _Entry:
        check_key(key)
        entry = self._entries.get(key)
        if entry is None:
            raise NotFound(f"nothing is stored at {key}")
        return entry

    def _require(self, key: str, if_match: str) -> None:
        if (self.etag(key) or ABSENT) != if_match:
            raise Conflict(key)

    def _put(self, key: str, value: bytes | Path) -> str:
        etag = str(next(self._number))
        self._entries[key] = _Entry(etag, value)
        return etag
