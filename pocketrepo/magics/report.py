"""What ``%%package`` did, to be shown below the cell."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from textwrap import indent

from pocketrepo.display import Piece, Shown, card, code, facts, muted, phrase, size, strong, text
from pocketrepo.sourcetree import Release


@dataclass
class Report(Shown):
    """Filled in as it goes on, and shown also if a later step fails."""

    project: str
    index_url: str
    version: str = ""
    pyproject: str = ""
    wheel: str = ""
    members: list[tuple[str, int]] = field(default_factory=list)
    installed: str = ""
    imported: str = ""
    saved: Path | None = None
    milliseconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measures what is done within."""
        start = time.perf_counter()
        yield
        self.milliseconds[name] = (time.perf_counter() - start) * 1000

    def built(self, release: Release) -> None:
        self.version = release.version
        self.pyproject = release.pyproject
        self.wheel = release.wheel.name
        with zipfile.ZipFile(release.wheel) as archive:
            self.members = [(member.filename, member.file_size) for member in archive.infolist()]

    def _piece(self) -> Piece:
        done = "pushed to" if "push" in self.milliseconds else "is there already, with just this content:"
        rows = [
            ("installed", text(self.installed)),
            ("imported as", code(self.imported) if self.imported else text("")),
            ("saved in", code(str(self.saved)) if self.saved else text("")),
            ("took", text(", ".join(f"{name} {spent:,.0f} ms" for name, spent in self.milliseconds.items()))),
        ]
        files = facts((name, muted(size(count))) for name, count in self.members)
        return card(
            phrase(strong(f"{self.project} {self.version}"), text(done), code(self.index_url)),
            facts((label, piece) for label, piece in rows if piece.plain),
            *(text(note) for note in self.notes),
            _folded(f"{self.wheel}: {len(self.members)} files", files),
            _folded("pyproject.toml", Piece(self.pyproject, f"<pre>{escape(self.pyproject)}</pre>")),
        )


def _folded(title: str, inside: Piece) -> Piece:
    """In HTML behind its title."""
    summary = f'<summary style="cursor:pointer">{escape(title)}</summary>'
    plain = indent(inside.plain.strip("\n"), "  ")
    return Piece(f"{title}\n{plain}", f"<details>{summary}{inside.html}</details>")
