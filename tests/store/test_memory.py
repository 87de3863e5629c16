"""The store in memory: what the contract says, and files that go with it."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from pocketrepo.store import MemoryStore
from tests.store.contract import StoreContract
from tests.store.samples import opened, staged


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()

    def test_staging_may_be_a_given_folder(self, tmp_path: Path) -> None:
        store = MemoryStore(tmp_path / "incoming")
        assert store.staging == tmp_path / "incoming"
        store.add("a", staged(store))
        assert opened(store, "a") == b"bytes"
        assert list(store.staging.iterdir()) == []

    def test_its_files_go_with_it(self) -> None:
        store = MemoryStore()
        store.add("a", staged(store))
        path = Path(store.open("a").path)
        assert path.exists()
        del store
        gc.collect()
        assert not path.exists()

    def test_a_removed_file_is_deleted_with_its_last_key(self, store: MemoryStore) -> None:
        store.add("a", staged(store))
        store.copy("a", "b")
        path = Path(store.open("a").path)
        store.remove("a")
        assert path.exists()
        store.remove("b")
        assert not path.exists()
