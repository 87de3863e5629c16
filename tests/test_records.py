"""Run records are hints: what is found has proved who it is, and nothing else is believed."""

from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from flask import Flask

from pocketrepo import records
from pocketrepo.errors import ServerError
from pocketrepo.records import RunRecord
from tests.conftest import Live


@pytest.fixture
def server(app: Flask, serve: Callable[..., Live]) -> Live:
    live = serve(app)
    app.extensions["pocketrepo"].instance = "0123456789abcdef"
    return live


@pytest.fixture
def record(server: Live, app: Flask) -> RunRecord:
    return RunRecord(
        instance="0123456789abcdef",
        url=server.url,
        root=str(app.extensions["pocketrepo"].settings.root),
        pid=os.getpid(),
        started_by=0,
        started="2026-01-01T00:00:00.000000Z",
        version="1.0",
        machine=socket.gethostname(),
        repository="local/main",
    )


@pytest.fixture
def gone() -> int:
    """The pid of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@contextmanager
def impostor(answer: Callable[[str], bytes]) -> Iterator[str]:
    """A server that is not ours, and says what ``answer`` gives for a path."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answer(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_a_server_that_proves_itself_is_found_by_root(record: RunRecord) -> None:
    path = records.write(record)
    assert path.parent.stat().st_mode & 0o077 == 0
    assert list(records.running()) == [record]
    assert list(records.running(Path(record.root))) == [record]
    assert list(records.running(Path("/elsewhere"))) == []
    assert (record.index_url, record.upload_url) == (f"{record.url}simple/", f"{record.url}legacy/")


def test_the_record_holds_no_secret(record: RunRecord, server: Live) -> None:
    assert server.key not in records.write(record).read_text()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[]",
        b"null",
        b'{"instance": "0123456789abcdef"}',
        b'{"instance": "0123456789abcdef", "proof": null}',
        '{"instance": "0123456789abcdef", "proof": "é"}'.encode(),
        b'{"instance": "0123456789abcdef", "proof": "' + b"0" * 64 + b'"}',
        b"[" * 60_000,
        b"\xff",
    ],
)
def test_who_cannot_prove_itself_is_not_trusted(record: RunRecord, said: bytes) -> None:
    with impostor(lambda path: said) as url:
        records.write(replace(record, url=url))
        assert list(records.running()) == []


def test_a_relay_to_the_real_server_is_not_trusted(record: RunRecord) -> None:
    """The proof names the port, and the relay has another."""
    with impostor(lambda path: requests.get(record.url + path[1:], timeout=5).content) as url:
        assert not records.is_ours(replace(record, url=url))
    assert records.is_ours(record)


def test_the_server_of_another_root_or_another_instance_is_not_taken_for_it(
    record: RunRecord, tmp_path: Path
) -> None:
    (tmp_path / "owner.key").write_text("pkr_another\n")
    assert not records.is_ours(replace(record, root=str(tmp_path)))
    assert not records.is_ours(replace(record, instance="fedcba9876543210"))
    (tmp_path / "owner.key").write_bytes("é".encode())
    assert not records.is_ours(replace(record, root=str(tmp_path)))


def test_the_record_of_a_process_that_is_gone_is_removed(record: RunRecord, gone: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen: a port where nobody answers
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        dead = records.write(replace(record, instance="dead", pid=gone, url=nobody))
        never = records.write(replace(record, instance="never", pid=2**70, url=nobody))
        busy = records.write(replace(record, instance="busy", url=nobody))
        assert list(records.running()) == []
    assert not dead.exists()
    assert not never.exists()
    assert busy.exists(), "its process lives, and may answer again"


def test_records_of_other_machines_are_left_alone(record: RunRecord, gone: int) -> None:
    path = records.write(replace(record, machine="elsewhere", pid=gone))
    assert list(records.running()) == []
    assert path.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"pid": "1"},
        {"root": 5},
        {"url": 5},
        {"url": "http://127.0.0.1:port/"},
        {"url": "http://["},
        {"instance": None},
        {"later": "a field of a later version"},
    ],
    ids=str,
)
def test_a_file_that_is_no_record_is_passed_over(record: RunRecord, change: dict[str, object]) -> None:
    path = records.write(record)
    strange = {**json.loads(path.read_text()), **change}
    (path.parent / "0.json").write_text(json.dumps(strange))
    (path.parent / "1.json").write_text("{")
    assert list(records.running()) == [record]


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_a_folder_that_others_may_use_is_refused(mode: int) -> None:
    records.folder().chmod(mode)
    with pytest.raises(ServerError, match="chmod 700"):
        records.folder()


def test_a_folder_behind_a_link_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.setenv("POCKETREPO_RUNTIME", str(tmp_path / "link"))
    with pytest.raises(ServerError, match="not a folder of this user alone"):
        records.folder()


def test_the_folder_is_made_for_this_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POCKETREPO_RUNTIME", str(tmp_path / "state" / "run"))
    assert records.folder().stat().st_mode & 0o777 == 0o700
    monkeypatch.setenv("POCKETREPO_RUNTIME", "/dev/null/run")
    with pytest.raises(ServerError, match="POCKETREPO_RUNTIME"):
        records.folder()
