"""Processes and threads that write in one folder at once lose nothing of each other."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pocketrepo.errors import Conflict
from pocketrepo.store import ABSENT, FileStore, disk
from tests.store.process import run_together
from tests.store.samples import KEY, contents, leftovers, staged


@pytest.mark.journey
def test_no_update_of_many_processes_is_lost(store: FileStore, root: Path) -> None:
    run_together(8, root, "increment", KEY, "200")
    document = store.get(KEY)
    assert document is not None
    assert (document["number"], document["rev"]) == (1600, 1600)
    assert leftovers(root) == []


def test_processes_append_whole_lines_in_their_order(store: FileStore, root: Path) -> None:
    ids = run_together(4, root, "append", "log", "50")
    lines = [line.split() for line in contents(store, "log").decode().splitlines()]
    for process_id in ids:
        mine = [line for line in lines if line[0] == str(process_id)]
        assert mine == [[str(process_id), str(number), "x" * 100] for number in range(50)]
    assert len(lines) == 200


def test_a_folder_that_others_prune_is_made_again(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, call, into in (("open", os.open, 0), ("link", os.link, 1)):
        times = iter(range(3))

        def pruned_before(
            *args: Any, call: Callable[..., Any] = call, into: int = into, times: Iterator[int] = times
        ) -> Any:
            path = Path(args[into])
            if "repos" in path.parts and args[1] != disk.READ and next(times, None) is not None:
                with suppress(FileNotFoundError):
                    path.parent.rmdir()
            return call(*args)

        monkeypatch.setattr(os, name, pruned_before)
    store.write("repos/a/doc", b"", if_match=ABSENT)
    store.add("repos/b/blob", staged(store))
    assert list(store.list("")) == ["repos/a/doc", "repos/b/blob"]


def test_files_are_not_added_together_where_one_comes_meanwhile(
    store: FileStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add("a/k/1", staged(store))
    monkeypatch.setattr(store, "_has_keys", lambda prefix: False)
    with pytest.raises(Conflict):
        store.add_all("a/k", {"2": staged(store)})
    assert list(store.list("")) == ["a/k/1"]
    assert leftovers(root) == []


def test_keys_come_and_go_in_a_folder_at_once(store: FileStore, root: Path) -> None:
    errors: list[Exception] = []

    def work(number: int) -> None:
        try:
            for round in range(30):
                key = f"repos/a/b/{number}"
                if number % 3 == 0:
                    store.write(key, b"", if_match=ABSENT)
                elif number % 3 == 1:
                    store.add(key, staged(store))
                else:
                    store.add_all(key, {"1": staged(store)})
                    key += "/1"
                assert store.etag(key) is not None, round
                store.remove(key)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert list(store.list("")) == []
    assert not (root / "repos").exists()
