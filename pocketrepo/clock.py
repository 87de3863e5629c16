"""The time, in the one form that documents and pages use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_fixed: ContextVar[datetime | None] = ContextVar("fixed", default=None)


def now() -> str:
    """RFC 3339 in UTC with microseconds and ``Z``, as PEP 700 writes upload times."""
    return (_fixed.get() or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@contextmanager
def fixed(moment: datetime) -> Iterator[None]:
    """The clock stands still within the block, for this thread."""
    token = _fixed.set(moment)
    try:
        yield
    finally:
        _fixed.reset(token)
