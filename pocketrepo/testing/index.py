"""The index that a test has to itself."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

from pocketrepo import clock
from pocketrepo.environment import Address
from pocketrepo.errors import UsageError
from pocketrepo.events import UPLOADED
from pocketrepo.hosted import Hosted
from pocketrepo.keys import TOKEN_USER
from pocketrepo.model import File
from pocketrepo.repository import open_root
from pocketrepo.settings import Settings
from pocketrepo.store.disk import unflushed
from pocketrepo.testing import faults, scenario
from pocketrepo.testing.distribution import (
    Contents,
    core_metadata,
    escaped,
    parse_release,
    sdist_members,
    tar_bytes,
    wheel_members,
    zip_bytes,
)
from pocketrepo.testing.environment import hermetic
from pocketrepo.testing.gate import Action
from pocketrepo.testing.server import HOST, Server
from pocketrepo.testing.staging import stage
from pocketrepo.testing.traffic import Requests
from pocketrepo.testing.venv import Venv

ADDED = "test"
"""Who put it there, for the event log: not an upload."""


class Index:
    """An empty package index on loopback, gone when it is closed; also a context manager.

    It is a real repository behind the real application, in a thread of this process.
    """

    def __init__(self, name: str = "index", *, server: Server | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pocketrepo-test-"))
        self.keep = False
        """Whether the folder stays when the index is closed."""
        self.closed = False
        self._server = server or Server()
        self._owns_server = server is None
        settings = Settings(root=self.folder / "root", port=self._server.port)
        with unflushed():
            self._root = open_root(settings)
        self._prefix, self._gate = self._server.open(name, settings, self._root)
        self._venvs: list[Venv] = []

    @property
    def url(self) -> str:
        """Its web page, and what everything else is below."""
        return f"http://{HOST}:{self._server.port}/{self._prefix}/"

    @property
    def index_url(self) -> str:
        """The Simple API, for installers."""
        return f"{self.url}simple/"

    @property
    def upload_url(self) -> str:
        """Where publishing tools upload to."""
        return f"{self.url}legacy/"

    @property
    def token(self) -> str:
        """What uploads take as the password of user ``__token__``."""
        return self._gate.tokens.get("write", self._gate.owner_key)

    # What it holds

    def add(
        self,
        release: str,
        *,
        requires: Iterable[str] = (),
        extras: Mapping[str, Iterable[str]] | None = None,
        files: Contents | None = None,
        scripts: Mapping[str, str] | None = None,
        requires_python: str | None = None,
        summary: str | None = None,
        tags: Iterable[str] = (),
        yanked: str | bool = False,
        wheel: bool = True,
        sdist: bool = False,
        upload_time: str | datetime | None = None,
    ) -> list[File]:
        """Make a release, as ``add("app==2.0", requires=["lib>=1"])``, and list it; returns its files.

        ``files``: path -> contents, a module with ``__version__`` if none are given. ``scripts``: command ->
        ``module:function``. ``tags``: a wheel for each, as ``cp311-cp311-manylinux_2_17_x86_64``, in place of one for
        every Python and platform. ``yanked``: true, or the reason. ``sdist``: also one that installers build with
        nothing but Python. ``upload_time``: RFC 3339; UTC unless it says otherwise. Raises UsageError for what
        names no release, FileExists for one that is there with other contents, BadUpload for what an upload would
        be refused for.
        """
        name, version = parse_release(release)
        metadata = core_metadata(
            name,
            version,
            summary=summary,
            requires=requires,
            extras={extra: list(wanted) for extra, wanted in (extras or {}).items()},
            requires_python=requires_python,
        )
        contents = {f"{escaped(name)}.py": f'__version__ = "{version}"\n'} if files is None else files

        def members(tag: str) -> dict[str, bytes]:
            return wheel_members(name, version, metadata=metadata, files=contents, tag=tag, scripts=scripts)

        made: dict[str, bytes] = {}
        stem = f"{escaped(name)}-{version}"
        if wheel:
            made = {f"{stem}-{tag}.whl": zip_bytes(members(tag)) for tag in tags or ["py3-none-any"]}
        if sdist:
            source = sdist_members(name, version, metadata=metadata, wheel=members("py3-none-any"))
            made[f"{stem}.tar.gz"] = tar_bytes(source)
        return [
            self.add_file(data, filename, yanked=yanked, upload_time=upload_time)
            for filename, data in made.items()
        ]

    def add_file(
        self,
        file: Path | bytes,
        filename: str | None = None,
        *,
        yanked: str | bool = False,
        upload_time: str | datetime | None = None,
    ) -> File:
        """List a wheel or sdist that there is already; bytes need a ``filename``. Raises as `add` does."""
        if isinstance(file, bytes) and filename is None:
            raise UsageError(
                "these bytes have no file name", hint="add_file(data, 'app-1.0-py3-none-any.whl')"
            )
        data = file if isinstance(file, bytes) else Path(file).read_bytes()
        moment = self._gate.moment if upload_time is None else _moment(upload_time)
        with ExitStack() as stack:
            stack.enter_context(unflushed())
            if moment is not None:
                stack.enter_context(clock.fixed(moment))
            admitted = self._hosted.admit(
                stage(self._root, filename or Path(str(file)).name, data, actor=ADDED)
            )
        if yanked is False:
            return admitted.file
        with unflushed():
            [marked] = self._hosted.yank(
                admitted.project,
                filename=admitted.file.filename,
                reason="" if yanked is True else yanked,
                actor=ADDED,
            )
        return marked

    def load(self, path: Path | str) -> scenario.Scenario:
        """Add the releases of a scenario, a TOML file in the format of packse. Raises UsageError."""
        read, releases = scenario.read(Path(path))
        for release, given in releases:
            self.add(release, **given)
        return read

    @property
    def files(self) -> list[File]:
        """Everything that is listed, by project, in the order of arrival."""
        names = self._hosted.projects().value.names
        return [file for name in names for file in self._hosted.project(name).value.files]

    # Who uses it

    @property
    def env(self) -> dict[str, str]:
        """A new environment for a tool: it knows this index and nothing else of this user or machine, never
        prompts, may upload, and does not reach beyond loopback."""
        (self.folder / "home").mkdir(exist_ok=True)
        proxy = f"http://{self._prefix}:-@{HOST}:{self._server.port}"
        return hermetic(self._address, self.folder / "home", proxy)

    def venv(self) -> Venv:
        """A new virtual environment without pip, whose ``.pip()``, ``.uv()`` and ``.run()`` work in `env`."""
        made = Venv(self._address, lambda: self.env)
        self._venvs.append(made)
        return made

    def login(self, token: str) -> None:
        """Tools that run in `env` from now on send this token to read: it stands in the netrc file of its home."""
        netrc = Path(self.env["HOME"]) / ".netrc"
        netrc.touch(0o600)
        netrc.write_text(f"machine {HOST} login {TOKEN_USER} password {token}\n")

    # What happened

    @property
    def requests(self) -> Requests:
        """Every request so far, in the order of the answers."""
        return self._gate.requests

    @property
    def downloads(self) -> list[str]:
        """Names of the distributions that were sent, in order; a file that was asked for twice stands twice."""
        return [
            request.filename
            for request in self.requests.where(method="GET")
            if request.status in (200, 206)
            and request.filename
            and not request.filename.endswith(".metadata")
        ]

    @property
    def uploads(self) -> list[str]:
        """Names of the distributions that clients uploaded, in order."""
        return [
            event["filename"]
            for event in self._root.log.read()
            if event["event"] == UPLOADED and event["actor"] != ADDED
        ]

    @property
    def escapes(self) -> list[str]:
        """Hosts beyond this machine that tools in `env` asked for; they were refused."""
        return self._gate.escapes

    @property
    def errors(self) -> list[str]:
        """Tracebacks of faults of the server itself; in a test, any of them fails it."""
        return self._gate.errors

    # What goes wrong

    def fail(
        self, path: str = "*", *, status: int = 503, times: int | None = None, retry_after: int | None = None
    ) -> faults.Fault:
        """Answer with a status. ``path`` is one below the index, as ``/simple/lib/``, or the name of a file, with
        wildcards. ``retry_after``: seconds."""
        return self._spoil(faults.Fail(path=path, times=times, status=status, retry_after=retry_after))

    def slow(self, seconds: float, path: str = "*", *, times: int | None = None) -> faults.Fault:
        """Answer rightly, but late."""
        return self._spoil(faults.Slow(path=path, times=times, seconds=seconds))

    def cut(self, path: str, *, at: int = 100, times: int | None = None) -> faults.Fault:
        """Close the connection after so many bytes of the body."""
        return self._spoil(faults.Cut(path=path, times=times, at=at))

    def corrupt(self, path: str, *, times: int | None = None) -> faults.Fault:
        """Alter the last byte of the body, so that no hash fits."""
        return self._spoil(faults.Corrupt(path=path, times=times))

    def offline(self, path: str = "*", *, times: int | None = None) -> faults.Fault:
        """Close every connection without an answer."""
        return self._spoil(faults.Offline(path=path, times=times))

    def clear_faults(self) -> None:
        """Nothing goes wrong any more."""
        self._gate.faults.clear()

    def require_token(self, action: Action = "read", token: str | None = None) -> str:
        """From now on "read" or "write" takes this token, or a new one, as the password of any user; returns it."""
        if action not in ("read", "write"):
            raise UsageError(f"there is no action {action!r}", hint="read or write")
        self._gate.tokens[action] = token or secrets.token_urlsafe(16)
        return self._gate.tokens[action]

    # What time it is

    def freeze(self, moment: str | datetime) -> None:
        """Stop the clock of the index: uploads get this time (RFC 3339; UTC unless it says otherwise)."""
        self._gate.moment = _moment(moment)

    def advance(self, delta: timedelta) -> None:
        """Set a frozen clock forward; one that runs is frozen at a time from now."""
        self._gate.moment = (self._gate.moment or datetime.now(UTC)) + delta

    def unfreeze(self) -> None:
        """Let the clock go again, at the right time."""
        self._gate.moment = None

    # The end

    def close(self) -> None:
        """Serve it no longer, and remove its folder unless `keep` is set. Once more does nothing."""
        if self.closed:
            return
        self.closed = True
        self._server.close(self._prefix)
        self._root.downloads.flush()
        if self._owns_server:
            self._server.stop()
        for made in self._venvs:
            made.close()
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<pocketrepo.testing.Index {'closed' if self.closed else self.url}>"

    @property
    def _hosted(self) -> Hosted:
        return self._root.repository(self._root.default).hosted

    @property
    def _address(self) -> Address:
        return Address(self.index_url, self.upload_url, (TOKEN_USER, self.token))

    def _spoil(self, fault: faults.Fault) -> faults.Fault:
        self._gate.faults.add(fault)
        return fault


def _moment(given: str | datetime) -> datetime:
    if isinstance(given, datetime):
        return clock.aware(given)
    try:
        return clock.parsed(given)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{given!r} is no time", hint="for example: 2026-01-31 or 2026-01-31T12:00:00Z"
        ) from None
