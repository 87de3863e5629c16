"""One HTTP server in a thread for all indexes of a process: each is the real application under its own prefix."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import itertools
import logging
import re
import socket
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING
from wsgiref.util import shift_path_info

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from pocketrepo.front import Front
from pocketrepo.keys import owner_key
from pocketrepo.repository import Root
from pocketrepo.server import create_app
from pocketrepo.settings import Settings
from pocketrepo.testing.gate import Gate, current, current_site

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask

HOST = "127.0.0.1"
POLL = 0.01
"""Seconds between the server's looks at whether it is to stop."""


class Server:
    """Listens on a free port of loopback from the start; `stop` when done.

    It is also the proxy that `Index.env` names for everything that is not on this machine: it refuses, and keeps
    what was asked for.
    """

    def __init__(self) -> None:
        self._gates: dict[str, Gate] = {}
        self._numbers = itertools.count(1)
        self._app: Flask | None = None
        with socket.create_server((HOST, 0), backlog=128) as listener:
            # Handed over bound: on a taken port werkzeug would end the process.
            self._http = _Http(self._dispatch, listener)
        self.port: int = self._http.port
        self._log = _FaultLog(self._gates)
        logging.getLogger("pocketrepo").addHandler(self._log)
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(POLL,), name="pocketrepo.testing", daemon=True
        )
        self._thread.start()

    def open(self, name: str, settings: Settings, root: Root) -> tuple[str, Gate]:
        """Serve a root under a prefix made of this name; returns the prefix and the gate."""
        if self._app is None:
            # Once: its rules take far longer to make than all the rest of an index.
            self._app = create_app(settings, root)
            self._site = self._app.extensions["pocketrepo"]
            self._app.extensions["pocketrepo"] = current_site
        site = dataclasses.replace(
            self._site,
            settings=settings,
            root=root,
            front=Front(root, self._site.hosts, self._site.front.proxies),
            upload_slots=threading.BoundedSemaphore(settings.max_uploads),
            port=self.port,
        )
        # Never the same twice: a straggler of an earlier test must not be heard by a later one.
        prefix = f"{re.sub('[^A-Za-z0-9_]+', '-', name).strip('-')[:60]}-{next(self._numbers)}"
        gate = self._gates[prefix] = Gate(self._app.wsgi_app, site, owner_key(settings.root))
        return prefix, gate

    def close(self, prefix: str) -> None:
        """Serve an index no longer."""
        del self._gates[prefix]

    def stop(self) -> None:
        """End the thread and free the port."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        logging.getLogger("pocketrepo").removeHandler(self._log)

    def _dispatch(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        target = environ["RAW_URI"]
        if environ["REQUEST_METHOD"] == "CONNECT" or re.match(r"\w+://", target):
            return self._refuse_to_leave(environ, start_response)
        gate = self._gates.get(shift_path_info(environ) or "")
        if gate is None:
            body = b"no index is served here; the test that had it may be over\n"
            start_response(
                "404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
            )
            return [body]
        return gate(environ, start_response)

    def _refuse_to_leave(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """A request that a tool wanted a proxy to pass on: noted at the index in whose environment it ran."""
        place = re.sub(r"\A\w+://", "", environ["RAW_URI"]).partition("/")[0].rpartition("@")[2]
        named = self._gates.get(_proxy_user(environ))
        for gate in [named] if named else list(self._gates.values()):
            gate.escapes.append(place)
        body = b"tests may not leave this machine\n"
        start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]


class _Http(ThreadedWSGIServer):
    def __init__(self, app: WSGIApplication, listener: socket.socket) -> None:
        super().__init__(HOST, listener.getsockname()[1], app, handler=_Handler, fd=listener.fileno())


class _Handler(WSGIRequestHandler):
    """Says nothing: requests are noted by their index, and what it prints would land in somebody's test."""

    def log(self, type: str, message: str, *args: object) -> None:
        pass


class _FaultLog(logging.Handler):
    """Hands what the application logs as a fault to the index whose request it was, if that is of this server."""

    def __init__(self, gates: dict[str, Gate]) -> None:
        super().__init__(logging.ERROR)
        self._gates = gates

    def emit(self, record: logging.LogRecord) -> None:
        gate = current.get(None)
        if gate is not None and gate in self._gates.values():
            gate.errors.append(self.format(record))


def _proxy_user(environ: WSGIEnvironment) -> str:
    value = environ.get("HTTP_PROXY_AUTHORIZATION", "").partition(" ")[2]
    try:
        return base64.b64decode(value).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
