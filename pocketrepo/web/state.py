"""What the views of one application share, and the small answers they all give."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from flask import Response, current_app, request
from packaging.utils import InvalidName, NormalizedName, canonicalize_name

from pocketrepo.answers import Answer, Span
from pocketrepo.errors import NoSuchProject
from pocketrepo.front import Front
from pocketrepo.hosts import Hosts
from pocketrepo.repository import Root
from pocketrepo.settings import Settings


@dataclass
class Site:
    """One root, served. ``port`` and ``stop`` are known once a server listens."""

    settings: Settings
    root: Root
    front: Front
    hosts: Hosts
    upload_slots: threading.Semaphore
    instance: str = ""
    port: int = 0
    stop: Callable[[], None] = lambda: None


def site() -> Site:
    found: Site = current_app.extensions["pocketrepo"]
    return found


def project_in_url(name: str) -> NormalizedName:
    """Raises NoSuchProject for what no project can be called."""
    try:
        return canonicalize_name(name, validate=True)
    except InvalidName:
        raise NoSuchProject(name[:200]) from None


class Asked:
    """The present request as `front` wants it."""

    headers = property(lambda self: request.headers)
    method = property(lambda self: request.method)
    path = property(lambda self: request.path)
    client = property(lambda self: request.remote_addr or "")


ASKED = Asked()


def header(name: str) -> str | None:
    """A request header, as `front` looks them up."""
    return request.headers.get(name)


def text(body: str, status: int = 200) -> Response:
    return Response(body, status, content_type="text/plain; charset=utf-8")


class FileBody:
    """A span of a file as a WSGI body. Our gateway recognises it and sends the file unread; any other server
    iterates it."""

    CHUNK = 64 * 1024

    def __init__(self, span: Span) -> None:
        self.span = span
        self._left = span.stop - span.start
        self._file: IO[bytes] | None = None

    def __iter__(self) -> FileBody:
        return self

    def __next__(self) -> bytes:
        if self._file is None:
            self._file = Path(self.span.path).open("rb")  # noqa: SIM115  closed by close(), as PEP 3333 asks
            self._file.seek(self.span.start)
        chunk = self._file.read(min(self.CHUNK, self._left))
        if not chunk:
            raise StopIteration
        self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def respond(answer: Answer) -> Response:
    """A front's answer as Flask's response."""
    body = answer.body
    if isinstance(body, Span):
        content = FileBody(body)
        response = Response(content, answer.status, direct_passthrough=True)
        response.call_on_close(content.close)
    else:
        response = Response(body, answer.status)
    response.headers.clear()
    for name, value in answer.headers:
        response.headers.add(name, value)
    return response
