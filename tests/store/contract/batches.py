"""Threads that wait for a document are written together, and each succeeds or fails on its own."""

from __future__ import annotations

import pytest

from pocketrepo.errors import Unavailable
from pocketrepo.model import Json
from pocketrepo.store import Doc, Store, base
from tests.store.callers import Callers, adding
from tests.store.process import increment
from tests.store.samples import KEY


class Batches:
    @pytest.fixture
    def callers(self, store: Store) -> Callers:
        return Callers(store)

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
