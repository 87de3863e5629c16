"""The one function that answers GET and HEAD of simple pages, files and metadata.

Flask's routes call `Front.answer`. The server calls `Front.handle` first, before anything builds a request: it
answers what takes no more than a few ``stat`` calls, by the same steps, and leaves the rest to a thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import formatdate
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from packaging.utils import NormalizedName

from pocketrepo import simpleapi
from pocketrepo.errors import NoSuchProject, NoSuchRepository
from pocketrepo.hosts import Hosts
from pocketrepo.index import METADATA_SUFFIX, Index, listed
from pocketrepo.model import File, Project, RepositoryName, normalize
from pocketrepo.repository import Repository, Root
from pocketrepo.simpleapi import Format
from pocketrepo.snapshot import REPRESENTATIONS, Page, Representation, Snapshot
from pocketrepo.store import Blob

Headers = list[tuple[str, str]]
Header = Callable[[str], str | None]
"""Looks a request header up by its lower-case name."""

REMEMBERED_LENGTH = 500
"""Characters of headers up to which is remembered what they ask for."""
MAX_PLAIN_PATH = 400
"""Characters; what is remembered of paths stays small, whatever is asked for."""
MAX_ROUTES = 16_384
"""Paths of which is remembered where they lead; each takes about half a kilobyte."""
SMALL_FILE = 32 * 1024
"""Bytes up to which a file is read at once, and kept: opening it costs more than sending it."""


class Span(NamedTuple):
    """Bytes ``start`` up to, not including, ``stop`` of a file."""

    path: str
    start: int
    stop: int


class Answer(NamedTuple):
    """What goes back: ``body`` is bytes or a span of a file; for HEAD the caller sends none of it."""

    status: int
    headers: Headers
    body: bytes | Span = b""


class Target(NamedTuple):
    """What a path names below its repository: ``rest`` is ``simple/``, ``simple/NAME/`` or ``files/…``."""

    repository: RepositoryName | None
    kind: str
    name: str = ""
    key: str = ""
    filename: str = ""


_PLAIN = r"[A-Za-z0-9._-]+"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}")
_PATH = re.compile(
    rf"(?:/(?P<owner>[a-z0-9][a-z0-9_-]{{0,62}})/(?P<repo>[a-z0-9][a-z0-9_-]{{0,62}}))?"
    rf"/(?:(?P<simple>simple)(?:/(?P<name>{_PLAIN}))?/"
    rf"|(?P<files>files)/(?P<project>{_PLAIN})/(?P<key>[0-9a-f]{{16}})/(?P<filename>[A-Za-z0-9._+!-]+))\Z"
)


def parse(path: str) -> Target | None:
    """A path in its plainest spelling, as clients send it; None for anything else, which Flask then judges."""
    found = _PATH.match(path)
    if found is None:
        return None
    owner, repo, simple, name, _files, project, key, filename = found.groups()
    repository = RepositoryName(owner, repo) if owner else None
    if simple:
        return Target(repository, "project" if name else "projects", name or "")
    return Target(repository, "file", project, key, filename)


class Route(NamedTuple):
    """What a path leads to while ``stands()``, which is as long as its repository's document is not rewritten."""

    stands: Callable[[], bool]
    find: Callable[[], Snapshot[Any] | None]
    """The project, or the list of projects, if that takes no more than a ``stat``."""
    source: Index
    file: tuple[str, str] | None = None
    """KEY and name of a file."""


@dataclass
class Front:
    """Answers for one root. Access is asked before any index."""

    root: Root
    hosts: Hosts

    _routes: dict[str, Route] = field(default_factory=dict)

    def handle(self, path: str, header: Header) -> Answer | None:
        """For the server: an answer if it can be given at once, else None. Never raises, never blocks."""
        if not self.hosts.permits(header("host")):
            return None
        try:
            route = self._routes.get(path)
            if route is None or not route.stands():
                route = self._find_route(path, header)
                if route is None:
                    return None
            snapshot = route.find()
            if snapshot is None:
                return None
            if route.file is not None:
                return _file_answer(route.source, snapshot, *route.file, header)
            wanted = _representation(header)
            page = snapshot.ready(wanted) if wanted else None
            return None if page is None else answer_page(page, header)
        except Exception:
            # Said properly, and a fault logged, by the application.
            return None

    def answer(self, target: Target, header: Header) -> Answer:
        """The answer to a GET. Raises PocketRepoError."""
        index = self.repository(target.repository, header).index
        if target.kind == "projects":
            return _page_answer(index.projects(), header)
        name = _normalized(target.name)
        if target.kind == "file":
            return _file_answer(index, index.project(name), target.key, target.filename, header)
        if name != target.name:
            return redirect(f"../{name}/")
        return _page_answer(index.project(name), header)

    def _find_route(self, path: str, header: Header) -> Route | None:
        """Where a path in its plainest spelling leads; None for all others. Raises PocketRepoError."""
        target = parse(path) if len(path) <= MAX_PLAIN_PATH else None
        if target is None:
            return None
        repository = self.repository(target.repository, header)
        index = repository.index
        if target.kind == "projects":
            route = Route(repository.stands, index.resident_projects, index)
        else:
            name = _normalized(target.name)
            if name != target.name:
                return None
            file = (target.key, target.filename) if target.kind == "file" else None
            route = Route(repository.stands, index.finder(name), index, file)
        if len(self._routes) >= MAX_ROUTES:
            self._routes.clear()
        self._routes[path] = route
        return route

    def repository(self, name: RepositoryName | None, header: Header) -> Repository:
        """The repository that may be read with this request's credentials. Public ones ignore them."""
        root = self.root
        try:
            return root.repository(name or root.default)
        except NoSuchRepository as missing:
            access = root.access
            raise access.hide(access.identify(header("authorization")), missing) from None


