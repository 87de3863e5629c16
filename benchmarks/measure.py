"""Put a server under a bounded load and say what it did: requests, latencies, bytes, CPU time, memory."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from servers import LOAD_CORE, Server

Request = tuple[str, dict[str, str]]
"""A path and the headers to send with it."""

SCRIPT = Path(__file__).with_name("wrk.lua")
BOUNDARY = "d7b0a6f4c1e94f0b8a2e"


@dataclass(frozen=True)
class Load:
    """What `load` measured. Latencies are in milliseconds, CPU time in microseconds a request."""

    rps: float
    p50: float
    p99: float
    cpu: float


@dataclass(frozen=True)
class Transfer:
    """One large body: seconds, CPU seconds of the server, MiB by which its memory grew at most."""

    seconds: float
    cpu: float
    growth: float


def load(server: Server, requests: list[Request], work: Path, *, connections: int, seconds: float) -> Load:
    """Send the requests in turn over keep-alive connections. Raises RuntimeError if any of them fails."""
    file = work / "requests.txt"
    lines = [
        "\t".join([path, *(f"{name}: {value}" for name, value in headers.items())])
        for path, headers in requests
    ]
    file.write_text("\n".join(lines) + "\n")
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{max(1, round(seconds))}s",
        "--timeout",
        "30s",
        "--latency",
    ]
    command += ["-s", str(SCRIPT), f"http://127.0.0.1:{server.port}", "--", str(file)]
    if LOAD_CORE is not None:
        command = ["taskset", "-c", str(LOAD_CORE), *command]
    before = server.cpu()
    finished = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=True)
    cpu = server.cpu() - before
    line = next(line for line in finished.stdout.splitlines() if line.startswith("RESULT "))
    result = json.loads(line.removeprefix("RESULT "))
    if result["errors"] or not result["requests"]:
        raise RuntimeError(f"{server.name}: {result} for {requests[0][0]}")
    count = result["requests"]
    return Load(count / result["seconds"], result["p50"], result["p99"], cpu / count * 1e6)


def download(server: Server, path: str) -> Transfer:
    """Read a large file and drop it."""
    buffer = bytearray(1 << 20)
    server.forget_peak()
    memory, cpu, start = server.rss(), server.cpu(), time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        if response.status != 200:
            raise RuntimeError(f"{server.name} answers {path} with {response.status}")
        left = int(response.headers["Content-Length"])
        while left:
            got = response.readinto(buffer)
            if not got:
                raise RuntimeError(f"{server.name} cut {path} short by {left} bytes")
            left -= got
    finally:
        connection.close()
    return Transfer(time.perf_counter() - start, server.cpu() - cpu, server.peak() - memory)


@dataclass(frozen=True)
class Form:
    """An upload ready to be sent: what stands before and after the file in its body."""

    file: Path
    head: bytes
    tail: bytes

    @property
    def length(self) -> int:
        return len(self.head) + self.file.stat().st_size + len(self.tail)


def form(wheel: Path) -> Form:
    """The legacy upload API's form for a wheel, with its sha256."""
    name, version, *_ = wheel.name.split("-")
    with wheel.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    fields = {
        ":action": "file_upload",
        "protocol_version": "1",
        "metadata_version": "2.4",
        "name": name.replace("_", "-"),
        "version": version,
        "filetype": "bdist_wheel",
        "pyversion": "py3",
        "sha256_digest": digest,
    }
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    ]
    file_part = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="{wheel.name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return Form(wheel, "".join([*parts, file_part]).encode(), f"\r\n--{BOUNDARY}--\r\n".encode())


def credentials(root: Path) -> str:
    """The Authorization header of a root's owner."""
    key = (root / "owner.key").read_text().strip()
    return "Basic " + base64.b64encode(f"__token__:{key}".encode()).decode()


class Uploader:
    """One keep-alive connection that uploads."""

    def __init__(self, server: Server, path: str, authorization: str = "") -> None:
        self._server = server
        self._path = path
        self._headers = {"Authorization": authorization} if authorization else {}
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)

    def send(self, form: Form) -> None:
        """Raises RuntimeError unless the server takes it."""
        connection = self._connection
        connection.putrequest("POST", self._path)
        headers = {
            **self._headers,
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "Content-Length": str(form.length),
        }
        for name, value in headers.items():
            connection.putheader(name, value)
        small = form.length < 1 << 20
        connection.endheaders(form.head + form.file.read_bytes() + form.tail if small else form.head)
        if not small:
            assert isinstance(connection.sock, socket.socket)
            with form.file.open("rb") as file:
                connection.sock.sendfile(file)
            connection.send(form.tail)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(
                f"{self._server.name} answers an upload with {response.status}: {body[:300]!r}"
            )

    def close(self) -> None:
        self._connection.close()


def upload(server: Server, form: Form, path: str, authorization: str) -> Transfer:
    """Send one large file."""
    uploader = Uploader(server, path, authorization)
    server.forget_peak()
    memory, cpu, start = server.rss(), server.cpu(), time.perf_counter()
    try:
        uploader.send(form)
    finally:
        uploader.close()
    return Transfer(time.perf_counter() - start, server.cpu() - cpu, server.peak() - memory)


def uploads(
    server: Server, forms: list[Form], path: str, authorization: str, *, parallel: int
) -> tuple[float, float]:
    """Send many small files; returns uploads a second and milliseconds of the server's CPU time for each."""
    shares = [forms[i::parallel] for i in range(parallel)]
    cpu, start = server.cpu(), time.perf_counter()
    with ThreadPoolExecutor(parallel) as pool:
        list(pool.map(lambda share: _send_all(server, share, path, authorization), shares))
    seconds = time.perf_counter() - start
    return len(forms) / seconds, (server.cpu() - cpu) / len(forms) * 1e3


def _send_all(server: Server, forms: list[Form], path: str, authorization: str) -> None:
    uploader = Uploader(server, path, authorization)
    try:
        for each in forms:
            uploader.send(each)
    finally:
        uploader.close()


def clock(server: Server, path: str, headers: dict[str, str]) -> float:
    """Milliseconds until one page is read, over a new connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    try:
        start = time.perf_counter()
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.read()
        if response.status != 200:
            raise RuntimeError(f"{server.name} answers {path} with {response.status}")
        return (time.perf_counter() - start) * 1e3
    finally:
        connection.close()


def require_tools() -> None:
    """Raises RuntimeError naming what to install."""
    found = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
    missing = [tool for tool in ("wrk", "nginx") if shutil.which(tool, path=found) is None]
    if missing:
        raise RuntimeError(f"{' and '.join(missing)} not found; on Debian: apt-get install nginx-light wrk")
