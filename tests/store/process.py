"""Other processes at the same root: ``python -m tests.store.process ROOT WHAT [ARGUMENT ...]``.

``increment`` and ``append`` wait for a line, work and end, ``hold`` takes a lock and keeps it, ``crash`` dies in the
middle.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pocketrepo.model import Json
from pocketrepo.store import ABSENT, Doc, FileStore, file

DEADLY = [
    "open",
    "write",
    "utime",
    "fchmod",
    "fsync",
    "replace",
    "link",
    "unlink",
    "mkdir",
    "rename",
    "rmdir",
]
"""The calls of `os` in front of which a process can die."""


def another_process(root: Path, what: str, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.store.process", str(root), what, *arguments]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2], text=True, **options)


def run_together(count: int, root: Path, what: str, *arguments: str) -> list[int]:
    """The ids of processes that did the same at once: none starts before all are ready."""
    pipe = subprocess.PIPE
    with ExitStack() as stack:
        processes = [
            stack.enter_context(another_process(root, what, *arguments, stdin=pipe, stdout=pipe))
            for _ in range(count)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        assert [process.wait(60) for process in processes] == [0] * count
    return [process.pid for process in processes]


def increment(document: Json | None) -> Json:
    document = document or {"number": 0}
    document["number"] += 1
    return document


def wait() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def replace_slowly(source: str, target: str, replace: Callable[[str, str], None] = os.replace) -> None:
    """Whoever is not kept out comes in between."""
    time.sleep(0.002)
    replace(source, target)


def hold(store: FileStore, key: str) -> None:
    with store._locks.holding(key):
        print("holding", flush=True)
        sys.stdin.read()


def prepare(store: FileStore) -> None:
    store.write("a/doc", b"old", if_match=ABSENT)
    store.append("a/log", b"old")
    for name in ("one", "two"):
        (store.staging / name).write_bytes(name.encode() * 1000)


def write(store: FileStore) -> None:
    doc = store.read("a/doc")
    assert isinstance(doc, Doc)
    store.write("a/doc", b"new" * 1000, if_match=doc.etag)


def create(store: FileStore) -> None:
    store.write("b/c/doc", b"new" * 1000, if_match=ABSENT)


def append(store: FileStore) -> None:
    store.append("a/log", b"new")


def add(store: FileStore) -> None:
    store.add("b/c/one", store.staging / "one")


def add_all(store: FileStore) -> None:
    store.add_all("b/c", {name: store.staging / name for name in ("one", "two")})


def remove(store: FileStore) -> None:
    store.remove("a/doc")


OPERATIONS: dict[str, Callable[[FileStore], None]] = {
    operation.__name__: operation for operation in (write, create, append, add, add_all, remove)
}


def crash(root: Path, operation: str) -> None:
    """For n = 1, 2, … a process that dies in front of its n-th call, in the folder ``root/n``; the last one, and
    only that one, gets through."""
    for n in range(1, 200):
        store = FileStore(root / str(n))
        prepare(store)
        child = os.fork()
        if not child:
            _die_at_call(n)
            OPERATIONS[operation](store)
            os._exit(0)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 9:
            return


def _die_at_call(n: int) -> None:
    calls = 0

    def deadly(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == n:
                os._exit(9)
            return call(*args, **kwargs)

        return counted

    for name in DEADLY:
        setattr(os, name, deadly(getattr(os, name)))
    file.flush = deadly(file.flush)


def main(root: Path, what: str, *arguments: str) -> None:
    # Other processes see what is written whether or not it is flushed, so nobody need wait for the disk.
    os.fsync = file.flush = lambda fd: None
    store = FileStore(root)
    if what == "increment":
        os.replace = replace_slowly  # type: ignore[assignment]
        wait()
        for _ in range(int(arguments[1])):
            store.update(arguments[0], increment)
    elif what == "append":
        wait()
        for number in range(int(arguments[1])):
            store.append(arguments[0], f"{os.getpid()} {number} {'x' * 100}".encode())
    elif what == "hold":
        hold(store, *arguments)
    else:
        crash(root, *arguments)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
