"""The event log read from its end and onwards: nothing twice, nothing left out, nothing half-written."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pocketrepo import tail
from pocketrepo.clock import fixed
from pocketrepo.errors import UsageError
from pocketrepo.events import EventLog
from pocketrepo.model import Json, RepositoryName
from pocketrepo.store import FileStore

TOOLS = RepositoryName("acme", "tools")


@pytest.fixture
def log(tmp_path: Path) -> EventLog:
    return EventLog(FileStore(tmp_path))


def record(log: EventLog, *numbers: int, day: int = 1) -> None:
    """Events of a day, every third of them of a repository."""
    with fixed(datetime(2026, 11, day, 12, tzinfo=UTC)):
        for number in numbers:
            log.record("tested", TOOLS if number % 3 == 0 else None, actor="tests", number=number)


def numbers(entries: list[Json]) -> list[int]:
    return [entry["number"] for entry in entries]


@pytest.fixture
def filled(log: EventLog) -> EventLog:
    for day in range(1, 5):
        record(log, *range(5 * day, 5 * day + 5), day=day)
    return log


@pytest.mark.parametrize("count", [1, 4, 5, 6, 19, 20, 21])
def test_the_latest_events_span_days(filled: EventLog, count: int) -> None:
    assert numbers(filled.latest(count).entries) == list(range(5, 25))[-count:]
    of_tools = filled.latest(count, TOOLS)
    assert numbers(of_tools.entries) == [6, 9, 12, 15, 18, 21, 24][-count:]
    assert of_tools.cursor == filled.latest(count).cursor


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7, 100])
@pytest.mark.parametrize("repository", [None, TOOLS])
def test_piece_by_piece_everything_comes_once(
    filled: EventLog, limit: int, repository: RepositoryName | None
) -> None:
    cursor, found = ":0", list[int]()
    while True:
        piece = filled.after(cursor, repository, limit=limit)
        assert len(piece.entries) <= limit
        found += numbers(piece.entries)
        if piece.cursor == cursor:
            break
        cursor = piece.cursor
    assert found == numbers(list(filled.read(repository)))
    record(filled, 99, day=9)
    assert numbers(filled.after(cursor, repository, limit=limit).entries) == [99]


def test_an_empty_log_has_a_place_to_go_on_from(log: EventLog) -> None:
    latest = log.latest(5)
    assert latest.entries == []
    record(log, 1)
    assert numbers(log.after(latest.cursor, limit=5).entries) == [1]


def test_half_a_line_waits_until_it_is_whole_and_broken_ones_are_passed_over(
    log: EventLog, tmp_path: Path
) -> None:
    record(log, 1)
    [file] = (tmp_path / "events").iterdir()
    with file.open("ab") as opened:
        opened.write(b'{"number": 2')
    latest = log.latest(5)
    assert numbers(latest.entries) == [1]
    with file.open("ab") as opened:
        opened.write(b', "event": "tested"}\n{"number": \n[3]\n\xff\n')
    record(log, 4)
    assert numbers(log.after(latest.cursor, limit=5).entries) == [2, 4]
    assert numbers(log.latest(5).entries) == [1, 2, 4]


@pytest.mark.parametrize(
    "cursor", ["", "x", "2026-11-25", "2026-11-25:", "2026-11-25:-1", "../../x:0", ":0\n"]
)
def test_what_is_no_place_is_refused(log: EventLog, cursor: str) -> None:
    with pytest.raises(UsageError, match="no place in the log"):
        log.after(cursor, limit=5)


def test_following_waits_only_where_there_is_nothing_new(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = itertools.count(10)
    monkeypatch.setattr("time.sleep", lambda seconds: record(log, next(waits)))
    record(log, 1, 2, 3)
    followed = tail.follow(log.latest(2), lambda cursor: log.after(cursor, limit=2))
    assert [next(followed)["number"] for _ in range(5)] == [2, 3, 10, 11, 12]
