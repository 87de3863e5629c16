"""A server that listens on IPv6: who comes by IPv4 is counted and written down by the IPv4 address."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from flask import Flask

from pocketrepo.access import throttle
from pocketrepo.access.entitlements import Terms
from pocketrepo.errors import ServerError
from pocketrepo.gateway import bind
from pocketrepo.model import RepositoryName
from pocketrepo.repository import Root
from tests.conftest import Live
from tests.distributions import make_wheel
from tests.uploads import stage

SECRET = RepositoryName("acme", "secret")


def listens_for_both() -> bool:
    """Whether this machine has IPv6, and its listeners on all of IPv6 take IPv4 as well."""
    try:
        with bind("::", 0) as listener:
            port = listener.getsockname()[1]
            for host in ("127.0.0.1", "::1"):
                socket.create_connection((host, port), 1).close()
    except (OSError, ServerError):
        return False
    return True


pytestmark = pytest.mark.skipif(not listens_for_both(), reason="needs IPv6 beside IPv4")


class Served:
    """One root at ``::`` and at 127.0.0.1, with a private repository that a token reads for one client alone."""

    def __init__(self, serve: Callable[..., Live], app: Flask, front: bool, folder: Path) -> None:
        self.lines: list[str] = []
        self.root: Root = serve(app, host="::", front=front, access_log=self.lines.append).root
        port = app.extensions["pocketrepo"].port
        both, four = f"http://[::1]:{port}/", f"http://127.0.0.1:{port}/"
        self.by_six, self.by_four, self.plain = both, four, serve(app, front=front).url
        repository = self.root.create(SECRET, actor="tests", private=True)
        file = repository.hosted.admit(stage(self.root, make_wheel(folder))).file
        self.path = f"acme/secret/files/hello-pocket/{file.key}/{file.filename}"
        self.token = self.root.access.entitlements(SECRET).create(
            Terms(name="one", limit_num_clients=1), actor="x"
        )[1]

    def get(self, base: str, secret: str = "") -> int:
        return requests.get(base + self.path, auth=("token", secret or self.token), timeout=5).status_code

    def clients(self) -> list[str]:
        self.root.downloads.flush()
        return [entry["client"] for entry in self.root.log.read(SECRET) if "client" in entry]


@pytest.fixture(params=[True, False], ids=["front", "flask"])
def served(request: pytest.FixtureRequest, serve: Callable[..., Live], app: Flask, tmp_path: Path) -> Served:
    return Served(serve, app, request.param, tmp_path)


def test_one_client_of_two_listeners_is_one(served: Served) -> None:
    assert [served.get(base) for base in (served.by_four, served.plain, served.by_six)] == [200, 200, 402]
    assert sorted(served.clients()) == ["127.0.0.1", "127.0.0.1", "::1"]


def test_the_access_log_has_the_address_that_the_client_has(served: Served) -> None:
    for base in (served.by_four, served.by_six):
        served.get(base)
    assert [line.partition(" ")[0].rpartition(":")[0] for line in served.lines] == ["127.0.0.1", "[::1]"]


def test_failures_fill_one_bucket_wherever_they_come_in(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "FOR_ADDRESS", 2)
    said = [
        served.get(base, "wrong") for base in (served.plain, served.by_four, served.plain, served.by_four)
    ]
    assert said == [401, 401, 429, 429]
    assert served.get(served.by_six, "wrong") == 401


@pytest.mark.parametrize("front", [True, False])
def test_a_listener_on_ipv6_alone_answers(serve: Callable[..., Live], app: Flask, front: bool) -> None:
    serve(app, host="::1", front=front)
    url = f"http://[::1]:{app.extensions['pocketrepo'].port}/simple/"
    assert requests.get(url, timeout=5).status_code == 200
