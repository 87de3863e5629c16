"""Limits and records are exact however many servers share a root, and whenever they are stopped."""

from __future__ import annotations

import base64
import http.client
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pocketrepo.access.entitlements import Entitlement, Terms
from pocketrepo.events import DOWNLOADED
from pocketrepo.model import Json, RepositoryName, normalize
from pocketrepo.repository import Root, open_root
from pocketrepo.settings import Settings
from tests.distributions import make_wheel
from tests.journeys.conftest import hermetic
from tests.journeys.environments import LiveServer, Venv, serving
from tests.uploads import stage

pytestmark = pytest.mark.journey

TOOLS = RepositoryName("acme", "tools")
Servers = Callable[..., Any]


def ask(
    server: LiveServer, path: str, token: str, *, method: str = "GET", **headers: str
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    authorization = base64.b64encode(f"token:{token}".encode()).decode()
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, headers={"Authorization": f"Basic {authorization}", **sent})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.fixture
def root(tmp_path: Path) -> Root:
    """As the tests open it, beside the servers."""
    root = open_root(Settings(root=tmp_path / "root"))
    root.create(TOOLS, actor="tests", private=True)
    root.repository(TOOLS).hosted.admit(stage(root, make_wheel(tmp_path)))
    return root


@pytest.fixture
def servers(installed: Venv, tmp_path: Path, root: Root) -> Servers:
    """``servers(2, SETTING="value")``: that many on the one root, as a context."""
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)

    @contextmanager
    def start(count: int, **settings: str) -> Iterator[list[LiveServer]]:
        environ = {
            **hermetic(tmp_path / "home"),
            "POCKETREPO_RUNTIME": str(runtime),
            **{f"POCKETREPO_{name}": value for name, value in settings.items()},
        }
        with ExitStack() as stack:
            folders = [tmp_path / f"server{number}" for number in range(count)]
            for folder in folders:
                folder.mkdir(exist_ok=True)
            yield [
                stack.enter_context(serving(installed, folder, environ=environ, root=tmp_path / "root"))
                for folder in folders
            ]

    return start


@pytest.fixture
def file(root: Root) -> str:
    """The path of the one file."""
    [found] = root.repository(TOOLS).index.project(normalize("hello-pocket")).value.files
    return f"/basic/acme/tools/python/files/hello-pocket/{found.key}/{found.filename}"


def token(root: Root, **terms: Any) -> tuple[Entitlement, str]:
    return root.access.entitlements(TOOLS).create(Terms(**{"name": "ci", **terms}), actor="tests")


def downloads(root: Root) -> list[Json]:
    return [event for event in root.log.read(TOOLS) if event["event"] == DOWNLOADED]


def test_fifty_at_once_get_exactly_ten_of_ten_from_two_servers_and_none_after_a_restart(
    servers: Servers, root: Root, file: str
) -> None:
    limited, secret = token(root, limit_num_downloads=10)
    with servers(2) as both:
        start = threading.Barrier(50)

        def take(number: int) -> tuple[int, bytes]:
            start.wait(60)
            return ask(both[number % 2], file, secret)

        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(take, range(50)))
        assert Counter(status for status, _ in answers) == {200: 10, 402: 40}
        [reason] = {body.partition(b", the last")[0] for status, body in answers if status == 402}
        assert b"entitlement 'ci' is limited to 10 downloads since 20" in reason
        # What is no download is still there, and so is the page with the links.
        for number in (0, 1):
            for path in ("/acme/tools/simple/", "/acme/tools/simple/hello-pocket/", f"{file}.metadata"):
                assert ask(both[number], path, secret)[0] == 200
            assert ask(both[number], file, secret, method="HEAD")[0] == 200
    with servers(1) as [again]:
        assert ask(again, file, secret)[0] == 402
        root.access.entitlements(TOOLS).reset(limited.slug, actor="tests")
        assert ask(again, file, secret)[0] == 200
    assert root.access.usage.read(root.access.entitlements(TOOLS).find(limited.slug)).downloads == 1
    assert len(downloads(root)) == 11, "each that was given is on record, none that was refused"


