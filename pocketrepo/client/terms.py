"""The terms of an entitlement token as people write them, and as the fields of the API."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypedDict

from pocketrepo.clock import until
from pocketrepo.errors import UsageError
from pocketrepo.model import Json

_BANDWIDTH = re.compile(r"(\d+) ?([kmgtpezy]?)b?\Z", re.IGNORECASE)
_UNITS = {
    "": "Byte",
    "k": "Kilobyte",
    "m": "Megabyte",
    "g": "Gigabyte",
    "t": "Terabyte",
    "p": "Petabyte",
    "e": "Exabyte",
    "z": "Zettabyte",
    "y": "Yottabyte",
}


class Terms(TypedDict, total=False):
    """What can be said of an entitlement token; None takes a limit away. Times as in ``30d``, ``2026-12-31``."""

    active: bool
    max_downloads: int | None
    max_clients: int | None
    """Addresses that download."""
    max_bandwidth: int | str | None
    """Bytes, or as in ``5 GB``; units are powers of 1000."""
    starts: str | None
    expires: str | None
    packages: str | None
    """A query such as ``name:^acme-``; nothing else is there for the token."""
    reset: str
    """When counters start again: ``Daily``, ``Weekly``, ``Fortnightly``, ``Monthly``, ``Bi-Monthly``, ``Quarterly``,
    ``Every 6 months``, ``Annual``, or ``Never Reset``."""
    reset_at: str | None
    """From when periods are counted; from when the token was made unless given."""
    metadata: Json
    eula_required: bool
    """Kept, not enforced."""
    path_query: str | None
    """Kept, not enforced."""


def _same(name: str) -> Callable[[Any], Json]:
    return lambda value: {name: value}


def _time(name: str) -> Callable[[str | None], Json]:
    return lambda value: {name: None if value is None else until(value)}


def _bandwidth(value: int | str | None) -> Json:
    if value is None:
        return {"limit_bandwidth": None}
    found = _BANDWIDTH.match(str(value))
    if found is None:
        raise UsageError(f"{value!r} is no number of bytes", hint="write 500000000, 500 MB or 5 GB")
    return {"limit_bandwidth": int(found[1]), "limit_bandwidth_unit": _UNITS[found[2].lower()]}


_FIELD: dict[str, Callable[[Any], Json]] = {
    "active": _same("is_active"),
    "max_downloads": _same("limit_num_downloads"),
    "max_clients": _same("limit_num_clients"),
    "max_bandwidth": _bandwidth,
    "starts": _time("limit_date_range_from"),
    "expires": _time("limit_date_range_to"),
    "packages": _same("limit_package_query"),
    "reset": _same("scheduled_reset_period"),
    "reset_at": _time("scheduled_reset_at"),
    "metadata": _same("metadata"),
    "eula_required": _same("eula_required"),
    "path_query": _same("limit_path_query"),
}
"""Term -> the fields of the API."""


def fields(terms: Any) -> Json:
    """As the API has them. Raises UsageError for a term that is none."""
    found: Json = {}
    for term, value in terms.items():
        if term not in _FIELD:
            raise UsageError(f"unknown term {term!r}", hint=f"known are {', '.join(_FIELD)}")
        found |= _FIELD[term](value)
    return found
