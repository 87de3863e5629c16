"""A server of its own process, started from Python: found again, shared, and ended with who started it."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from types import TracebackType
from typing import TYPE_CHECKING

import pocketrepo
from pocketrepo import records
from pocketrepo.background.launching import end, launch, log_of, one_at_a_time
from pocketrepo.client import Client
from pocketrepo.client.dists import What
from pocketrepo.client.listings import Project, Projects, Pushes
from pocketrepo.config.snippet import snippet
from pocketrepo.display import Piece, Shown, card, code, facts, muted, phrase, strong, text
from pocketrepo.environment import Mode, browser
from pocketrepo.environment.installing import Installations
from pocketrepo.environment.sandbox import Sandbox
from pocketrepo.environment.using import Using
from pocketrepo.errors import ServerError
from pocketrepo.keys import OWNER_KEY_FILE, TOKEN_USER, owner_key
from pocketrepo.records import RunRecord
from pocketrepo.requestlog import Log, read
from pocketrepo.settings import default_root

if TYPE_CHECKING:
    from pocketrepo.widgets import Dashboard


class Server(Shown):
    """A running server and the client of its default repository.

    Who started it owns it: only the owner's `stop` (or the end of its ``with``) stops it, and it ends with the
    owner's process. For others it is attached; when the owner has ended, their next call starts it again, on
    the same root and, if it is free, the same port.
    """

    def __init__(
        self, record: RunRecord, process: subprocess.Popen[bytes] | None, *, temporary: bool
    ) -> None:
        self._record = record
        self._process = process
        self._temporary = temporary
        self._started_in = os.getpid()
        self._stopped = False
        self._last_log: Log | None = None
        self._client = _client_of(record)

    @property
    def url(self) -> str:
        """The address, for a browser on this machine."""
        return self._record.url

    @property
    def index_url(self) -> str:
        """What pip and uv take as ``--index-url``."""
        return self._record.index_url

    @property
    def upload_url(self) -> str:
        """What twine takes as ``--repository-url``."""
        return self._record.upload_url

    @property
    def browser_url(self) -> str:
        """The address of its web pages as the browser that shows this notebook reaches them."""
        return browser.way_to(self.url).url

    @property
    def root(self) -> Path:
        """The folder that holds all data."""
        return Path(self._record.root)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._record.port

    @property
    def owned(self) -> bool:
        """Whether this process started it; a forked child of it did not."""
        return self._process is not None and self._started_in == os.getpid()

    @property
    def running(self) -> bool:
        """Whether its process is there; asks nobody, so that showing a server never waits."""
        if self._stopped:
            return False
        if self._process is not None and self.owned:
            return self._process.poll() is None
        return records.is_alive(self._record)

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._record.pid

    @property
    def log(self) -> Log:
        """The latest requests that it answered, oldest first; none of a server that was started in a terminal."""
        return self._last_log or read(records.request_log(self._record.instance))

    def repo(self, name: str) -> Client:
        """A client of another repository of this server, OWNER/REPO."""
        self._revive()
        return Client(f"{self.url}{name.strip('/')}/", token=owner_key(self.root), repository=name.strip("/"))

    @property
    def client(self) -> Client:
        """A client of the default repository; starts the server again if its owner has ended it."""
        self._revive()
        return self._client

    def push(self, what: What = None) -> Pushes:
        """See `Client.push`."""
        return self.client.push(what)

    def install(
        self, *requirements: str, extra_index_urls: Sequence[str] = (), options: Sequence[str] = ()
    ) -> Installations:
        """See `Client.install`."""
        return self.client.install(*requirements, extra_index_urls=extra_index_urls, options=options)

    def use(self, mode: Mode = "only") -> Using:
        """See `Client.use`."""
        return self.client.use(mode)

    def sandbox(self) -> Sandbox:
        """See `Client.sandbox`."""
        return self.client.sandbox()

    def ui(self) -> Dashboard:
        """A panel for notebooks: server, upload, browse, connect, pip.conf. Raises UsageError where ipywidgets is
        missing."""
        return pocketrepo.widgets.Dashboard(self)

    def projects(self) -> Projects:
        """See `Client.projects`."""
        return self.client.projects()

    def show(self, name: str) -> Project:
        """See `Client.show`."""
        return self.client.show(name)

    def search(self, text: str) -> Projects:
        """See `Client.search`."""
        return self.client.search(text)

    def download(self, name: str, version: str | None = None, *, to: Path) -> list[Path]:
        """See `Client.download`."""
        return self.client.download(name, version, to=to)

    def yank(
        self, name: str, version: str | None = None, *, filename: str = "", reason: str = ""
    ) -> list[str]:
        """See `Client.yank`."""
        return self.client.yank(name, version, filename=filename, reason=reason)

    def unyank(self, name: str, version: str | None = None, *, filename: str = "") -> list[str]:
        """See `Client.unyank`."""
        return self.client.unyank(name, version, filename=filename)

    def delete(self, name: str, version: str | None = None, *, filename: str = "") -> list[str]:
        """See `Client.delete`."""
        return self.client.delete(name, version, filename=filename)

    def snippet(self, tool: str = "pip", package: str = "PACKAGE", *, extra: bool = False) -> str:
        """See `Client.snippet`."""
        return self.client.snippet(tool, package, extra=extra)

    def stop(self) -> bool:
        """Stop the server if this process owns it, and wait for its end; requests in flight get 10 s.

        Returns whether it was stopped: an attached server is left to its owner.
        """
        if self._process is None or not self.owned or self._stopped:
            return False
        self._last_log = self.log
        self._stopped = True
        end(self._process)
        _owned.pop(self._record.root, None)
        if self._temporary:
            shutil.rmtree(self.root, ignore_errors=True)
            log_of(self.root).unlink(missing_ok=True)
        return True

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = "running" if self.running else "stopped"
        return f"<pocketrepo.Server {self.url} {state}>"

    def _piece(self) -> Piece:
        name = strong("PocketRepo")
        if not self.running:
            again = f"pocketrepo.start({str(self.root)!r})"
            kept = muted("its data was removed") if self._temporary else phrase(muted("again"), code(again))
            return card(phrase(name, text(f"stopped, was at {self.url}")), kept)
        stop = code("server.stop()") if self.owned else muted("left to the process that started it")
        key = quote(str(self.root / OWNER_KEY_FILE))
        uv = f'uv pip install --index-url "{self.index_url}" PACKAGE'
        twine = f"twine upload -u {TOKEN_USER} --repository-url {self.upload_url} dist/*"
        rows = [
            ("index", code(self.index_url)),
            ("data", code(str(self.root))),
            ("pip", code(snippet("pip", self.index_url).strip())),
            ("uv", code(uv)),
            ("twine", code(f'TWINE_PASSWORD="$(cat {key})" {twine}')),
            ("here", code('server.push("dist/"); server.install("PACKAGE"); server.use()')),
            ("stop", stop),
        ]
        title = phrase(name, text("running at"), browser.linked(self.url))
        return card(title, facts(rows), muted(browser.way_to(self.url).note))

    def _revive(self) -> None:
        if self._stopped:
            raise ServerError("this server was stopped", hint="start another with pocketrepo.start()")
        if records.is_ours(self._record):
            return
        if self._process is not None and self.owned:
            end(self._process)
        again = start(self.root, port=self.port, any_port=True)
        self._record, self._process, self._client = again._record, again._process, again._client
        self._started_in = again._started_in
        if self.owned:
            _owned[self._record.root] = self


def start(
    root: str | Path | None = None,
    *,
    port: int = 0,
    default: str | None = None,
    temporary: bool = False,
    any_port: bool = False,
) -> Server:
    """Start a server in the background, or attach to the one that serves this root already.

    ``root``: the user-data folder unless given. ``port`` 0 takes a free one; ``any_port`` also if ``port`` is
    taken. ``temporary``: a throw-away root, removed when the server ends. Raises ServerError.
    """
    if sys.platform in ("emscripten", "wasi"):
        raise ServerError("a browser cannot run a server", hint="use pocketrepo.connect(url) to reach one")
    if temporary:
        folder = Path(tempfile.mkdtemp(prefix="pocketrepo-"))
        return _launch(folder, port, default, temporary=True)
    folder = Path(root or os.environ.get("POCKETREPO_ROOT") or default_root()).expanduser().absolute()
    held = _owned.get(str(folder))
    if held is not None and held.running:
        return held
    with one_at_a_time(folder):
        for record in records.running(folder):
            return Server(record, None, temporary=False)
        try:
            return _launch(folder, port, default)
        except ServerError:
            if not (any_port and port):
                raise
            return _launch(folder, 0, default)


_owned: dict[str, Server] = {}
"""Servers that this process started and has not stopped, by root."""


def _launch(root: Path, port: int, default: str | None, *, temporary: bool = False) -> Server:
    record, process = launch(root, port, default, temporary=temporary)
    server = Server(record, process, temporary=temporary)
    _owned[record.root] = server
    return server


def started() -> list[Server]:
    """The servers that this process started and that run, in this order."""
    return [server for server in _owned.values() if server.owned and server.running]


def _client_of(record: RunRecord) -> Client:
    return Client(record.url, token=owner_key(Path(record.root)), repository=record.repository)


@atexit.register
def _end_all() -> None:
    for server in list(_owned.values()):
        server.stop()
