"""What journeys are made of: commands with a time limit, virtual environments, and a server of its own process."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
import venv
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from filelock import FileLock

MACHINE = dict(os.environ)
"""The machine's own environment, as it was before any test changed it: how pip finds the configured index."""


class Done(NamedTuple):
    """A command that has ended; ``output`` is both streams."""

    returncode: int
    output: str


def run(
    *command: str | Path,
    env: Mapping[str, str],
    cwd: Path | None = None,
    timeout: float = 150,
    status: int | None = 0,
) -> Done:
    """Run a command and all that it starts, for ``timeout`` seconds at most. Fails the test if its exit status is
    another than ``status``; None takes any."""
    words = [str(word) for word in command]
    with subprocess.Popen(
        words,
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            output += f"\nno end after {timeout:g} s"
    done = Done(process.returncode, output)
    if status is not None and done.returncode != status:
        pytest.fail(f"{' '.join(words)}\nexit status {done.returncode}\n{output}", pytrace=False)
    return done


@dataclass(frozen=True)
class Venv:
    """A virtual environment."""

    path: Path

    @property
    def python(self) -> Path:
        return self.path / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        [folder] = self.path.glob("lib/python3*/site-packages")
        return folder

    def program(self, name: str) -> Path:
        return self.path / "bin" / name

    def version(self, distribution: str) -> str:
        code = f"import importlib.metadata as m; print(m.version({distribution!r}))"
        return run(self.python, "-I", "-c", code, env={}).output.strip()


def make_venv(path: Path, *, pip_of: Venv | None = None) -> Venv:
    """An empty environment, or one with the same pip as another."""
    venv.EnvBuilder(symlinks=True).create(path)
    made = Venv(path)
    if pip_of is not None:
        for folder in pip_of.site_packages.glob("pip*"):
            shutil.copytree(folder, made.site_packages / folder.name)
    return made


class Unreachable(Exception):
    """The configured package index cannot be had."""


def pip_install(env: Venv, *requirements: str) -> None:
    """Install from the configured index, with the machine's own pip and its configuration. Raises Unreachable."""
    pip_run("--python", str(env.python), "install", *requirements)


def pip_run(*arguments: str, timeout: float = 300) -> None:
    """The machine's own pip, at the configured index. Raises Unreachable."""
    command = [sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check", *arguments]
    done = run(*command, env=MACHINE, timeout=timeout, status=None)
    if done.returncode:
        last = [line for line in done.output.splitlines() if line.strip()][-1]
        if re.search("Retrying|[Tt]imed out|no end after|No module named pip", done.output):
            raise Unreachable(f"pip {' '.join(arguments)}: {last}")
        pytest.fail(f"pip {' '.join(arguments)}\n{done.output}", pytrace=False)


@dataclass(frozen=True)
class Shared:
    """Folders that take long to make: made once in a test run, by whichever worker needs one first."""

    base: Path

    def once(self, name: str, make: Callable[[Path], None]) -> Path:
        """The folder of that name. Skips the test if it, or an earlier one, needs an index that is not there."""
        folder = self.base / name
        done = self.base / f"{name}.done"
        unreachable = self.base / "unreachable"
        with FileLock(self.base / f"{name}.lock"):
            if done.exists():
                return folder
            if not unreachable.exists():
                shutil.rmtree(folder, ignore_errors=True)
                try:
                    make(folder)
                except Unreachable as error:
                    unreachable.write_text(str(error))
                else:
                    done.touch()
                    return folder
        pytest.skip(f"the configured package index cannot be reached: {unreachable.read_text()}")


class Request(NamedTuple):
    """A line of the access log."""

    method: str
    path: str
    status: int
    size: int


@dataclass(frozen=True)
class LiveServer:
    """``python -m pocketrepo serve`` of an installed wheel; ``environ`` is what it and its CLI run in."""

    url: str
    root: Path
    log: Path
    installed: Venv
    environ: Mapping[str, str]

    @property
    def key(self) -> str:
        return (self.root / "owner.key").read_text().strip()

    def index(self, repository: str) -> str:
        return f"{self.url}{repository}/simple/"

    def cli(self, *arguments: str | Path, status: int = 0) -> Done:
        """The installed ``pocketrepo`` command, as the same user would type it."""
        return run(self.installed.program("pocketrepo"), *arguments, env=self.environ, status=status)

    def push(self, repository: str, *what: Path) -> Done:
        """Push to a repository, which is made if it is new."""
        return self.cli("push", "--create", "--repository", repository, *what)

    def projects(self, repository: str) -> list[str]:
        found: list[str] = json.loads(self.cli("list", "--json", "--repository", repository).output)
        return found

    def page(self, repository: str, project: str) -> Any:
        """The project's page in the JSON form of the Simple API (PEP 691)."""
        accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
        request = urllib.request.Request(f"{self.index(repository)}{project}/", headers=accept)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as response:
            return json.load(response)

    def listed(self, repository: str, project: str) -> dict[str, str]:
        """File names of a project with their sha256."""
        return {
            file["filename"]: file["hashes"]["sha256"] for file in self.page(repository, project)["files"]
        }

    @contextmanager
    def requests(self) -> Iterator[list[Request]]:
        """The requests that are answered within the context; filled at its end."""
        found: list[Request] = []
        start = self.log.stat().st_size
        yield found
        with self.log.open() as file:
            file.seek(start)
            for line in file:
                if match := re.match(r"\S+ ([A-Z]+) (\S+) (\d{3}) (\d+)$", line):
                    found.append(Request(match[1], match[2], int(match[3]), int(match[4])))


@contextmanager
def serving(
    installed: Venv, folder: Path, *, environ: Mapping[str, str], root: Path | None = None
) -> Iterator[LiveServer]:
    """A server with what it says, and its data unless ``root`` is given, in ``folder``; at the end it must stop by
    itself and must not have met a fault."""
    root, log, said = root or folder / "root", folder / "log", folder / "announcement"
    command = [
        str(installed.python),
        "-m",
        "pocketrepo",
        "serve",
        "--root",
        str(root),
        "--port",
        "0",
        "--access-log",
    ]
    with log.open("w") as errors, said.open("w") as output:
        process = subprocess.Popen(
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
            cwd=folder,
        )
    try:
        url = _announced(process, said, log)
        yield LiveServer(url, root, log, installed, environ)
        process.terminate()
        assert process.wait(20) == 0, log.read_text()
        assert "Traceback" not in log.read_text(), log.read_text()
    finally:
        process.kill()
        process.wait()


def _announced(process: subprocess.Popen[bytes], said: Path, log: Path) -> str:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"web page\s+(http://\S+/)\n(?s:.*)stop", said.read_text()):
            return found[1]
        time.sleep(0.05)
    pytest.fail(f"the server did not start\n{said.read_text()}{log.read_text()}")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def hashes(folder: Path) -> dict[str, str]:
    """The files of a folder with their sha256."""
    return {path.name: sha256(path) for path in folder.iterdir()}
