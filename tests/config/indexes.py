"""Throw-away package indexes on loopback: several under one port, told apart by the first path segment."""

from __future__ import annotations

import base64
import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def wheel(name: str, version: str) -> tuple[str, bytes]:
    """The smallest valid wheel: its file name and bytes."""
    info = f"{name}-{version}.dist-info"
    members = {
        f"{name}.py": b"",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},{_digest(data)},{len(data)}\n" for path, data in members.items())
    members[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, data in members.items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), data)
    return f"{name}-{version}-py3-none-any.whl", buffer.getvalue()


def _digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


class Indexes:
    """``packages``: index -> project -> versions. ``asked`` collects the indexes asked for a project, in order.

    ``logins`` names indexes that answer 401 unless these credentials are sent.
    """

    def __init__(
        self,
        packages: Mapping[str, Mapping[str, list[str]]],
        logins: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        self.packages = packages
        self.logins = logins or {}
        self.asked: list[tuple[str, str]] = []
        self.port = 0

    def url(self, index: str, userinfo: str = "") -> str:
        return f"http://{userinfo}127.0.0.1:{self.port}/{index}/simple/"

    def asked_for(self, project: str) -> list[str]:
        """The indexes that were asked for the project, each once, in the order of the first question."""
        return list(dict.fromkeys(index for index, name in self.asked if name == project))

    def answer(self, path: str, authorization: str | None) -> tuple[int, str, bytes]:
        parts = path.strip("/").split("/")
        if len(parts) < 2:
            return 404, "text/plain", b""
        index = parts[0]
        if len(parts) == 3 and parts[1] == "simple":
            self.asked.append((index, parts[2]))
        if index in self.logins:
            expected = "Basic " + base64.b64encode(":".join(self.logins[index]).encode()).decode()
            if authorization != expected:
                return 401, "text/plain", b""
        projects = self.packages.get(index, {})
        if parts[1] == "files":
            name, version = parts[2].split("-")[:2]
            return 200, "application/octet-stream", wheel(name, version)[1]
        if len(parts) == 3 and parts[2] in projects:
            files = [wheel(parts[2], version) for version in projects[parts[2]]]
            links = "".join(
                f'<a href="/{index}/files/{name}#sha256={hashlib.sha256(data).hexdigest()}">{name}</a>\n'
                for name, data in files
            )
            return 200, "text/html", f"<!DOCTYPE html><html><body>{links}</body></html>".encode()
        return 404, "text/plain", b""


@contextmanager
def serving(
    packages: Mapping[str, Mapping[str, list[str]]], logins: Mapping[str, tuple[str, str]] | None = None
) -> Iterator[Indexes]:
    """The indexes, served on a free loopback port until the block ends."""
    indexes = Indexes(packages, logins)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, kind, body = indexes.answer(self.path, self.headers.get("Authorization"))
            self.send_response(status)
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="test"')
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    indexes.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield indexes
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
