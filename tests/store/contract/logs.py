"""A log grows by whole lines."""

from __future__ import annotations

import threading

import pytest

from pocketrepo.store import Store
from tests.store.samples import contents


class Logs:
    def test_a_log_reads_as_its_lines(self, store: Store) -> None:
        store.append("events/1.jsonl", b"one")
        first = store.etag("events/1.jsonl")
        store.append("events/1.jsonl", b"", b"three")
        assert contents(store, "events/1.jsonl") == b"one\n\nthree\n"
        assert store.etag("events/1.jsonl") != first
        assert list(store.list("")) == ["events/1.jsonl"]

    def test_a_line_has_no_newline(self, store: Store) -> None:
        with pytest.raises(ValueError, match="newline"):
            store.append("log", b"zero", b"one\ntwo")

    def test_threads_append_whole_lines_in_their_order(self, store: Store) -> None:
        def append(thread: int) -> None:
            for number in range(25):
                store.append("log", b"%d %d %s" % (thread, number, b"x" * 300))

        threads = [threading.Thread(target=append, args=(thread,)) for thread in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lines = contents(store, "log").splitlines()
        assert len(lines) == 200
        for number in range(8):
            mine = [line.split() for line in lines if line.startswith(b"%d " % number)]
            assert mine == [[b"%d" % number, b"%d" % line, b"x" * 300] for line in range(25)]
