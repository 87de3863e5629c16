"""Documents are read, written on condition, watched by their etag, and removed."""

from __future__ import annotations

import threading

import pytest

from pocketrepo.errors import Conflict, NotFound
from pocketrepo.store import ABSENT, UNCHANGED, Doc, Store
from tests.store.samples import KEY, contents


class Documents:
    def test_a_document_reads_as_it_was_written(self, store: Store) -> None:
        etag = store.write(KEY, b"one\n", if_match=ABSENT)
        assert store.read(KEY) == Doc(b"one\n", etag)
        assert store.etag(KEY) == etag

    @pytest.mark.parametrize("data", [b"", b"\0\xff\r\n", bytes(3_000_000)], ids=["empty", "binary", "large"])
    def test_a_document_may_be_any_bytes(self, store: Store, data: bytes) -> None:
        store.write(KEY, data, if_match=ABSENT)
        assert contents(store, KEY) == data

    def test_an_absent_document_is_not_found(self, store: Store) -> None:
        with pytest.raises(NotFound, match=KEY):
            store.read(KEY)
        with pytest.raises(NotFound):
            store.read(KEY, unless="etag")
        assert store.etag(KEY) is None

    def test_nothing_is_found_beneath_a_document_nor_at_a_prefix(self, store: Store) -> None:
        store.write("a/b", b"", if_match=ABSENT)
        for key in ("a/b/c", "a"):
            with pytest.raises(NotFound):
                store.read(key)
            with pytest.raises(NotFound):
                store.open(key)
            assert store.etag(key) is None
        assert list(store.list("a/b")) == []
        assert store.children("a/b") == []

    def test_a_read_tells_whether_the_document_is_unchanged(self, store: Store) -> None:
        first = store.write(KEY, b"one", if_match=ABSENT)
        assert store.read(KEY, unless=first) is UNCHANGED
        second = store.write(KEY, b"two", if_match=first)
        assert store.read(KEY, unless=first) == Doc(b"two", second)
        assert store.read(KEY, unless=second) is UNCHANGED

    def test_an_etag_is_unchanged_until_the_document_is_written_or_removed(self, store: Store) -> None:
        first = store.write("a/b", b"1", if_match=ABSENT)
        first_stands = store.watch("a/b", first)
        assert first_stands()
        second = store.write("a/b", b"1", if_match=first)
        second_stands = store.watch("a/b", second)
        assert second_stands()
        assert not first_stands()
        assert not store.watch("a", second)()
        store.remove("a/b")
        assert not second_stands()

    @pytest.mark.parametrize("present", [True, False])
    @pytest.mark.parametrize("if_match", [ABSENT, "1-2-3"])
    def test_a_write_that_expects_another_state_conflicts(
        self, store: Store, present: bool, if_match: str
    ) -> None:
        if not present and if_match == ABSENT:
            if_match = store.write(KEY, b"gone", if_match=ABSENT)
            store.remove(KEY)
        if present:
            store.write(KEY, b"old", if_match=ABSENT)
        with pytest.raises(Conflict):
            store.write(KEY, b"new", if_match=if_match)
        assert (contents(store, KEY) == b"old") if present else (store.etag(KEY) is None)

    def test_the_second_of_two_writes_at_one_etag_conflicts(self, store: Store) -> None:
        etag = store.write(KEY, b"one", if_match=ABSENT)
        store.write(KEY, b"two", if_match=etag)
        with pytest.raises(Conflict):
            store.write(KEY, b"too", if_match=etag)
        assert contents(store, KEY) == b"two"

    def test_an_etag_never_comes_back_though_the_bytes_do(self, store: Store) -> None:
        etags = [store.write(KEY, b"same", if_match=ABSENT)]
        for _ in range(30):
            etags.append(store.write(KEY, b"same", if_match=etags[-1]))
            store.remove(KEY)
            etags.append(store.write(KEY, b"same", if_match=ABSENT))
        assert len(set(etags)) == len(etags)

    def test_of_many_threads_that_create_a_document_one_wins(self, store: Store) -> None:
        start, won = threading.Barrier(8), []

        def create(number: int) -> None:
            start.wait()
            try:
                store.write(KEY, b"%d" % number, if_match=ABSENT)
            except Conflict:
                return
            won.append(b"%d" % number)

        threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert won == [contents(store, KEY)]

    def test_a_removed_document_is_absent(self, store: Store) -> None:
        store.write(KEY, b"", if_match=ABSENT)
        store.remove(KEY)
        assert store.etag(KEY) is None
        assert list(store.list("")) == []

    def test_removing_what_is_absent_is_no_error(self, store: Store) -> None:
        store.remove(KEY)
        store.write("a/b", b"", if_match=ABSENT)
        store.remove("a/b/c")
        store.remove("a")
        assert store.etag("a/b") is not None

    def test_a_removal_can_name_the_state_it_expects(self, store: Store) -> None:
        with pytest.raises(Conflict):
            store.remove(KEY, if_match="1-2-3")
        first = store.write(KEY, b"one", if_match=ABSENT)
        second = store.write(KEY, b"two", if_match=first)
        with pytest.raises(Conflict):
            store.remove(KEY, if_match=first)
        assert contents(store, KEY) == b"two"
        store.remove(KEY, if_match=second)
        assert store.etag(KEY) is None
