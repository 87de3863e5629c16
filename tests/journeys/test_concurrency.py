"""Many writers and readers at once, at two servers on one root: nothing is lost, and what is listed is there."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import random
import socket
import stat
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import requests
from packaging.utils import NormalizedName

from pocketrepo.maintenance import check
from pocketrepo.repository import open_root
from pocketrepo.settings import Settings
from tests.distributions import make_wheel
from tests.journeys.conftest import CHECKOUT, hermetic
from tests.journeys.environments import LiveServer, Venv, serving
from tests.uploads import assert_true
from tests.web.forms import body, form

pytestmark = pytest.mark.journey

NEWEST = 3
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
PYTHON = Venv(Path(sys.prefix))


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    return {**hermetic(tmp_path / "home"), "PYTHONPATH": str(CHECKOUT), "POCKETREPO_RUNTIME": str(runtime)}


@pytest.fixture
def servers(tmp_path: Path, environ: dict[str, str]) -> Iterator[list[LiveServer]]:
    """Two processes on one root."""
    with contextlib.ExitStack() as stack:
        started = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            started.append(
                stack.enter_context(serving(PYTHON, tmp_path / name, environ=environ, root=tmp_path / "root"))
            )
        yield started


def push(server: LiveServer, wheel: Path, name: str, version: str) -> requests.Response:
    data, kind = body(
        form(wheel, changed={"name": name, "version": version}), [("content", wheel.name, wheel.read_bytes())]
    )
    headers = {"Content-Type": kind, "Authorization": f"Bearer {server.key}"}
    return requests.post(server.url, data=data, headers=headers, timeout=30)


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """The results of calls that start together, each in its thread."""
    gate = threading.Barrier(len(calls))

    def start(call: Callable[[], Any]) -> Any:
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(start, calls))


def listed(server: LiveServer, name: str) -> dict[str, dict[str, Any]]:
    """The files of a project by their address."""
    page = f"{server.url}simple/{name}/"
    response = requests.get(page, headers=JSON, timeout=30)
    if response.status_code == 404:
        return {}
    assert response.status_code == 200, response.text
    return {urljoin(page, file["url"]): file for file in response.json()["files"]}


def test_eight_files_of_a_new_project_are_all_listed(servers: list[LiveServer], tmp_path: Path) -> None:
    versions = [f"1.{number}" for number in range(8)]
    wheels = [make_wheel(tmp_path, "hello", version) for version in versions]
    calls = [
        lambda each=each: push(*each)
        for each in zip(itertools.cycle(servers), wheels, itertools.repeat("hello"), versions, strict=False)
    ]
    assert [response.status_code for response in at_once(calls)] == [200] * 8
    for server in servers:
        assert {file["filename"] for file in listed(server, "hello").values()} == {w.name for w in wheels}
        assert '"hello"' in requests.get(f"{server.url}simple/", headers=JSON, timeout=5).text


def test_of_one_filename_with_eight_contents_one_wins(servers: list[LiveServer], tmp_path: Path) -> None:
    wheels = []
    for number in range(8):
        folder = tmp_path / str(number)
        folder.mkdir()
        wheels.append(make_wheel(folder, "hello", files={"hello/__init__.py": f"# {number}\n"}))
    calls = [
        lambda each=each: push(*each, "hello", "1.0")
        for each in zip(itertools.cycle(servers), wheels, strict=False)
    ]
    responses = at_once(calls)
    assert Counter(response.status_code for response in responses) == {200: 1, 400: 7}
    assert all("already exists" in each.text for each in responses if each.status_code == 400)
    [won] = [wheel for wheel, each in zip(wheels, responses, strict=True) if each.status_code == 200]
    [(url, file)] = listed(servers[0], "hello").items()
    content = requests.get(url, timeout=5).content
    assert content == won.read_bytes()
    assert hashlib.sha256(content).hexdigest() == file["hashes"]["sha256"]


def test_of_one_file_sent_eight_times_all_are_welcome(servers: list[LiveServer], tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "hello")
    calls = [lambda server=server: push(server, wheel, "hello", "1.0") for server in servers * 4]
    assert [response.status_code for response in at_once(calls)] == [200] * 8
    assert len(listed(servers[0], "hello")) == 1
    assert (
        len(list((tmp_path / "root" / "repos" / "local" / "main" / "projects" / "hello" / "files").iterdir()))
        == 1
    )


def test_readers_see_nothing_that_is_not_there(servers: list[LiveServer], tmp_path: Path) -> None:
    """500 uploads, yanks and deletions in 3 projects, while readers follow the links where most happens."""
    names = ["hello", "world", "again"]
    done = threading.Event()
    turns = itertools.count()
    wrong: list[str] = []
    read = Counter[str]()

    def write(seed: int) -> None:
        chance = random.Random(seed)
        while (turn := next(turns)) < 500:
            server, name = servers[turn % 2], names[turn % 3]
            files = list(listed(server, name).values())[-NEWEST:]
            if turn % 5 < 3 or len(files) < 3:
                version = f"1.{turn}"
                response = push(server, make_wheel(tmp_path, name, version), name, version)
            else:
                key = chance.choice(files)["url"].split("/")[-2]
                address = f"{server.url}v1/packages/local/main/{key}/"
                headers = {"Authorization": f"Bearer {server.key}"}
                if turn % 2:
                    response = requests.post(f"{address}yank/", headers=headers, timeout=30)
                else:
                    response = requests.delete(address, headers=headers, timeout=30)
            if response.status_code not in (200, 204, 404):
                wrong.append(f"{turn}: {response.status_code} {response.text}")

    def follow(seed: int) -> None:
        chance = random.Random(seed)
        session = requests.Session()
        while not done.is_set():
            server, name = chance.choice(servers), chance.choice(names)
            for url, file in list(listed(server, name).items())[-NEWEST:]:
                for address, said in [(url, file["hashes"]), (f"{url}.metadata", file["core-metadata"])]:
                    response = session.get(address, timeout=30)
                    read[str(response.status_code)] += 1
                    if response.status_code == 200:
                        if hashlib.sha256(response.content).hexdigest() != said["sha256"]:
                            wrong.append(f"{address} does not match its hash")
                    elif response.status_code != 404 or url in listed(server, name):
                        wrong.append(f"{address} is listed and {response.status_code}")

    with ThreadPoolExecutor(10) as pool:
        readers = [pool.submit(follow, seed) for seed in range(6)]
        for writer in [pool.submit(write, seed) for seed in range(4)]:
            writer.result()
        done.set()
        for reader in readers:
            reader.result()
    assert wrong == []
    assert read["200"] > 100
    root = open_root(Settings(root=tmp_path / "root"))
    assert assert_true(root) > 50
    assert check(root, grace=0) == []


def test_spent_descriptors_are_told_and_do_not_end_the_server(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    limited = tmp_path / "limited"
    (limited / "bin").mkdir(parents=True)
    program = limited / "bin" / "python"
    program.write_text(f'#!/bin/sh\nulimit -n 40\nexec {sys.executable} "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with serving(Venv(limited), tmp_path, environ=environ) as server, contextlib.ExitStack() as stack:
        assert push(server, make_wheel(tmp_path, "hello"), "hello", "1.0").status_code == 200
        address = urlsplit(server.url)
        assert address.hostname is not None
        early = stack.enter_context(requests.Session())
        assert early.get(f"{server.url}simple/hello/", timeout=5).status_code == 200
        idle = [
            stack.enter_context(socket.create_connection((address.hostname, address.port or 80), timeout=5))
            for _ in range(60)
        ]
        time.sleep(0.5)
        wheel = make_wheel(tmp_path, "hello", "2.0")
        data, kind = body(
            form(wheel, changed={"name": "hello", "version": "2.0"}),
            [("content", wheel.name, wheel.read_bytes())],
        )
        headers = {"Content-Type": kind, "Authorization": f"Bearer {server.key}"}
        refused = early.post(server.url, data=data, headers=headers, timeout=20)
        assert (refused.status_code, refused.text.count("\n")) == (503, 1)
        assert "too many open files" in refused.text
        assert early.get(f"{server.url}simple/hello/", timeout=5).status_code == 200
        for each in idle:
            each.close()
        assert push(server, wheel, "hello", "2.0").status_code == 200
        assert len(listed(server, "hello")) == 2
        assert "too many open files" in server.log.read_text()
    root = open_root(Settings(root=tmp_path / "root"))
    assert list(root.store.staging.iterdir()) == []
    assert check(root, grace=0) == []
    assert len(root.repository(root.default).hosted.project(NormalizedName("hello")).value.files) == 2
