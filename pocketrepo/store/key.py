"""What is a key: ``/``-separated segments, none of them empty, ``.`` or ``..``, nor a name of the store's own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

RESERVED: Final = ("locks", "staging")
"""First segments that no key has."""

_NOT_A_KEY = re.compile(r"(?:^|/)(?:\.{0,2}(?:/|\Z)|\.tmp-)|\0|\A(?:locks|staging)(?:/|\Z)")


def check_key(key: str) -> None:
    """Raises ValueError for what is not a key."""
    if _NOT_A_KEY.search(key):
        raise ValueError(f"not a key: {key!r}")


def check_names(prefix: str, names: Iterable[str]) -> None:
    """Raises ValueError if ``prefix`` is not a key, or a name not one segment that can follow it."""
    check_key(prefix)
    for name in names:
        check_key(f"{prefix}/{name}")
        if "/" in name:
            raise ValueError(f"not one segment: {name!r}")


def check_prefix(prefix: str) -> None:
    """Raises ValueError for what is neither a key's beginning nor ``""``."""
    if prefix:
        check_key(prefix)