def test_what_counts_as_a_download(servers: Servers, root: Root, file: str) -> None:
    limited, secret = token(root, limit_num_downloads=100)
    with servers(1) as [server]:
        size = len(ask(server, file, secret)[1])
        sha256 = root.repository(TOOLS).index.project(normalize("hello-pocket")).value.files[0].sha256
        counted = [
            ({}, 200, size),
            ({"Range": "bytes=0-9"}, 206, 10),
            ({"Range": "bytes=-5"}, 206, 5),
            ({"Range": f"bytes={size}-"}, 416, None),
            ({"If_None_Match": f'"{sha256}"'}, 304, None),
            ({"If_None_Match": "*"}, 304, None),
        ]
        before = root.access.usage.read(limited)
        assert (before.downloads, before.bandwidth) == (1, size)
        for headers, status, taken in counted:
            before = root.access.usage.read(limited)
            assert ask(server, file, secret, **headers)[0] == status
            after = root.access.usage.read(limited)
            assert after.downloads - before.downloads == (taken is not None), headers
            assert after.bandwidth - before.bandwidth == (taken or 0), headers


@pytest.mark.parametrize("trusted", [True, False], ids=["behind a proxy", "by itself"])
def test_addresses_are_those_that_a_trusted_proxy_tells(
    servers: Servers, root: Root, file: str, trusted: bool
) -> None:
    limited, secret = token(root, limit_num_clients=2)
    with servers(2, **({"TRUSTED_PROXIES": "127.0.0.1"} if trusted else {})) as both:
        statuses = [
            ask(server, file, secret, X_Forwarded_For=f"6.6.6.{number}, 192.0.2.{number}")[0]
            for number in (1, 2, 1, 3, 2)
            for server in both
        ]
    assert statuses == ([200] * 6 + [402] * 2 + [200] * 2 if trusted else [200] * 10)
    assert root.access.usage.read(limited).clients == (2 if trusted else 1)
    seen = {event["client"] for event in downloads(root)}
    assert seen == ({"192.0.2.1", "192.0.2.2"} if trusted else {"127.0.0.1"})


def test_bytes_at_once_are_never_more_than_the_limit(servers: Servers, root: Root, file: str) -> None:
    [found] = root.repository(TOOLS).index.project(normalize("hello-pocket")).value.files
    limited, secret = token(root, limit_bandwidth=5 * found.size + found.size // 2)
    with servers(2) as both, ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda number: ask(both[number % 2], file, secret)[0], range(16)))
        assert Counter(statuses) == {200: 5, 402: 11}
        assert ask(both[0], file, secret, Range=f"bytes=0-{found.size // 2 - 1}")[0] == 206
    assert root.access.usage.read(limited).bandwidth == 5 * found.size + found.size // 2


def test_a_server_that_is_stopped_has_written_every_download(servers: Servers, root: Root, file: str) -> None:
    free, secret = token(root)
    with servers(2) as both, ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda number: ask(both[number % 2], file, secret)[0], range(40)))
        assert statuses == [200] * 40
    # SIGTERM came within the second in which downloads are gathered.
    assert len(downloads(root)) == 40
    assert root.access.usage.read(free).downloads == 40
    lines = "".join(path.read_text() for path in (Path(root.store.staging).parent / "events").glob("*.jsonl"))
    assert all(json.loads(line) for line in lines.splitlines())


def test_a_change_by_one_server_holds_at_once_at_the_other(servers: Servers, root: Root, file: str) -> None:
    limited, secret = token(root)
    book = root.access.entitlements(TOOLS)
    with servers(2) as both:
        for _ in range(2):
            assert [ask(server, file, secret)[0] for server in both] == [200, 200]
        book.update(limited.slug, {"is_active": False}, actor="tests")
        assert [ask(server, file, secret)[0] for server in both] == [403, 403]
        book.update(limited.slug, {"is_active": True, "limit_num_downloads": 0}, actor="tests")
        assert [ask(server, file, secret)[0] for server in both] == [402, 402]
        _, fresh = book.refresh(limited.slug, actor="tests")
        book.update(limited.slug, {"limit_num_downloads": None}, actor="tests")
        assert [ask(server, file, secret)[0] for server in both] == [401, 401]
        assert [ask(server, file, fresh)[0] for server in both] == [200, 200]
