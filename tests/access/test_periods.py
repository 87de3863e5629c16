"""When counters start again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketrepo.access.periods import NEVER, PERIODS, check_period, moment, period_start
from pocketrepo.errors import UsageError
from tests.access.conftest import utc

TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("anchor", "period", "now", "start"),
    [
        (utc(2026, 1, 1), NEVER, utc(2030), utc(2026, 1, 1)),
        (utc(2026, 1, 1, 9), "Daily", utc(2026, 1, 3, 8, 59), utc(2026, 1, 2, 9)),
        (utc(2026, 1, 1, 9), "Daily", utc(2026, 1, 3, 9), utc(2026, 1, 3, 9)),
        (utc(2026, 1, 1), "Weekly", utc(2026, 1, 15), utc(2026, 1, 15)),
        (utc(2026, 1, 1), "Fortnightly", utc(2026, 1, 28, 23), utc(2026, 1, 15)),
        (utc(2026, 1, 31), "Monthly", utc(2026, 2, 27, 23), utc(2026, 1, 31)),
        (utc(2026, 1, 31), "Monthly", utc(2026, 2, 28), utc(2026, 2, 28)),
        (utc(2026, 1, 31), "Monthly", utc(2026, 3, 1), utc(2026, 2, 28)),
        (utc(2026, 1, 31), "Monthly", utc(2026, 3, 31), utc(2026, 3, 31)),
        (utc(2024, 1, 30), "Monthly", utc(2024, 2, 29), utc(2024, 2, 29)),
        (utc(2024, 2, 29), "Annual", utc(2025, 2, 28), utc(2025, 2, 28)),
        (utc(2024, 2, 29), "Annual", utc(2028, 2, 28), utc(2027, 2, 28)),
        (utc(2026, 1, 31), "Bi-Monthly", utc(2026, 3, 30), utc(2026, 1, 31)),
        (utc(2026, 11, 30), "Quarterly", utc(2027, 2, 28), utc(2027, 2, 28)),
        (utc(2026, 8, 31), "Every 6 months", utc(2027, 2, 28), utc(2027, 2, 28)),
        (utc(2026, 12, 31), "Monthly", utc(2026, 11, 30), utc(2026, 11, 30)),
        (utc(2026, 12, 15), "Monthly", utc(2026, 12, 1), utc(2026, 11, 15)),
        (utc(2026, 12, 15), "Weekly", utc(2026, 12, 14), utc(2026, 12, 8)),
    ],
)
def test_a_period_starts_where_a_calendar_says(
    anchor: datetime, period: str, now: datetime, start: datetime
) -> None:
    assert period_start(anchor, period, now) == start


@given(anchor=TIMES, now=TIMES, period=st.sampled_from([p for p in PERIODS if p != NEVER]))
def test_now_is_always_within_its_period_and_periods_do_not_overlap(
    anchor: datetime, now: datetime, period: str
) -> None:
    start = period_start(anchor, period, now)
    assert start <= now
    assert period_start(anchor, period, start) == start
    before = period_start(anchor, period, start - timedelta(microseconds=1))
    assert before < start
    assert now - start < timedelta(days=367)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-12-31", utc(2026, 12, 31)),
        ("2026-12-31T12:00:00Z", utc(2026, 12, 31, 12)),
        ("2026-12-31T12:00:00+02:00", utc(2026, 12, 31, 10)),
        ("2026-12-31T12:00:00", utc(2026, 12, 31, 12)),
    ],
)
def test_times_are_in_utc_unless_they_say_otherwise(text: str, found: datetime) -> None:
    assert moment(text) == found


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "0001-01-01T00:00:00+14:00", "2026-12-31T25:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not a time .write 2026-12-31"):
        moment(text)


def test_what_is_no_period_is_refused() -> None:
    for period in PERIODS:
        check_period(period)
    with pytest.raises(UsageError, match="'Hourly' is not a reset period"):
        check_period("Hourly")
