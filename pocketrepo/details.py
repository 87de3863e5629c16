"""What a release's core metadata tells a person: with links judged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import getaddresses
from typing import Any, NamedTuple
from urllib.parse import quote

from pocketrepo.readme import is_link

_ADDRESS = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\Z")
_LICENSE_LENGTH = 120


class Link(NamedTuple):
    """``url`` is empty for what must not be followed; then only the text is shown."""

    label: str
    url: str


@dataclass(frozen=True)
class Details:
    """Core metadata, read for display. All of it was written by whoever uploaded the file."""

    summary: str = ""
    license: str = ""
    people: tuple[Link, ...] = ()
    links: tuple[Link, ...] = ()
    requires: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    classifiers: tuple[str, ...] = ()
    description: str = ""
    content_type: str = ""


def details_of(fields: Mapping[str, Any]) -> Details:
    """``fields`` are named as in the upload form; what is missing or of another type counts as empty."""
    one, many = _reader(fields)
    requires = many("requires_dist")
    return Details(
        summary=one("summary"),
        license=_license(one("license_expression") or one("license"), many("classifiers")),
        people=tuple(_people(one, "author")) + tuple(_people(one, "maintainer")),
        links=tuple(_links(one("home_page"), one("download_url"), many("project_urls"))),
        requires=tuple(text for text in requires if not _is_optional(text)),
        optional=tuple(text for text in requires if _is_optional(text)),
        keywords=tuple(_keywords(one("keywords"))),
        classifiers=many("classifiers"),
        description=one("description"),
        content_type=one("description_content_type"),
    )


def _reader(fields: Mapping[str, Any]) -> tuple[Any, Any]:
    def one(name: str) -> str:
        value = fields.get(name, "")
        # Old build tools wrote UNKNOWN for a field that was not given.
        return value if isinstance(value, str) and value.strip() != "UNKNOWN" else ""

    def many(name: str) -> tuple[str, ...]:
        value = fields.get(name, ())
        return (
            tuple(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else ()
        )

    return one, many


def _license(text: str, classifiers: Iterable[str]) -> str:
    """An expression or a name: some projects put the whole licence there."""
    first = text.strip().partition("\n")[0].strip()
    if first:
        return first if len(first) <= _LICENSE_LENGTH else first[:_LICENSE_LENGTH].rstrip() + "…"
    names = [item.rpartition(" :: ")[2] for item in classifiers if item.startswith("License :: ")]
    return ", ".join(names)


def _people(one: Any, role: str) -> Iterable[Link]:
    """Name and address, which may be in one field or in two."""
    name, addresses = one(role), one(f"{role}_email")
    found = [(label, address) for label, address in getaddresses([addresses]) if _ADDRESS.match(address)]
    if name and len(found) == 1 and not found[0][0]:
        found = [(name, found[0][1])]
    elif name and name not in {label for label, _ in found}:
        yield Link(name, "")
    for label, address in found:
        yield Link(label or address, "mailto:" + quote(address, safe="@+"))
    if addresses and not found:
        yield Link(addresses, "")


def _links(home_page: str, download_url: str, project_urls: Iterable[str]) -> Iterable[Link]:
    labelled = [_labelled(text) for text in project_urls]
    seen = {url for _, url in labelled}
    for label, url in (("Homepage", home_page.strip()), ("Download", download_url.strip())):
        if url and url not in seen:
            labelled.insert(0, (label, url))
    for label, url in labelled:
        if is_link(url):
            yield Link(label, url)
        else:
            yield Link(url if label == url else f"{label}: {url}", "")


def _labelled(text: str) -> tuple[str, str]:
    label, comma, url = (part.strip() for part in text.partition(","))
    return (label or url, url) if comma else (label, label)


def _keywords(text: str) -> Iterable[str]:
    parts = text.split(",") if "," in text else text.split()
    return (part.strip() for part in parts if part.strip())


def _is_optional(requirement: str) -> bool:
    return re.search(r"\bextra\s*==", requirement.partition(";")[2]) is not None
