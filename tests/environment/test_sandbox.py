"""A throw-away environment: what gets in, what does not, and that it goes."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from pocketrepo.client import Client
from pocketrepo.environment import Address
from pocketrepo.environment.sandbox import NOWHERE, Sandbox
from pocketrepo.errors import CommandFailed, InstallFailed, ServerError
from tests.conftest import Live
from tests.distributions import make_wheel

NOBODY = Address("http://127.0.0.1:9/simple/", "http://127.0.0.1:9/legacy/")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(NOBODY) as made:
        yield made


@pytest.mark.journey
@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_it_installs_from_its_repository_and_runs_what_is_there(
    app: Flask, serve: Callable[..., Live], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    if tool == "uv":
        if shutil.which("uv") is None:
            pytest.skip("uv is not installed")
        find_spec = importlib.util.find_spec
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name: None if name == "pip" else find_spec(name)
        )
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PIP_REQUIRE_VIRTUALENV", "nonsense")
    live = serve(app)
    client = Client(live.url, token=live.key)
    client.push(make_wheel(tmp_path, "hello-pocket", "1.0", files={"hello_pocket.py": b"word = 'hi'"}))
    with client.sandbox() as sandbox:
        sandbox.pip("install", "hello-pocket")
        assert sandbox.freeze() == ["hello-pocket==1.0"]
        assert sandbox.run("python", "-c", "import hello_pocket as h; print(h.word)").stdout == "hi\n"
        with pytest.raises(CommandFailed, match=rf"{tool} ended with status 1: .*nope"):
            sandbox.pip("install", "nope")
        assert "hello-pocket==1.0" in sandbox._repr_html_()


def test_it_sees_nothing_of_the_outside(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "HOME", "XDG_CONFIG_HOME", "NETRC", "PIP_CONSTRAINT"):
        monkeypatch.setenv(name, "/foreign")
    monkeypatch.setenv("UV_INDEX", "http://foreign/")
    monkeypatch.setenv("TWINE_PASSWORD", "foreign")
    monkeypatch.setenv("HTTPS_PROXY", "http://foreign/")
    code = "import os, sys, json; print(json.dumps([dict(os.environ), sys.path]))"
    said = sandbox.run("python", "-c", code).stdout
    assert "foreign" not in said
    assert sandbox.run("python", "-c", "import sys; print(sys.prefix)").stdout.strip() == str(
        sandbox.path / "venv"
    )


def test_what_a_program_prints_is_without_colours_in_a_notebook_too(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE"):
        monkeypatch.setenv(name, "1")
    printed = sandbox.run("python", "-c", "import os; print(*os.environ)").stdout
    assert "COLOR" not in printed


def test_nothing_in_it_reaches_another_machine(sandbox: Sandbox) -> None:
    said = sandbox.run("python", "-c", "import urllib.request as u; print(u.getproxies())").stdout
    assert said.count(NOWHERE) >= 3
    assert "'no': '127.0.0.1'" in said


def test_a_repository_elsewhere_is_reached_as_this_machine_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example/")
    with Sandbox(Address("https://pkgs.example/simple/", "")) as sandbox:
        assert sandbox._environment()["https_proxy"] == "http://proxy.example/"


def test_a_failed_command_raises_with_its_last_words_or_is_told(sandbox: Sandbox) -> None:
    with pytest.raises(CommandFailed, match="python ended with status 3: two") as caught:
        sandbox.run("python", "-c", "print('one'); print('two'); exit(3)")
    assert caught.value.output == "one\ntwo\n"
    assert sandbox.run("python", "-c", "exit(3)", check=False).returncode == 3
    with pytest.raises(CommandFailed, match="no-such-program cannot be run"):
        sandbox.run("no-such-program")


def test_without_pip_and_uv_it_says_so(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(InstallFailed, match="uv is not installed here"):
        sandbox.pip("install", "hello")


def test_it_is_removed_when_it_is_closed_and_says_so(sandbox: Sandbox) -> None:
    assert sandbox.python.exists()
    assert sandbox.freeze() == []
    sandbox.close()
    assert not sandbox.path.exists()
    assert "removed" in repr(sandbox) + sandbox._repr_html_()
    for use in (lambda: sandbox.pip("list"), sandbox.freeze, lambda: sandbox.run("python")):
        with pytest.raises(ServerError, match="this sandbox was removed"):
            use()
    sandbox.close()


def test_it_is_removed_at_exit() -> None:
    code = (
        "from pocketrepo.environment import Address; from pocketrepo.environment.sandbox import Sandbox\n"
        "kept = Sandbox(Address('http://127.0.0.1:9/simple/', '')); print(kept.path, kept.python.exists())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    path, existed = done.stdout.split()
    assert existed == "True"
    assert not Path(path).exists()
