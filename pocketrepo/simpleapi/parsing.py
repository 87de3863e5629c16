"""Anybody's pages of the Simple API as links: JSON or HTML, ours or another index's, well-formed or not.

What is missing or malformed is left out; what is no page at all is an UpstreamError. A page is an answer
from elsewhere: links lead to http and https only, and a filename is never a path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from html.parser import HTMLParser
from typing import Any
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from packaging.utils import NormalizedName

from pocketrepo.errors import UpstreamError
from pocketrepo.model import Json, ProjectList, normalize
from pocketrepo.simpleapi.metas import ALTERNATE_LOCATIONS, STATUS, STATUS_REASON, TRACKS, VERSION
from pocketrepo.simpleapi.page import Link, Page

MAX_PAGE_BYTES = 32 << 20
"""Of a project's page: room for some 50,000 files."""
MAX_LIST_BYTES = 128 << 20
"""Of the list of projects: room for more than a million."""

_BYTES_A_TAG = (
    32  # what HTML costs goes by its "<", so these are bounded too: one in so many bytes of the limit
)
_MAX_TEXT = 200  # of an anchor; no project has a longer name

_FIRST_CHARACTER = re.compile(rb"(?:\xef\xbb\xbf)?\s*([{<])")
_PROJECT_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?\Z", re.ASCII | re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # but those that URLs are read without
_IN_NO_FILENAME = re.compile(r"[/\\\x00-\x1f\x7f]")
_ABSOLUTE = ("https://", "http://")
_NOT_HASHES = frozenset({"egg", "subdirectory"})  # what else a fragment may hold, by an old custom of pip


def from_response(content_type: str | None, data: bytes, base_url: str) -> Page:
    """A project's page from an HTTP response. ``base_url`` is the URL that answered, after redirects.

    Raises UpstreamError if it is no page of the Simple API, or one of another major version (PEP 629).
    """
    return from_json(data, base_url) if _is_json(content_type, data) else from_html(data, base_url)


def from_json(data: bytes, base_url: str) -> Page:
    """A project's page from JSON (PEP 691). Raises UpstreamError as from_response does."""
    document = _document(data, base_url, MAX_PAGE_BYTES)
    files = document.get("files")
    if not isinstance(files, list):
        raise _not_a_page(base_url, "it has no list of files")
    name = _text(document.get("name")) or ""
    status = _object(document.get("project-status"))
    return Page(
        normalize(name if _PROJECT_NAME.match(name) else _last_segment(base_url)),
        tuple(link for item in files if isinstance(item, dict) and (link := _json_link(item, base_url))),
        _texts(document.get("versions")),
        status=_text(status.get("status")) or "active",
        status_reason=_text(status.get("reason")) or "",
        tracks=_locations(_texts(_object(document.get("meta")).get("tracks"))),
        alternate_locations=_locations(_texts(document.get("alternate-locations"))),
    )


def from_html(data: bytes, base_url: str) -> Page:
    """A project's page from HTML (PEP 503). Raises UpstreamError as from_response does."""
    page = _parse_html(data, base_url, MAX_PAGE_BYTES)
    name = normalize(_last_segment(base_url))
    with suppress(ValueError):  # a base that is no URL changes nothing
        base_url = urljoin(base_url, page.base or "")
    links = (_html_link(anchor, base_url) for anchor in page.anchors)
    said = page.metas
    return Page(
        name,
        tuple(link for link in links if link),
        status=next(iter(said.get(STATUS, ())), "active"),
        status_reason=next(iter(said.get(STATUS_REASON, ())), ""),
        tracks=_locations(said.get(TRACKS, ())),
        alternate_locations=_locations(said.get(ALTERNATE_LOCATIONS, ())),
    )


def projects_from_response(content_type: str | None, data: bytes, base_url: str) -> ProjectList:
    """The list of projects from an HTTP response. Raises UpstreamError as from_response does."""
    if _is_json(content_type, data):
        return projects_from_json(data, base_url)
    return projects_from_html(data, base_url)


