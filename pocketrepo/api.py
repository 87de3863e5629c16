"""The verbs that people type in a notebook: thin, by way of Client and Server."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from pocketrepo import records
from pocketrepo.background import Server, start, started
from pocketrepo.background.launching import STOP_TIMEOUT
from pocketrepo.client import Client
from pocketrepo.client.dists import What
from pocketrepo.client.listings import Pushes
from pocketrepo.environment import Mode
from pocketrepo.environment.installing import Installations
from pocketrepo.environment.using import Using
from pocketrepo.errors import ServerError, UsageError
from pocketrepo.keys import owner_key
from pocketrepo.settings import default_root


def connect(url: str, *, token: str | None = None, auth: tuple[str, str] | None = None) -> Client:
    """A client of any repository by its address, upload URL or index URL; nothing is sent yet.

    ``token`` defaults to ``POCKETREPO_TOKEN``. Raises UsageError for what is no such URL.
    """
    return Client(url, token=token or os.environ.get("POCKETREPO_TOKEN"), auth=auth)


def push(what: What = None, *, to: Client | Server | str | None = None) -> Pushes:
    """Upload distributions; a source tree is built first. What is there already, byte for byte, is skipped.

    ``what``: paths, globs, folders of distributions, source trees, or imported modules; nothing means ``dist/`` or
    else the source tree here. ``to``: a repository (client, server or URL); nothing means this user's running server,
    and starts one if there is none. Raises BadUpload, AlreadyExists, BuildFailed, UsageError.
    """
    return _client(to).push(what)


def install(
    *requirements: str,
    source: Client | Server | str | None = None,
    extra_index_urls: Sequence[str] = (),
    options: Sequence[str] = (),
) -> Installations:
    """Install into this kernel's environment, from the repository alone unless extra indexes are named.

    Asks nobody. Modules of replaced distributions are forgotten, so that the next ``import`` takes the new ones.
    Raises InstallFailed with the installer's reason, Unauthorized if reading takes a token.
    """
    return _client(source).install(*requirements, extra_index_urls=extra_index_urls, options=options)


def use(mode: Mode = "only", *, source: Client | Server | str | None = None) -> Using:
    """Point pip, uv and twine at a repository, for all that this process starts, until it is undone or ends.

    "only" leaves out every other index, "extra" puts this one beside them. ``source`` is a client, server or URL;
    nothing means this user's running server. Raises Unauthorized if reading takes a token, ServerError.
    """
    return _client(source).use(mode)


def status(root: str | Path | None = None) -> list[records.RunRecord]:
    """This user's running servers, of one root or of all."""
    return list(records.running(Path(root).expanduser().absolute() if root else None))


def _client(target: Client | Server | str | None) -> Client:
    if isinstance(target, Client):
        return target
    if isinstance(target, Server):
        return target.client
    if isinstance(target, str):
        return connect(target)
    return running_server().client


def running_server() -> Server:
    """The server that `find_server` finds; else a new one, which is said."""
    server = find_server()
    if server is not None:
        return server
    server = start()
    print(f"started a server at {server.url}, data in {server.root}")
    return server


def find_server() -> Server | None:
    """The only server that this process started; else the one of the default root; else the only one that runs.

    Raises UsageError if this process started several: none of them is meant more than another.
    """
    own = started()
    if len(own) > 1:
        raise UsageError(
            f"this process started {len(own)} servers", hint="say which is meant, as in to=server"
        )
    if own:
        return own[0]
    found = find_running()
    return start(found.root) if found is not None else None


def find_running() -> records.RunRecord | None:
    """The running server of the default root, or the only one there is."""
    root = Path(os.environ.get("POCKETREPO_ROOT") or default_root()).expanduser().absolute()
    found = status()
    mine = [record for record in found if record.root == str(root)]
    return mine[0] if mine else found[0] if len(found) == 1 else None


def stop(root: str | Path | None = None) -> list[records.RunRecord]:
    """Ask this user's running server to end (the one of ``root``, or the only one) and wait until it has.

    Raises ServerError if there is none, or several and no root.
    """
    found = status(root)
    if not found:
        raise ServerError("no server is running")
    if len(found) > 1 and root is None:
        raise ServerError("several servers are running", hint="name the root: pocketrepo stop --root FOLDER")
    for record in found:
        Client(record.url, token=owner_key(Path(record.root))).stop_server()
        deadline = time.monotonic() + STOP_TIMEOUT
        while records.is_ours(record, timeout=0.5) and time.monotonic() < deadline:
            time.sleep(0.05)
    return found
