"""Files move from staging to their keys, once, alone or together; what stays in staging for long is swept."""

from __future__ import annotations

import pytest

from pocketrepo.errors import Conflict, NotFound, Unavailable
from pocketrepo.store import ABSENT, Store
from tests.store.samples import KEY, opened, staged


class Blobs:
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
