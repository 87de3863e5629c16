"""The time, in the one form that documents and pages use."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

from pocketrepo.errors import UsageError

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(\d{1,5})([hdw])\Z")
_fixed: ContextVar[datetime | None] = ContextVar("fixed", default=None)


def now() -> str:
    """RFC 3339 in UTC with microseconds and ``Z``, as PEP 700 writes upload times."""
    return written(_now())


def timestamp() -> float:
    """Seconds since 1970, for what is asked at every request: to write a time takes longer."""
    fixed = _fixed.get()
    return time.time() if fixed is None else fixed.timestamp()


def written(moment: datetime) -> str:
    """A time in that form: as strings they compare like the times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def later(seconds: float) -> str:
    """The time in so many seconds, in that form."""
    return written(_now() + timedelta(seconds=seconds))


def parsed(text: str) -> datetime:
    """A date or a time of ISO 8601, in UTC unless it says otherwise. Raises ValueError, OverflowError."""
    return aware(datetime.fromisoformat(text)).astimezone(UTC)


def aware(moment: datetime) -> datetime:
    """In UTC unless it says otherwise."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def until(text: str) -> str | None:
    """When something ends: ``30d`` (``h``, ``d`` and ``w`` from now), a date or a time of ISO 8601, in UTC unless it
    says otherwise; None for ``never``. Raises UsageError."""
    if text == "never":
        return None
    try:
        if duration := _DURATION.match(text):
            count, unit = duration.groups()
            return written(_now() + timedelta(**{_UNITS[unit]: int(count)}))
        return written(parsed(text))
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is not a time", hint="write 30d, 12h, 2026-12-31, 2026-12-31T12:00:00Z or never"
        ) from None


def _now() -> datetime:
    return _fixed.get() or datetime.now(UTC)


@contextmanager
def fixed(moment: datetime) -> Iterator[None]:
    """The clock stands still within the block, for this thread."""
    token = _fixed.set(moment)
    try:
        yield
    finally:
        _fixed.reset(token)
