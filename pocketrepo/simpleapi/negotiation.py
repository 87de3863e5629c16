"""Which serialization a client gets: server-driven content negotiation (PEP 691, RFC 9110 §12.5).

Not Werkzeug's ``best_match``: it knows no ``latest``, and among equally wanted types it lets the more
specific range win where the public index goes by its own order.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache


class Format(Enum):
    """A serialization of the Simple API; the value is its media type."""

    JSON_V1 = "application/vnd.pypi.simple.v1+json"
    HTML_V1 = "application/vnd.pypi.simple.v1+html"
    HTML = "text/html"

    content_type: str
    """What the Content-Type header says."""
    is_json: bool

    def __init__(self, media_type: str) -> None:
        self.content_type = "text/html; charset=utf-8" if media_type == "text/html" else media_type
        self.is_json = media_type.endswith("+json")


_PREFERENCE = (Format.HTML, Format.HTML_V1, Format.JSON_V1)
"""Which of several equally wanted formats is sent: the public index's order, which old clients rely on."""

_RANGES: dict[str, tuple[int, tuple[Format, ...]]] = {
    "*": (0, _PREFERENCE),
    "*/*": (0, _PREFERENCE),
    "text/*": (1, (Format.HTML,)),
    "application/*": (1, (Format.HTML_V1, Format.JSON_V1)),
    "text/html": (2, (Format.HTML,)),
    "application/vnd.pypi.simple.v1+html": (2, (Format.HTML_V1,)),
    "application/vnd.pypi.simple.latest+html": (2, (Format.HTML_V1,)),
    "application/vnd.pypi.simple.v1+json": (2, (Format.JSON_V1,)),
    "application/vnd.pypi.simple.latest+json": (2, (Format.JSON_V1,)),
}
"""Media range -> how specific it is, and what it covers. Java's bare ``*`` counts as ``*/*``."""

_QVALUE = re.compile(r"(?:0?\.\d+|0\.?|1(?:\.0*)?)\Z", re.ASCII)
_CACHED_LENGTH = 500
_READ_LENGTH = 4096


def negotiate(accept: str | None, *, html_first: bool = False) -> Format | None:
    """The format that an ``Accept`` header asks for; None if none will do (406). With ``html_first`` it is HTML
    wherever that is acceptable at all.

    No header, or an empty one, means text/html. The most specific range that covers a format sets its
    weight, a weight of 0 excludes it, a malformed weight counts as none given. Only the first 4,096
    characters are read.
    """
    if not accept:
        return Format.HTML
    choose = _remembered if len(accept) <= _CACHED_LENGTH else _choose
    return choose(accept, html_first)


def _choose(accept: str, html_first: bool) -> Format | None:
    ranges = _weighted(accept)
    if not ranges:
        return Format.HTML
    wanted = dict.fromkeys(_PREFERENCE, (-1, 0.0))
    for media_range, weight in ranges:
        specificity, formats = _RANGES.get(media_range, (0, ()))
        for format in formats:
            wanted[format] = max(wanted[format], (specificity, weight))
    fit = [format for format in _PREFERENCE if wanted[format][1] > 0]
    if html_first:
        fit.sort(key=lambda format: format.is_json)
        return fit[0] if fit else None
    return max(fit, key=lambda format: wanted[format][1], default=None)


_remembered = lru_cache(maxsize=128)(_choose)


def prefers_gzip(accept_encoding: str) -> bool:
    """Whether an ``Accept-Encoding`` header asks for gzip (RFC 9110 §12.5.3).

    ``*`` covers it where it is not named. No coding at all is the last choice, unless ``identity`` weighs more.
    """
    weights: dict[str, float] = {}
    for coding, weight in _weighted(accept_encoding):
        weights[_SYNONYMS.get(coding, coding)] = weight
    weight = weights.get("gzip", weights.get("*", 0.0))
    return weight > 0 and weight >= weights.get("identity", 0.0)


_SYNONYMS = {"x-gzip": "gzip"}


def _weighted(header: str) -> list[tuple[str, float]]:
    """The members of a list with their weights, without other parameters, in lower case."""
    members = [member.split(";") for member in header[:_READ_LENGTH].lower().split(",") if member.strip()]
    return [(value.strip(), _weight(parameters)) for value, *parameters in members]


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            value = value.strip()
            return float(value) if _QVALUE.match(value) else 1.0
    return 1.0
