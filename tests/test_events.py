"""The event log read from its end and onwards: nothing twice, nothing left out, nothing half-written."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pocketrepo import tail
from pocketrepo.clock import fixed
from pocketrepo.errors import UsageError
from pocketrepo.events import EventLog, entry
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
    "cursor",
    ["", "x", "2026-11-25", "2026-11-25:", "2026-11-25:-1", "../../x:0", ":0\n", ":0,", ":0,x", ":0,:0,:0"],
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


class TestMidnight:
    """A line may be on its way into the file of one day when another is in that of the next already."""

    LATE = ("events/2026-11-01.jsonl", b'{"event":"tested","number":20}', b'{"event":"tested","number":21}')

    @pytest.fixture(params=["latest", "after"])
    def cursor(self, log: EventLog, request: pytest.FixtureRequest) -> str:
        """Where a follower stands who has seen the first event of the new day."""
        record(log, 1, day=1)
        before = log.latest(1).cursor
        with fixed(datetime(2026, 11, 2, 0, 0, 1, tzinfo=UTC)):
            log.record("tested", None, actor="tests", number=2)
            return (log.latest(1) if request.param == "latest" else log.after(before, limit=9)).cursor

    @pytest.mark.parametrize("limit", [1, 2, 3, 9])
    @pytest.mark.parametrize("hours", [0, 1])
    def test_what_comes_late_is_seen_once(
        self, log: EventLog, tmp_path: Path, cursor: str, limit: int, hours: int
    ) -> None:
        """Also by who looks again much later."""
        FileStore(tmp_path).append(*self.LATE)
        record(log, 3, day=2)
        found = list[int]()
        with fixed(datetime(2026, 11, 2, hours, 0, 3, tzinfo=UTC)):
            for _ in range(5):
                piece = log.after(cursor, limit=limit)
                found, cursor = found + numbers(piece.entries), piece.cursor
            assert log.after(cursor, limit=limit) == piece
        assert found == [20, 21, 3]

    @pytest.mark.parametrize("earlier", [b"", b'{"event":"tested","number":0}'])
    def test_a_file_that_comes_late_is_seen_as_well(
        self, log: EventLog, tmp_path: Path, earlier: bytes
    ) -> None:
        if earlier:
            FileStore(tmp_path).append("events/2026-10-31.jsonl", earlier)
        with fixed(datetime(2026, 11, 2, 0, 0, 1, tzinfo=UTC)):
            cursor = log.latest(1).cursor
            log.record("tested", None, actor="tests", number=2)
            cursor = log.after(cursor, limit=9).cursor
            FileStore(tmp_path).append(*self.LATE)
            found = list[int]()
            for _ in range(3):
                piece = log.after(cursor, limit=1)
                found, cursor = found + numbers(piece.entries), piece.cursor
        assert found == [20, 21]

    def test_when_a_day_is_complete_it_is_read_no_more(self, log: EventLog, cursor: str) -> None:
        assert cursor.count(",") == 1
        record(log, 3, day=2)
        with fixed(datetime(2026, 11, 2, 0, 10, tzinfo=UTC)):
            cursor = log.after(cursor, limit=9).cursor
            assert cursor.startswith("2026-11-02:")
            assert log.latest(1).cursor == cursor

    def test_a_batch_from_before_is_written_behind_what_is_there(self, log: EventLog, cursor: str) -> None:
        """However long it waited, as downloads do while the disk is full."""
        record(log, 3, day=2)
        with fixed(datetime(2026, 11, 2, 18, tzinfo=UTC)):
            cursor = log.after(cursor, limit=9).cursor
            times = ["2026-11-01T23:59:59.9Z", "2026-11-02T00:00:00.1Z"]
            log.record_all([entry("tested", None, actor="tests", time=time, number=4) for time in times])
            assert [one["time"] for one in log.after(cursor, limit=9).entries] == times
