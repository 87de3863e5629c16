"""Pages for people: they read, without script, and with relative links alone.

A page shows what its reader may see and names nothing else. `pocketrepo.web.signing` lets readers in.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from flask import Blueprint, Response, request
from markupsafe import Markup
from packaging.utils import NormalizedName, canonicalize_name
from werkzeug.exceptions import NotFound

from pocketrepo import answers, readme
from pocketrepo.details import Details
from pocketrepo.errors import NoSuchProject
from pocketrepo.model import File, Project, Release
from pocketrepo.repository import Repository
from pocketrepo.snapshot import Snapshot
from pocketrepo.web.details import read_details, representative
from pocketrepo.web.pages import page, require_html, revalidated
from pocketrepo.web.reading import readable, view_for_reading
from pocketrepo.web.setup import install_lines, setup
from pocketrepo.web.state import project_in_url, respond, site

bp = Blueprint("ui", __name__)

PAGE_SIZE = 100
STATIC = {"style.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}
"""The files that pages load, all of them ours."""


class Row(NamedTuple):
    """A project in a list. ``uploaded`` is the time of its last upload."""

    project: Project
    version: str
    summary: str
    uploaded: str


@dataclass(frozen=True)
class Paging:
    """Page ``number`` of ``last``, counted from 1, of ``total`` items."""

    number: int
    last: int
    total: int

    @property
    def slice(self) -> slice:
        return slice((self.number - 1) * PAGE_SIZE, self.number * PAGE_SIZE)


# Pages


@bp.get("/")
def home() -> Response:
    """The repositories of this root that the reader may see, and how the first package gets in."""
    require_html()
    root = site().root
    shown = readable(root.repositories())
    private = any(each.private for each in shown)
    default = next((each for each in shown if each.name == root.default), None)
    return page(
        "home.html",
        private=private,
        repositories=[(each, len(each.index.projects().value.names)) for each in shown],
        default=default,
        setup=setup(view_for_reading(*default.name)) if default else None,
    )


@bp.get("/<owner>/<repo>/")
def repository(owner: str, repo: str) -> Response:
    """Projects, a search among their names, and the lines that set tools up."""
    view = view_for_reading(owner, repo)
    require_html()
    found = view.repository
    query = request.args.get("q", "").strip()[:200]
    names = list(found.index.projects().value.names)
    if query:
        wanted = canonicalize_name(query)
        names = [name for name in names if wanted in name]
    paging = _paging(len(names))
    return page(
        "repository.html",
        private=found.private,
        repository=found,
        is_default=found.name == site().root.default,
        rows=_rows(found, names[paging.slice]),
        paging=paging,
        query=query,
        setup=setup(view),
        extra=setup(view, extra=True),
    )


@bp.get("/<owner>/<repo>/projects/")
def projects(owner: str, repo: str) -> Response:
    """What is left of a project's address without its name."""
    view_for_reading(owner, repo)
    return respond(answers.redirect("../"))


@bp.get("/<owner>/<repo>/projects/<name>/")
def project(owner: str, repo: str, name: str) -> Response:
    """One release of a project, ``?version=`` or the one that an installer would take, among its others."""
    view = view_for_reading(owner, repo)
    require_html()
    found = view.repository
    normalized = project_in_url(name)
    if normalized != name:
        query = request.query_string.decode("latin-1")
        return respond(answers.redirect(f"../{normalized}/{'?' if query else ''}{query}"))
    known = found.index.project(normalized).value
    release = _release(known, request.args.get("version"))
    file = representative(release) if release else None
    details = read_details(found, normalized, file) if file else Details()
    return page(
        "project.html",
        private=found.private,
        repository=found,
        project=known,
        release=release,
        details=details,
        readme=_readme(found, known, file, details) if file else "",
        install=install_lines(view, f"{known.display_name}=={release.version}") if release else {},
    )


@bp.get("/static/<filename>")
def static(filename: str) -> Response:
    """The stylesheet and the icon."""
    if filename not in STATIC:
        raise NotFound(f"no file {filename}")
    return revalidated(Response(_static(filename), content_type=STATIC[filename]))


# What pages are made of


@cache
def _static(filename: str) -> bytes:
    return (Path(__file__).parent / "static" / filename).read_bytes()


def _paging(total: int) -> Paging:
    last = max(1, -(-total // PAGE_SIZE))
    number = request.args.get("page", 1, type=int)
    return Paging(min(max(1, number), last), last, total)


def _rows(repository: Repository, names: list[NormalizedName]) -> list[Row]:
    rows = []
    for name in names:
        try:
            project = repository.index.project(name).value
        except NoSuchProject:
            continue  # removed since the list was read
        latest = project.latest
        if latest is None:
            continue
        summary = read_details(repository, name, representative(latest)).summary
        uploaded = max(file.upload_time for file in project.files)
        rows.append(Row(project, latest.version, summary, uploaded))
    return rows


def _release(project: Project, version: str | None) -> Release | None:
    """None for a project without files. Raises NotFound for a version that it has not."""
    if version is None:
        return project.latest
    for release in project.releases:
        if release.version == version:
            return release
    raise NotFound(f"{project.display_name} has no version {version}")


def _readme(repository: Repository, project: Project, file: File, details: Details) -> Markup:
    """The rendered description, from the memo if it is there: a file's never changes."""
    if not details.description.strip():
        return Markup()
    memo = site().root.memo
    key = f"readme/{repository.name}/{project.name}/{file.key}/{file.filename}"
    held: Snapshot[Any] | None = memo.get(key)
    if held is None:
        with memo.loading(key):
            held = memo.get(key)
            if held is None:
                html = readme.render(details.description, details.content_type)
                held = Snapshot[Any](html, file.sha256, cost=2 * len(html))
                memo.put(key, held)
    rendered: Markup = held.value
    return rendered
