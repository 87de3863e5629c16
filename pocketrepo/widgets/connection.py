"""What a panel speaks to: one repository by way of its client, and the server behind it if this user runs it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from pocketrepo import api
from pocketrepo.background import Server, start
from pocketrepo.client import Client
from pocketrepo.errors import ServerError

INTERVAL = 1.0
"""Seconds between two looks at the server's process."""

Target = Client | Server | str | None


class Connection:
    """``target``: a client, a server or a repository's URL; None is this user's running server, if there is one,
    and else nothing until `start`."""

    def __init__(self, target: Target = None) -> None:
        self.server: Server | None = None
        self._client: Client | None = None
        if target is None:
            found = api.find_running()
            self.server = start(found.root) if found else None
        elif isinstance(target, Server):
            self.server = target
        else:
            self._client = target if isinstance(target, Client) else api.connect(target)
        self._listeners: list[Callable[[], None]] = []
        self._closed = threading.Event()
        self._seen = self.running
        if self.is_local:
            threading.Thread(target=self._watch, name="pocketrepo-panel", daemon=True).start()

    @property
    def is_local(self) -> bool:
        """Whether it is for a server of this user, which can be started here."""
        return self._client is None

    @property
    def running(self) -> bool:
        """Whether the server's process is there; of one elsewhere nothing is known before it is asked."""
        return self.server is not None and self.server.running

    @property
    def client(self) -> Client:
        """Raises ServerError while no server runs."""
        if self._client is not None:
            return self._client
        if self.server is None or not self.server.running:
            said = "no server is running" if self.server is None else "the server has stopped"
            raise ServerError(said, hint="start it on the Server tab")
        return self.server.client

    def start(self) -> None:
        """Start the server again on its data, or this user's own. Raises ServerError."""
        if self.running:
            return
        if self.server is None:
            self.server = start()
        else:
            # The data of a throw-away server went with it.
            gone = not self.server.root.exists()
            self.server = start(temporary=True) if gone else start(self.server.root)
        self.changed()

    def stop(self) -> bool:
        """Whether the server was stopped: one that another process started is left to it."""
        done = self.server is not None and self.server.stop()
        self.changed()
        return done

    def listen(self, listener: Callable[[], None]) -> None:
        """Call ``listener``, from whichever thread, when the server or what it holds has changed."""
        self._listeners.append(listener)

    def changed(self) -> None:
        """Tell all that listen."""
        self._seen = self.running
        for listener in self._listeners:
            listener()

    def close(self) -> None:
        """Look no longer; the server is left as it is."""
        self._closed.set()
        self._listeners.clear()

    def _watch(self) -> None:
        while not self._closed.wait(INTERVAL):
            with suppress(Exception):  # a listener's fault is its own to show
                self.look()

    def look(self) -> None:
        """Tell those who listen if the server has started or ended by itself."""
        if self.running != self._seen:
            self.changed()


def connection(target: Target | Connection) -> Connection:
    """A connection to ``target``, which may be one already."""
    return target if isinstance(target, Connection) else Connection(target)
