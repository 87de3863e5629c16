"""What stands between the server and the application: tokens, faults, the clock, and the note of each request."""

from __future__ import annotations

import base64
import hmac
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from werkzeug.local import LocalProxy

from pocketrepo import clock
from pocketrepo.keys import TOKEN_USER
from pocketrepo.store.disk import unflushed
from pocketrepo.testing.faults import Dropped, Faults, Reply, spoil
from pocketrepo.testing.traffic import Request, Requests

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from pocketrepo.web.state import Site

Action = Literal["read", "write"]
READS = frozenset({"GET", "HEAD"})

current: ContextVar[Gate] = ContextVar("current")
"""The gate whose request this thread answers."""
current_site: Any = LocalProxy(lambda: current.get().site)


@dataclass(eq=False)
class Gate:
    """The way into one index. ``errors`` holds the tracebacks of faults that no test asked for."""

    app: WSGIApplication
    site: Site
    owner_key: str = field(repr=False)
    faults: Faults = field(default_factory=Faults)
    requests: Requests = field(default_factory=Requests)
    errors: list[str] = field(default_factory=list)
    escapes: list[str] = field(default_factory=list)
    tokens: dict[Action, str] = field(default_factory=dict, repr=False)
    moment: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path, started = environ["PATH_INFO"], time.monotonic()
        faults = self.faults.take(path)
        try:
            reply = spoil(lambda: self._answer(environ), faults)
        except Dropped:
            reply = Reply(0, [])
        request = Request(
            environ["REQUEST_METHOD"],
            path,
            reply.status,
            environ.get("HTTP_USER_AGENT", ""),
            ", ".join(map(str, faults)),
            time.monotonic() - started,
        )
        with self._lock:
            # Before the client can have the answer, so that a test that has it finds the request here.
            self.requests.note(request)
        if not reply.status:
            raise Dropped
        start_response(f"{reply.status} {_phrase(reply.status)}", reply.headers)
        return _Body(reply)

    def _answer(self, environ: WSGIEnvironment) -> Reply:
        refusal = self._refuse(environ)
        if refusal is not None:
            return refusal
        with ExitStack() as stack:
            stack.callback(current.reset, current.set(self))
            stack.enter_context(unflushed())
            if self.moment is not None:
                stack.enter_context(clock.fixed(self.moment))
            try:
                return _call(self.app, environ)
            except Exception:
                self.errors.append(traceback.format_exc())
                return _said(500, "the server met a fault")

    def _refuse(self, environ: WSGIEnvironment) -> Reply | None:
        """An answer to who has not the token that a test requires. The right one to write counts as the owner's."""
        action: Action = "read" if environ["REQUEST_METHOD"] in READS else "write"
        wanted = self.tokens.get(action)
        if wanted is None:
            return None
        if not hmac.compare_digest(_password(environ).encode(), wanted.encode()):
            said = "this credential is not known" if _password(environ) else "a credential is needed"
            return _said(401, said, ("WWW-Authenticate", 'Basic realm="pocketrepo", charset="UTF-8"'))
        if action == "write":
            owner = base64.b64encode(f"{TOKEN_USER}:{self.owner_key}".encode()).decode()
            environ["HTTP_AUTHORIZATION"] = f"Basic {owner}"
        else:
            environ.pop("HTTP_AUTHORIZATION", None)
        return None


class _Body:
    """A reply's body as WSGI wants it: closed at the end, whatever became of it."""

    def __init__(self, reply: Reply) -> None:
        self._chunks = iter(reply.body)
        self.close: Callable[[], None] = reply.close

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks


def _call(app: WSGIApplication, environ: WSGIEnvironment) -> Reply:
    status, headers = "", []

    def start_response(
        line: str, fields: list[tuple[str, str]], _error: object = None
    ) -> Callable[..., object]:
        nonlocal status, headers
        status, headers = line, fields
        return lambda data: None

    body = app(environ, start_response)
    return Reply(int(status.split()[0]), headers, body, getattr(body, "close", lambda: None))


def _said(status: int, text: str, *headers: tuple[str, str]) -> Reply:
    body = f"{text}\n".encode()
    plain = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    return Reply(status, [*plain, *headers], [body])


def _password(environ: WSGIEnvironment) -> str:
    """The password of Basic (RFC 7617), or its user if that is all; "" without one."""
    scheme, _, value = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "bearer":
        return str(value.strip())
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return ""
    return password or user


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Made Up"
