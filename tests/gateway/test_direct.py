"""What is sent past Granian, on real sockets: large files, and reasons."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest

from pocketrepo import gateway
from pocketrepo.answers import Answer, Span
from pocketrepo.gateway import Gateway, bind, direct
from pocketrepo.web.state import FileBody

SIZE = 8 << 20
PAGE = b"page " * (1 << 20)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(random.Random(7).randbytes(SIZE))
    return path


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "LARGE", 1 << 20)


@pytest.fixture
def port(path: Path) -> Iterator[int]:
    """Of a server on all addresses of this machine: ``/page`` is bytes, ``/refused?REASON`` a refusal, all else the
    file or a part of it."""

    def app(environ: dict[str, Any], respond: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/refused":
            respond(f"400 {unquote(environ['QUERY_STRING'])}", [("Content-Length", "4")])
            return [b"why\n"]
        if environ["PATH_INFO"] == "/page":
            respond("200 OK", [("Content-Length", str(len(PAGE)))])
            return [PAGE]
        start, stop = 0, SIZE
        if environ["PATH_INFO"] == "/part":
            start, stop = 1000, 3_000_000
        respond("206 Partial Content" if start else "200 OK", [("Content-Length", str(stop - start))])
        return FileBody(Span(str(path), start, stop))

    listener = bind("0.0.0.0", 0)
    served = Gateway(None, app, threads=4, idle_timeout=5)
    number = listener.getsockname()[1]
    thread = threading.Thread(target=lambda: asyncio.run(served.serve(listener)), daemon=True)
    thread.start()
    yield number
    served.stop()
    thread.join(5)
    assert not thread.is_alive()


def connect(port: int, host: str = "127.0.0.1", source: tuple[str, int] | None = None) -> socket.socket:
    connection = socket.socket()
    connection.settimeout(10)
    if source:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        connection.bind(source)
    connection.connect((host, port))
    return connection


def request(path: str, *, last: bool = False) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{'Connection: close' if last else 'X: y'}\r\n\r\n".encode()


def sha256(data: bytes) -> str:
    """For comparing what is too large to be shown."""
    return hashlib.sha256(data).hexdigest()


def receive(connection: socket.socket) -> bytes:
    """Everything until the server ends the connection."""
    with connection:
        return b"".join(iter(lambda: connection.recv(1 << 20), b""))


def is_whole(received: bytes, path: Path) -> bool:
    return received.endswith(b"\r\n\r\n" + path.read_bytes())


def descriptors() -> int:
    return len(list(direct.DESCRIPTORS.iterdir()))


@pytest.fixture
def by_granian(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The statuses of large files that Granian sent."""
    sent: list[int] = []
    send = gateway._send_by_granian

    def recorded(proto: Any, answer: Answer) -> None:
        if isinstance(answer.body, Span):
            sent.append(answer.status)
        send(proto, answer)

    monkeypatch.setattr(gateway, "_send_by_granian", recorded)
    return sent


@pytest.mark.parametrize(
    ("asked", "status", "start", "stop"),
    [("/whole", b"200 OK", 0, SIZE), ("/part", b"206 Partial Content", 1000, 3_000_000)],
)
def test_the_kernel_sends_it_and_the_connection_ends(
    port: int, path: Path, by_granian: list[int], asked: str, status: bytes, start: int, stop: int
) -> None:
    connection = connect(port)
    connection.sendall(request("/page"))
    received = b""
    while not received.endswith(PAGE):
        received += connection.recv(1 << 20)
    connection.sendall(request(asked))
    head, _, body = receive(connection).partition(b"\r\n\r\n")
    assert sha256(body) == sha256(path.read_bytes()[start:stop])
    first, *fields = head.split(b"\r\n")
    assert first == b"HTTP/1.1 " + status
    names = [field.partition(b": ")[0] for field in fields]
    assert sorted(names) == [b"connection", b"content-length", b"date"]
    assert b"connection: close" in fields
    assert by_granian == []


def test_a_client_that_does_not_wait_gets_its_answers_one_after_the_other(port: int, path: Path) -> None:
    connection = connect(port)
    connection.sendall(request("/page") + request("/whole", last=True))
    time.sleep(0.3)  # the page does not fit into the buffers of the sockets
    received = receive(connection)
    head, page, rest = received.partition(PAGE)
    assert (head[:15], len(page)) == (b"HTTP/1.1 200 OK", len(PAGE))
    assert sha256(rest.partition(b"\r\n\r\n")[2]) == sha256(path.read_bytes())


