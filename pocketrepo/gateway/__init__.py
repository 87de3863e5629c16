"""Granian's RSGI interface on one side, the front and Flask on the other, in this process.

Granian's network thread runs in Rust and hands each request to one thread for Python, which calls `Gateway.schedule`:
what the front can answer at once is answered there and then, files are sent by Rust without a thread of ours, and
the rest goes to a pool of threads that speak WSGI. There is an asyncio loop because Granian wants one; all that it
does is to wait for the readers of large files (`direct`).

Granian ships this embedding as experimental and below its public names, so its version is pinned to one minor
release; everything that depends on it is in this package.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from granian._futures import _aio_taskenter, _aio_taskleave, _BaseCBScheduler
from granian._granian import RSGIWorker, SocketHolder, WorkerSignal
from granian.http import HTTP1Settings

from pocketrepo.answers import Answer, Span
from pocketrepo.errors import ServerError
from pocketrepo.front import Front
from pocketrepo.gateway import direct
from pocketrepo.gateway.body import Body, announced
from pocketrepo.hosts import join_peer, split_peer
from pocketrepo.paths import redacted
from pocketrepo.web.state import FileBody

log = logging.getLogger("pocketrepo")

WRITE_BUFFER = 64 * 1024
"""Bytes that the HTTP layer holds for each slow reader, beside the 128 KiB block it reads of a file."""
BACKLOG = 1024
MAX_REQUESTS = 4096
"""Connections served at the same time; those beyond wait in the kernel's backlog."""
HEADER_TIMEOUT_MS = 30_000
FILE_THREADS = 16
"""Rust threads that read files from disk, however many clients download."""

WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Scheduler(_BaseCBScheduler):  # type: ignore[misc]
    """What Granian calls for each request, on its Python thread."""

    def __init__(
        self,
        _loop: Any,
        _callback: Any,
        _task: Any,
        _enter: Any,
        _leave: Any,
        schedule: Callable[[Any], None],
    ) -> None:
        super().__init__()
        self._schedule_fn = schedule

    def __new__(
        cls, loop: Any, callback: Any, task: Any, enter: Any, leave: Any, _schedule: Any
    ) -> _Scheduler:
        made: _Scheduler = super().__new__(cls, loop, callback, task, enter, leave)
        return made


class _AtOnce:
    """Stands in for the event loop where Granian tells that bytes of a body have come: who waits for them is a
    thread, and a turn of the loop for each piece would take longer than to hash and write it."""

    def call_soon_threadsafe(
        self, callback: Callable[..., Any], *arguments: Any, context: Any = None
    ) -> None:
        callback(*arguments)

    call_soon = call_soon_threadsafe
    """For bytes that had come before anybody waited."""


