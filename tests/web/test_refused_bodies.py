"""A refusal is seen also by clients that send their whole request before they look at what comes back."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
from flask import Flask

from tests.conftest import Live

LENGTH = 20 << 20
"""Bytes; far more than the sockets' buffers hold."""


def answer(live: Live, path: str, key: str, *more: str) -> str:
    """The status line of the answer to a POST whose body is sent to its end first."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {key}",
        "Content-Type: multipart/form-data; boundary=frontier",
        f"Content-Length: {LENGTH}",
        *more,
    ]
    port = int(live.url.rsplit(":", 1)[1].strip("/"))
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        if not more:
            for _ in range(LENGTH >> 20):
                client.sendall(b"x" * (1 << 20))
        return client.recv(1000).split(b"\r\n")[0].decode()


def test_a_wrong_credential(live: Live) -> None:
    assert answer(live, "/", "pkr_wrong").startswith("HTTP/1.1 401")


def test_a_repository_that_does_not_exist(live: Live) -> None:
    assert answer(live, "/acme/none/", live.key).startswith("HTTP/1.1 404")


def test_a_form_that_is_none(live: Live) -> None:
    assert answer(live, "/", live.key).startswith("HTTP/1.1 400")


def test_too_many_uploads(live: Live) -> None:
    slots = live.app.extensions["pocketrepo"].upload_slots
    while slots.acquire(blocking=False):
        pass
    assert answer(live, "/", live.key).startswith("HTTP/1.1 503")


def test_a_client_that_waits_to_be_asked_is_not_asked(live: Live) -> None:
    assert answer(live, "/", "pkr_wrong", "Expect: 100-continue").startswith("HTTP/1.1 401")


def test_a_stalled_client_is_answered_without_waiting_for_it_again(
    app: Flask, serve: Callable[..., Live]
) -> None:
    live = serve(app, idle_timeout=0.2)
    port = int(live.url.rsplit(":", 1)[1].strip("/"))
    head = (
        f"POST / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {live.key}\r\nContent-Length: 1000\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(head.encode() + b"Content-Type: multipart/form-data; boundary=frontier\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 408")


def test_a_client_that_pauses_is_answered_before_it_goes_on(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pocketrepo.gateway.body.DISCARD_PAUSE", 0.05)
    port = int(live.url.rsplit(":", 1)[1].strip("/"))
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nsome of it")
        assert client.recv(1000).startswith(b"HTTP/1.1 401")