def test_a_connection_is_not_used_while_bytes_are_under_way() -> None:
    with bind("127.0.0.1", 0) as listener:
        client = connect(listener.getsockname()[1])
        listener.setblocking(True)
        ours = listener.accept()[0]
    address = "{}:{}".format(*client.getsockname())
    with client, ours:
        ours.setblocking(False)
        left = 0
        with suppress(BlockingIOError):
            while True:
                left += ours.send(PAGE)
        assert direct.connection(address) is None
        while left:
            left -= len(client.recv(1 << 20))
        deadline = time.monotonic() + 10
        while (found := direct.connection(address)) is None and time.monotonic() < deadline:
            time.sleep(0.01)  # the last acknowledgement may be late
        assert found is not None
        with found:
            assert found.getpeername() == client.getsockname()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="needs IPv6")
@pytest.mark.parametrize(
    ("host", "asked", "written"),
    [("::1", "::1", "[::1]"), ("::", "127.0.0.1", "[::ffff:127.0.0.1]")],
)
def test_a_connection_is_found_by_what_granian_calls_its_client(host: str, asked: str, written: str) -> None:
    with bind(host, 0) as listener:
        listener.setblocking(True)
        with socket.create_connection((asked, listener.getsockname()[1])) as client, listener.accept()[0]:
            found = direct.connection(f"{written}:{client.getsockname()[1]}")
            assert found is not None
            with found:
                assert found.getpeername()[1] == client.getsockname()[1]


def test_one_port_of_a_client_at_two_addresses_is_not_mistaken(
    port: int, path: Path, by_granian: list[int]
) -> None:
    with bind("127.0.0.1", 0) as free:
        source = free.getsockname()
    first = connect(port, "127.0.0.1", source)
    second = connect(port, "127.0.0.2", source)
    for connection in (second, first):
        connection.sendall(request("/whole", last=True))
        assert is_whole(receive(connection), path)
    assert len(by_granian) == 1, "the one that was asked while both were open"


def test_clients_that_leave_in_the_middle_leave_nothing_behind(port: int, path: Path) -> None:
    def download() -> bytes:
        connection = connect(port)
        connection.sendall(request("/whole", last=True))
        return receive(connection)

    assert is_whole(download(), path)
    before = descriptors()
    for _ in range(20):
        with connect(port) as connection:
            connection.sendall(request("/whole", last=True))
            assert len(connection.recv(100_000)) > 0
    assert is_whole(download(), path)
    deadline = time.monotonic() + 10
    while descriptors() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert descriptors() <= before


def test_slow_clients_do_not_wait_for_each_other(port: int, path: Path) -> None:
    slow = [connect(port) for _ in range(30)]
    for connection in slow:
        connection.sendall(request("/whole"))
    quick = connect(port)
    quick.sendall(request("/whole"))
    assert is_whole(receive(quick), path)
    assert all(is_whole(receive(connection), path) for connection in slow)


def test_a_file_that_is_gone_is_said_as_of_a_small_one(
    port: int, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.unlink()
    said = []
    for large in (1 << 20, 1 << 30):
        monkeypatch.setattr(direct, "LARGE", large)
        connection = connect(port)
        connection.sendall(request("/whole", last=True))
        said.append(receive(connection).split(b"\r\n")[0])
    assert said[0] == said[1]
    assert b"200" not in said[0]


def test_a_file_that_ends_early_ends_the_connection(port: int, path: Path) -> None:
    os.truncate(path, SIZE // 2)
    connection = connect(port)
    connection.sendall(request("/whole"))
    head, _, body = receive(connection).partition(b"\r\n\r\n")
    assert f"content-length: {SIZE}".encode() in head
    assert sha256(body) == sha256(path.read_bytes())


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("it is there already", "it is there already"),
        ("a \u2192 b", "a ? b"),
        ("a\r\nb: c", "Bad Request"),
        ("BAD REQUEST", "Bad Request"),
        ("", "Bad Request"),
    ],
)
def test_a_reason_of_the_application_stands_beside_the_status(port: int, reason: str, said: str) -> None:
    query = quote(reason)
    with connect(port) as connection:
        connection.sendall(
            f"POST /refused?{query} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc".encode()
        )
        received = connection.recv(10_000)
    head, _, body = received.partition(b"\r\n\r\n")
    assert (head.split(b"\r\n")[0].decode(), body) == (f"HTTP/1.1 400 {said}", b"why\n")
