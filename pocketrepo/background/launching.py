"""A server as a child process: how it is started, told what it needs, waited for and ended."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import site
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from pocketrepo import records
from pocketrepo.environment import browser
from pocketrepo.errors import ServerError
from pocketrepo.records import RunRecord

START_TIMEOUT = 30.0
STOP_TIMEOUT = 15.0
"""Seconds; the server gives requests in flight ten of them."""


def launch(
    root: Path, port: int, default: str | None, *, temporary: bool = False
) -> tuple[RunRecord, subprocess.Popen[bytes]]:
    """A server process that listens. Raises ServerError with the reason that it gave."""
    # -P: the current folder may hold a module that shadows one of ours.
    command = [sys.executable, "-P", "-m", "pocketrepo", "serve", "--root", str(root), "--port", str(port)]
    command += ["--owner", str(os.getpid())]
    if default:
        command += ["--default", default]
    if temporary:
        command += ["--temporary"]
    log = log_of(root)
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            # An interrupt of the kernel goes to its process group.
            start_new_session=True,
            env=_environment(),
            cwd="/",
        )
    return _wait_until_ready(process, log), process


def log_of(root: Path) -> Path:
    """What the server of a root had to complain about."""
    return records.folder() / f"{_name(root)}.log"


def _environment() -> dict[str, str]:
    """Ours, with the names that the browser calls it by, and the place this package was imported from if the child
    would not look there."""
    here = str(Path(__file__).parents[2])
    environ = dict(os.environ)
    if hosts := browser.hosts():
        environ.setdefault("POCKETREPO_ALLOWED_HOSTS", ",".join(hosts))
    if here not in site.getsitepackages() and here != site.getusersitepackages():
        environ["PYTHONPATH"] = os.pathsep.join(filter(None, [here, environ.get("PYTHONPATH")]))
    return environ


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> RunRecord:
    """The record that the child prints as its first line once it listens."""
    assert process.stdout is not None
    alarm = threading.Timer(START_TIMEOUT, process.kill)
    alarm.daemon = True
    alarm.start()
    line = process.stdout.readline()
    alarm.cancel()
    process.stdout.close()
    try:
        return RunRecord(**json.loads(line))
    except (ValueError, TypeError):
        process.kill()
        process.wait()
        _close(process)
        said = log.read_text("utf-8", errors="replace").strip().splitlines()
        reason = said or [f"no answer within {START_TIMEOUT:g} s"]
        last = next((line for line in reason if line.startswith("Error: ")), reason[-1]).removeprefix(
            "Error: "
        )
        raise ServerError(f"the server did not start: {last}") from None


def one_at_a_time(root: Path) -> Any:
    """A lock: who starts a server of a root waits for others that do."""
    from filelock import FileLock

    return FileLock(records.folder() / f"{_name(root)}.lock", timeout=START_TIMEOUT)


def _name(root: Path) -> str:
    return f"root-{hashlib.sha256(str(root).encode()).hexdigest()[:16]}"


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to stop; it is ours, so its pid cannot have been reused."""
    # The signal first: one that came when a closed pipe has ended the server already would cut its tidying short.
    process.send_signal(signal.SIGTERM)
    _close(process)
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _close(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
