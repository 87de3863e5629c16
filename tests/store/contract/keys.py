"""What is a key, and how keys are listed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pocketrepo.store import ABSENT, UNCHANGED, Store
from tests.store.process import increment
from tests.store.samples import KEY, staged

NOT_KEYS = [
    *("", "/a", "a/", "a//b", "a\0b"),
    *(".", "a/.", "..", "../a", "a/../b", "a/.."),
    *(".tmp-1", "a/.tmp-1/b", "locks/00", "staging", "staging/a"),
]


class Keys:
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
