"""The gateway over real sockets, with WSGI applications made for the purpose."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import logging
import select
import socket
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from pocketrepo.answers import Span
from pocketrepo.errors import ServerError, Stalled
from pocketrepo.gateway import Gateway, bind
from pocketrepo.gateway.body import Body
from pocketrepo.web.state import FileBody

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Start = Callable[..., http.client.HTTPConnection]


@pytest.fixture
def log() -> list[str]:
    """The access log."""
    return []


@pytest.fixture
def start(request: pytest.FixtureRequest, log: list[str]) -> Start:
    """Serves a WSGI application; gives a connection to it."""

    def serve(wsgi: WSGI, *, idle_timeout: float = 5) -> http.client.HTTPConnection:
        listener = bind("127.0.0.1", 0)
        connection = http.client.HTTPConnection("127.0.0.1", listener.getsockname()[1], timeout=10)
        gateway = Gateway(None, wsgi, threads=4, idle_timeout=idle_timeout, access_log=log.append)
        thread = threading.Thread(target=lambda: asyncio.run(gateway.serve(listener)), daemon=True)
        thread.start()

        def end() -> None:
            connection.close()
            gateway.stop()
            thread.join(5)

        request.addfinalizer(end)
        return connection

    return serve


def say(start_response: Callable[..., Any], body: bytes = b"hello") -> list[bytes]:
    start_response("200 OK", [("Content-Length", str(len(body))), ("X-Own", "1")])
    return [body]


def ask(
    connection: http.client.HTTPConnection, method: str = "GET", path: str = "/", **options: Any
) -> tuple[int, bytes]:
    connection.request(method, path, **options)
    response = connection.getresponse()
    return response.status, response.read()


def test_one_connection_carries_many_requests(start: Start) -> None:
    connection = start(lambda environ, respond: say(respond, environ["PATH_INFO"].encode()))
    assert ask(connection, path="/1") == (200, b"/1")
    assert connection.sock is not None
    port = connection.sock.getsockname()[1]
    for number in range(3):
        assert ask(connection, path=f"/{number}") == (200, f"/{number}".encode())
        assert connection.sock.getsockname()[1] == port


def test_head_has_the_headers_of_get_and_no_body(start: Start) -> None:
    connection = start(lambda environ, respond: say(respond))
    connection.request("HEAD", "/")
    response = connection.getresponse()
    assert (response.status, response.headers["Content-Length"], response.headers["X-Own"]) == (200, "5", "1")
    assert response.read() == b""
    assert ask(connection) == (200, b"hello"), "nothing of a body is left on the connection"


def test_an_exception_is_500_in_the_log_and_the_server_lives_on(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    def app(environ: dict[str, Any], respond: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/early\n":
            raise ValueError("planted")
        if environ["PATH_INFO"] == "/late\n":
            respond("200 OK", [])
            return (1 // 0 for _ in range(1))  # type: ignore[misc]
        return say(respond)

    connection = start(app)
    for path in ("/early", "/late"):
        caplog.clear()
        assert ask(connection, path=f"{path}%0A?token=secret") == (500, b"the server met a fault\n")
        [record] = caplog.records
        assert (record.levelno, record.getMessage()) == (logging.ERROR, f"fault at GET {path}%0A")
        assert record.exc_info
    assert ask(connection) == (200, b"hello")


def test_a_line_of_the_access_log_has_neither_query_nor_credentials(start: Start, log: list[str]) -> None:
    connection = start(lambda environ, respond: say(respond))
    ask(connection, path="/simple/a%0ab%2520/?token=secret", headers={"Authorization": "Bearer secret"})
    ask(connection, "HEAD")
    assert [line.partition(" ")[2] for line in log] == ["GET /simple/a%0Ab%2520/ 200 5", "HEAD / 200 5"]
    assert log[0].startswith("127.0.0.1:")


def test_the_environment_is_what_pep_3333_asks(start: Start) -> None:
    seen: list[dict[str, Any]] = []

    def app(environ: dict[str, Any], respond: Callable[..., Any]) -> Iterable[bytes]:
        seen.append(environ)
        return say(respond)

    connection = start(app)
    connection.putrequest("POST", "/a%20b/%2520/%C3%A9?x=%20y")
    for name, value in [
        ("Content-Type", "text/x"),
        ("Content-Length", "0"),
        ("X-Twice", "1"),
        ("X-Twice", "2"),
        ("Content_Length", "99"),
        ("X_Twice", "3"),
    ]:
        connection.putheader(name, value)
    connection.endheaders()
    connection.getresponse().read()
    [environ] = seen
    expected = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a b/%20/\u00c3\u00a9",
        "QUERY_STRING": "x=%20y",
        "CONTENT_TYPE": "text/x",
        "CONTENT_LENGTH": "0",
        "HTTP_X_TWICE": "1,2",
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input_terminated": True,
    }
    assert {key: environ[key] for key in expected} == expected


def test_a_file_is_sent_by_the_server_and_not_read_here(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 1000)
    closed: list[FileBody] = []
    monkeypatch.setattr(FileBody, "__next__", lambda self: pytest.fail("read here"))
    monkeypatch.setattr(FileBody, "close", lambda self: closed.append(self))

    def app(environ: dict[str, Any], respond: Callable[..., Any]) -> Iterable[bytes]:
        whole = environ["PATH_INFO"] == "/whole"
        first, last = (0, 256_000) if whole else (100, 300)
        respond("200 OK" if whole else "206 Partial Content", [("Content-Length", str(last - first))])
        return FileBody(Span(str(path), first, last))

    connection = start(app)
    assert ask(connection, path="/whole") == (200, path.read_bytes())
    assert ask(connection, path="/part") == (206, path.read_bytes()[100:300])
    assert len(closed) == 2


def test_a_large_body_comes_in_pieces_no_larger_than_asked_for(start: Start) -> None:
    sizes: list[int] = []

    def app(environ: dict[str, Any], respond: Callable[..., Any]) -> Iterable[bytes]:
        digest = hashlib.sha256()
        while piece := environ["wsgi.input"].read(10_000):
            sizes.append(len(piece))
            digest.update(piece)
        return say(respond, digest.hexdigest().encode())

    body = bytes(range(256)) * 8192
    status, said = ask(start(app), "POST", body=body)
    assert (status, said.decode()) == (200, hashlib.sha256(body).hexdigest())
    assert (sum(sizes), max(sizes)) == (len(body), 10_000)


def test_a_body_that_nobody_reads_is_not_taken_in(start: Start) -> None:
    reading, done = threading.Event(), threading.Event()

    def app(environ: dict[str, Any], respond: Callable[..., Any]) -> Iterable[bytes]:
        environ["wsgi.input"].read(1)
        reading.set()
        done.wait(10)
        return say(respond)

    connection = start(app)
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", str(1 << 30))
    connection.endheaders(b"x" * 1000)
    assert connection.sock is not None
    assert reading.wait(10)
    sent, piece = 0, b"x" * (1 << 20)
    connection.sock.setblocking(False)
    while sent < 64 << 20 and select.select([], [connection.sock], [], 0.2)[1]:
        sent += connection.sock.send(piece)
    done.set()
    assert sent < 32 << 20


def test_a_body_ends_short_when_the_client_goes_away(start: Start) -> None:
    read: list[bytes] = []
    ended = threading.Event()

    def app(environ: dict[str, Any], respond: Callable[..., Any]) -> Iterable[bytes]:
        try:
            read.append(environ["wsgi.input"].read())
        finally:
            ended.set()
        return say(respond)

    connection = start(app)
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b"only this")
    connection.close()
    assert ended.wait(10)
    assert read == [b"only this"]


class Chunks:
    """A request whose body comes in these chunks, and then never ends if ``stalls``."""

    def __init__(self, *chunks: bytes, stalls: bool = False) -> None:
        self._chunks = iter(chunks)
        self._stalls = stalls

    def __aiter__(self) -> Chunks:
        return self

    def __anext__(self) -> Future[bytes]:
        future: Future[bytes] = Future()
        chunk = next(self._chunks, None)
        if chunk is not None:
            future.set_result(chunk)
        elif not self._stalls:
            future.set_exception(StopAsyncIteration())
        return future


def test_a_body_is_read_in_the_sizes_asked_for() -> None:
    body = Body(Chunks(b"abcde", b"fg", b"hij"), 5, 10)
    assert [body.read(size) for size in (2, 0, 10, 10, 1)] == [b"ab", b"", b"cde", b"fg", b"h"]
    buffer = bytearray(5)
    assert body.readinto(buffer) == 2
    assert buffer[:2] == b"ij"
    assert (body.read(5), body.read(5), body.read()) == (b"", b"", b"")
    assert Body(Chunks(b"abcde", b"fg"), 5, 7).read() == b"abcdefg"
    assert list(Body(Chunks(b"a\nb", b"\nc"), 5, 5)) == [b"a\n", b"b\n", b"c"]


def test_a_body_that_stalls_says_so() -> None:
    body = Body(Chunks(b"abc", stalls=True), 0.01, 10)
    assert body.read(10) == b"abc"
    with pytest.raises(Stalled, match=r"for 0\.01 seconds"):
        body.read(10)


@pytest.mark.parametrize(
    ("host", "port"), [("127.0.0.1", 70_000), ("127.0.0.1", -1), ("192.0.2.1", 0), ("no host", 0)]
)
def test_an_address_that_cannot_be_had_is_one_line(host: str, port: int) -> None:
    with pytest.raises(ServerError, match=f"cannot listen on {host}:{port}: .*--port 0"):
        bind(host, port)


def test_a_taken_port_is_refused_and_another_found() -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=f"cannot listen on 127.0.0.1:{port}"):
            bind("127.0.0.1", port)
        with bind("127.0.0.1", 0) as other:
            assert other.getsockname()[1] not in (0, port)
    with bind("::1", 0) if socket.has_dualstack_ipv6() else bind("127.0.0.1", 0) as listener:
        assert listener.getsockname()[1]
