"""A store in a folder, what is written to it, and a disk that fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pocketrepo.store import FileStore, Store

Fail = Callable[[str, int], None]


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "root")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Fail:
    """Make a call of `os` fail with an error number from now on."""

    def fail(name: str, number: int) -> None:
        def failing(*args: Any, **kwargs: Any) -> Any:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, name, failing)

    return fail


@pytest.fixture
def writes(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was written, in order."""
    written: list[bytes] = []
    write = store.write

    def recording(key: str, data: bytes, *, if_match: str) -> str:
        written.append(data)
        return write(key, data, if_match=if_match)

    monkeypatch.setattr(store, "write", recording)
    return written


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """A thread hardly comes to an end before others have their turn."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)
