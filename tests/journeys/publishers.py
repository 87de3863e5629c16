"""Clients that upload, and the workshops in which they publish what their own backends make."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.journeys.conftest import hermetic
from tests.journeys.environments import Done, LiveServer, Venv, run


@dataclass(frozen=True)
class Publisher:
    """A client, the build backend that goes with it, and how it is told what, where and as whom.

    In ``command`` and ``environ``, ``{url}``, ``{user}`` and ``{password}`` are filled in; a last ``DIST`` stands for
    the files, for clients that do not look for them by themselves.
    """

    name: str
    install: tuple[str, ...]
    """What to install: the client, its version, and the backend."""
    backend: str
    command: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    explains: bool = True
    """Whether it shows what the server says; else only the number of the status."""


TWINE = ("upload", "--disable-progress-bar", "--repository-url", "{url}", "DIST")
TWINE_ENVIRON = {"TWINE_USERNAME": "{user}", "TWINE_PASSWORD": "{password}"}
PUBLISHERS = [
    Publisher("twine-6", ("twine", "==6.*", "setuptools"), "setuptools.build_meta", TWINE, TWINE_ENVIRON),
    Publisher("twine-7", ("twine", "==7.*", "setuptools"), "setuptools.build_meta", TWINE, TWINE_ENVIRON),
    Publisher(
        "uv",
        ("uv", "", "uv_build"),
        "uv_build",
        ("publish", "--publish-url", "{url}", "DIST"),
        {"UV_PUBLISH_USERNAME": "{user}", "UV_PUBLISH_PASSWORD": "{password}"},
    ),
    Publisher(
        "poetry",
        ("poetry", "", "poetry-core"),
        "poetry.core.masonry.api",
        ("publish", "--no-interaction", "--repository", "pocket"),
        {
            "POETRY_REPOSITORIES_POCKET_URL": "{url}",
            "POETRY_HTTP_BASIC_POCKET_USERNAME": "{user}",
            "POETRY_HTTP_BASIC_POCKET_PASSWORD": "{password}",
        },
    ),
    Publisher(
        "pdm",
        # Its extra has the releases of its dependencies that it was tested with.
        ("pdm[locked]", "", "pdm-backend"),
        "pdm.backend",
        ("publish", "--no-build"),
        {"PDM_PUBLISH_REPO": "{url}", "PDM_PUBLISH_USERNAME": "{user}", "PDM_PUBLISH_PASSWORD": "{password}"},
        explains=False,
    ),
    Publisher(
        "hatch",
        ("hatch", "", "hatchling"),
        "hatchling.build",
        ("publish", "--no-prompt"),
        {"HATCH_INDEX_REPO": "{url}", "HATCH_INDEX_USER": "{user}", "HATCH_INDEX_AUTH": "{password}"},
    ),
    Publisher(
        "flit",
        ("flit", "", "flit_core"),
        "flit_core.buildapi",
        ("publish",),
        # It builds what it publishes; the time makes that reproducible.
        {
            "FLIT_INDEX_URL": "{url}",
            "FLIT_USERNAME": "{user}",
            "FLIT_PASSWORD": "{password}",
            "SOURCE_DATE_EPOCH": "1700000000",
        },
    ),
]
PYPROJECT = """\
[build-system]
requires = ["{requires}"]
build-backend = "{backend}"

[project]
name = "{name}"
version = "1.0"
description = "Mädé to be thrown away"
readme = "README.md"
requires-python = ">=3.9"
keywords = ["pocket", "journey"]
classifiers = ["Programming Language :: Python :: 3", "Topic :: Software Development"]
authors = [{{name = "Ada Lovelace", email = "ada@example.org"}}]

[project.urls]
Homepage = "https://example.org/"

[project.optional-dependencies]
more = ["idna >=3 ; python_version >= '3.9'"]

[project.scripts]
{name} = "{module}:main"
"""


@dataclass(frozen=True)
class Workshop:
    """A source tree and the client that publishes it."""

    publisher: Publisher
    tools: Venv
    tree: Path
    home: Path
    live: LiveServer

    @property
    def project(self) -> str:
        return f"made-by-{self.publisher.name}"

    @property
    def repository(self) -> str:
        return f"acme/{self.project}"

    @property
    def module(self) -> Path:
        return self.tree / "src" / self.project.replace("-", "_")

    @property
    def dist(self) -> Path:
        return self.tree / "dist"

    def write(self) -> None:
        self.module.mkdir(parents=True)
        greeting = f"import sys\n\n\ndef main():\n    print('hello from {self.project}')\n"
        (self.module / "__init__.py").write_text(f'"""Throw-away."""\n{greeting}')
        (self.tree / "README.md").write_text("# Ünïcode\n\nA *long* description.\n")
        backend, requires = self.publisher.backend, self.publisher.install[2]
        (self.tree / "pyproject.toml").write_text(
            PYPROJECT.format(name=self.project, module=self.module.name, backend=backend, requires=requires)
        )

    def build(self, *kinds: str) -> None:
        """Make dist/ by the backend's own hooks (PEP 517)."""
        shutil.rmtree(self.dist, ignore_errors=True)
        self.dist.mkdir()
        calls = "; ".join(f"b.build_{kind}('dist')" for kind in kinds or ("sdist", "wheel"))
        code = f"import {self.publisher.backend} as b; {calls}"
        run(self.tools.python, "-c", code, env=self._environ("", ""), cwd=self.tree)

    def publish(
        self, address: str, *options: str, password: str | None = None, status: int | None = 0
    ) -> Done:
        """Publish dist/ to a path of the server, with the owner's key unless another password is given."""
        url = self.live.url.rstrip("/") + address.format(project=self.project)
        environ = self._environ(url, self.live.key if password is None else password)
        program = self.tools.program(self.publisher.name.split("-")[0])
        words: list[str] = []
        for word in (*self.publisher.command, *options):
            words += sorted(map(str, self.dist.iterdir())) if word == "DIST" else [word.format(url=url)]
        return run(program, *words, env=environ, cwd=self.tree, status=status)

    def other(self, tmp_path: Path) -> Workshop:
        """The same with a source tree of its own."""
        tree = shutil.copytree(
            self.tree, tmp_path / "other", ignore=shutil.ignore_patterns("build", "*.egg-info")
        )
        return Workshop(self.publisher, self.tools, tree, self.home, self.live)

    def _environ(self, url: str, password: str) -> dict[str, str]:
        said = {"url": url, "user": "__token__", "password": password}
        filled = {name: value.format(**said) for name, value in self.publisher.environ.items()}
        path = f"{self.tools.path / 'bin'}:/usr/bin:/bin"
        return {**hermetic(self.home), "PATH": path, **filled}


def only(*names: str) -> pytest.MarkDecorator:
    """The test runs with these clients alone."""
    chosen = [publisher for publisher in PUBLISHERS if publisher.name in names]
    return pytest.mark.parametrize("workshop", chosen, indirect=True, ids=lambda publisher: publisher.name)
