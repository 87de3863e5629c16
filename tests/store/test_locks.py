"""Locks keep others out for a while only, and no longer than their process lives."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from pathlib import Path

import pytest

from pocketrepo.errors import Unavailable
from pocketrepo.model import Json
from pocketrepo.store import ABSENT, FileStore, locks
from tests.store.process import another_process, increment
from tests.store.samples import KEY, contents


def test_lock_files_are_few_and_stay(store: FileStore, root: Path) -> None:
    for number in range(5):
        store.write(f"a/{number}", b"", if_match=ABSENT)
        store.remove(f"a/{number}")
    names = [path.name for path in (root / "locks").iterdir()]
    assert 1 < len(names) <= 5
    assert all(re.fullmatch("[0-9a-f]{2}", name) for name in names)


def test_a_process_that_stops_with_a_lock_holds_others_up_until_it_is_killed(
    store: FileStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.update(KEY, increment)
    pipe = subprocess.PIPE
    with another_process(root, "hold", KEY, stdin=pipe, stdout=pipe) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holding\n"
        monkeypatch.setattr(locks, "PATIENCE", 0.02)
        with pytest.raises(Unavailable, match=f"{KEY} has been locked.*try again"):
            store.update(KEY, increment)
        assert json.loads(contents(store, KEY))["number"] == 1
        holder.kill()
        holder.wait()
    monkeypatch.undo()
    document = store.update(KEY, increment)
    assert document is not None
    assert document["number"] == 2


def test_a_thread_that_stops_with_a_lock_holds_others_up_for_a_while_only(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "PATIENCE", 0.02)
    errors = []

    def write() -> None:
        try:
            store.write(KEY, b"", if_match=ABSENT)
        except Unavailable as error:
            errors.append(str(error))

    with store._locks.holding(KEY):
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert len(errors) == 1
    assert "has been locked" in errors[0]


def test_an_update_keeps_other_processes_out_lest_they_write_in_vain(
    store: FileStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "PATIENCE", 0.02)
    refused = []

    def write_too() -> None:
        with pytest.raises(Unavailable, match="has been locked") as raised:
            FileStore(root).write(KEY, b"", if_match=ABSENT)
        refused.append(raised)

    def change(document: Json | None) -> Json:
        other = threading.Thread(target=write_too)
        other.start()
        other.join()
        return increment(document)

    store.update(KEY, change)
    assert len(refused) == 1
