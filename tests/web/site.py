"""A served root with a file in each repository that is there, and everybody who asks it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask, Response

from pocketrepo.access import OWNER, Actor, Role, throttle
from pocketrepo.access.passwords import hash_password
from pocketrepo.model import RepositoryName
from pocketrepo.repository import Root, open_root
from pocketrepo.server import create_app
from pocketrepo.settings import Settings
from pocketrepo.web import session
from tests.conftest import running
from tests.distributions import make_wheel
from tests.uploads import stage
from tests.web.connection import Answer, Connection, Request
from tests.web.credentials import HELLO, MISSING, PRIVATE, PUBLIC, Credential, credentials
from tests.web.people import PASSWORD


@dataclass
class Site:
    """A served root, its credentials, and what is in its repositories."""

    credentials: dict[str, Credential]
    key: dict[str, str]
    """Of the one file in each repository."""
    filename: str
    front: bool
    _connection: Connection

    def ask(self, *requests: Request) -> list[Answer]:
        return [self._connection.ask(request) for request in requests]

    def statuses(self, *requests: Request) -> list[int]:
        return [answer.status for answer in self.ask(*requests)]


def staffed_root(folder: Path) -> Root:
    """Two repositories with a file in each, and users with different roles."""
    root = open_root(Settings(root=folder / "root", default=f"acme/{PRIVATE}"))
    root.create(RepositoryName("acme", PUBLIC), actor="tests")
    root.set_private(RepositoryName("acme", PRIVATE), True, actor="tests")
    wheel = make_wheel(folder)
    for name in (PUBLIC, PRIVATE):
        root.repository(RepositoryName("acme", name)).hosted.admit(stage(root, wheel))
    accounts = root.access.accounts
    for user in ("reader", "stranger", "writer", "boss"):
        accounts.add_user(user, hash_password(PASSWORD))
    accounts.add_user("nina")
    accounts.set_owner("nina", "acme", True)
    for user, role in (("reader", Role.READ), ("writer", Role.WRITE), ("boss", Role.ADMIN)):
        for name in (PUBLIC, PRIVATE):
            if (user, name) != ("reader", PUBLIC):
                accounts.set_role(user, RepositoryName("acme", name), role)
    return root


@contextmanager
def opened_site(root: Root, *, front: bool) -> Iterator[Site]:
    """Serves a `staffed_root`, to any number of wrong credentials, and puts none of them on record."""
    with pytest.MonkeyPatch.context() as patch:
        for limit in ("FOR_USER", "FOR_ADDRESS"):
            patch.setattr(throttle, limit, 10**9)
        patch.setattr(root.log, "record", lambda *_, **__: None)
        app = create_app(Settings(root=Path(root.store.staging).parent), root)
        keys = {MISSING: "0" * 16}
        for name in (PUBLIC, PRIVATE):
            [file] = root.repository(RepositoryName("acme", name)).index.project(HELLO).value.files
            keys[name] = file.key
        with running(app, front=front) as live:
            connection = Connection(urlsplit(live.url).port or 0)
            yield Site(credentials(root, _cookies(app)), keys, file.filename, front, connection)
            connection.close()


def _cookies(app: Flask) -> dict[str, str]:
    """As they are sent, by the names of users."""
    found = {}
    with app.test_request_context():
        for user, actor in (
            ("reader", Actor("reader", user="reader")),
            ("stranger", Actor("stranger", user="stranger")),
            ("owner", OWNER),
        ):
            response = Response()
            session.start(response, actor)
            found[user] = response.headers["Set-Cookie"].partition(";")[0]
    return found
