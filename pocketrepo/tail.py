"""A log that grows, read piece by piece."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pocketrepo.model import Json

EVERY = 1.0
"""Seconds between two looks."""


class Extract(NamedTuple):
    """Events in the order they were recorded, and where the log goes on after them."""

    entries: list[Json]
    cursor: str


def follow(latest: Extract, after: Callable[[str], Extract]) -> Iterator[Json]:
    """The latest events, then each new one when it comes, without end."""
    found = latest
    while True:
        yield from found.entries
        if not found.entries:
            time.sleep(EVERY)
        found = after(found.cursor)
