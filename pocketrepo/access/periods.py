"""When the counters of a token start again."""

from __future__ import annotations

from datetime import datetime, timedelta

from pocketrepo.clock import parsed
from pocketrepo.errors import UsageError

_DAYS = {"Daily": 1, "Weekly": 7, "Fortnightly": 14}
_MONTHS = {"Monthly": 1, "Bi-Monthly": 2, "Quarterly": 3, "Every 6 months": 6, "Annual": 12}
NEVER = "Never Reset"
PERIODS = (NEVER, *_DAYS, *_MONTHS)


def check_period(period: str) -> None:
    """Raises UsageError."""
    if period not in PERIODS:
        raise UsageError(f"{period!r} is not a reset period", hint=f"use one of: {', '.join(PERIODS)}")


def moment(text: str) -> datetime:
    """An RFC 3339 time, or a date, which means its first moment in UTC. Raises UsageError."""
    try:
        return parsed(text)
    except (ValueError, OverflowError):
        raise UsageError(f"{text!r} is not a time", hint="write 2026-12-31 or 2026-12-31T12:00:00Z") from None


def period_start(anchor: datetime, period: str, now: datetime) -> datetime:
    """The beginning of the period that ``now`` is in, counted from ``anchor`` on, or back from it."""
    if period == NEVER:
        return anchor
    if period in _DAYS:
        length = timedelta(days=_DAYS[period])
        return anchor + (now - anchor) // length * length
    step = _MONTHS[period]
    count = ((now.year - anchor.year) * 12 + now.month - anchor.month) // step
    start = _months_later(anchor, count * step)
    return start if start <= now else _months_later(anchor, (count - 1) * step)


def _months_later(anchor: datetime, months: int) -> datetime:
    """The same day and time so many months on, or the last day of a month that is too short."""
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    for day in range(anchor.day, 0, -1):
        try:
            return anchor.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    raise AssertionError("every month has a first day")
