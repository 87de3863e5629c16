"""Fixtures that more than one part of the tests uses: a root, its application, and the same served."""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache

from pocketrepo.keys import owner_key
from pocketrepo.repository import Root, open_root
from pocketrepo.server import create_app
from pocketrepo.settings import Settings

_numbers = itertools.count()


class _Compiled(BytecodeCache):
    """Templates compiled in this process: hundreds of applications show the same ones."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


Flask.jinja_options = {"bytecode_cache": _Compiled()}


@pytest.fixture(scope="session")
def _elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(autouse=True)
def _alone(_elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither this user's data and servers nor the machine's pip and uv settings are seen by a test, and none
    waits for the disk: that flushes come in the right order has tests of its own, with the store's."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    monkeypatch.setattr("pocketrepo.store.file.flush", lambda fd: None)
    for name in list(os.environ):
        if name.startswith(("POCKETREPO_", "PIP_INDEX", "PIP_EXTRA", "UV_INDEX", "UV_DEFAULT")):
            monkeypatch.delenv(name)
    own = _elsewhere / str(next(_numbers))
    monkeypatch.setenv("POCKETREPO_RUNTIME", str(own / "run"))
    monkeypatch.setenv("POCKETREPO_ROOT", str(own / "root"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(root=tmp_path / "root")


@pytest.fixture
def root(settings: Settings) -> Root:
    return open_root(settings)


@pytest.fixture
def app(settings: Settings, root: Root) -> Flask:
    return create_app(settings, root)


@pytest.fixture
def http(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def owner(root: Root, settings: Settings) -> dict[str, str]:
    """Headers that authorize the owner."""
    secret = base64.b64encode(f"__token__:{owner_key(settings.root)}".encode()).decode()
    return {"Authorization": f"Basic {secret}"}


@dataclass
class Live:
    """A server in a thread of this process, over a real socket."""

    url: str
    key: str
    root: Root
    app: Flask


@contextmanager
def running(
    app: Flask,
    *,
    host: str = "127.0.0.1",
    front: bool = True,
    idle_timeout: float = 5.0,
    access_log: Callable[[str], None] | None = None,
) -> Iterator[Live]:
    """An application served by the real gateway; ``front=False`` sends everything through Flask. At ``host`` it is
    found by IPv4, if ``::`` listens for that, too."""
    from pocketrepo.gateway import Gateway, bind

    site = app.extensions["pocketrepo"]
    listener = bind(host, 0)
    site.port = listener.getsockname()[1]
    fast = site.front if front else None
    gateway = Gateway(fast, app.wsgi_app, threads=16, idle_timeout=idle_timeout, access_log=access_log)
    thread = threading.Thread(target=lambda: asyncio.run(gateway.serve(listener)), daemon=True)
    thread.start()
    try:
        yield Live(f"http://127.0.0.1:{site.port}/", owner_key(site.settings.root), site.root, app)
    finally:
        gateway.stop()
        thread.join(5)


@pytest.fixture
def serve() -> Iterator[Callable[..., Live]]:
    """`running`, until the test ends."""
    with ExitStack() as stack:
        yield lambda app, **options: stack.enter_context(running(app, **options))


@pytest.fixture(params=[True, False], ids=["front", "flask"])
def live(request: pytest.FixtureRequest, app: Flask, serve: Callable[..., Live]) -> Live:
    """Served twice: with the fast road for pages and files, and without it."""
    return serve(app, front=request.param)


@pytest.fixture
def server(app: Flask, serve: Callable[..., Live], monkeypatch: pytest.MonkeyPatch) -> Live:
    """A server that commands find by the environment, with the owner's key."""
    live = serve(app)
    monkeypatch.setenv("POCKETREPO_URL", live.url)
    monkeypatch.setenv("POCKETREPO_TOKEN", live.key)
    return live
