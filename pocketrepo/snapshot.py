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


@dataclass(frozen=True, eq=False, slots=True)
class Representation:
    """A form in which a page can be sent. There is one object of each, so that they are told apart by identity:
    an Enum's hash is Python code, and this is asked at every request."""

    format: Format
    compressed: bool


REPRESENTATIONS = {
    (format, compressed): Representation(format, compressed)
    for format in Format
    for compressed in (False, True)
}


@dataclass(slots=True)
class Page:
    """One representation, ready to send. ``etag`` is a digest of exactly these bytes, quoted (RFC 9110 §8.8.3)."""

    body: bytes
    etag: str
    headers: list[tuple[str, str]]
    not_modified_headers: list[tuple[str, str]]
    _private: Page | None = field(default=None, repr=False, compare=False)

    def private(self) -> Page:
        """The same page for one reader alone; made once."""
        page = self._private
        if page is None:
            headers, not_modified = kept_private(self.headers), kept_private(self.not_modified_headers)
            page = self._private = Page(self.body, self.etag, headers, not_modified)
        return page


def kept_private(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same, for an answer that only this reader may have: shared caches must not keep it (RFC 9111 §5.2.2.7)."""
    return [
        (name, f"private, {value.removeprefix('public, ')}") if name == "cache-control" else (name, value)
        for name, value in headers
    ]


class Snapshot(Generic[T]):
    """``value`` as of ``etag``; pages are made on first use and kept.

    ``room`` is how many bytes of small files may be kept beside them: none where a file's bytes can change
    while it is listed. ``stands`` tells whether the etag is still the newest.
    """

    __slots__ = ("_files", "_grow", "_lock", "_pages", "_room", "cost", "etag", "stands", "value")

    def __init__(
        self, value: T, etag: str, *, cost: int, room: int = 0, stands: Callable[[], bool] = lambda: False
    ) -> None:
        self.value = value
        self.etag = etag
        self.cost = cost
        self.stands = stands
        self._pages: dict[Representation, Page] = {}
        self._files: dict[tuple[str, str], Page] = {}
        self._room = room
        self._lock = threading.Lock()
        self._grow: Callable[[int], None] | None = None

    def ready(self, wanted: Representation) -> Page | None:
        """The page if it has been rendered already."""
        return self._pages.get(wanted)

    def page(self, wanted: Representation) -> Page:
        """The page, gzipped if that is wanted and worth it."""
        page = self._pages.get(wanted)
        if page is not None:
            return page
        with self._lock:
            return self._pages.get(wanted) or self._render(wanted)

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

    def _render(self, wanted: Representation) -> Page:
        format = wanted.format
        if wanted.compressed:
            as_it_is = REPRESENTATIONS[format, False]
            plain = self._pages.get(as_it_is) or self._render(as_it_is)
            if len(plain.body) < MIN_GZIP_SIZE:
                page = plain
            else:
                page = _page(gzip.compress(plain.body, GZIP_LEVEL, mtime=0), format, encoding="gzip")
        else:
            page = _page(simpleapi.render(self.value, format), format)
        self._pages[wanted] = page
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
