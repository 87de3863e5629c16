"""A real IPython session without a kernel, and an index on a real socket."""

from __future__ import annotations

import importlib
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from pocketrepo import Client
from pocketrepo.environment import Address, loaded
from pocketrepo.environment.installing import Installations, Installed
from tests.conftest import Live


@dataclass
class Cell:
    """A cell that was run: its result, its error, and all that was put out."""

    result: Any
    error: BaseException | None
    output: str


class Session:
    """``session(text)`` runs a cell as a notebook would."""

    def __init__(self, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
        self.shell = shell
        self.names = shell.user_ns
        self._capsys = capsys

    def __call__(self, text: str) -> Cell:
        self._capsys.readouterr()
        done = self.shell.run_cell(text, store_history=True)
        out, err = self._capsys.readouterr()
        return Cell(done.result, done.error_in_exec or done.error_before_exec, out + err)


@pytest.fixture
def session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Session]:
    """With the extension loaded."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)  # another than this one is warned of
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = InteractiveShell.instance(config=config)
    opened = Session(shell, capsys)
    assert opened("%load_ext pocketrepo").error is None
    yield opened
    shell.restore_sys_module_state()
    InteractiveShell.clear_instance()


@pytest.fixture
def live_index(app: Flask, serve: Callable[..., Live]) -> Live:
    return serve(app)


@pytest.fixture
def index(session: Session, live_index: Live) -> Client:
    """The index, which the session has as ``index`` and so can be named by ``--to index``."""
    client = Client(live_index.url, token=live_index.key)
    session.names["index"] = client
    return client


@dataclass
class Site:
    """Where the stand-in for an installer puts things, and what it was asked for."""

    folder: Path
    asked: list[tuple[tuple[str, ...], tuple[str, ...]]]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A folder on ``sys.path`` that wheels are unpacked into, in place of the environment that runs the tests.

    It installs from the index that it is given, and as pip does, not at all what has the right version already.
    """
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    site = Site(folder, [])

    def install(
        requirements: tuple[str, ...], address: Address, *, options: Any = (), say: Any, **_: Any
    ) -> Any:
        site.asked.append((requirements, tuple(options)))
        say("Looking in indexes")
        done = []
        for requirement in requirements:
            name, _, version = requirement.partition("==")
            before = _installed(name)
            if before is None or before.version != version or "--force-reinstall" in options:
                if before is not None:
                    loaded.forget(loaded.distributions()[name])
                    _remove(before, folder)
                _unpack(Client(address.index_url), name, version, folder, tmp_path / "downloads")
            done.append(Installed(name, version, None))
        return Installations(done)

    monkeypatch.setattr("pocketrepo.client.install", install)
    modules = set(sys.modules)
    yield site
    for name in set(sys.modules) - modules:
        if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def _installed(name: str) -> Distribution | None:
    importlib.invalidate_caches()
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _remove(installed: Distribution, folder: Path) -> None:
    assert Path(str(installed.locate_file(""))) == folder, "this environment is not to be changed"
    for file in installed.files or ():
        Path(str(file.locate())).unlink()
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)


def _unpack(client: Client, name: str, version: str, folder: Path, downloads: Path) -> None:
    [wheel] = [path for path in client.download(name, version, to=downloads) if path.suffix == ".whl"]
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
