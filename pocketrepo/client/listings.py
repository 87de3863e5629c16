"""What a repository answers and what was done to it, as sequences that show themselves as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

from pocketrepo import errors, simpleapi
from pocketrepo.archive import parse_filename
from pocketrepo.config.url import mask
from pocketrepo.details import Details
from pocketrepo.display import (
    Listing,
    Piece,
    Shown,
    block,
    card,
    code,
    facts,
    link,
    muted,
    phrase,
    size,
    strong,
    table,
    text,
)
from pocketrepo.environment.browser import way_to
from pocketrepo.model import version_order
from pocketrepo.readme import render

README_LINES = 20
"""Of a description where it is shown as text."""


class Projects(Listing[str]):
    """Names of projects; ``page`` gives the web page of one, empty where it is not known."""

    def __init__(
        self, names: Iterable[str], index_url: str, page: Callable[[str], str] = lambda name: ""
    ) -> None:
        super().__init__(names)
        self.index_url = index_url
        self._page = page

    def _records(self) -> dict[str, list[Any]]:
        return {"project": list(self)}

    def _piece(self) -> Piece:
        count = f"{len(self):,} project{'' if len(self) == 1 else 's'} in"
        rows = [(_linked(name, self._page(name)),) for name in self]
        listed = table(["project"], rows) if rows else muted("Nothing was pushed yet.")
        return card(phrase(strong(count), code(mask(self.index_url))), listed)


class Files(Listing[simpleapi.Link]):
    """Files as an index lists them."""

    def _records(self) -> dict[str, list[Any]]:
        return {
            "filename": [each.filename for each in self],
            "version": [version_of(each) for each in self],
            "size": [each.size for each in self],
            "sha256": [each.sha256 for each in self],
            "requires_python": [each.requires_python for each in self],
            "uploaded": [each.upload_time for each in self],
            "yanked": [each.yanked is not None for each in self],
            "yanked_reason": [each.yanked for each in self],
        }

    def _piece(self) -> Piece:
        return card(self._table())

    def _table(self) -> Piece:
        if not self:
            return muted("no files")
        return table(
            ["file", "version", "size", "python", "uploaded", "sha256", "yanked"],
            [
                (
                    link(each.filename, way_to(mask(each.url)).url),
                    text(version_of(each)),
                    text(size(each.size) if each.size is not None else ""),
                    text(each.requires_python or ""),
                    text((each.upload_time or "")[:10]),
                    code(each.sha256[:12]) if each.sha256 else text(""),
                    text("" if each.yanked is None else each.yanked or "yes"),
                )
                for each in self
            ],
        )


class Release(NamedTuple):
    """All files of one version."""

    version: str
    links: Files

    @property
    def yanked(self) -> bool:
        return all(each.yanked is not None for each in self.links)


class Project(Shown):
    """A project as its index tells of it.

    ``status`` is active, deprecated, archived or quarantined, for a ``status_reason`` (PEP 792). ``links`` are its
    files, ``releases`` the same by version, newest first. ``details`` is what the metadata of its latest release
    says, empty where the index does not offer it (PEP 658), and ``readme`` its description as safe HTML.
    """

    def __init__(self, page: simpleapi.Page, *, details: Details | None = None, web_page: str = "") -> None:
        self.name = page.name
        self.links = Files(page.links)
        self.details = details or Details()
        self.status = page.status
        self.status_reason = page.status_reason
        self._listed = page.versions
        self._web_page = web_page

    @cached_property
    def releases(self) -> tuple[Release, ...]:
        """By version, newest first."""
        by_version: dict[str, Files] = {}
        for each in self.links:
            by_version.setdefault(version_of(each), Files()).append(each)
        newest_first = sorted(by_version, key=version_order, reverse=True)
        return tuple(Release(version, by_version[version]) for version in newest_first)

    @property
    def versions(self) -> tuple[str, ...]:
        """As the index lists them; from the files' names where it does not."""
        return self._listed or tuple(release.version for release in reversed(self.releases))

    @property
    def latest(self) -> Release | None:
        """What an installer would take: the newest that is neither yanked nor a pre-release, else the newest that is
        not yanked, else the newest."""
        usable = [release for release in self.releases if not release.yanked]
        final = [release for release in usable if not version_order(release.version)[1].is_prerelease]
        return next(iter(final or usable or self.releases), None)

    @cached_property
    def readme(self) -> str:
        """The description of its latest release as HTML that is safe to put into a page."""
        if not self.details.description.strip():
            return ""
        return str(render(self.details.description, self.details.content_type))

    def to_pandas(self) -> Any:
        """Its files as a ``pandas.DataFrame``. Raises UsageError where pandas is not installed."""
        return self.links.to_pandas()

    def __repr__(self) -> str:
        latest = f" {self.latest.version}" if self.latest else ""
        return f"<pocketrepo.Project {self.name}{latest}, {len(self.links)} files>"

    def _piece(self) -> Piece:
        latest = self.latest
        title = phrase(
            _linked(self.name, self._web_page),
            strong(latest.version if latest else "(no files)"),
        )
        return card(
            title,
            text(self.details.summary),
            facts(self._facts()),
            self.links._table(),
            _folded("Description", self.details.description, self.readme),
        )

    def _facts(self) -> list[tuple[str, Piece]]:
        details = self.details
        links = [_linked(label, url) for label, url in (*details.people, *details.links)]
        said = "" if self.status == "active" else self.status
        rows = [
            ("status", text(": ".join(filter(None, [said, self.status_reason])))),
            ("releases", text(", ".join(map(_called, self.releases)))),
            ("needs", block(*map(code, details.requires))),
            ("extras", block(*map(code, details.optional))),
            ("licence", text(details.license)),
            ("see", phrase(*links)),
        ]
        return [(label, piece) for label, piece in rows if piece.plain]


