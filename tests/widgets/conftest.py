"""A repository to look at, and servers whose process is this one."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

import pocketrepo
from pocketrepo.background import Server
from pocketrepo.client import Client
from pocketrepo.records import RunRecord
from pocketrepo.repository import Root
from tests.conftest import Live
from tests.distributions import make_wheel
from tests.uploads import admit


@pytest.fixture
def client(app: Flask, root: Root, serve: Callable[..., Live], tmp_path: Path) -> Client:
    """Of a repository that holds two versions of hello-pocket, and other."""
    for name, version in (("hello-pocket", "1.0"), ("hello-pocket", "1.1"), ("other", "2.0")):
        admit(root, make_wheel(tmp_path, name, version))
    live = serve(app)
    return pocketrepo.connect(live.url, token=live.key)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A handle of a server that this user has running; nothing answers, and it is not started again for that."""
    monkeypatch.setattr(Server, "_revive", lambda self: None)
    root = tmp_path / "served"
    root.mkdir()
    record = RunRecord(
        instance="0" * 8,
        url="http://127.0.0.1:9/",
        root=str(root),
        pid=os.getpid(),
        started_by=0,
        started="2026-01-31T00:00:00Z",
        version=pocketrepo.__version__,
        machine=socket.gethostname(),
        repository="local/main",
    )
    return Server(record, None, temporary=False)
