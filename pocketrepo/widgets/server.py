"""The server: whether it runs, where it is, and what it said; start and stop."""

from __future__ import annotations

import ipywidgets

from pocketrepo.widgets.connection import Connection, Target
from pocketrepo.widgets.panel import Panel, button, html_of, row


class ServerTab(Panel):
    """Starts and stops the server, and shows its state as it is now."""

    title = "Server"

    def __init__(self, target: Target | Connection = None) -> None:
        self.state = ipywidgets.HTML()
        self.start = button("Start", "Start the server", "primary")
        self.stop = button("Stop", "Stop the server; what it holds stays on disk")
        self.check = button("Check", "Ask the repository whether it answers, and read its log again")
        self.requests = ipywidgets.HTML()
        asked = ipywidgets.Accordion([self.requests], titles=["Requests"])
        super().__init__(target, [self.state, row(self.start, self.stop, self.check)], [asked])
        self.on(self.start, lambda: self.work("starting", self._start, self.start, self.stop))
        self.on(self.stop, lambda: self.work("stopping", self._stop, self.start, self.stop))
        self.on(self.check, lambda: self.work("asking", self._check, self.check))

    def refresh(self) -> None:
        server, running = self.connection.server, self.connection.running
        self.state.value = self._state()
        self.requests.value = html_of(server.log) if server is not None else ""
        self.allow(self.start, self.connection.is_local and not running)
        self.allow(self.stop, running and server is not None and server.owned)
        self.allow(self.check, running or not self.connection.is_local)

    def _start(self) -> None:
        self.connection.start()
        self.say("started")

    def _stop(self) -> None:
        stopped = self.connection.stop()
        self.say("stopped" if stopped else "another process started it, and stops it")

    def _check(self) -> None:
        client = self.connection.client
        count = len(client.projects())
        self.refresh()
        self.say(f"{client.index_url} answers; {count} project{'' if count == 1 else 's'}")

    def _state(self) -> str:
        if not self.connection.is_local:
            return _state("elsewhere", "A repository elsewhere") + html_of(self.connection.client)
        server = self.connection.server
        if server is None:
            return _state("stopped", "No server is running")
        if not server.running:
            return _state("stopped", "Stopped") + html_of(server)
        return _state("running", "Running" if server.owned else "Running, started elsewhere") + html_of(
            server
        )


def _state(kind: str, text: str) -> str:
    return f'<p class="pocketrepo-state {kind}" role="status">{text}</p>'
