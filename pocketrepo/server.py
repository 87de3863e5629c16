"""Serving a root: the application, the process around it, and how it ends."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pocketrepo
from pocketrepo import records
from pocketrepo.clock import now
from pocketrepo.folder import open_folders
from pocketrepo.repository import Root, open_root
from pocketrepo.requestlog import RequestLog
from pocketrepo.settings import Settings

if TYPE_CHECKING:
    from flask import Flask

SPARE_THREADS = 24
"""Threads beside those that uploads may hold, for everything else that takes more than a moment."""
OWNER_POLL = 0.25
"""Seconds between looks at whether the process that owns this server is still there."""


def create_app(settings: Settings, root: Root | None = None) -> Flask:
    """The application as plain WSGI, for any server. Opens the root if none is given."""
    from pocketrepo import web

    return web.create_app(settings, root or open_root(settings))


def serve(
    settings: Settings,
    dists: list[Path] | None = None,
    *,
    ready: Callable[[records.RunRecord], None] = lambda record: None,
    report: Callable[[str], None] = print,
    owner: int = 0,
    temporary: bool = False,
) -> None:
    """Serve until SIGTERM, SIGINT, a stop request, or the end of ``owner`` (a pid; its pipe is our stdin).

    Requests in flight then get ``settings.stop_timeout`` seconds. ``temporary`` removes the root at the end. Does
    not return: the process ends here, whatever threads still wait for clients.
    """
    from pocketrepo.gateway import bind

    _take_turns()
    root = open_root(settings)
    root.offer(open_folders(dists or [], report=report))
    listener = bind(settings.host, settings.port)
    record = None
    try:
        service = _Service(settings, root, listener, report, owner)
        record = records.write(service.record)
        ready(service.record)
        asyncio.run(service.run())
    finally:
        root.downloads.flush()
        if record is not None:
            records.forget(record)
        if temporary:
            shutil.rmtree(settings.root, ignore_errors=True)
    for stream in (sys.stdout, sys.stderr):
        if not stream.closed:
            stream.flush()
    # Not sys.exit: it would wait for threads that wait for clients.
    os._exit(0)


def _take_turns() -> None:
    """Let threads that are to be started finish what they are at before one that they wake takes their core.

    Two threads hand every request to each other, and two switches for each would cost more than to answer it
    (SCHED_BATCH, sched(7); any user may ask for it). Elsewhere than on Linux nothing happens.
    """
    with suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


class _Service:
    """One server in this process, from bound socket to the last answer."""

    def __init__(
        self,
        settings: Settings,
        root: Root,
        listener: socket.socket,
        report: Callable[[str], None],
        owner: int = 0,
    ) -> None:
        from pocketrepo.gateway import Gateway

        app = create_app(settings, root)
        site = app.extensions["pocketrepo"]
        port = listener.getsockname()[1]
        self.record = records.RunRecord(
            instance=secrets.token_hex(8),
            url=f"http://{_spoken(settings.host)}:{port}/",
            root=str(settings.root),
            pid=os.getpid(),
            started_by=owner,
            started=now(),
            version=pocketrepo.__version__,
            machine=socket.gethostname(),
            repository=str(root.default),
        )
        sinks: list[Callable[[str], None]] = []
        if settings.access_log:
            sinks.append(report)
        if owner:
            sinks.append(RequestLog(records.request_log(self.record.instance)))
        self._settings = settings
        self._listener = listener
        self._gateway = Gateway(
            site.front,
            app.wsgi_app,
            threads=settings.max_uploads + SPARE_THREADS,
            idle_timeout=settings.idle_timeout,
            access_log=_each_of(sinks) if sinks else None,
        )
        self._stopping: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        site.instance = self.record.instance
        site.port = port
        site.stop = self.stop

    def stop(self) -> None:
        """From any thread."""
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)

    async def run(self, *, signals: bool = True) -> None:
        self._loop = loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        if signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self._stopping.set)
        serving = loop.create_task(self._gateway.serve(self._listener))
        watching = loop.create_task(self._watch(self.record.started_by)) if self.record.started_by else None
        stopping = loop.create_task(self._stopping.wait())
        await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        self._gateway.stop()
        await asyncio.wait([serving], timeout=self._settings.stop_timeout)
        if watching is not None:
            watching.cancel()
        if serving.done():
            serving.result()

    async def _watch(self, owner: int) -> None:
        """Stop when the owner is gone. Its pipe tells at once, unless a forked child of it still holds the pipe;
        then the parent's pid does, which changes when the parent ends."""
        threading.Thread(target=self._wait_for_eof, daemon=True).start()
        while os.getppid() == owner:
            await asyncio.sleep(OWNER_POLL)
        self.stop()

    def _wait_for_eof(self) -> None:
        while os.read(0, 4096):
            pass
        self.stop()


def _each_of(sinks: list[Callable[[str], None]]) -> Callable[[str], None]:
    def tell(line: str) -> None:
        for sink in sinks:
            sink(line)

    return tell


def _spoken(host: str) -> str:
    """A listening address as a person on this machine would write it."""
    if host in ("0.0.0.0", ""):  # noqa: S104
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host