class Gateway:
    """Serves ``front`` and ``wsgi`` on a bound socket until `stop`."""

    def __init__(
        self,
        front: Front | None,
        wsgi: WSGIApp,
        *,
        threads: int,
        idle_timeout: float,
        access_log: Callable[[str], None] | None = None,
    ) -> None:
        self._front = front
        self._wsgi = wsgi
        self._idle_timeout = idle_timeout
        self._access_log = access_log
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="pocketrepo")
        self._signal = WorkerSignal()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, listener: socket.socket) -> None:
        """Answer requests on a listening socket, which is ours to close from here on; returns when `stop` was called
        and all requests are answered."""
        self._loop = loop = asyncio.get_running_loop()
        ended = loop.create_future()
        self._signal.add_cb(lambda: loop.call_soon_threadsafe(_settle, ended))
        worker = RSGIWorker(
            1,
            (None, SocketHolder(listener.detach(), False, BACKLOG)),
            None,  # no inter-process channel
            1,  # network threads
            FILE_THREADS,
            1,
            30,
            MAX_REQUESTS,
            "1",
            HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS, max_buffer_size=WRITE_BUFFER),
            None,
            False,  # no websockets
            None,  # no static mount
            False,
            None,
            None,
            None,
            "tls1.3",
            None,
            [],
            False,
            (None, None),
        )
        scheduler = _Scheduler(
            loop, None, None, partial(_aio_taskenter, loop), partial(_aio_taskleave, loop), self.schedule
        )
        worker.serve_async(scheduler, _AtOnce(), self._signal)
        await ended

    def stop(self) -> None:
        """Take no more connections, and let `serve` return once those in flight are done. From any thread."""
        self._signal.set()

    def schedule(self, watcher: Any) -> None:
        """Answer at once, or hand over to a thread. Called by Granian for each request; must not raise."""
        scope = watcher.scope
        front, method = self._front, scope.method
        if front is not None and method in ("GET", "HEAD"):
            answer = front.handle(scope)
            if answer is not None:
                self._send(watcher, answer)
                return
        self._pool.submit(self._run, watcher)

    def _run(self, watcher: Any) -> None:
        assert self._loop is not None
        scope = watcher.scope
        body = Body(watcher.proto, self._idle_timeout, announced(scope.headers))
        try:
            answer, reason = self._call(scope, body)
        except Exception:
            log.exception("fault at %s %s", scope.method, _escaped(scope.path))
            answer, reason = Answer(500, [("content-type", "text/plain")], b"the server met a fault\n"), ""
        if body.ended or (scope.headers.get("expect") and not body.begun):
            self._finish(watcher, answer, reason)
        else:
            # An answer before the end of the body closes the connection: clients that are still sending would
            # see that, and not the answer.
            asyncio.run_coroutine_threadsafe(self._finish_late(watcher, answer, reason, body), self._loop)

    async def _finish_late(self, watcher: Any, answer: Answer, reason: str, body: Body) -> None:
        await body.discard()
        self._finish(watcher, answer, reason)

    def _finish(self, watcher: Any, answer: Answer, reason: str) -> None:
        try:
            self._send(watcher, answer, reason)
        except Exception:
            log.exception("fault at %s %s", watcher.scope.method, _escaped(watcher.scope.path))
            watcher.done()

    def _call(self, scope: Any, request_body: Body) -> tuple[Answer, str]:
        """One request through WSGI (PEP 3333); and the reason beside the status, if it is of the application's own
        words: Werkzeug writes the usual ones in capitals."""
        status, reason = 500, ""
        headers: list[tuple[str, str]] = []

        def start_response(line: str, fields: list[tuple[str, str]], exc_info: Any = None) -> None:
            nonlocal status, reason, headers
            code, _, said = line.partition(" ")
            status, reason = int(code), "" if said.isupper() else said
            headers = [(name.lower(), value) for name, value in fields]

        body = self._wsgi(_environ(scope, request_body), start_response)
        try:
            inner = getattr(body, "response", body)
            if isinstance(inner, FileBody):
                return Answer(status, headers, inner.span), reason
            return Answer(status, headers, b"".join(body)), reason
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()

    def _send(self, watcher: Any, answer: Answer, reason: str = "") -> None:
        status, headers, body = answer
        scope, proto = watcher.scope, watcher.proto
        method = scope.method
        if self._access_log is not None:
            size = body.stop - body.start if isinstance(body, Span) else len(body)
            client = join_peer(*split_peer(scope.client))
            self._access_log(f"{client} {method} {_escaped(scope.path)} {status} {size}")
        if method == "HEAD" or status == 304:
            proto.response_empty(status, headers)
        elif reason or (isinstance(body, Span) and body.stop - body.start >= direct.LARGE):
            assert self._loop is not None
            asyncio.run_coroutine_threadsafe(self._send_direct(watcher, answer, reason), self._loop)
            return
        else:
            _send_by_granian(proto, answer)
        watcher.done()

    async def _send_direct(self, watcher: Any, answer: Answer, reason: str) -> None:
        proto, body = watcher.proto, answer.body
        try:
            connection = direct.connection(watcher.scope.client)
            if connection is None:
                _send_by_granian(proto, answer)
                return
            with connection, ExitStack() as stack:
                file = None
                if isinstance(body, Span):
                    file = stack.enter_context(Path(body.path).open("rb", buffering=0))
                await direct.send(connection, answer, reason, file)
            proto.response_empty(answer.status, [])  # into a connection that has ended: Granian closes it
        except OSError:
            _send_by_granian(proto, answer)  # the file is gone, which Granian says in its way
        except Exception:
            log.exception("fault at %s %s", watcher.scope.method, _escaped(watcher.scope.path))
        finally:
            watcher.done()


def _send_by_granian(proto: Any, answer: Answer) -> None:
    status, headers, body = answer
    if not isinstance(body, Span):
        proto.response_bytes(status, headers, body)
    elif status == 200:
        proto.response_file(status, headers, body.path)
    else:
        proto.response_file_range(status, headers, body.path, body.start, body.stop)


def _environ(scope: Any, body: Body) -> dict[str, Any]:
    host, _, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),  # decoded by Granian
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": split_peer(scope.client)[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        if "_" in name:
            continue  # it would pass for the header that is written with a hyphen
        key = name.upper().replace("-", "_")
        if key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            environ[key] = value
            continue
        key = f"HTTP_{key}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ


def _escaped(path: str) -> str:
    """A decoded path as it stands in a request line, without a token: one line of a log stays one."""
    return quote(redacted(path), safe="/:@!$&'()*+,;=~")


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises ServerError if the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise ServerError(
            f"cannot listen on {host}:{port}: {reason}", hint="choose another with --port, or --port 0"
        ) from None
    return listener
