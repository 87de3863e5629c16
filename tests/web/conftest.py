"""Roots with something on every page, with people, and with a private repository; and uploads by the test client."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pocketrepo.access import Role, passwords
from pocketrepo.model import RepositoryName
from pocketrepo.repository import Root, open_root
from pocketrepo.settings import Settings
from tests.distributions import make_sdist, make_wheel
from tests.uploads import admit, stored
from tests.web.forms import Post, body, form
from tests.web.people import TOOLS, Headers, KeyOf, bearer
from tests.web.readers import SECRET, add_reader


@pytest.fixture(autouse=True, scope="module")
def _cheap_passwords() -> Iterator[None]:
    """That passwords are hashed slowly is for the tests of `access` to say."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "METHOD", "pbkdf2:sha256:1")
        patch.setattr(passwords, "NOBODYS", f"pbkdf2:sha256:1$nobody${'0' * 64}")
        yield


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("stock")
    root = open_root(Settings(root=tmp_path / "root"))
    admit(root, make_wheel(tmp_path, "Hello.Pocket", "1.0", summary="An old greeting"))
    admit(root, make_wheel(tmp_path, "Hello.Pocket", "1.10", requires_python=">=3.11", requires=["click>=8"]))
    admit(root, make_sdist(tmp_path, "Hello.Pocket", "1.10"))
    admit(
        root,
        make_wheel(
            tmp_path,
            "Hello.Pocket",
            "1.9",
            description="# Greet\n\nSay **hello**.",
            headers={
                "Description-Content-Type": "text/markdown",
                "Author-email": "Ada <ada@h.example>",
                "License-Expression": "MIT",
                "Project-URL": ["Source, https://h.example/src", "Evil, javascript:alert(1)"],
                "Classifier": ["Private :: x"],
                "Keywords": "greeting,pocket",
            },
        ),
    )
    admit(root, make_wheel(tmp_path, "zebra", "2.0", summary="Striped"))
    root.create(RepositoryName("acme", "tools"), actor="tests")
    return tmp_path / "root"


@pytest.fixture
def stocked(stock: Path, settings: Settings, request: pytest.FixtureRequest) -> Root:
    """A project with three releases, a second project, and a second repository."""
    shutil.copytree(stock, settings.root)
    root: Root = request.getfixturevalue("root")
    return root


@pytest.fixture
def staffed(root: Root) -> Root:
    """``ada`` administers one repository, ``bob`` writes to it, ``cleo`` owns its namespace, ``dan`` has nothing."""
    root.create(TOOLS, actor="tests", private=True)
    book = root.access.accounts
    for name in ("ada", "bob", "cleo", "dan"):
        book.add_user(name)
    book.set_role("ada", TOOLS, Role.ADMIN)
    book.set_role("bob", TOOLS, Role.WRITE)
    book.set_owner("cleo", "acme", True)
    return root


@pytest.fixture
def key_of(staffed: Root, owner: Headers) -> KeyOf:
    """Headers of somebody: the owner, or a user by a key that is made for them."""

    def make(user: str, **scope: Any) -> Headers:
        if user == "owner":
            return owner
        return bearer(staffed.access.accounts.add_key(user, "tests", **scope)[1])

    return make


@pytest.fixture
def private(root: Root) -> Root:
    """A root that has a private repository."""
    root.create(SECRET, actor="tests", private=True)
    return root


@pytest.fixture
def key(private: Root) -> str:
    """An API key of ada, who may read it."""
    return add_reader(private)


@pytest.fixture
def post(http: FlaskClient, owner: dict[str, str]) -> Post:
    def send(
        path: Path,
        to: str = "/",
        *,
        filename: str | None = None,
        file_first: bool = False,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> TestResponse:
        data, kind = body(
            form(path, **options),
            [("content", filename or path.name, path.read_bytes())],
            file_first=file_first,
        )
        return http.post(to, data=data, headers={**owner, "Content-Type": kind, **(headers or {})})

    return send


@pytest.fixture
def clean(root: Root) -> Callable[[], None]:
    """Asserts that nothing was kept."""

    def check() -> None:
        assert stored(root) == []
        assert list(root.store.staging.iterdir()) == []

    return check
