"""What the measurements share: corpora and servers, made when first asked for and gone at the end, and rounds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import corpus
from corpus import BIG, Corpus
from measure import credentials
from servers import (
    NGINX,
    POCKETREPO,
    PYPISERVER,
    Server,
    install_pypiserver,
    nginx,
    pocketrepo,
    pypiserver,
)

STANDARD, WIDE, NARROW = 1_000, 10_000, 100
"""Projects in the corpora; the standard one also has the project of 2,000 files and the wheel of 100 MB."""
REAL = 50
"""Projects of the standard corpus whose wheels and metadata are fetched."""

T = TypeVar("T")


@dataclass
class Bench:
    """One run: ``rounds`` in which the servers take turns, ``seconds`` for each load."""

    work: Path
    rounds: int
    seconds: float
    peers: tuple[str, ...]
    say: Callable[[str], None]
    stack: ExitStack = field(default_factory=ExitStack)
    _corpora: dict[int, Corpus] = field(default_factory=dict)
    _servers: dict[tuple[str, int], Server] = field(default_factory=dict)

    def corpus(self, projects: int) -> Corpus:
        if projects not in self._corpora:
            self.say(f"making {projects:,} projects")
            standard = projects == STANDARD
            self._corpora[projects] = corpus.build(
                self.work, str(projects), projects, real=REAL if standard else 0, extras=standard
            )
        return self._corpora[projects]

    def server(self, name: str, projects: int) -> Server:
        """A running server of a corpus; nginx is one for all."""
        key = (name, 0 if name == NGINX else projects)
        if key not in self._servers:
            self._servers[key] = self.stack.enter_context(self.start(name, projects))
        return self._servers[key]

    def start(self, name: str, projects: int):  # type: ignore[no-untyped-def]
        """A context manager for a new server of a corpus."""
        if name == NGINX:
            return nginx(self.static, self.work)
        if name == POCKETREPO:
            return pocketrepo(self.corpus(projects).root, self.work)
        return pypiserver(self.pypiserver, self.corpus(projects).flat, self.work)

    @cached_property
    def static(self) -> Path:
        """nginx's folder: ``N/`` has the pages and ``files/`` the wheels of the standard corpus."""
        folder = self.work / "static"
        standard = self.server(POCKETREPO, STANDARD)
        corpus.save_pages(standard, folder / str(STANDARD), ["", BIG, *self.corpus(STANDARD).names])
        corpus.save_files(self.corpus(STANDARD), standard, folder / "files")
        corpus.save_pages(self.server(POCKETREPO, WIDE), folder / str(WIDE), [""])
        return folder

    @cached_property
    def pypiserver(self) -> Path:
        """Its program, installed when it is first needed."""
        self.say("installing pypiserver")
        return install_pypiserver(self.work)

    def has(self, name: str) -> bool:
        return name == POCKETREPO or name in self.peers

    def upload_target(self, name: str) -> tuple[str, str]:
        """Where the standard server takes uploads: path and Authorization header."""
        if name == PYPISERVER:
            return "/", ""
        return "/legacy/", credentials(self.corpus(STANDARD).root)

    def rounds_of(self, jobs: dict[str, Callable[[], T]]) -> dict[str, list[T]]:
        """Run each server's job in turn, round after round; peers that are left out of this run do not take part."""
        results: dict[str, list[T]] = {name: [] for name in jobs if self.has(name)}
        for _ in range(self.rounds):
            for name in results:
                results[name].append(jobs[name]())
        return results
