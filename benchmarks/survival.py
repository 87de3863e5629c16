"""What must not hurt: a gigabyte up and down in little memory, and a crowd of clients that hardly move."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from statistics import median
from urllib.parse import urlsplit

from bench import STANDARD, Bench
from corpus import HUGE, JSON, MEGABYTE, bulky_wheel, fetch, file_path
from measure import BOUNDARY, clock, download, form, upload
from pages import AS_HTML
from servers import POCKETREPO
from table import Line, Target

from pocketrepo.simpleapi import from_json

GIGABYTE = 1_000 * MEGABYTE
SLOW_DOWNLOADS, STALLED_UPLOADS = 240, 24
SIP, PAUSE = 2048, 0.2
"""Bytes that a slow client reads, and the seconds it then waits."""
CROWDED = 12.0
"""Seconds for which the crowd is there before anything is measured, and again while it is; less than the time
after which the server gives up on an upload."""
LOOKS = 100


def gigabyte(bench: Bench) -> list[Line]:
    """The peak of resident memory over the idle size while 1 GB is uploaded, and while it is downloaded."""
    wheel = bulky_wheel(bench.work, HUGE, "3.0", GIGABYTE)
    bar = (Target("", 16, 4),)
    with bench.start(POCKETREPO, STANDARD) as server:
        clock(server, "/simple/project-00001/", AS_HTML)
        idle = server.rss()
        up = upload(server, form(wheel), *bench.upload_target(POCKETREPO))
        risen = server.peak() - idle
        wheel.unlink()
        page = from_json(
            fetch(server, f"/simple/{HUGE}/", JSON)[0], f"http://127.0.0.1:{server.port}/simple/{HUGE}/"
        )
        url = next(link.url for link in page.links if link.filename == wheel.name)
        down = download(server, urlsplit(url).path)
        fallen = server.peak() - idle
    return [
        Line("1 GB upload: peak RSS over idle", "MiB", {POCKETREPO: [risen]}, bar),
        Line("1 GB download: peak RSS over idle", "MiB", {POCKETREPO: [fallen]}, bar),
        Line("1 GB upload", "MB/s", {POCKETREPO: [GIGABYTE / MEGABYTE / up.seconds]}),
        Line("1 GB upload: server CPU", "s", {POCKETREPO: [up.cpu]}),
        Line("1 GB download", "MB/s", {POCKETREPO: [GIGABYTE / MEGABYTE / down.seconds]}),
        Line("1 GB download: server CPU", "s", {POCKETREPO: [down.cpu]}),
    ]


def slow_clients(bench: Bench) -> list[Line]:
    """240 clients read 2 KB every 0.2 s of a large file and 24 uploads stand still: what a reader of a small page
    waits, what memory it takes, and who is turned away."""
    project, file = next(wheel for wheel in bench.corpus(STANDARD).wheels if wheel[0] == HUGE)
    _, authorization = bench.upload_target(POCKETREPO)
    with bench.start(POCKETREPO, STANDARD) as server, ExitStack() as stack:
        clock(server, "/simple/project-00001/", AS_HTML)
        idle = server.rss()
        server.forget_peak()
        uploads = [
            stack.enter_context(_stalled_upload(server.port, authorization)) for _ in range(STALLED_UPLOADS)
        ]
        crowd = _Crowd(server.port, file_path(project, file))
        stack.callback(crowd.stop)
        crowd.start()
        time.sleep(CROWDED)
        waits = []
        for _ in range(LOOKS):
            waits.append(clock(server, "/simple/project-00001/", AS_HTML))
            time.sleep(CROWDED / LOOKS)
        growth = server.peak() - idle
        crowd.stop()
        answers = [_answer(each) for each in uploads]
    wrong = [answer for answer in answers if answer and not _comes_back(answer)]
    return [
        Line(f"small page beside {SLOW_DOWNLOADS} slow downloads: p50", "ms", {POCKETREPO: [median(waits)]},
             (Target("", 100, 10),)),
        Line("the slowest of them", "ms", {POCKETREPO: [max(waits)]}),
        Line("peak RSS over idle", "MiB", {POCKETREPO: [growth]}, (Target("", 128, 64),)),
        Line("downloads refused, cut or standing still", "clients", {POCKETREPO: [crowd.lost]}, (Target("", 0, 0),)),
        Line("stalled uploads asked to come back (503)", "clients",
             {POCKETREPO: [sum(map(_comes_back, answers))]}),
        Line("stalled uploads answered otherwise", "clients", {POCKETREPO: [len(wrong)]}, (Target("", 0, 0),)),
    ]  # fmt: skip


@dataclass
class _Reader:
    """One slow download: everything it has read of the head, and when bytes last came."""

    socket: socket.socket
    head: bytes = b""
    body: int = 0
    ended: bool = False

    def sip(self) -> None:
        try:
            data = self.socket.recv(SIP)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.ended |= not data
        if len(self.head) < SIP:
            self.head += data
        self.body += len(data)


@dataclass
class _Crowd:
    """All slow downloads, served by one thread."""

    port: int
    path: str
    readers: list[_Reader] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        request = f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n".encode()
        for _ in range(SLOW_DOWNLOADS):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(30)
            client.connect(("127.0.0.1", self.port))
            client.sendall(request)
            client.setblocking(False)
            self.readers.append(_Reader(client))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping.wait(PAUSE):
            for reader in self.readers:
                reader.sip()

    @property
    def lost(self) -> int:
        """How many were refused, cut, or got less than a quarter of what they were ready to read."""
        expected = CROWDED * 2 / PAUSE * SIP / 4
        return sum(
            not reader.head.startswith(b"HTTP/1.1 200 ") or reader.ended or reader.body < expected
            for reader in self.readers
        )

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        for reader in self.readers:
            reader.socket.close()


def _stalled_upload(port: int, authorization: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    client.sendall(
        (
            f"POST /legacy/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: {authorization}\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {100 * MEGABYTE}\r\n\r\n"
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="x.whl"\r\n\r\n'
        ).encode()
        + bytes(64 * 1024)
    )
    return client


def _answer(client: socket.socket) -> bytes:
    """What came back until now; nothing while the server still waits for the rest."""
    client.setblocking(False)
    with suppress(OSError):
        return client.recv(4096)
    return b""


def _comes_back(answer: bytes) -> bool:
    head = answer.lower()
    return head.startswith(b"http/1.1 503 ") and b"\r\nretry-after: " in head