@dataclass(frozen=True)
class Pushed(Shown):
    """One distribution that was pushed: ``result`` is "new", or "same" if its bytes were there already."""

    filename: str
    project: str
    version: str
    size: int
    sha256: str
    result: Literal["new", "same"]

    def __str__(self) -> str:
        return f"{SAID[self.result]:13}  {self.filename}  {self.size:,} B"

    def _piece(self) -> Piece:
        return Piece(str(self), card(_pushes([self])).html)


SAID = {"new": "pushed", "same": "there already"}


class Pushes(Listing[Pushed]):
    """What a push did, one row a file."""

    def __init__(self, rows: Iterable[Pushed], index_url: str) -> None:
        super().__init__(rows)
        self.index_url = index_url

    def _records(self) -> dict[str, list[Any]]:
        names = ("project", "version", "filename", "size", "sha256", "result")
        return {name: [getattr(row, name) for row in self] for name in names}

    def __str__(self) -> str:
        return "\n".join(map(str, self))

    def _piece(self) -> Piece:
        return card(_pushes(self), phrase(muted("index"), code(mask(self.index_url))))


def _pushes(rows: Iterable[Pushed]) -> Piece:
    return table(
        ["project", "version", "file", "size", "sha256", "result"],
        [
            (
                text(row.project),
                text(row.version),
                text(row.filename),
                text(size(row.size)),
                code(row.sha256[:12]),
                text(SAID[row.result]),
            )
            for row in rows
        ],
    )


def version_of(listed: simpleapi.Link) -> str:
    """The version in a file's name; empty where there is none."""
    try:
        return str(parse_filename(listed.filename).version)
    except errors.BadUpload:
        return ""


def _called(release: Release) -> str:
    return f"{release.version} (yanked)" if release.yanked else release.version


def _linked(label: str, url: str) -> Piece:
    return link(label, url) if url else text(label)


def _folded(title: str, plain: str, html: str) -> Piece:
    """A long text: in HTML behind its title, as text its beginning."""
    if not html:
        return text("")
    lines = plain.strip().splitlines()
    cut = ["..."] if len(lines) > README_LINES else []
    summary = f'<summary style="cursor:pointer;margin-top:.4em">{title}</summary>'
    return Piece("\n".join(["", *lines[:README_LINES], *cut]), f"<details>{summary}{html}</details>")
