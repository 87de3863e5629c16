"""Locks by key, between the threads of this process and between processes."""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pocketrepo.errors import Unavailable
from pocketrepo.store.disk import telling

if TYPE_CHECKING:
    from filelock import BaseFileLock

SLOTS: Final = 256
PATIENCE: Final = 10.0
"""Seconds to wait for a lock before its holder is taken to be stuck."""
POLL: Final = 0.005
"""Seconds between two looks at a lock that another process holds. A look costs a tenth of a millisecond, a
document is written in one or two."""


@dataclass
class _Slot:
    file: BaseFileLock
    threads: threading.RLock = field(default_factory=threading.RLock)
    depth: int = 0


class KeyLocks:
    """Lock files ``00`` to ``ff`` in a folder, made when first needed and never removed; a key's lock is
    chosen by its CRC-32, so a few keys share one. A process that ends, however it ends, lets go of its
    locks."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._slots: dict[tuple[int, int], _Slot] = {}
        self._making = threading.Lock()

    @contextmanager
    def holding(self, key: str) -> Iterator[None]:
        """Keep every other thread and process out of ``key``. A thread may take again what it holds.

        Raises Unavailable if a lock is not free within `PATIENCE`, or where there can be none.
        """
        slot = self._slot(zlib.crc32(os.fsencode(key)) % SLOTS)
        if not slot.threads.acquire(timeout=PATIENCE):
            raise _stuck(key)
        try:
            if slot.depth == 0:
                self._acquire(slot, key)
            slot.depth += 1
            try:
                yield
            finally:
                slot.depth -= 1
                if slot.depth == 0:
                    slot.file.release()
        finally:
            slot.threads.release()

    def _slot(self, number: int) -> _Slot:
        # A forked child may not use what it inherits.
        place = (os.getpid(), number)
        slot = self._slots.get(place)
        if slot is None:
            # Readers do without it, and it takes longer to load than the rest of the store.
            from filelock import FileLock

            with self._making, telling("make lock files"):
                os.makedirs(self._folder, exist_ok=True)
                lock = FileLock(f"{self._folder}/{number:02x}", thread_local=False)
                slot = self._slots.setdefault(place, _Slot(lock))
        return slot

    @staticmethod
    def _acquire(slot: _Slot, key: str) -> None:
        from filelock import Timeout

        with telling(f"lock {key}"):
            try:
                slot.file.acquire(timeout=PATIENCE, poll_interval=POLL)
            except Timeout:
                raise _stuck(key) from None


def _stuck(key: str) -> Unavailable:
    return Unavailable(
        f"{key} has been locked for {PATIENCE:.0f} seconds", hint="try again, or look for a stopped process"
    )
