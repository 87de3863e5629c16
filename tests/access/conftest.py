"""A gate over a store in memory, passwords that cost nothing, and a clock that is set by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from werkzeug.security import check_password_hash, generate_password_hash

from pocketrepo.access import Access, passwords, throttle
from pocketrepo.model import RepositoryName
from pocketrepo.store import MemoryStore

PASSWORD = "correct horse"
CHEAP = "pbkdf2:sha256:1"
TOOLS = RepositoryName("acme", "tools")
OTHER = RepositoryName("acme", "other")

Hashed = list[str]
"""The stored hashes that passwords were compared with, in order."""


@pytest.fixture
def store(tmp_path: Path) -> MemoryStore:
    return MemoryStore(tmp_path)


@pytest.fixture
def access(tmp_path: Path, store: MemoryStore) -> Access:
    return Access(tmp_path, store)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Hashed:
    """Counts the work: each call would take some hundred milliseconds."""
    calls: Hashed = []

    def check(stored: str, password: str) -> bool:
        calls.append(stored)
        return check_password_hash(stored, password)

    monkeypatch.setattr(passwords, "check_password_hash", check)
    monkeypatch.setattr(passwords, "METHOD", CHEAP)
    monkeypatch.setattr(passwords, "NOBODYS", generate_password_hash("nobody's", method=CHEAP))
    return calls


class Clock:
    """The monotonic clock of passwords and throttle."""

    def __init__(self) -> None:
        self.time = 1000.0

    def monotonic(self) -> float:
        return self.time


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (passwords, throttle):
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr("pocketrepo.access.gate.time", clock)
    return clock


@pytest.fixture
def ada(access: Access, hashed: Hashed) -> str:
    """A user with a password who may read and write acme/tools."""
    access.accounts.add_user("ada", passwords.hash_password(PASSWORD))
    return "ada"


Moment = Callable[..., datetime]


def utc(year: int, month: int = 1, day: int = 1, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)