def projects_from_json(data: bytes, base_url: str) -> ProjectList:
    """The list of projects from JSON (PEP 691). Raises UpstreamError as from_response does."""
    projects = _document(data, base_url, MAX_LIST_BYTES).get("projects")
    if not isinstance(projects, list):
        raise _not_a_page(base_url, "it has no list of projects")
    names = (_text(item.get("name")) for item in projects if isinstance(item, dict))
    return ProjectList({normalize(name): name for name in names if name and _PROJECT_NAME.match(name)})


def projects_from_html(data: bytes, base_url: str) -> ProjectList:
    """The list of projects from HTML (PEP 503). Raises UpstreamError as from_response does.

    An anchor's text is the name; where it is none, as on a folder listing, the link's last part.
    """
    page = _parse_html(data, base_url, MAX_LIST_BYTES)
    names: dict[NormalizedName, str] = {}
    for anchor, text in zip(page.anchors, page.texts, strict=True):
        segment = _last_segment(anchor.get("href") or "")
        name = next(filter(_PROJECT_NAME.match, (text.strip(), segment)), None)
        if segment and name:
            names[normalize(name)] = name
    return ProjectList(names)


def _is_json(content_type: str | None, data: bytes) -> bool:
    """The page itself tells its format better than its label, which static hosts and proxies get wrong."""
    if first := _FIRST_CHARACTER.match(data):
        return first[1] == b"{"
    return "json" in (content_type or "").lower()


def _document(data: bytes, base_url: str, limit: int) -> Json:
    try:
        document = json.loads(_decode(data, base_url, limit))
    except (ValueError, RecursionError) as error:
        raise _not_a_page(base_url, "it is not JSON") from error
    if not isinstance(document, dict):
        raise _not_a_page(base_url, "it is not a JSON object")
    _check_version(_text(_object(document.get("meta")).get("api-version")), base_url)
    return document


def _json_link(item: Json, base_url: str) -> Link | None:
    url, size, yanked = _text(item.get("url")), item.get("size"), item.get("yanked")
    if not url:
        return None
    return _link(
        url,
        base_url,
        filename=_text(item.get("filename")),
        hashes=_hashes(item.get("hashes")),
        size=size if type(size) is int and size >= 0 else None,
        upload_time=_text(item.get("upload-time")),
        requires_python=_text(item.get("requires-python")),
        yanked="" if yanked is True else _text(yanked),
        core_metadata=_json_core_metadata(item),
        signed=item.get("gpg-sig") is True,
        provenance=_text(item.get("provenance")),
    )


def _json_core_metadata(item: Json) -> dict[str, str] | bool:
    """PEP 714: the new key if it is there, else the older ones."""
    for key in ("core-metadata", "dist-info-metadata", "data-dist-info-metadata"):
        if (value := item.get(key)) is not None:
            return _hashes(value) or bool(value)
    return False


def _html_link(attributes: dict[str, str | None], base_url: str) -> Link | None:
    href = attributes.get("href")
    if not href:
        return None
    return _link(
        href,
        base_url,
        requires_python=attributes.get("data-requires-python") or None,
        yanked=(attributes["data-yanked"] or "") if "data-yanked" in attributes else None,
        core_metadata=_html_core_metadata(attributes),
        signed=attributes.get("data-gpg-sig") == "true",
        provenance=attributes.get("data-provenance") or None,
    )


def _html_core_metadata(attributes: dict[str, str | None]) -> dict[str, str] | bool:
    for key in ("data-core-metadata", "data-dist-info-metadata"):
        if key in attributes:
            value = attributes[key] or ""
            return _fragment_hashes(value) or value != "false"
    return False


def _link(
    url: str,
    base_url: str,
    *,
    filename: str | None = None,
    hashes: dict[str, str] | None = None,
    provenance: str | None = None,
    **rest: Any,
) -> Link | None:
    """None unless the URL leads to a file over http or https."""
    parts = _web_address(url, base_url)
    filename = filename or (unquote(parts.path.rpartition("/")[2]) if parts else "")
    if parts is None or filename in ("", ".", "..") or _IN_NO_FILENAME.search(filename):
        return None
    proof = _web_address(provenance, base_url) if provenance else None
    return Link(
        filename,
        parts._replace(fragment="").geturl(),
        {**_fragment_hashes(parts.fragment), **(hashes or {})},
        provenance=proof.geturl() if proof else None,
        **rest,
    )


