"""The specification of the storage seam: every backend's tests subclass `StoreContract`."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pocketrepo.errors import Conflict, Damaged, NewerFormat, NotFound, Unavailable
from pocketrepo.model import Json
from pocketrepo.store import ABSENT, UNCHANGED, Change, Doc, Store, base
from tests.store.process import increment

KEY = "repos/acme/tools/projects/hello/project.json"
NOT_KEYS = [
    "",
    "/a",
    "a/",
    "a//b",
    ".",
    "a/.",
    "..",
    "../a",
    "a/../b",
    "a/..",
    "a\0b",
    ".tmp-1",
    "a/.tmp-1/b",
]
NOT_KEYS += ["locks/00", "staging", "staging/a"]
_names = itertools.count()


def staged(store: Store, data: bytes = b"bytes") -> Path:
    path = store.staging / f"staged-{next(_names)}"
    path.write_bytes(data)
    return path


def contents(store: Store, key: str) -> bytes:
    doc = store.read(key)
    assert isinstance(doc, Doc)
    return doc.data


def opened(store: Store, key: str) -> bytes:
    blob = store.open(key)
    data = Path(blob.path).read_bytes()
    assert blob.size == len(data)
    return data


def adding(name: object) -> Change:
    """A change that notes a name in the document's list of them."""

    def change(document: Json | None) -> Json:
        document = document or {"names": []}
        document["names"].append(name)
        return document

    return change


class Callers:
    """Threads that each make one update, and what became of them: a document, or an exception."""

    def __init__(self, store: Store, key: str = KEY) -> None:
        self.store = store
        self.key = key
        self.outcomes: dict[str, Any] = {}
        self._threads: list[threading.Thread] = []

    def start(self, name: str, change: Change) -> None:
        def run() -> None:
            try:
                self.outcomes[name] = self.store.update(self.key, change)
            except BaseException as error:
                self.outcomes[name] = error

        thread = threading.Thread(target=run)
        self._threads.append(thread)
        thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()

    @contextmanager
    def behind(self, change: Change) -> Iterator[None]:
        """Whoever starts in the block queues behind an update that applies ``change``, and forms one batch."""
        entered, gate = threading.Event(), threading.Event()

        def held(document: Json | None) -> Json | None:
            entered.set()
            assert gate.wait(30)
            return change(document)

        self.start("leader", held)
        assert entered.wait(30)
        try:
            yield
            waiting = self.store._changes._waiting
            while len(waiting.get(self.key, [])) < len(self._threads) - 1:
                time.sleep(0.001)
        finally:
            gate.set()
        self.join()


