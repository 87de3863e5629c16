"""Guessing gets slower: failures fill a bucket that drains with time."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from pocketrepo.errors import TooManyAttempts

WINDOW = 300.0
"""Seconds in which a full bucket drains."""
FOR_USER = 10
"""Failures for one user from one address in a window."""
FOR_ADDRESS = 50
"""Failures from one address, or network of 64 bits in IPv6, in a window, whomever they are for: many people may share
it."""
REMEMBERED = 10_000
"""Buckets kept; beyond that the ones that were touched the longest ago go."""
LONGEST_NAME = 64
"""Characters of a user name that tell buckets apart: all that a user can have, and more."""

Bucket = tuple[str, str]
"""User and address; no user stands for all that come from the address."""


class Throttle:
    """Counts failures of one process. Valid keys and tokens never come here."""

    def __init__(self) -> None:
        self._levels: OrderedDict[Bucket, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def attempt(self, user: str, address: str) -> Callable[[], None]:
        """Count an attempt as failed before it is looked at, so that any number at once are no way around; what is
        returned is to be called if it was right after all. Raises TooManyAttempts."""
        address = _place(address)
        buckets = [("", address)]
        if user:
            buckets.append((user[:LONGEST_NAME], address))
        with self._lock:
            levels = {bucket: self._level(bucket) for bucket in buckets}
            for bucket, level in levels.items():
                room = _room(bucket)
                if level > room - 1:
                    raise TooManyAttempts(retry_after=int((level - room + 1) / room * WINDOW) + 1)
            for bucket, level in levels.items():
                self._set(bucket, level + 1)
            while len(self._levels) > REMEMBERED:
                self._levels.popitem(last=False)
        return lambda: self._was_right(buckets)

    def _was_right(self, buckets: list[Bucket]) -> None:
        """Somebody knows the password: what they mistyped before is forgiven, what others did is not."""
        address, *users = buckets
        with self._lock:
            self._set(address, max(0.0, self._level(address) - 1))
            for bucket in users:
                self._levels.pop(bucket, None)

    def _set(self, bucket: Bucket, level: float) -> None:
        self._levels[bucket] = (level, time.monotonic())
        self._levels.move_to_end(bucket)

    def _level(self, bucket: Bucket) -> float:
        level, when = self._levels.get(bucket, (0.0, 0.0))
        return max(0.0, level - (time.monotonic() - when) * _room(bucket) / WINDOW)


def _place(address: str) -> str:
    """Where somebody comes from. In IPv6 that is the network of 64 bits, in which one machine takes any number of
    addresses (RFC 8981)."""
    try:
        return str(ipaddress.IPv6Network((address, 64), strict=False)) if ":" in address else address
    except ValueError:
        return address


def _room(bucket: Bucket) -> int:
    return FOR_USER if bucket[0] else FOR_ADDRESS
