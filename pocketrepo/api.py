"""The verbs that people type in a notebook: thin, by way of Client and Server."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from pocketrepo import records
from pocketrepo.access import owner_key
from pocketrepo.background import STOP_TIMEOUT, Server, start
from pocketrepo.client import Client, Pushes
from pocketrepo.dists import What
from pocketrepo.errors import ServerError
from pocketrepo.installing import Installations
from pocketrepo.settings import default_root


def connect(url: str, *, token: str | None = None, auth: tuple[str, str] | None = None) -> Client:
    """A client of any repository by its address, upload URL or index URL; nothing is sent yet.

    ``token`` defaults to ``POCKETREPO_TOKEN``. Raises UsageError for what is no such URL.
    """
    return Client(url, token=token or os.environ.get("POCKETREPO_TOKEN"), auth=auth)


def push(what: What = None, *, to: Client | Server | str | None = None) -> Pushes:
    """Upload distributions; a source tree is built first. What is there already, byte for byte, is skipped.

    ``what``: paths, globs, folders of distributions, or source trees; nothing means ``dist/`` or else the source
    tree here. ``to``: a repository (client, server or URL); nothing means this user's running server, and starts
    one if there is none. Raises BadUpload, AlreadyExists, BuildFailed, UsageError.
    """
    return _client(to).push(what)


def install(
    *requirements: str,
    source: Client | Server | str | None = None,
    extra_index_urls: Sequence[str] = (),
    options: Sequence[str] = (),
) -> Installations:
    """Install into this kernel's environment, from the repository alone unless extra indexes are named.

    Raises InstallFailed with the installer's reason.
    """
    return _client(source).install(*requirements, extra_index_urls=extra_index_urls, options=options)


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
    """The server of the default root; else the only one that runs; else a new one, which is said."""
    found = find_running()
    if found is not None:
        return start(found.root)
    server = start()
    print(f"started a server at {server.url}, data in {server.root}")
    return server


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
