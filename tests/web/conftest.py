"""A root with something on every page, made once and copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pocketrepo.model import RepositoryName
from pocketrepo.repository import Root, open_root
from pocketrepo.settings import Settings
from tests.distributions import make_sdist, make_wheel
from tests.uploads import admit


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
