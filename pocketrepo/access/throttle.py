"""Guessing gets slower: failures fill a bucket that drains with time."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from pocketrepo.errors import TooManyAttempts

WINDOW = 300.0
"""Seconds in which a full bucket drains."""
FOR_USER = 10
"""Failures for one user from one address in a window."""
FOR_ADDRESS = 50
"""Failures from one address in a window, whomever they are for: many people may share it."""
REMEMBERED = 10_000
"""Buckets kept; beyond that the ones that were touched the longest ago go."""


class Throttle:
    """Counts failures of one process. Valid keys and tokens never come here."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, user: str, address: str) -> None:
        """Raises TooManyAttempts while a bucket is full."""
        with self._lock:
            for key, room in self._keys(user, address):
                level = self._level(key)
                if level > room - 1:
                    raise TooManyAttempts(retry_after=int((level - room + 1) / room * WINDOW) + 1)

    def failed(self, user: str, address: str) -> None:
        with self._lock:
            for key, _room in self._keys(user, address):
                self._buckets[key] = (self._level(key) + 1, time.monotonic())
                self._buckets.move_to_end(key)
            while len(self._buckets) > REMEMBERED:
                self._buckets.popitem(last=False)

    def succeeded(self, user: str, address: str) -> None:
        with self._lock:
            self._buckets.pop((user, address), None)

    def _keys(self, user: str, address: str) -> list[tuple[tuple[str, str], int]]:
        address_key = ("", address), FOR_ADDRESS
        return [((user, address), FOR_USER), address_key] if user else [address_key]

    def _level(self, key: tuple[str, str]) -> float:
        level, when = self._buckets.get(key, (0.0, 0.0))
        room = FOR_USER if key[0] else FOR_ADDRESS
        return max(0.0, level - (time.monotonic() - when) * room / WINDOW)
