"""A root with something on every page, made once and copied for each test; and uploads by the test client."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pocketrepo.model import RepositoryName
from pocketrepo.repository import Root, open_root
from pocketrepo.settings import Settings
from tests.distributions import make_sdist, make_wheel
from tests.uploads import admit, stored
from tests.web.forms import Post, body, form


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
