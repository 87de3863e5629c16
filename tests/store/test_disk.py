"""Disks that lack something, and disks that fail: what was there stays, and the reason is told in one line."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from pocketrepo.errors import Conflict, NotFound, Unavailable
from pocketrepo.store import ABSENT, FileStore
from tests.store.conftest import Fail
from tests.store.samples import KEY, contents, leftovers, opened, staged


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_disk_without_hard_links_does_as_well(
    store: FileStore, root: Path, fail: Fail, number: int
) -> None:
    fail("link", number)
    store.add("a/1", staged(store, b"one"))
    store.copy("a/1", "b/1")
    assert opened(store, "a/1") == opened(store, "b/1") == b"one"
    with pytest.raises(Conflict):
        store.add("a/1", staged(store, b"two"))
    with pytest.raises(Conflict):
        store.copy("a/1", "b/1")
    assert opened(store, "a/1") == b"one"
    assert leftovers(root) == []


def test_staging_may_lie_on_another_disk(
    store: FileStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("link", "rename"):
        call = getattr(os, name)

        def crossing(source: str, target: str, call: Callable[[str, str], None] = call) -> None:
            if ("/staging/" in source) != ("/staging/" in target):
                raise OSError(errno.EXDEV, "")
            call(source, target)

        monkeypatch.setattr(os, name, crossing)
    store.add("a/1", staged(store, b"one"))
    store.add_all("b", {"1": staged(store, b"one"), "2": staged(store, b"two")})
    assert [opened(store, key) for key in ("a/1", "b/1", "b/2")] == [b"one", b"one", b"two"]
    assert list(store.staging.iterdir()) == []
    assert leftovers(root) == []


def test_a_disk_that_cannot_flush_folders_does_as_well(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def files_only(fd: int) -> None:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "")
        fsync(fd)

    monkeypatch.setattr(os, "fsync", files_only)
    store.write(KEY, b"one", if_match=ABSENT)
    assert contents(store, KEY) == b"one"


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "cannot write doc: the disk is full (free some space)"),
        (errno.EDQUOT, "the disk quota is used up"),
        (errno.EROFS, "the disk is read-only"),
        (errno.EACCES, "permission denied"),
        (errno.EMFILE, "too many open files"),
        (errno.EIO, "the disk reports an error"),
        (errno.ENXIO, os.strerror(errno.ENXIO)),
    ],
)
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_write_that_fails_leaves_the_old_document_and_says_why(
    store: FileStore,
    root: Path,
    fail: Fail,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    number: int,
    message: str,
) -> None:
    etag = store.write("doc", b"old", if_match=ABSENT)
    fail(call, number)
    with pytest.raises(Unavailable) as raised:
        store.write("doc", b"new", if_match=etag)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    monkeypatch.undo()
    assert contents(store, "doc") == b"old"
    assert store.etag("doc") == etag
    assert leftovers(root) == []


def test_a_write_that_has_lost_already_does_not_touch_the_disk(store: FileStore, fail: Fail) -> None:
    store.write("doc", b"old", if_match=ABSENT)
    for call in ("write", "fsync", "mkdir"):
        fail(call, errno.ENOSPC)
    with pytest.raises(Conflict):
        store.write("doc", b"new", if_match=ABSENT)
    with pytest.raises(Conflict):
        store.write("a/doc", b"new", if_match="1-2-3")


def test_a_disk_that_fills_up_within_a_line_leaves_the_log_as_it_was(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append("log", b"old")
    write, calls = os.write, 0

    def half(fd: int, data: memoryview) -> int:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise OSError(errno.ENOSPC, "")
        return write(fd, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(Unavailable, match="disk is full"):
        store.append("log", b"a long line")
    monkeypatch.undo()
    store.append("log", b"new")
    assert contents(store, "log") == b"old\nnew\n"


@pytest.mark.parametrize("call", ["fsync", "link"])
def test_an_add_that_fails_adds_nothing(
    store: FileStore, fail: Fail, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    source = staged(store)
    fail(call, errno.ENOSPC)
    with pytest.raises(Unavailable, match="cannot add a/1: the disk is full"):
        store.add("a/1", source)
    monkeypatch.undo()
    assert list(store.list("")) == []
    assert source.exists()


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_that_is_no_longer_in_staging_is_told(store: FileStore, durable: bool) -> None:
    with pytest.raises(Unavailable, match=r"cannot add a/1: .* is gone \(try again\)"):
        store.add("a/1", store.staging / "missing", durable=durable)


@pytest.mark.parametrize("call", ["fsync", "mkdir", "rename"])
def test_files_that_cannot_be_added_together_are_not_added(
    store: FileStore, root: Path, fail: Fail, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    sources = {"1": staged(store), "2": staged(store)}
    fail(call, errno.ENOSPC)
    with pytest.raises(Unavailable, match="cannot add a: the disk is full"):
        store.add_all("a", sources)
    monkeypatch.undo()
    assert list(store.list("")) == []
    assert leftovers(root) == []


def test_a_disk_that_cannot_be_read_is_not_an_absent_document(store: FileStore, fail: Fail) -> None:
    store.write("a/doc", b"", if_match=ABSENT)
    for call in ("open", "stat", "scandir"):
        fail(call, errno.EIO)
    reads: list[Callable[[], object]] = [
        lambda: store.read("a/doc"),
        lambda: store.read("a/doc", unless="1-2-3"),
        lambda: store.etag("a/doc"),
        lambda: store.open("a/doc"),
        lambda: list(store.list("")),
        lambda: store.children("a"),
    ]
    for read in reads:
        with pytest.raises(Unavailable, match="the disk reports an error"):
            read()


def test_a_name_too_long_for_the_disk_is_not_found_nor_written(store: FileStore) -> None:
    key = f"a/{'n' * 300}"
    assert store.etag(key) is None
    with pytest.raises(NotFound):
        store.read(key)
    with pytest.raises(Unavailable, match="too long"):
        store.write(key, b"", if_match=ABSENT)


def test_a_torn_last_line_stays_apart_from_the_next(store: FileStore, root: Path) -> None:
    root.mkdir()
    (root / "log").write_bytes(b"whole\nto")
    store.append("log", b"new")
    store.append("log", b"newer")
    assert contents(store, "log") == b"whole\nto\nnew\nnewer\n"
