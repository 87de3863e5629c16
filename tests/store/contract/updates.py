"""An update is made once, whoever writes at the same time."""

from __future__ import annotations

import threading

import pytest

from pocketrepo.errors import Conflict, Unavailable
from pocketrepo.model import Json
from pocketrepo.store import Doc, Store, base
from tests.store.callers import adding
from tests.store.process import increment
from tests.store.samples import KEY


class Updates:
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

    @pytest.mark.usefixtures("hasty_threads")
    def test_no_update_of_many_threads_is_lost(self, store: Store) -> None:
        start = threading.Barrier(8)

        def work() -> None:
            start.wait()
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
