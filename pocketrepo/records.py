"""Run records: how the servers of one user are found again by other notebooks and by the command line.

A record is a small JSON file in a folder that only this user can read. It is a hint, never trusted: a server
counts as found once it has proved, over its own port, that it knows the owner key of the root it claims.
"""

from __future__ import annotations

import hmac
import http.client
import json
import os
import secrets
import socket
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pocketrepo.errors import ServerError
from pocketrepo.keys import OWNER_KEY_FILE, prove

RUNTIME_VARIABLE = "POCKETREPO_RUNTIME"


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One running server. ``started_by`` is the pid of the process that owns it, 0 for a person's shell;
    ``repository`` is the default one."""

    instance: str
    url: str
    root: str
    pid: int
    started_by: int
    started: str
    version: str
    machine: str
    repository: str

    @property
    def index_url(self) -> str:
        """What pip and uv take as ``--index-url``."""
        return f"{self.url}simple/"

    @property
    def upload_url(self) -> str:
        """What twine takes as ``--repository-url``."""
        return f"{self.url}legacy/"

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 80

    @property
    def here(self) -> bool:
        """Whether it runs on this machine; a home directory may be shared."""
        return self.machine == socket.gethostname()


def folder() -> Path:
    """Where records live; made with mode 0700. Raises ServerError if it is somebody else's."""
    told = os.environ.get(RUNTIME_VARIABLE)
    if told:
        path = Path(told)
    else:
        from platformdirs import user_state_path

        # Not the runtime folder: where there is no session manager, that is a shared one.
        path = user_state_path("pocketrepo", appauthor=False) / "run"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise ServerError(
            f"{path} cannot be made: {error.strerror}", hint=f"set {RUNTIME_VARIABLE} to another folder"
        ) from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ServerError(
            f"{path} is not a folder of this user alone", hint=f"chmod 700 it, or set {RUNTIME_VARIABLE}"
        )
    return path


def write(record: RunRecord) -> Path:
    """Put a record where others look; returns its file, for the server to remove when it ends."""
    path = folder() / f"{record.instance}.json"
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    draft.write_text(json.dumps(asdict(record)), "utf-8")
    draft.replace(path)
    return path


def request_log(instance: str) -> Path:
    """Where the server of a record keeps its latest requests."""
    return folder() / f"{instance}.requests"


def forget(path: Path) -> None:
    """Remove a record's file and the log beside it."""
    for one in path.parent.glob(f"{path.stem}.*"):
        one.unlink(missing_ok=True)


def running(root: Path | None = None) -> Iterator[RunRecord]:
    """Servers of this user that answer and prove who they are, of one root or of all.

    Records whose process is gone are removed.
    """
    for path in sorted(folder().glob("*.json")):
        record = _read(path)
        if record is None or not record.here or (root is not None and record.root != str(root)):
            continue
        if is_ours(record):
            yield record
        elif not is_alive(record):
            forget(path)


def _read(path: Path) -> RunRecord | None:
    """A record, None for a file that is none or is gone."""
    try:
        record = RunRecord(**json.loads(path.read_text("utf-8")))
        urlsplit(record.url).port  # noqa: B018  raises ValueError
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    texts = (record.instance, record.root, record.machine, record.repository)
    return record if isinstance(record.pid, int) and all(isinstance(text, str) for text in texts) else None


def is_ours(record: RunRecord, *, timeout: float = 2.0) -> bool:
    """Whether the server at the record's port knows the owner key of the record's root."""
    try:
        key = (Path(record.root) / OWNER_KEY_FILE).read_text("ascii").strip()
    except (OSError, ValueError):
        return False
    nonce = secrets.token_hex(16)
    host = urlsplit(record.url).hostname or "127.0.0.1"
    connection = http.client.HTTPConnection(host, record.port, timeout=timeout)
    try:
        connection.request("GET", f"/health?nonce={nonce}")
        response = connection.getresponse()
        answer = json.loads(response.read(65536))
        return (
            response.status == 200
            and answer.get("instance") == record.instance
            and hmac.compare_digest(
                str(answer.get("proof")).encode(), prove(key, nonce, record.port).encode()
            )
        )
    except (OSError, http.client.HTTPException, ValueError, AttributeError, RecursionError):
        return False
    finally:
        connection.close()


def is_alive(record: RunRecord) -> bool:
    """Whether there is a process of the record's pid; it may have become another program's."""
    try:
        os.kill(record.pid, 0)
    except ProcessLookupError:
        return False
    except OverflowError:
        return False
    except PermissionError:
        return True
    return True
