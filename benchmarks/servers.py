"""Start and stop the servers that are compared, and read what each of them costs."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

CPUCLOCK_SCHED = 2
"""With a pid, makes the number of that process's CPU clock, as clock_getcpuclockid(3) does."""
START_TIMEOUT = 120.0
STOP_TIMEOUT = 15.0
_cores = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = (_cores[0], _cores[1]) if len(_cores) > 1 else (None, None)
"""The core that servers run on, and the one for what loads them."""

POCKETREPO, NGINX, PYPISERVER = "PocketRepo", "nginx", "pypiserver"


class Server:
    """A running process with its children, and the address it answers at."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], port: int) -> None:
        self.name = name
        self.port = port
        self._process = process

    def pids(self) -> list[int]:
        """The process and all its descendants."""
        found = [self._process.pid]
        for pid in found:
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                with suppress(OSError):
                    found += map(int, children.read_text().split())
        return found

    def cpu(self) -> float:
        """Seconds of CPU time that all its processes took since they started; Linux keeps nanoseconds."""
        total = 0.0
        for pid in self.pids():
            with suppress(OSError):
                total += time.clock_gettime((~pid << 3) | CPUCLOCK_SCHED)
        return total

    def rss(self) -> float:
        """MiB of memory in use."""
        return self._status("VmRSS")

    def peak(self) -> float:
        """MiB of memory in use at most since `forget_peak`."""
        return self._status("VmHWM")

    def forget_peak(self) -> None:
        for pid in self.pids():
            with suppress(OSError):
                Path(f"/proc/{pid}/clear_refs").write_text("5")

    def _status(self, field: str) -> float:
        total = 0
        for pid in self.pids():
            with suppress(OSError):
                for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                    if line.startswith(f"{field}:"):
                        total += int(line.split()[1])
        return total / 1024

    def wait(self) -> None:
        """Return as soon as it accepts connections. Raises RuntimeError if it ends instead."""
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.002)
        raise RuntimeError(f"{self.name} does not listen on port {self.port}")

    def stop(self) -> None:
        pids = self.pids()
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(
    name: str, command: list[str], port: int, log: Path, environ: Mapping[str, str] | None = None
) -> Iterator[Server]:
    if SERVER_CORE is not None:
        command = ["taskset", "-c", str(SERVER_CORE), *command]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # a Ctrl-C here reaches the servers as an orderly stop
            env={**os.environ, **(environ or {})},
        )
    server = Server(name, process, port)
    try:
        server.wait()
        yield server
    except RuntimeError as error:
        raise RuntimeError(f"{error}; it said: {log.read_text()[-800:]}") from None
    finally:
        server.stop()


@contextmanager
def pocketrepo(root: Path, work: Path) -> Iterator[Server]:
    """PocketRepo as ``python -m pocketrepo serve`` runs it, on a root."""
    port = free_port()
    command = [sys.executable, "-m", "pocketrepo", "serve", "--root", str(root), "--port", str(port)]
    environ = {"POCKETREPO_RUNTIME": str(work / "run")}
    with _running(POCKETREPO, command, port, work / "pocketrepo.log", environ) as server:
        yield server


NGINX_CONFIG = """
{user}
worker_processes 1;
pid {work}/nginx.pid;
error_log {work}/nginx-error.log;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    client_body_temp_path {work}/nginx-tmp; proxy_temp_path {work}/nginx-tmp;
    fastcgi_temp_path {work}/nginx-tmp; uwsgi_temp_path {work}/nginx-tmp; scgi_temp_path {work}/nginx-tmp;
    types {{ text/html html; application/vnd.pypi.simple.v1+json json; }}
    default_type application/octet-stream;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    gzip_static on;
    index index.json;
    open_file_cache max=40000 inactive=10m;
    open_file_cache_valid 10m;
    server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


@contextmanager
def nginx(folder: Path, work: Path) -> Iterator[Server]:
    """nginx with what makes static files fast: sendfile, open files and .gz files kept ready, no log."""
    port = free_port()
    config = work / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(NGINX_CONFIG.format(user=user, work=work, port=port, folder=folder))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    command = [program, "-p", str(work), "-c", str(config), "-e", str(work / "nginx-error.log")]
    with _running(NGINX, [*command, "-g", "daemon off;"], port, work / "nginx.log") as server:
        yield server


def install_pypiserver(work: Path) -> Path:
    """A virtual environment with pypiserver at its best: waitress, and the watchdog before version 3, whose
    cache is not thrown away each time a file is read."""
    venv = work / "pypiserver"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, timeout=120)
    install = [str(venv / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*install, "pypiserver", "watchdog==2.1.9", "waitress"],
        check=True,
        timeout=300,
        stderr=subprocess.PIPE,
    )
    return venv / "bin" / "pypi-server"


@contextmanager
def pypiserver(program: Path, folder: Path, work: Path) -> Iterator[Server]:
    """pypiserver on one flat folder, open to everybody, for it has no token without a password check."""
    port = free_port()
    command = [str(program), "run", "-i", "127.0.0.1", "-p", str(port), "-a", ".", "-P", "."]
    command += ["--disable-fallback", "--backend", "cached-dir", str(folder)]
    with _running(PYPISERVER, command, port, work / "pypiserver.log") as server:
        yield server
