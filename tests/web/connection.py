"""A connection to a server, for thousands of requests: an answer is read as it is, and nothing more is made of it."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from io import BufferedRWPair
from typing import NamedTuple

Headers = list[tuple[str, str]]


class Request(NamedTuple):
    """``headers`` without ``Host`` and ``Content-Length``, which are sent too."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    def encode(self) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.method not in ("GET", "HEAD"):
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


class Answer(NamedTuple):
    """Names of headers are in small letters."""

    status: int
    headers: Headers
    body: bytes


class Connection:
    """Made when it is used, and anew after the server has ended it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stream: BufferedRWPair | None = None

    def ask(self, request: Request) -> Answer:
        if self._stream is None:
            with socket.create_connection(("127.0.0.1", self._port), timeout=30) as connection:
                self._stream = connection.makefile("rwb")
        stream = self._stream
        stream.write(request.encode())
        stream.flush()
        answer = _read(stream, request.method)
        if ("connection", "close") in answer.headers:
            self.close()
        return answer

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def _read(stream: BufferedRWPair, method: str) -> Answer:
    """The next answer, whose body must have its length before it."""
    status = int(stream.readline().split()[1])
    headers: Headers = []
    while line := stream.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers.append((name.lower(), value.strip()))
    empty = method == "HEAD" or status in (204, 304)
    return Answer(status, headers, b"" if empty else stream.read(int(dict(headers)["content-length"])))
