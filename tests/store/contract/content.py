"""A document's content is JSON of this format or an earlier one; anything else is told and left alone."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pocketrepo.errors import Damaged, NewerFormat
from pocketrepo.store import ABSENT, Store, base
from tests.store.process import increment
from tests.store.samples import KEY, contents


class Content:
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
