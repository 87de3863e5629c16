"""Answers to GET as HTTP has them: conditions, ranges, representations (RFC 9110)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from pocketrepo import simpleapi
from pocketrepo.model import METADATA_SUFFIX, PROVENANCE_SUFFIX, SIGNATURE_SUFFIX, File
from pocketrepo.simpleapi import Format
from pocketrepo.snapshot import REPRESENTATIONS, Page, Representation, kept_private
from pocketrepo.store import Blob

Headers = list[tuple[str, str]]
Header = Callable[[str], str | None]
"""Looks a request header up by its lower-case name."""

DATED = ("if-modified-since", "if-unmodified-since")
"""Conditions that only `answer_file` can judge."""
REMEMBERED_LENGTH = 500
"""Characters of headers up to which is remembered what they ask for."""


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


def answer_page(page: Page, header: Header, *, private: bool = False) -> Answer:
    """The page, or 304 if the client has it (RFC 9110 §13). With ``private`` for who alone may have it."""
    if private:
        page = page.private()
    status = _failed_condition(header, page.etag)
    if status is None:
        return Answer(200, page.headers, page.body)
    if status == 304:
        return Answer(304, page.not_modified_headers)
    return for_one_reader(_bare(status)) if private else _bare(status)


def for_one_reader(answer: Answer) -> Answer:
    """The same for who alone may have it."""
    return answer._replace(headers=kept_private(answer.headers))


CONTENT_TYPES = {
    "": "application/octet-stream",
    METADATA_SUFFIX: "text/plain; charset=utf-8",
    PROVENANCE_SUFFIX: "application/vnd.pypi.integrity.v1+json",
    SIGNATURE_SUFFIX: "application/pgp-signature",
}
"""Of a file and of what is beside it, by suffix."""


def answer_file(file: File, blob: Blob, companion: str, header: Header, wanted: str | None) -> Answer:
    """A file, or the companion with this suffix: immutable, with validators and one byte range (RFC 9110 §13,
    §14), which ``wanted`` is."""
    etag, date = f'"{file.digest(companion)}"', _http_date(file.upload_time)
    headers = [
        ("etag", etag),
        ("last-modified", date),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("accept-ranges", "bytes"),
    ]
    status = _failed_condition(header, etag, file.upload_time)
    if status is not None:
        return Answer(304, headers) if status == 304 else _bare(status)
    headers += [
        ("content-type", CONTENT_TYPES[companion]),
        ("content-disposition", f"attachment; filename*=UTF-8''{quote(file.filename + companion)}"),
        *FILE_SAFETY,
    ]
    if wanted is None or header("if-range") not in (None, etag, date):
        return _span(200, headers, blob, 0, blob.size)
    span = byte_range(wanted, blob.size)
    if span is None:
        return _span(200, headers, blob, 0, blob.size)
    start, stop = span
    if start >= stop:
        return _bare(416, ("content-range", f"bytes */{blob.size}"), ("accept-ranges", "bytes"))
    headers.append(("content-range", f"bytes {start}-{stop - 1}/{blob.size}"))
    return _span(206, headers, blob, start, stop)


def _bare(status: int, *headers: tuple[str, str]) -> Answer:
    """A refusal without words, which no cache is to take for the thing itself."""
    return Answer(status, [*headers, ("content-length", "0"), ("cache-control", "no-store")])


def read_whole(headers: Headers, span: Span) -> Page:
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
        ("cache-control", "no-store"),
        ("content-length", str(len(body))),
    ]
    return Answer(406, headers, body)


def representation(header: Header, *, html_first: bool = False) -> Representation | None:
    """Which one a request asks for; None if none will do. For ``html_first`` see `simpleapi.negotiate`."""
    accept, encoding = header("accept") or "", header("accept-encoding") or ""
    choose = _remembered if len(accept) + len(encoding) <= REMEMBERED_LENGTH else _wanted
    return choose(accept, encoding, html_first)


def _wanted(accept: str, encoding: str, html_first: bool) -> Representation | None:
    format = simpleapi.negotiate(accept, html_first=html_first)
    return None if format is None else REPRESENTATIONS[format, simpleapi.prefers_gzip(encoding)]


_remembered = lru_cache(256)(_wanted)


def _failed_condition(header: Header, etag: str, time: str | None = None) -> int | None:
    """412 or 304, in the order of RFC 9110 §13.2.2; None if there is something to send. ``time`` is when it was
    modified, None where that is not told."""
    match = header("if-match")
    if match is not None:
        if not _matches(match, etag, weak=False):
            return 412
    elif time is not None and _modified_since(header("if-unmodified-since"), time) is True:
        return 412
    match = header("if-none-match")
    if match is not None:
        return 304 if _matches(match, etag, weak=True) else None
    return 304 if time is not None and _modified_since(header("if-modified-since"), time) is False else None


_TAG = re.compile(r'(W/)?("[^"]*")')


def _matches(condition: str, etag: str, *, weak: bool) -> bool:
    """By weak or strong comparison (RFC 9110 §8.8.3.2); our own tags are strong."""
    if condition == etag or condition.strip() == "*":
        return True
    return any(tag == etag and (weak or not mark) for mark, tag in _TAG.findall(condition))


@lru_cache(4096)
def _http_date(time: str) -> str:
    return formatdate(datetime.fromisoformat(time).timestamp(), usegmt=True)


def _modified_since(condition: str | None, time: str) -> bool | None:
    """RFC 9110 §13.1.3: dates have whole seconds, and one that makes no sense is no condition."""
    if condition is None:
        return None
    try:
        since = parsedate_to_datetime(condition)
    except ValueError:
        return None
    since = since.replace(tzinfo=UTC) if since.tzinfo is None else since
    return datetime.fromisoformat(time).replace(microsecond=0) > since
