"""A project, or the list of projects, as of one etag, and the bounded memo that keeps them.

This is the only cache in the server. A Snapshot never changes, so its pages are rendered once and there is
nothing to invalidate: every request asks the store whether the etag still holds, and a new etag is a new
Snapshot.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pocketrepo import simpleapi
from pocketrepo.model import Project, ProjectList
from pocketrepo.simpleapi import Format

GZIP_LEVEL = 5
MIN_GZIP_SIZE = 600
"""Below about a network packet, compression saves nothing."""

PAGE_SAFETY = [
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox"),
    ("referrer-policy", "no-referrer"),
]

PAGE_COST = 2048
"""About the bytes of memory that a kept file takes beside its body."""

T = TypeVar("T", bound=Project | ProjectList)


@dataclass(frozen=True, slots=True)
class Page:
    """One representation, ready to send. ``etag`` is a digest of exactly these bytes, quoted (RFC 9110 §8.8.3)."""

    body: bytes
    etag: str
    headers: list[tuple[str, str]]
    not_modified_headers: list[tuple[str, str]]


class Snapshot(Generic[T]):
    """``value`` as of ``etag``; pages are made on first use and kept.

    ``room`` is how many bytes of small files may be kept beside them: none where a file's bytes can change
    while it is listed.
    """

    __slots__ = ("_files", "_grow", "_lock", "_pages", "_room", "cost", "etag", "value")

    def __init__(self, value: T, etag: str, *, cost: int, room: int = 0) -> None:
        self.value = value
        self.etag = etag
        self.cost = cost
        # By content type: an Enum's own hash is Python code, and this is asked at every request.
        self._pages: dict[tuple[str, bool], Page] = {}
        self._files: dict[tuple[str, str], Page] = {}
        self._room = room
        self._lock = threading.Lock()
        self._grow: Callable[[int], None] | None = None

    def ready(self, format: Format, compressed: bool) -> Page | None:
        """The page if it has been rendered already."""
        return self._pages.get((format.content_type, compressed))

    def page(self, format: Format, compressed: bool = False) -> Page:
        """The page in ``format``, gzipped if asked for and worth it."""
        key = (format.content_type, compressed)
        page = self._pages.get(key)
        if page is not None:
            return page
        with self._lock:
            return self._pages.get(key) or self._render(format, compressed)

    def file(self, key: str, filename: str) -> Page | None:
        """A small file that was kept."""
        return self._files.get((key, filename))

    def keep(self, key: str, filename: str, page: Page) -> None:
        """Keep a small file of this project while there is room."""
        cost = len(page.body) + PAGE_COST
        with self._lock:
            if cost > self._room or (key, filename) in self._files:
                return
            self._room -= cost
            self._files[key, filename] = page
            grow = self._grow
        if grow:
            grow(cost)

    def _render(self, format: Format, compressed: bool) -> Page:
        if compressed:
            plain = self._pages.get((format.content_type, False)) or self._render(format, False)
            if len(plain.body) < MIN_GZIP_SIZE:
                page = plain
            else:
                page = _page(gzip.compress(plain.body, GZIP_LEVEL, mtime=0), format, encoding="gzip")
        else:
            page = _page(simpleapi.render(self.value, format), format)
        self._pages[format.content_type, compressed] = page
        if self._grow:
            self._grow(len(page.body))
        return page


def _page(body: bytes, format: Format, encoding: str = "") -> Page:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    shared = [
        ("etag", etag),
        ("vary", "Accept, Accept-Encoding"),
        # Clients must ask each time: a page that looked fresh would hide a version pushed a second ago.
        ("cache-control", "no-cache"),
    ]
    headers = [
        ("content-type", format.content_type),
        ("content-length", str(len(body))),
        *shared,
        *PAGE_SAFETY,
    ]
    if encoding:
        headers.append(("content-encoding", encoding))
    return Page(body, etag, headers, shared)


@dataclass
class Memo:
    """Snapshots by key, the least recently used dropped first, at most ``limit`` bytes in all.

    Threads that want the same missing key wait for the one that loads it.
    """

    limit: int
    _held: OrderedDict[str, Snapshot[Any]] = field(default_factory=OrderedDict)
    _size: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _loading: dict[str, threading.Lock] = field(default_factory=dict)

    def get(self, key: str) -> Snapshot[Any] | None:
        held = self._held
        snapshot = held.get(key)
        if snapshot is not None:
            try:  # noqa: SIM105  asked at every request, and suppress() takes longer than the rest
                held.move_to_end(key)
            except KeyError:
                pass  # dropped by another thread in between; the snapshot is still good
        return snapshot

    def loading(self, key: str) -> threading.Lock:
        """A lock to hold while the snapshot at ``key`` is loaded."""
        with self._lock:
            return self._loading.setdefault(key, threading.Lock())

    def put(self, key: str, snapshot: Snapshot[Any]) -> None:
        with self._lock:
            old = self._held.pop(key, None)
            if old is not None:
                old._grow = None
                self._size -= old.cost
            self._held[key] = snapshot
            self._size += snapshot.cost
            self._loading.pop(key, None)
            snapshot._grow = lambda size: self._grown(key, snapshot, size)
            self._shrink()

    def _grown(self, key: str, snapshot: Snapshot[Any], size: int) -> None:
        with self._lock:
            if self._held.get(key) is snapshot:
                snapshot.cost += size
                self._size += size
                self._shrink()

    def _shrink(self) -> None:
        while self._size > self.limit and len(self._held) > 1:
            _key, old = self._held.popitem(last=False)
            old._grow = None
            self._size -= old.cost