class StoreContract:
    @pytest.fixture
    def callers(self, store: Store) -> Callers:
        return Callers(store)

    @pytest.fixture
    def writes(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
        """What was written, in order."""
        written: list[bytes] = []
        write = store.write

        def recording(key: str, data: bytes, *, if_match: str) -> str:
            written.append(data)
            return write(key, data, if_match=if_match)

        monkeypatch.setattr(store, "write", recording)
        return written

    # Documents

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

    @pytest.mark.parametrize("key", NOT_KEYS)
    def test_what_is_no_key_is_refused_by_all_that_change(self, store: Store, key: str) -> None:
        store.add("blob", staged(store))
        calls: list[Callable[[], object]] = [
            lambda: store.write(key, b"", if_match=ABSENT),
            lambda: store.remove(key),
            lambda: store.append(key, b""),
            lambda: store.add(key, staged(store)),
            lambda: store.add_all(key, {"a": staged(store)}),
            lambda: store.copy("blob", key),
            lambda: store.update(key, increment),
        ]
        for call in calls:
            with pytest.raises(ValueError, match=r"not a key|null"):
                call()
        assert list(store.list("")) == ["blob"]

    @pytest.mark.parametrize("key", [key for key in NOT_KEYS if ".." in key])
    def test_no_read_leaves_the_store(self, store: Store, key: str) -> None:
        for read in (store.read, store.etag, store.open, store.list, store.children):
            with pytest.raises(ValueError, match="not a key"):
                read(key)

    @pytest.mark.parametrize("key", ["a..b", "...", ".a", "a/.b/c", "staged", "a/locks", "a b", "ü", "a\nb"])
    def test_other_strings_are_keys(self, store: Store, key: str) -> None:
        etag = store.write(key, b"", if_match=ABSENT)
        assert store.read(key, unless=etag) is UNCHANGED
        assert list(store.list("")) == [key]

    # Blobs

    def test_an_added_file_moves_to_its_key(self, store: Store) -> None:
        source = staged(store, b"wheel" * 1000)
        store.add("files/k1/a.whl", source)
        assert opened(store, "files/k1/a.whl") == b"wheel" * 1000
        assert not source.exists()

    def test_an_added_file_need_not_be_durable(self, store: Store) -> None:
        store.add("files/k1/a.whl", staged(store), durable=False)
        assert opened(store, "files/k1/a.whl") == b"bytes"

    def test_an_added_file_reads_as_a_document_too(self, store: Store) -> None:
        store.add("files/k1/upload.json", staged(store, b'{"a":1}'))
        assert store.get("files/k1/upload.json") == {"a": 1}
        assert store.etag("files/k1/upload.json") is not None

    def test_a_key_is_added_once(self, store: Store) -> None:
        store.add("files/k1/a.whl", staged(store, b"first"))
        second = staged(store, b"second")
        with pytest.raises(Conflict):
            store.add("files/k1/a.whl", second)
        assert opened(store, "files/k1/a.whl") == b"first"
        assert second.read_bytes() == b"second"

    def test_the_bytes_of_an_absent_key_are_not_found(self, store: Store) -> None:
        with pytest.raises(NotFound):
            store.open("files/k1/a.whl")

    def test_files_are_added_together(self, store: Store) -> None:
        sources = {name: staged(store, name.encode()) for name in ("a.whl", "a.whl.metadata", "upload.json")}
        store.add_all("files/k1", sources, derived={"a.whl.metadata"})
        assert {name: opened(store, f"files/k1/{name}") for name in sources} == {
            name: name.encode() for name in sources
        }
        assert not any(source.exists() for source in sources.values())

    def test_files_are_not_added_together_where_there_is_one(self, store: Store) -> None:
        store.add("files/k1/b/c", staged(store, b"first"))
        sources = {"a.whl": staged(store), "b": staged(store)}
        with pytest.raises(Conflict):
            store.add_all("files/k1", sources)
        assert list(store.list("")) == ["files/k1/b/c"]
        assert all(source.exists() for source in sources.values())

    def test_files_are_added_together_or_not_at_all(self, store: Store) -> None:
        sources = {"a.whl": staged(store), "b.whl": store.staging / "missing", "c.whl": staged(store)}
        with pytest.raises((Unavailable, OSError)):
            store.add_all("files/k1", sources, derived={"b.whl"})
        assert list(store.list("")) == []
        assert store.children("") == []

    @pytest.mark.parametrize("name", ["", "..", "a/b", "/a", ".tmp-1"])
    def test_files_added_together_have_names_of_one_segment(self, store: Store, name: str) -> None:
        source = staged(store)
        with pytest.raises(ValueError, match="not"):
            store.add_all("files/k1", {name: source})
        assert source.exists()

    def test_a_copy_outlives_its_source(self, store: Store) -> None:
        store.add("files/k1/a.whl", staged(store))
        store.copy("files/k1/a.whl", "other/k2/a.whl")
        store.remove("files/k1/a.whl")
        assert opened(store, "other/k2/a.whl") == b"bytes"
        with pytest.raises(NotFound):
            store.open("files/k1/a.whl")

    def test_a_copy_needs_a_source_and_a_new_key(self, store: Store) -> None:
        with pytest.raises(NotFound):
            store.copy("files/k1/a.whl", "files/k2/a.whl")
        store.add("files/k1/a.whl", staged(store, b"one"))
        store.add("files/k2/a.whl", staged(store, b"two"))
        with pytest.raises(Conflict):
            store.copy("files/k1/a.whl", "files/k2/a.whl")
        assert opened(store, "files/k2/a.whl") == b"two"

    def test_a_removed_file_can_be_added_again(self, store: Store) -> None:
        for data in (b"one", b"two"):
            store.add("files/k1/a.whl", staged(store, data))
            assert opened(store, "files/k1/a.whl") == data
            store.remove("files/k1/a.whl")

    # Listing

    def test_keys_are_listed_in_the_order_of_strings(self, store: Store) -> None:
        keys = ["a/b/c", "a/b-c", "a/b.c", "a-b/c", "a.json", "B", "a/b/b/z", "é/x", "a0/b"]
        for key in keys:
            store.write(key, b"", if_match=ABSENT)
        assert list(store.list("")) == sorted(keys)
        assert list(store.list("a")) == ["a/b-c", "a/b.c", "a/b/b/z", "a/b/c"]

    def test_a_prefix_is_whole_segments_above_the_keys(self, store: Store) -> None:
        for key in ("a/b", "ab/c", "a.b"):
            store.write(key, b"", if_match=ABSENT)
        assert list(store.list("a")) == ["a/b"]
        assert list(store.list("nothing/here")) == []

    def test_children_are_the_next_segments(self, store: Store) -> None:
        for key in ("repos/b/x/1", "repos/b/y/1", "repos/a/x", "repos/c.json", "other/d"):
            store.write(key, b"", if_match=ABSENT)
        assert store.children("repos") == ["a", "b", "c.json"]
        assert store.children("") == ["other", "repos"]
        assert store.children("nothing") == []

    def test_a_child_without_keys_is_gone(self, store: Store) -> None:
        store.write("repos/a/x/1", b"", if_match=ABSENT)
        store.write("repos/b/x/1", b"", if_match=ABSENT)
        store.remove("repos/a/x/1")
        assert store.children("repos") == ["b"]

    def test_staged_files_and_locks_are_not_listed(self, store: Store) -> None:
        staged(store)
        store.write(KEY, b"", if_match=ABSENT)
        assert list(store.list("")) == [KEY]
        assert store.children("") == ["repos"]

    def test_keys_may_come_and_go_while_they_are_listed(self, store: Store) -> None:
        for number in range(5):
            store.write(f"a/{number}/x", b"", if_match=ABSENT)
        listing = store.list("a")
        assert next(listing) == "a/0/x"
        for number in range(5):
            store.remove(f"a/{number}/x")
        assert set(listing) <= {f"a/{number}/x" for number in range(1, 5)}

    # Staging

    def test_only_what_lies_in_staging_for_long_is_swept(self, store: Store) -> None:
        path = staged(store)
        folder = store.staging / "folder"
        folder.mkdir()
        staged(store).rename(folder / "file")
        store.write(KEY, b"", if_match=ABSENT)
        assert store.sweep(older_than=3600) == []
        assert set(store.sweep(older_than=-1, dry_run=True)) == {str(path), str(folder)}
        assert path.exists()
        assert set(store.sweep(older_than=-1)) == {str(path), str(folder)}
        assert list(store.staging.iterdir()) == []
        assert list(store.list("")) == [KEY]

    # Logs

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

    # Content

    def test_content_is_decoded_and_none_if_absent(self, store: Store) -> None:
        assert store.get(KEY) is None
        store.write(KEY, b'{"a": "\xc3\xa4"}', if_match=ABSENT)
        assert store.get(KEY) == {"a": "ä"}

    def test_content_of_a_newer_format_is_neither_read_nor_overwritten(self, store: Store) -> None:
        data = json.dumps({"schema": base.SCHEMA + 1}).encode()
        store.write(KEY, data, if_match=ABSENT)
        calls: list[Callable[[], object]] = [lambda: store.get(KEY), lambda: store.update(KEY, increment)]
        for call in calls:
            with pytest.raises(NewerFormat, match=f"{KEY}: .*upgrade"):
                call()
        assert contents(store, KEY) == data

    def test_content_of_an_older_format_is_read_and_updated_to_this_one(self, store: Store) -> None:
        store.write(KEY, json.dumps({"schema": base.SCHEMA - 1, "number": 1}).encode(), if_match=ABSENT)
        assert store.get(KEY) == {"schema": base.SCHEMA - 1, "number": 1}
        store.update(KEY, increment)
        document = store.get(KEY)
        assert document is not None
        assert (document["schema"], document["number"]) == (base.SCHEMA, 2)

    @pytest.mark.parametrize("data", [b"", b"{", b"[1]", b"null", b"\xff"])
    def test_damaged_content_is_told_and_not_overwritten(self, store: Store, data: bytes) -> None:
        store.write(KEY, data, if_match=ABSENT)
        calls: list[Callable[[], object]] = [lambda: store.get(KEY), lambda: store.update(KEY, increment)]
        for call in calls:
            with pytest.raises(Damaged, match=KEY):
                call()
        assert contents(store, KEY) == data

    # Updates

    def test_an_update_returns_what_it_stored(self, store: Store) -> None:
        for number in (1, 2, 3):
            document = store.update(KEY, increment)
            assert document == store.get(KEY)
            assert document is not None
            assert (document["number"], document["rev"], document["schema"]) == (number, number, base.SCHEMA)

    def test_a_document_remembers_its_last_writes(self, store: Store) -> None:
        seen: list[str] = []
        for _ in range(base.REMEMBERED_OPERATIONS + 3):
            document = store.update(KEY, increment)
            assert document is not None
            seen.append(document["ops"][-1])
        assert document is not None
        assert document["ops"] == seen[3:]
        assert len(set(seen)) == len(seen)

    def test_a_change_may_return_another_object(self, store: Store) -> None:
        store.update(KEY, lambda document: {"a": 1})
        store.update(KEY, lambda document: {"b": 2})
        document = store.get(KEY)
        assert document is not None
        assert (document["b"], document["rev"], len(document["ops"])) == (2, 2, 2)
        assert "a" not in document

    def test_none_leaves_a_document_as_it_is(self, store: Store, writes: list[bytes]) -> None:
        assert store.update(KEY, lambda document: None) is None
        assert store.etag(KEY) is None

        def forget(document: Json | None) -> None:
            assert document is not None
            document.clear()

        before = store.update(KEY, increment)
        assert store.update(KEY, forget) == before
        assert store.get(KEY) == before
        assert len(writes) == 1

    def test_a_change_that_raises_leaves_a_document_as_it_is(self, store: Store) -> None:
        before = store.update(KEY, increment)

        def fail(document: Json | None) -> Json:
            assert document is not None
            document["number"] = -1
            raise Conflict("of another kind")

        with pytest.raises(Conflict, match="of another kind"):
            store.update(KEY, fail)
        assert store.get(KEY) == before

    def test_no_update_of_many_threads_is_lost(self, store: Store) -> None:
        def work() -> None:
            for _ in range(200):
                store.update(KEY, increment)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        document = store.get(KEY)
        assert document is not None
        assert document["number"] == 1600
        assert document["rev"] <= 1600

    def test_threads_that_wait_are_written_together(
        self, store: Store, callers: Callers, writes: list[bytes]
    ) -> None:
        with callers.behind(adding("first")):
            for name in "abcdef":
                callers.start(name, adding(name))
        document = store.get(KEY)
        assert document is not None
        assert (document["names"][0], set(document["names"][1:])) == ("first", set("abcdef"))
        assert len(writes) == 2
        assert all(callers.outcomes[name] == document for name in "abcdef")

    def test_threads_that_were_written_together_get_objects_of_their_own(
        self, store: Store, callers: Callers
    ) -> None:
        with callers.behind(adding("first")):
            for name in "abc":
                callers.start(name, adding(name))
        callers.outcomes["a"].clear()
        assert callers.outcomes["b"] == callers.outcomes["c"] == store.get(KEY)
        assert callers.outcomes["b"] is not callers.outcomes["c"]

    def test_updates_of_different_documents_do_not_wait_for_each_other(
        self, store: Store, callers: Callers
    ) -> None:
        with callers.behind(increment):
            store.update("names.json", increment)
            assert "leader" not in callers.outcomes

    def test_a_change_that_raises_among_others_fails_alone(
        self, store: Store, callers: Callers, writes: list[bytes]
    ) -> None:
        def fail(document: Json | None) -> Json:
            assert document is not None
            document["names"].clear()
            raise ValueError("no")

        with callers.behind(adding("first")):
            for name in ("a", "fail 1", "b", "fail 2", "c"):
                callers.start(name, fail if "fail" in name else adding(name))
        document = store.get(KEY)
        assert document is not None
        assert document["names"][0] == "first"
        assert sorted(document["names"][1:]) == ["a", "b", "c"]
        assert len(writes) == 2
        assert isinstance(callers.outcomes["fail 1"], ValueError)
        assert isinstance(callers.outcomes["fail 2"], ValueError)
        assert all(callers.outcomes[name] == document for name in "abc")

    @pytest.mark.parametrize("value", [object(), "\ud800"], ids=["no JSON", "no UTF-8"])
    def test_content_that_cannot_be_written_fails_alone(
        self, store: Store, callers: Callers, value: object
    ) -> None:
        with callers.behind(adding("first")):
            for name in ("a", "bad", "b"):
                callers.start(name, adding(value if name == "bad" else name))
        document = store.get(KEY)
        assert document is not None
        assert document["names"][0] == "first"
        assert sorted(document["names"][1:]) == ["a", "b"]
        assert isinstance(callers.outcomes["bad"], TypeError | ValueError)
        assert "a" in callers.outcomes["a"]["names"]

    def test_a_change_that_returns_none_among_others_leaves_no_trace(
        self, store: Store, callers: Callers
    ) -> None:
        def forget(document: Json | None) -> None:
            assert document is not None
            document["names"].clear()

        with callers.behind(adding("first")):
            for name in ("a", "forget", "b"):
                callers.start(name, forget if name == "forget" else adding(name))
        document = store.get(KEY)
        assert document is not None
        assert sorted(document["names"][1:]) == ["a", "b"]
        assert callers.outcomes["forget"] == document

    def test_a_write_that_fails_fails_all_that_waited_for_it_and_no_one_else(
        self, store: Store, callers: Callers, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write = store.write

        def fail_second(key: str, data: bytes, *, if_match: str) -> str:
            if b'"first"' in data and b'"a"' in data:
                raise Unavailable("the disk is full")
            return write(key, data, if_match=if_match)

        monkeypatch.setattr(store, "write", fail_second)
        with callers.behind(adding("first")):
            for name in "ab":
                callers.start(name, adding(name))
            callers.start("none", lambda document: None)
        for name in ("a", "b", "none"):
            assert isinstance(callers.outcomes[name], Unavailable)
        monkeypatch.undo()
        document = store.update(KEY, adding("later"))
        assert document is not None
        assert document["names"] == ["first", "later"]

    def test_a_thread_that_is_interrupted_fails_the_others_of_its_batch_softly(
        self, store: Store, callers: Callers
    ) -> None:
        class Ending(BaseException):
            pass

        def end(document: Json | None) -> Json:
            raise Ending

        with callers.behind(adding("first")):
            callers.start("end", end)
            callers.start("a", adding("a"))
        outcomes = [callers.outcomes["end"], callers.outcomes["a"]]
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Ending", "Unavailable"]
        document = store.update(KEY, adding("later"))
        assert document is not None
        assert document["names"] == ["first", "later"]

    def test_an_update_that_loses_is_applied_to_what_the_winner_wrote(self, store: Store) -> None:
        store.update(KEY, adding("old"))
        calls = 0

        def change(document: Json | None) -> Json | None:
            nonlocal calls
            calls += 1
            if calls == 1:
                doc = store.read(KEY)
                assert isinstance(doc, Doc)
                content = {**doc.json(), "names": ["old", "winner"]}
                store.write(KEY, base.encode(content), if_match=doc.etag)
            return adding("loser")(document)

        document = store.update(KEY, change)
        assert document is not None
        assert document["names"] == ["old", "winner", "loser"]
        assert calls == 2

    def test_a_change_that_raises_on_what_then_lost_gets_another_chance(
        self, store: Store, callers: Callers
    ) -> None:
        winners = iter([True])

        def beaten(document: Json | None) -> Json | None:
            if next(winners, False):
                doc = store.read(KEY)
                assert isinstance(doc, Doc)
                store.write(KEY, base.encode({**doc.json(), "open": True}), if_match=doc.etag)
            return adding("beaten")(document)

        def enter(document: Json | None) -> Json | None:
            assert document is not None
            if not document.get("open"):
                raise ValueError("closed")
            return adding("entered")(document)

        with callers.behind(adding("first")):
            callers.start("beaten", beaten)
            callers.start("enter", enter)
        assert sorted(callers.outcomes["enter"]["names"]) == ["beaten", "entered", "first"]
        assert callers.outcomes["enter"] == store.get(KEY)

    def test_an_update_gives_up_against_endless_winners(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def conflict(key: str, data: bytes, *, if_match: str) -> str:
            raise Conflict(key)

        monkeypatch.setattr(store, "write", conflict)
        monkeypatch.setattr(base, "PATIENCE", 0.01)
        with pytest.raises(Unavailable, match=r"too many writers.*try again"):
            store.update(KEY, increment)
        assert store.etag(KEY) is None

    def test_a_write_that_happened_though_it_answered_conflict_is_not_repeated(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write = store.write
        written: list[bytes] = []

        def lose_the_answer(key: str, data: bytes, *, if_match: str) -> str:
            written.append(data)
            write(key, data, if_match=if_match)
            raise Conflict(key)

        monkeypatch.setattr(store, "write", lose_the_answer)
        document = store.update(KEY, increment)
        assert document is not None
        assert document["number"] == 1
        assert document == store.get(KEY)
        assert len(written) == 1
