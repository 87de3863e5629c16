"""When something ends, as people write it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pocketrepo.clock import fixed, later, now, until, written
from pocketrepo.errors import UsageError

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12h", "2026-11-26T00:00:00.000000Z"),
        ("30d", "2026-12-25T12:00:00.000000Z"),
        ("2w", "2026-12-09T12:00:00.000000Z"),
        ("2026-12-31", "2026-12-31T00:00:00.000000Z"),
        ("2026-12-31T12:00", "2026-12-31T12:00:00.000000Z"),
        ("2026-12-31T12:00:00Z", "2026-12-31T12:00:00.000000Z"),
        ("2026-12-31T12:00:00+02:00", "2026-12-31T10:00:00.000000Z"),
        ("never", None),
    ],
)
def test_a_duration_a_date_or_a_time_says_when(text: str, expected: str | None) -> None:
    with fixed(NOW):
        assert until(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "30", "d", "-1d", "30m", "1.5d", "99999999w", "tomorrow", "0001-01-01T00:00:00+14:00"],
)
def test_what_says_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a time"):
        until(text)


def test_what_is_later_is_so_by_the_same_clock() -> None:
    with fixed(NOW):
        assert later(0.5) == written(NOW + timedelta(milliseconds=500)) > now()


def test_times_compare_as_text() -> None:
    with fixed(NOW):
        assert until("2026-11-25T13:00:00+02:00") < now() < until("1h")  # type: ignore[operator]