def _web_address(url: str, base_url: str) -> SplitResult | None:
    """Absolute; None unless it leads somewhere over http or https."""
    try:
        address = url if url.startswith(_ABSOLUTE) else urljoin(base_url, url)
        parts = urlsplit(address)
        leads = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if leads and not _CONTROL.search(address) else None


def _locations(urls: Iterable[str]) -> tuple[str, ...]:
    """PEP 708 wants them absolute: others are left out."""
    return tuple(url for url in urls if url.startswith(_ABSOLUTE) and _web_address(url, url))


def _fragment_hashes(fragment: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in fragment.split("&"))
    return _hashes({name: digest for name, _, digest in pairs if name.lower() not in _NOT_HASHES})


def _hashes(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    pairs = ((_text(name), _text(digest)) for name, digest in value.items())
    return {name.lower(): digest.lower() for name, digest in pairs if name and digest}


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> tuple[str, ...]:
    return tuple(filter(None, map(_text, value))) if isinstance(value, list) else ()


def _text(value: object) -> str | None:
    """A string that is not empty, without the lone surrogates that JSON can smuggle in; else None."""
    return value.encode("utf-8", "replace").decode() if value and isinstance(value, str) else None


def _last_segment(url: str) -> str:
    """The last part of a URL's path, which may end in a slash, percent-decoded."""
    path = re.split(r"[?#]", url, maxsplit=1)[0]
    return unquote(path.rstrip("/").rpartition("/")[2])


class _HTMLPage(HTMLParser):
    """The anchors of a page with their texts, its base as written and what its meta elements say."""

    def __init__(self) -> None:
        super().__init__()
        self.base: str | None = None
        self.metas: dict[str, list[str]] = {}
        self.anchors: list[dict[str, str | None]] = []
        self.texts: list[str] = []
        self.has_tags = False
        self._in_anchor = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.has_tags = True
        attributes = dict(reversed(attrs))  # HTML: the first of two equal names counts
        if tag == "a":
            self.anchors.append(attributes)
            self.texts.append("")
            self._in_anchor = True
        elif tag == "base" and self.base is None:
            self.base = attributes.get("href")
        elif tag == "meta" and attributes.get("content"):
            self.metas.setdefault(attributes.get("name") or "", []).append(attributes["content"] or "")

    def handle_data(self, data: str) -> None:
        if self._in_anchor and len(self.texts[-1]) < _MAX_TEXT:
            self.texts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._in_anchor = False


def _parse_html(data: bytes, base_url: str, limit: int) -> _HTMLPage:
    text = _decode(data, base_url, limit)
    if text.count("<") > limit // _BYTES_A_TAG:
        raise _not_a_page(base_url, f"it has over {limit // _BYTES_A_TAG:,} tags")
    page = _HTMLPage()
    try:
        # Never closed: a stump at the end is dropped, where close() would scan it once for each "<" in it.
        page.feed(text)
    except AssertionError as error:  # html.parser's answer to some malformed declarations
        raise _not_a_page(base_url, "it is not HTML") from error
    if not page.has_tags:
        raise _not_a_page(base_url, "it is neither JSON nor HTML")
    _check_version(next(iter(page.metas.get(VERSION, ())), None), base_url)
    return page


def _decode(data: bytes, base_url: str, limit: int) -> str:
    if len(data) > limit:
        raise _not_a_page(base_url, f"it has over {limit:,} bytes")
    return data.decode("utf-8-sig", "replace")


def _check_version(version: str | None, base_url: str) -> None:
    """PEP 629: a greater major version is an error, anything else is read as it is."""
    major, dot, _ = (version or "").partition(".")
    if dot and major.isdecimal() and major.lstrip("0") not in ("", "1"):
        raise _not_a_page(base_url, f"it has version {major[:9]} of the API, only 1 is known")


def _not_a_page(base_url: str, why: str) -> UpstreamError:
    """Names the host only: a URL may hold a password or a token."""
    host = base_url.partition("://")[2].partition("/")[0].rpartition("@")[2]
    return UpstreamError(
        f"{host or 'the index'} answered with no page of the Simple API: {why}",
        hint="check the URL of the index, it usually ends in /simple/",
    )
