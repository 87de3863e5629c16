"""The store in a folder: what the contract says, where things lie, and etags that never come back."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from pocketrepo.errors import Unavailable
from pocketrepo.store import ABSENT, FileStore
from tests.store.contract import StoreContract
from tests.store.samples import KEY, leftovers


class TestFileStore(StoreContract):
    """By the fixture ``store`` of this folder."""


def test_making_a_store_touches_nothing(store: FileStore, root: Path) -> None:
    assert list(store.list("")) == []
    assert store.get(KEY) is None
    assert not root.exists()


def test_a_key_is_a_path(store: FileStore, root: Path) -> None:
    store.write(KEY, b"one", if_match=ABSENT)
    assert (root / KEY).read_bytes() == b"one"
    assert [path.name for path in (root / KEY).parent.iterdir()] == ["project.json"]


def test_a_root_may_be_relative_and_stays_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = FileStore(Path("root"))
    monkeypatch.chdir("/")
    store.write(KEY, b"one", if_match=ABSENT)
    assert (tmp_path / "root" / KEY).exists()


def test_documents_and_logs_are_private(store: FileStore, root: Path) -> None:
    store.write("accounts.json", b"", if_match=ABSENT)
    store.append("events/1.jsonl", b"")
    for key in ("accounts.json", "events/1.jsonl"):
        assert stat.S_IMODE((root / key).stat().st_mode) == 0o600


def test_a_document_keeps_the_mode_that_it_was_given(store: FileStore, root: Path) -> None:
    etag = store.write(KEY, b"one", if_match=ABSENT)
    (root / KEY).chmod(0o644)
    store.write(KEY, b"two", if_match=etag)
    assert stat.S_IMODE((root / KEY).stat().st_mode) == 0o644


def test_a_link_in_a_documents_place_is_replaced_and_not_followed(store: FileStore, root: Path) -> None:
    target = root.parent / "target"
    target.write_bytes(b"old")
    root.mkdir()
    (root / "doc").symlink_to(target)
    etag = store.etag("doc")
    assert etag is not None
    store.write("doc", b"new", if_match=etag)
    assert target.read_bytes() == b"old"
    assert not (root / "doc").is_symlink()


def test_a_link_in_a_logs_place_is_not_followed(store: FileStore, root: Path) -> None:
    target = root.parent / "target"
    target.write_bytes(b"old\n")
    root.mkdir()
    (root / "log").symlink_to(target)
    with pytest.raises(Unavailable, match="symbolic link"):
        store.append("log", b"new")
    assert target.read_bytes() == b"old\n"


def test_folders_of_removed_keys_are_removed_too(store: FileStore, root: Path) -> None:
    store.write("repos/a/b/c", b"", if_match=ABSENT)
    store.write("repos/d", b"", if_match=ABSENT)
    store.remove("repos/a/b/c")
    assert [path.name for path in (root / "repos").iterdir()] == ["d"]
    store.remove("repos/d")
    assert not (root / "repos").exists()
    assert root.exists()


def test_a_folder_with_nothing_finished_in_it_is_no_child(store: FileStore, root: Path) -> None:
    store.write("repos/a/b", b"", if_match=ABSENT)
    (root / "repos/empty/deep").mkdir(parents=True)
    (root / "repos/half").mkdir()
    (root / "repos/half/.tmp-1").write_bytes(b"")
    assert store.children("repos") == ["a"]


def test_what_crashes_left_half_made_is_swept_once_it_is_old(store: FileStore, root: Path) -> None:
    store.write("repos/a/b", b"", if_match=ABSENT)
    (root / "repos/a/.tmp-1").write_bytes(b"")
    (root / "repos/.tmp-2").mkdir()
    (root / "repos/.tmp-2/a.whl").write_bytes(b"")
    assert list(store.list("")) == ["repos/a/b"]
    assert store.sweep(older_than=3600) == []
    assert len(leftovers(root)) == 2
    assert len(store.sweep(older_than=-1)) == 2
    assert leftovers(root) == []
    assert list(store.list("")) == ["repos/a/b"]


def test_a_modification_time_grows_though_the_clock_stands(
    store: FileStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    etag = store.write(KEY, b"same", if_match=ABSENT)
    before = (root / KEY).stat().st_mtime_ns
    monkeypatch.setattr(time, "time_ns", lambda: before - 10**9)
    for _ in range(3):
        etag = store.write(KEY, b"same", if_match=etag)
        after = (root / KEY).stat().st_mtime_ns
        assert after > before
        before = after


def test_a_modification_time_grows_on_a_disk_that_keeps_two_seconds(
    store: FileStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    utime = os.utime

    def coarse(fd: int, *, ns: tuple[int, int]) -> None:
        utime(fd, ns=(ns[0], ns[1] // 2_000_000_000 * 2_000_000_000))

    monkeypatch.setattr(os, "utime", coarse)
    etag, times = store.write(KEY, b"same", if_match=ABSENT), []
    for _ in range(3):
        times.append((root / KEY).stat().st_mtime_ns)
        etag = store.write(KEY, b"same", if_match=etag)
    assert times == sorted(set(times))
