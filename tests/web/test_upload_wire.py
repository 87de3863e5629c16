"""Uploads as bytes on a connection: cut, stalled, framed wrongly, or many at once."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
from flask import Flask

from pocketrepo.repository import Root
from tests.conftest import Live
from tests.distributions import make_wheel
from tests.uploads import assert_true
from tests.web.forms import body, form


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(tmp_path)


def request_head(live: Live, length: int | None, kind: str, *more: str) -> bytes:
    lines = [
        "POST / HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {live.key}",
        f"Content-Type: {kind}",
        *more,
    ]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def connect(live: Live) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(live.url.rsplit(":", 1)[1].strip("/"))), timeout=10)


def test_a_client_that_goes_away_in_the_middle_leaves_nothing(
    app: Flask, serve: Callable[..., Live], wheel: Path, clean: Callable[[], None], root: Root
) -> None:
    live = serve(app, idle_timeout=0.5)
    data, kind = body(form(wheel), [("content", wheel.name, wheel.read_bytes())])
    with connect(live) as client:
        client.sendall(request_head(live, len(data), kind) + data[: len(data) - 100])
    with connect(live) as client:
        client.sendall(request_head(live, len(data), kind) + data)
        assert client.recv(100).startswith(b"HTTP/1.1 200")
    threading.Event().wait(0.7)
    assert list(root.store.staging.iterdir()) == []
    assert assert_true(root) == 1


def test_a_stalled_upload_is_cut_and_leaves_nothing(
    app: Flask, serve: Callable[..., Live], wheel: Path, clean: Callable[[], None]
) -> None:
    live = serve(app, idle_timeout=0.2)
    data, kind = body(form(wheel), [("content", wheel.name, wheel.read_bytes())])
    with connect(live) as client:
        client.sendall(request_head(live, len(data), kind) + data[: len(data) - 100])
        assert client.recv(100).startswith(b"HTTP/1.1 408")
    clean()


def test_a_body_of_unknown_length_is_refused(
    app: Flask, serve: Callable[..., Live], wheel: Path, clean: Callable[[], None]
) -> None:
    live = serve(app)
    data, kind = body(form(wheel), [("content", wheel.name, wheel.read_bytes())])
    chunked = f"{len(data):x}\r\n".encode() + data + b"\r\n0\r\n\r\n"
    with connect(live) as client:
        client.sendall(request_head(live, None, kind, "Transfer-Encoding: chunked") + chunked)
        assert client.recv(100).startswith(b"HTTP/1.1 411")
    clean()


def test_a_client_that_waits_to_be_asked_is_asked(
    app: Flask, serve: Callable[..., Live], wheel: Path
) -> None:
    live = serve(app)
    data, kind = body(form(wheel), [("content", wheel.name, wheel.read_bytes())])
    with connect(live) as client:
        client.sendall(request_head(live, len(data), kind, "Expect: 100-continue"))
        assert client.recv(100).startswith(b"HTTP/1.1 100")
        client.sendall(data)
        assert client.recv(100).startswith(b"HTTP/1.1 200")


def answers(client: socket.socket) -> list[bytes]:
    """The status lines of everything that comes until the server closes, or falls silent."""
    client.settimeout(0.5)
    data = b""
    try:
        while piece := client.recv(65536):
            data += piece
    except TimeoutError:
        pass
    return [line for line in data.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


FRAMINGS = {
    "shorter than the body": ("Content-Length: {less}",),
    "no length": (),
    "negative": ("Content-Length: -1",),
    "with a sign": ("Content-Length: +{all}",),
    "hexadecimal": ("Content-Length: 0x{all}",),
    "two lengths": ("Content-Length: {all}", "Content-Length: {less}"),
    "two lengths in a line": ("Content-Length: {all}, {less}",),
    "length and chunks": ("Content-Length: {all}", "Transfer-Encoding: chunked"),
    "chunks and length": ("Transfer-Encoding: chunked", "Content-Length: {all}"),
    "chunks in other words": ("Transfer-Encoding: chunked, identity", "Content-Length: {all}"),
    "chunks behind a space": ("Transfer-Encoding : chunked", "Content-Length: {all}"),
    "unknown coding": ("Transfer-Encoding: gzip",),
    "more than everything": ("Content-Length: 99999999999999999999999999",),
}


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_body_that_is_framed_wrongly_is_refused_and_smuggles_nothing(
    app: Flask, serve: Callable[..., Live], wheel: Path, clean: Callable[[], None], framing: str
) -> None:
    live = serve(app, idle_timeout=0.2)
    data, kind = body(form(wheel), [("content", wheel.name, wheel.read_bytes())])
    headers = [line.format(all=len(data), less=len(data) - 10) for line in FRAMINGS[framing]]
    smuggled = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connect(live) as client:
        client.sendall(request_head(live, None, kind, *headers) + data + smuggled)
        statuses = answers(client)
    assert b"200" not in b"".join(statuses)
    assert all(line.split()[1].startswith(b"4") for line in statuses), statuses
    clean()


def test_a_body_that_is_longer_than_its_form_is_refused(
    app: Flask, serve: Callable[..., Live], wheel: Path, clean: Callable[[], None]
) -> None:
    live = serve(app)
    data, kind = body(form(wheel), [("content", wheel.name, wheel.read_bytes())])
    with connect(live) as client:
        client.sendall(request_head(live, len(data) + 10, kind) + data + b"0123456789")
        assert client.recv(100).startswith(b"HTTP/1.1 400")
    clean()


def test_a_form_may_come_byte_by_byte(
    app: Flask, serve: Callable[..., Live], wheel: Path, root: Root
) -> None:
    live = serve(app)
    data, kind = body(form(wheel), [("content", wheel.name, wheel.read_bytes())])
    with connect(live) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(request_head(live, len(data), kind))
        for at in range(200):
            client.sendall(data[at : at + 1])
        client.sendall(data[200:])
        assert client.recv(100).startswith(b"HTTP/1.1 200")
    assert assert_true(root) == 1


def test_clients_that_stand_still_do_not_stop_others(
    app: Flask, serve: Callable[..., Live], wheel: Path, root: Root
) -> None:
    live = serve(app, idle_timeout=30)
    data, kind = body(form(wheel), [("content", wheel.name, wheel.read_bytes())])
    anonymous = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
    starts = [
        b"",
        b"GET /simple/ HTTP/1.1\r\nHost: loc",
        anonymous,
        anonymous.replace(b" / ", b" /v1/repos/acme/ "),
    ]
    with ExitStack() as stack:
        for start in starts * 50:
            client = stack.enter_context(connect(live))
            client.sendall(start)
        for _ in range(12):
            # Uploads by someone who may, one fewer than there are threads here and places.
            client = stack.enter_context(connect(live))
            client.sendall(request_head(live, len(data), kind) + data[:-100])
        page = requests.get(f"{live.url}simple/", timeout=5)
        again = requests.post(
            live.url,
            data=data,
            headers={"Content-Type": kind, "Authorization": f"Bearer {live.key}"},
            timeout=5,
        )
    assert (page.status_code, again.status_code) == (200, 200)
    assert assert_true(root) == 1
