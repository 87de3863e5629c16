"""Downloads on record: in batches, none lost, and counted for tokens without a limit."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pocketrepo import downloads as module
from pocketrepo.access import Actor
from pocketrepo.access.entitlements import EntitlementBook, Terms
from pocketrepo.access.usage import UsageBook
from pocketrepo.downloads import Download, Downloads
from pocketrepo.errors import LimitReached, Unavailable
from pocketrepo.events import DOWNLOADED, EventLog
from pocketrepo.model import Json, RepositoryName
from pocketrepo.paths import Target
from pocketrepo.store import MemoryStore

TOOLS = RepositoryName("acme", "tools")
TARGET = Target(TOOLS, "file", "hello", "0123456789abcdef", "hello-1.0.tar.gz")


class Log(EventLog):
    """Counts writes, and fails while it is told to."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.writes = 0
        self.fails = False

    def record_all(self, entries: Any) -> None:
        self.writes += 1
        if self.fails:
            raise Unavailable("the disk is full")
        super().record_all(entries)

    @property
    def downloads(self) -> list[Json]:
        return [event for event in self.read() if event["event"] == DOWNLOADED]


@pytest.fixture
def store(tmp_path: Path) -> MemoryStore:
    return MemoryStore(tmp_path)


@pytest.fixture
def log(store: MemoryStore) -> Log:
    return Log(store)


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written by itself, and no thread outlives the test."""

    class Never(threading.Timer):
        def start(self) -> None:
            pass

    monkeypatch.setattr(module.threading, "Timer", Never)


@pytest.fixture
def made(log: Log, store: MemoryStore, by_hand: None) -> Downloads:
    return Downloads(log, UsageBook(store))


def download(actor: Actor | None = None, *, size: int = 10, client: str = "192.0.2.1") -> Download:
    return Download(TOOLS, TARGET, actor, client, 200, size)


def token(store: MemoryStore, **terms: Any) -> Actor:
    book = EntitlementBook(store, TOOLS)
    return Actor("entitlement ci", entitlement=book.create(Terms(name="ci", **terms), actor="ada")[0])


def test_downloads_are_written_together_and_say_who_what_and_from_where(made: Downloads, log: Log) -> None:
    for actor in (None, Actor("ada", user="ada")):
        made.count(download(actor))
    assert log.writes == 0
    made.flush()
    made.flush()
    assert log.writes == 1
    anonymous, ada = log.downloads
    assert {**anonymous, "time": ""} == {
        "time": "",
        "event": "downloaded",
        "repository": "acme/tools",
        "actor": "anonymous",
        "client": "192.0.2.1",
        "project": "hello",
        "filename": "hello-1.0.tar.gz",
        "key": "0123456789abcdef",
        "status": 200,
        "size": 10,
    }
    assert ada["actor"] == "ada"


def test_a_batch_is_written_after_a_moment_by_itself(
    log: Log, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH_SECONDS", 0.01)
    written = Downloads(log, UsageBook(store))
    for count in (1, 2):
        written.count(download())
        deadline = time.monotonic() + 10
        while len(log.downloads) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        assert len(log.downloads) == count


def test_an_interpreter_that_ends_writes_what_waits(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from pocketrepo.downloads import Download
from pocketrepo.paths import Target
from pocketrepo.repository import open_root
from pocketrepo.settings import Settings
root = open_root(Settings(root=Path({str(tmp_path)!r})))
target = Target(None, "file", "hello", "0123456789abcdef", "hello-1.0.tar.gz")
root.downloads.count(Download(root.default, target, None, "192.0.2.1", 200, 10))
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    [day] = (tmp_path / "events").glob("*.jsonl")
    assert '"event":"downloaded"' in day.read_text()


def test_a_disk_that_is_full_for_a_while_loses_nothing(
    made: Downloads, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    log.fails = True
    made.count(download(size=1))
    made.flush()
    made.count(download(size=2))
    made.flush()
    assert "downloads could not be recorded: the disk is full" in caplog.text
    log.fails = False
    made.flush()
    assert [event["size"] for event in log.downloads] == [1, 2]


def test_a_disk_that_stays_full_does_not_fill_the_memory(
    made: Downloads, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    log.fails = True
    for size in range(6):
        made.count(download(size=size))
        made.flush()
    log.fails = False
    made.flush()
    assert [event["size"] for event in log.downloads] == [3, 4, 5]


def test_a_limited_token_is_charged_before_the_answer(made: Downloads, log: Log, store: MemoryStore) -> None:
    ci = token(store, limit_num_downloads=1)
    made.count(download(ci))
    assert ci.entitlement is not None
    assert UsageBook(store).read(ci.entitlement).downloads == 1
    with pytest.raises(LimitReached):
        made.count(download(ci))
    made.flush()
    assert len(log.downloads) == 1, "what was refused is no download"
    assert UsageBook(store).read(ci.entitlement).downloads == 1, "and what was charged is not counted again"


def test_a_token_without_limits_is_counted_with_the_batch(made: Downloads, store: MemoryStore) -> None:
    ci, other = token(store), token(store)
    for client in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
        made.count(download(ci, client=client))
    made.count(download(other))
    assert ci.entitlement
    assert other.entitlement
    usage = UsageBook(store)
    assert usage.read(ci.entitlement).downloads == 0
    made.flush()
    counted = usage.read(ci.entitlement)
    assert (counted.downloads, counted.bandwidth, counted.clients) == (3, 30, 2)
    assert usage.read(other.entitlement).downloads == 1


def test_threads_at_once_lose_nothing(made: Downloads, log: Log) -> None:
    def work() -> None:
        for _ in range(50):
            made.count(download())
            made.flush()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made.flush()
    assert len(log.downloads) == 400
