"""Another process at the same root: ``python -m tests.store.process ROOT WHAT [ARGUMENT ...]``.

``increment`` and ``append`` work and end, ``hold`` takes a lock and keeps it, ``crash`` dies in the middle.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
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


def increment(document: Json | None) -> Json:
    document = document or {"number": 0}
    document["number"] += 1
    return document


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
        for _ in range(int(arguments[1])):
            store.update(arguments[0], increment)
    elif what == "append":
        for number in range(int(arguments[1])):
            store.append(arguments[0], f"{os.getpid()} {number} {'x' * 100}".encode())
    elif what == "hold":
        hold(store, *arguments)
    else:
        crash(root, *arguments)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
