from __future__ import annotations

import errno
import json
import os
import re
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pocketrepo.errors import Conflict, NotFound, Unavailable
from pocketrepo.model import Json
from pocketrepo.store import ABSENT, FileStore, disk, file, locks
from tests.store.contract import KEY, StoreContract, contents, opened, staged
from tests.store.process import increment

Fail = Callable[[str, int], None]


def another_process(root: Path, what: str, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.store.process", str(root), what, *arguments]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2], text=True, **options)


def leftovers(root: Path) -> list[str]:
    return [path.name for path in root.rglob(".tmp-*")]


@pytest.fixture(autouse=True)
def _unflushed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the tests that look at what is flushed wait for the disk."""
    if "steps" not in request.fixturenames:
        monkeypatch.setattr(os, "fsync", lambda fd: None)
        monkeypatch.setattr(file, "flush", lambda fd: None)


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "root")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Fail:
    """Make a call of `os` fail with an error number from now on."""

    def fail(name: str, number: int) -> None:
        def failing(*args: Any, **kwargs: Any) -> Any:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, name, failing)

    return fail


class TestFileStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> FileStore:
        return FileStore(tmp_path / "root")


# Where things lie


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


def test_lock_files_are_few_and_stay(store: FileStore, root: Path) -> None:
    for number in range(5):
        store.write(f"a/{number}", b"", if_match=ABSENT)
        store.remove(f"a/{number}")
    names = [path.name for path in (root / "locks").iterdir()]
    assert 1 < len(names) <= 5
    assert all(re.fullmatch("[0-9a-f]{2}", name) for name in names)


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


# Etags


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


# Disks of other kinds


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


# Failures


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


# What is on the disk when a call returns


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The renames (with their targets) and flushes (with what was flushed) in their order."""
    seen: list[tuple[str, str]] = []

    def recorded(name: str, where: int, call: Callable[..., None]) -> Callable[..., None]:
        def record(*args: Any) -> None:
            what = str(Path(f"/proc/self/fd/{args[0]}").readlink()) if name == "fsync" else args[where]
            call(*args)
            seen.append((name, what))

        return record

    for name, where in (("fsync", 0), ("replace", 1), ("rename", 1), ("link", 1), ("mkdir", 0)):
        monkeypatch.setattr(os, name, recorded(name, where, getattr(os, name)))
    return seen


proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks at open files through /proc")


def in_order(steps: list[tuple[str, str]], *wanted: tuple[str, str]) -> bool:
    rest = iter(steps)
    return all(step in rest for step in wanted)


@proc
def test_a_write_is_flushed_before_its_rename_and_the_folder_after_it(
    store: FileStore, root: Path, steps: list[tuple[str, str]]
) -> None:
    store.write("a/b/doc", b"", if_match=ABSENT)
    (temporary,) = {what for name, what in steps if ".tmp-" in what}
    folder = f"{root}/a/b"
    assert in_order(steps, ("fsync", temporary), ("replace", f"{folder}/doc"), ("fsync", folder))
    for parent, made in ((f"{root}/a", folder), (str(root), f"{root}/a"), (str(root.parent), str(root))):
        assert in_order(steps, ("mkdir", made), ("fsync", parent))


@proc
def test_an_add_is_flushed_before_its_link_and_the_folder_after_it(
    store: FileStore, root: Path, steps: list[tuple[str, str]]
) -> None:
    source = staged(store)
    store.add("a/b/1", source)
    folder = f"{root}/a/b"
    assert in_order(steps, ("fsync", str(source)), ("link", f"{folder}/1"), ("fsync", folder))
    assert in_order(steps, ("mkdir", folder), ("fsync", f"{root}/a"))


@proc
def test_files_added_together_are_flushed_with_each_folder_once(
    store: FileStore, root: Path, steps: list[tuple[str, str]]
) -> None:
    store.write("a/doc", b"", if_match=ABSENT)
    sources = {name: staged(store) for name in ("1", "2", "3")}
    steps.clear()
    store.add_all("a/files/k", sources, derived={"2"})
    folder = f"{root}/a/files"
    assert [what for name, what in steps if name == "fsync"] == [
        str(sources["1"]),
        str(sources["3"]),
        f"{folder}/k",
        folder,
        f"{root}/a",
    ]
    assert in_order(steps, ("fsync", str(sources["3"])), ("rename", f"{folder}/k"), ("fsync", f"{folder}/k"))


@proc
def test_nothing_is_flushed_for_what_can_be_made_again(
    store: FileStore, steps: list[tuple[str, str]]
) -> None:
    store.add("a/1", staged(store), durable=False)
    assert "fsync" not in dict(steps)


@proc
def test_the_folder_of_a_new_log_is_flushed(
    store: FileStore, root: Path, steps: list[tuple[str, str]]
) -> None:
    store.append("a/log", b"one")
    assert in_order(steps, ("mkdir", f"{root}/a"), ("fsync", f"{root}/a"), ("fsync", str(root)))
    steps.clear()
    store.append("a/log", b"two")
    assert steps == []


@proc
def test_a_removal_is_flushed_though_its_folder_is_pruned_meanwhile(
    store: FileStore, root: Path, steps: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("a/b/doc", b"", if_match=ABSENT)
    steps.clear()
    unlink = os.unlink

    def pruned_after(path: str) -> None:
        unlink(path)
        Path(path).parent.rmdir()

    monkeypatch.setattr(os, "unlink", pruned_after)
    store.remove("a/b/doc")
    assert steps == [("fsync", f"{root}/a")]


@pytest.mark.parametrize(
    ("operation", "old", "new"),
    [
        ("write", {"a/doc": b"old"}, {"a/doc": b"new" * 1000}),
        ("create", {}, {"b/c/doc": b"new" * 1000}),
        ("add", {}, {"b/c/one": b"one" * 1000}),
        ("add_all", {}, {"b/c/one": b"one" * 1000, "b/c/two": b"two" * 1000}),
        ("remove", {"a/doc": b"old"}, {}),
        ("append", {"a/log": b"old\n"}, {"a/log": b"old\nnew\n"}),
    ],
)
def test_a_crash_anywhere_leaves_the_old_state_or_the_new(
    root: Path, operation: str, old: dict[str, bytes], new: dict[str, bytes]
) -> None:
    assert another_process(root, "crash", operation).wait(60) == 0
    before = {"a/doc": b"old", "a/log": b"old\n"}
    states = {"old": before | old, "new": {key: before[key] for key in before if key not in old} | new}
    seen = []
    for folder in sorted(root.iterdir(), key=lambda path: int(path.name)):
        store = FileStore(folder)
        found = {key: contents(store, key) for key in store.list("")}
        (state,) = (name for name, state in states.items() if state == found)
        seen.append(state)
        assert store.children("") == sorted({key.partition("/")[0] for key in found})
        store.update("b/c/other", increment)
        store.append("a/log", b"next")
        assert contents(store, "a/log") == found["a/log"] + b"next\n"
        store.sweep(older_than=-1)
        assert leftovers(folder) == []
    assert seen == sorted(seen, reverse=True)
    assert set(seen) == {"old", "new"}


# Beside other processes


@pytest.mark.journey
def test_no_update_of_many_processes_is_lost(store: FileStore, root: Path) -> None:
    processes = [another_process(root, "increment", KEY, "200") for _ in range(8)]
    assert [process.wait(60) for process in processes] == [0] * 8
    document = store.get(KEY)
    assert document is not None
    assert (document["number"], document["rev"]) == (1600, 1600)
    assert leftovers(root) == []


def test_processes_append_whole_lines_in_their_order(store: FileStore, root: Path) -> None:
    processes = [another_process(root, "append", "log", "50") for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0] * 4
    lines = [line.split() for line in contents(store, "log").decode().splitlines()]
    for process in processes:
        mine = [line for line in lines if line[0] == str(process.pid)]
        assert mine == [[str(process.pid), str(number), "x" * 100] for number in range(50)]
    assert len(lines) == 200


def test_a_process_that_stops_with_a_lock_holds_others_up_until_it_is_killed(
    store: FileStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.update(KEY, increment)
    pipe = subprocess.PIPE
    with another_process(root, "hold", KEY, stdin=pipe, stdout=pipe) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holding\n"
        monkeypatch.setattr(locks, "PATIENCE", 0.02)
        with pytest.raises(Unavailable, match=f"{KEY} has been locked.*try again"):
            store.update(KEY, increment)
        assert json.loads(contents(store, KEY))["number"] == 1
        holder.kill()
        holder.wait()
    monkeypatch.undo()
    document = store.update(KEY, increment)
    assert document is not None
    assert document["number"] == 2


def test_a_thread_that_stops_with_a_lock_holds_others_up_for_a_while_only(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "PATIENCE", 0.02)
    errors = []

    def write() -> None:
        try:
            store.write(KEY, b"", if_match=ABSENT)
        except Unavailable as error:
            errors.append(str(error))

    with store._locks.holding(KEY):
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert len(errors) == 1
    assert "has been locked" in errors[0]


def test_an_update_keeps_other_processes_out_lest_they_write_in_vain(
    store: FileStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "PATIENCE", 0.02)
    refused = []

    def write_too() -> None:
        with pytest.raises(Unavailable, match="has been locked") as raised:
            FileStore(root).write(KEY, b"", if_match=ABSENT)
        refused.append(raised)

    def change(document: Json | None) -> Json:
        other = threading.Thread(target=write_too)
        other.start()
        other.join()
        return increment(document)

    store.update(KEY, change)
    assert len(refused) == 1


def test_a_folder_that_others_prune_is_made_again(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, call, into in (("open", os.open, 0), ("link", os.link, 1)):
        times = iter(range(3))

        def pruned_before(
            *args: Any, call: Callable[..., Any] = call, into: int = into, times: Iterator[int] = times
        ) -> Any:
            path = Path(args[into])
            if "repos" in path.parts and args[1] != disk.READ and next(times, None) is not None:
                with suppress(FileNotFoundError):
                    path.parent.rmdir()
            return call(*args)

        monkeypatch.setattr(os, name, pruned_before)
    store.write("repos/a/doc", b"", if_match=ABSENT)
    store.add("repos/b/blob", staged(store))
    assert list(store.list("")) == ["repos/a/doc", "repos/b/blob"]


def test_files_are_not_added_together_where_one_comes_meanwhile(
    store: FileStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add("a/k/1", staged(store))
    monkeypatch.setattr(store, "_has_keys", lambda prefix: False)
    with pytest.raises(Conflict):
        store.add_all("a/k", {"2": staged(store)})
    assert list(store.list("")) == ["a/k/1"]
    assert leftovers(root) == []


def test_keys_come_and_go_in_a_folder_at_once(store: FileStore, root: Path) -> None:
    errors: list[Exception] = []

    def work(number: int) -> None:
        try:
            for round in range(30):
                key = f"repos/a/b/{number}"
                if number % 3 == 0:
                    store.write(key, b"", if_match=ABSENT)
                elif number % 3 == 1:
                    store.add(key, staged(store))
                else:
                    store.add_all(key, {"1": staged(store)})
                    key += "/1"
                assert store.etag(key) is not None, round
                store.remove(key)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert list(store.list("")) == []
    assert not (root / "repos").exists()
