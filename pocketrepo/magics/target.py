"""Which repository a magic means."""

from __future__ import annotations

from IPython.core.interactiveshell import InteractiveShell

from pocketrepo import api
from pocketrepo.background import Server
from pocketrepo.client import Client
from pocketrepo.errors import ServerError, UsageError


class Targets:
    """What ``%pocket start`` started, and what else the session has."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self.started: Server | None = None

    def server(self) -> Server | None:
        """The server of ``%pocket start``, else the one that ``pocketrepo.push()`` would take."""
        if self.started is not None and self.started.running:
            return self.started
        return api.find_server()

    def repository(self, named: str | None) -> Client | Server:
        """What ``--to`` names; without it the server, started if none runs. Raises UsageError."""
        if named is None:
            return self.server() or api.running_server()
        value = self._shell.user_ns.get(named)
        if isinstance(value, Client | Server):
            return value
        if "://" in named:
            return api.connect(named)
        raise UsageError(f"{named} is neither a server or client of this session nor a URL")

    def running(self) -> Server:
        """Raises ServerError if there is none."""
        server = self.server()
        if server is None:
            raise ServerError("no server is running", hint="%pocket start")
        return server
