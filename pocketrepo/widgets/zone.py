"""The upload zone in the browser: files come in pieces over the kernel's own connection, a few under way at a time.

What it says to the kernel: ``open`` (id, name, size), ``piece`` (id, offset, and the bytes as a buffer), ``cancel``
(id), ``ping`` (id). What it is told: ``ack`` (id, received), ``publishing`` (id, done, total), ``done`` (id),
``refused`` (id, text), ``pong`` (id).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

import anywidget
import traitlets

from pocketrepo.client.progress import Progress
from pocketrepo.errors import PocketRepoError
from pocketrepo.widgets.reception import LIMIT, Reception

log = logging.getLogger(__name__)

STATIC = files("pocketrepo.widgets") / "static"
ABANDONED = 30.0
"""Seconds without a piece after which a file is given up, as when its page was closed."""
TOLD_EVERY = 0.2
"""Seconds between two messages about progress."""

Receive = Callable[[Reception, Progress], None]
"""Does something with a complete file, in a thread, and says itself what came of it. Then the file is removed."""


class UploadZone(anywidget.AnyWidget):
    """A place to drop files of up to ``limit`` bytes; each goes to ``receive`` when it is complete."""

    _esm = (STATIC / "zone.js").read_text("utf-8")
    _css = (STATIC / "zone.css").read_text("utf-8")
    limit = traitlets.Int(LIMIT).tag(sync=True)
    accept = traitlets.Unicode(".whl,.gz,.zip").tag(sync=True)

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._receptions: dict[str, Reception] = {}
        self._lock = threading.RLock()
        super().__init__()
        self.on_msg(self._on_message)

    def __repr__(self) -> str:
        return "PocketRepo's upload zone: it needs its kernel, and anywidget in Jupyter. Run the cell again."

    def close(self) -> None:
        """Leave the page, and forget what has come so far."""
        with self._lock:
            for id in list(self._receptions):
                self._forget(id)
        super().close()

    def _on_message(self, widget: object, content: dict[str, Any], buffers: Sequence[memoryview]) -> None:
        """One message from the page; whatever is wrong with it is told there."""
        id = str(content.get("id"))
        try:
            with self._lock:
                self._handle(str(content.get("kind")), id, content, buffers)
        except Exception as error:
            self._refuse(id, error)

    def _handle(self, kind: str, id: str, content: dict[str, Any], buffers: Sequence[memoryview]) -> None:
        if kind == "ping":
            self._tell("pong", id)
        elif kind == "cancel":
            self._forget(id)
        elif kind == "open":
            self._forget_abandoned()
            self._receptions[id] = Reception(str(content["name"]), int(content["size"]), limit=self.limit)
            self._acknowledge(id)
        elif kind == "piece" and id in self._receptions:
            self._receptions[id].write(int(content["offset"]), buffers[0])
            self._acknowledge(id)

    def _acknowledge(self, id: str) -> None:
        reception = self._receptions[id]
        self._tell("ack", id, received=reception.received)
        if reception.complete:
            self._pass_on(id, reception)

    def _pass_on(self, id: str, reception: Reception) -> None:
        del self._receptions[id]
        arguments = (id, reception)
        threading.Thread(target=self._finish, args=arguments, name="pocketrepo-upload", daemon=True).start()

    def _finish(self, id: str, reception: Reception) -> None:
        last = 0.0

        def progress(done: int, total: int) -> None:
            nonlocal last
            if time.monotonic() - last > TOLD_EVERY:
                last = time.monotonic()
                self._tell("publishing", id, done=done, total=total)

        try:
            self._receive(reception, progress)
            self._tell("done", id)
        except Exception as error:
            self._refuse(id, error)
        finally:
            reception.close()

    def _refuse(self, id: str, error: Exception) -> None:
        self._forget(id)
        if not isinstance(error, PocketRepoError):
            log.error("a file could not be received", exc_info=error)
        known = isinstance(error, PocketRepoError)
        self._tell("refused", id, text=str(error) if known else f"{type(error).__name__}: {error}")

    def _forget(self, id: str) -> None:
        with self._lock:
            reception = self._receptions.pop(id, None)
        if reception is not None:
            reception.close()

    def _forget_abandoned(self) -> None:
        for id in [id for id, reception in self._receptions.items() if reception.idle > ABANDONED]:
            self._forget(id)

    def _tell(self, kind: str, id: str, **more: Any) -> None:
        self.send({"kind": kind, "id": id, **more})