def _page_answer(snapshot: Snapshot[Any], header: Header) -> Answer:
    wanted = _representation(header)
    return not_acceptable() if wanted is None else answer_page(snapshot.page(wanted), header)


def _file_answer(index: Index, snapshot: Snapshot[Any], key: str, filename: str, header: Header) -> Answer:
    """Raises NoSuchFile."""
    kept = snapshot.file(key, filename)
    if kept is not None and header("range") is None and header("if-modified-since") is None:
        return answer_page(kept, header)
    project: Project = snapshot.value
    file, is_metadata = listed(project, key, filename)
    blob = index.file(project.name, key, filename)
    answer = answer_file(file, blob, is_metadata, header)
    if answer.status != 200 or blob.size > SMALL_FILE or not isinstance(answer.body, Span):
        return answer
    page = _read(answer.headers, answer.body)
    snapshot.keep(key, filename, page)
    return Answer(200, page.headers, page.body)


@lru_cache(4096)
def _normalized(name: str) -> NormalizedName:
    """Raises NoSuchProject for what no project can be called."""
    if not _NAME.fullmatch(name):
        raise NoSuchProject(name)
    return normalize(name)


def answer_page(page: Page, header: Header) -> Answer:
    """The page, or 304 if the client has it (RFC 9110 §13.1.2)."""
    match = header("if-none-match")
    if match is not None and _matches(match, page.etag):
        return Answer(304, page.not_modified_headers)
    return Answer(200, page.headers, page.body)


def answer_file(file: File, blob: Blob, is_metadata: bool, header: Header) -> Answer:
    """A file or its metadata: immutable, with validators and one byte range (RFC 9110 §13, §14)."""
    digest = file.metadata_sha256 if is_metadata else file.sha256
    etag = f'"{digest}"'
    headers = [
        ("etag", etag),
        ("last-modified", _http_date(file.upload_time)),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("accept-ranges", "bytes"),
    ]
    match = header("if-none-match")
    if match is not None:
        if _matches(match, etag):
            return Answer(304, headers)
    elif header("if-modified-since") == headers[1][1]:
        return Answer(304, headers)
    name = file.filename + METADATA_SUFFIX if is_metadata else file.filename
    headers += [
        ("content-type", "text/plain; charset=utf-8" if is_metadata else "application/octet-stream"),
        ("content-disposition", f"attachment; filename*=UTF-8''{quote(name)}"),
        *FILE_SAFETY,
    ]
    wanted = header("range")
    condition = header("if-range")
    if wanted is None or (condition is not None and condition not in (etag, headers[1][1])):
        return _span(200, headers, blob, 0, blob.size)
    span = byte_range(wanted, blob.size)
    if span is None:
        return _span(200, headers, blob, 0, blob.size)
    start, stop = span
    if start >= stop:
        return Answer(416, [*headers[:4], ("content-range", f"bytes */{blob.size}"), ("content-length", "0")])
    headers.append(("content-range", f"bytes {start}-{stop - 1}/{blob.size}"))
    return _span(206, headers, blob, start, stop)


def _read(headers: Headers, span: Span) -> Page:
    """A small file as it is sent whole."""
    return Page(Path(span.path).read_bytes(), headers[0][1], headers, headers[:4])


def _span(status: int, headers: Headers, blob: Blob, start: int, stop: int) -> Answer:
    headers.append(("content-length", str(stop - start)))
    if blob.data is not None:
        return Answer(status, headers, blob.data[start:stop])
    return Answer(status, headers, Span(blob.path, start, stop))


FILE_SAFETY: Headers = [
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'none'; sandbox"),
]

_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*\Z", re.IGNORECASE)


def byte_range(text: str, size: int) -> tuple[int, int] | None:
    """``Range`` as (start, stop); start >= stop if it cannot be satisfied; None if it is to be ignored: another
    unit, several ranges, or nonsense."""
    found = _RANGE.match(text)
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size) if last else size


def redirect(location: str) -> Answer:
    """To a relative place, so that it holds under any prefix."""
    return Answer(301, [("location", location), ("content-length", "0"), ("cache-control", "no-cache")])


def not_acceptable() -> Answer:
    body = f"None of the formats asked for is offered: {', '.join(f.content_type for f in Format)}\n".encode()
    headers = [
        ("content-type", "text/plain; charset=utf-8"),
        ("vary", "Accept"),
        ("content-length", str(len(body))),
    ]
    return Answer(406, headers, body)


def _representation(header: Header) -> Representation | None:
    """Which one a request asks for; None if none will do."""
    accept, encoding = header("accept") or "", header("accept-encoding") or ""
    choose = _remembered if len(accept) + len(encoding) <= REMEMBERED_LENGTH else _wanted
    return choose(accept, encoding)


def _wanted(accept: str, encoding: str) -> Representation | None:
    format = simpleapi.negotiate(accept)
    return None if format is None else REPRESENTATIONS[format, _accepts_gzip(encoding)]


_remembered = lru_cache(256)(_wanted)


def _accepts_gzip(accepted: str) -> bool:
    if "gzip" not in accepted:
        return False
    if "q=" not in accepted:
        return True
    for part in accepted.split(","):
        coding, _, quality = part.partition(";")
        if coding.strip() == "gzip":
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _matches(condition: str, etag: str) -> bool:
    if condition == etag or condition == "*":
        return True
    return any(part.strip().removeprefix("W/") == etag for part in condition.split(","))


@lru_cache(4096)
def _http_date(time: str) -> str:
    return formatdate(datetime.fromisoformat(time).timestamp(), usegmt=True)
