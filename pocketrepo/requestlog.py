"""The latest requests of a background server: a bounded file that the server writes and its starter reads.

A line is what the access log says, with its time: neither query, header nor cookie, and no token of a path.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from pocketrepo.clock import now
from pocketrepo.config.url import mask
from pocketrepo.display import Listing, Piece, card, muted, size, strong, table, text

LIMIT = 256 * 1024
"""Bytes of the file; one more of that size holds what came before."""
SHOWN = 50
"""Requests that are displayed, the latest."""
_LINE = re.compile(r"(\S+) (\S+) (\S+) (\S+) (\d{3}) (\d+)\n")
_HEALTH = " GET /health "
_ANY_HOST = "http://h"


class Request(NamedTuple):
    """An answered request: ``time`` is RFC 3339 UTC, ``client`` its address and port, ``size`` bytes of the body."""

    time: str
    client: str
    method: str
    path: str
    status: int
    size: int


class Log(Listing[Request]):
    """Requests that a server answered, oldest first."""

    def _records(self) -> dict[str, list[Any]]:
        return {name: [getattr(each, name) for each in self] for name in Request._fields}

    def _piece(self) -> Piece:
        if not self:
            return card(muted("No requests are known."))
        latest = self[-SHOWN:]
        title = (
            f"{len(self):,} requests"
            if len(self) <= SHOWN
            else f"The latest {SHOWN} of {len(self):,} requests"
        )
        rows = [
            (
                text(each.time[11:19]),
                text(each.method),
                text(each.path),
                text(str(each.status)) if each.status < 400 else strong(str(each.status)),
                text(size(each.size)),
                text(each.client.rpartition(":")[0]),
            )
            for each in latest
        ]
        return card(strong(title), table(["utc", "request", "path", "status", "size", "from"], rows))


class RequestLog:
    """Writes lines of the access log. From any thread; a full disk costs lines, nothing else."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._file = self._open()
        self._written = 0

    def __call__(self, line: str) -> None:
        if _HEALTH in line:
            return  # those who find a server by its record ask that before each call
        data = f"{now()} {_without_token(line)}\n".encode()
        with self._lock, suppress(OSError):
            if self._written > LIMIT:
                self._path.replace(_earlier(self._path))
                os.close(self._file)
                self._file = self._open()
                self._written = 0
            self._written += os.write(self._file, data)

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def read(path: Path) -> Log:
    """What was written there; empty where nothing was."""
    return Log(_requests(part for each in (_earlier(path), path) for part in _lines(each)))


def _requests(lines: Iterable[str]) -> Iterable[Request]:
    for line in lines:
        if found := _LINE.fullmatch(line):
            time, client, method, path, status, count = found.groups()
            yield Request(time, client, method, path, int(status), int(count))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", errors="replace").splitlines(keepends=True)
    except OSError:
        return []


def _earlier(path: Path) -> Path:
    return path.with_name(f"{path.name}.1")


def _without_token(line: str) -> str:
    client, method, path, rest = line.split(" ", 3)
    return f"{client} {method} {mask(_ANY_HOST + path).removeprefix(_ANY_HOST)} {rest}"
