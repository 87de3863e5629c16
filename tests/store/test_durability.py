"""What is on the disk when a call returns, and when the process dies within one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pocketrepo.store import ABSENT, FileStore
from tests.store.process import another_process, increment
from tests.store.samples import contents, leftovers, staged


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
