"""Pages for people: read-only, without script or cookie, and with relative links alone.

What a page cannot say relatively, the lines to copy, it says with the address that the request came by, or with
the setting ``public_url``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup
from packaging.utils import InvalidName, NormalizedName, canonicalize_name
from werkzeug.exceptions import NotAcceptable, NotFound

import pocketrepo
from pocketrepo import answers, display, readme
from pocketrepo.config.snippet import snippet
from pocketrepo.details import Details
from pocketrepo.errors import NoSuchProject
from pocketrepo.model import File, Project, Release
from pocketrepo.repository import Repository
from pocketrepo.snapshot import Snapshot
from pocketrepo.web.details import read_details, representative
from pocketrepo.web.reading import readable, repository_for_reading
from pocketrepo.web.state import respond, site

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
    """The repositories of this root, and how the first package gets in."""
    _require_html()
    root = site().root
    default = root.repository(root.default)
    counted = [(each, len(each.index.projects().value.names)) for each in readable(root.repositories())]
    return _page("home.html", repositories=counted, default=default.name, setup=_setup(default))


@bp.get("/<owner>/<repo>/")
def repository(owner: str, repo: str) -> Response:
    """Projects, a search among their names, and the lines that set tools up."""
    found = repository_for_reading(owner, repo)
    _require_html()
    query = request.args.get("q", "").strip()[:200]
    names = list(found.index.projects().value.names)
    if query:
        wanted = canonicalize_name(query)
        names = [name for name in names if wanted in name]
    paging = _paging(len(names))
    return _page(
        "repository.html",
        repository=found,
        is_default=found.name == site().root.default,
        rows=_rows(found, names[paging.slice]),
        paging=paging,
        query=query,
        setup=_setup(found),
        extra=_setup(found, extra=True),
    )


@bp.get("/<owner>/<repo>/projects/")
def projects(owner: str, repo: str) -> Response:
    """What is left of a project's address without its name."""
    repository_for_reading(owner, repo)
    return respond(answers.redirect("../"))


@bp.get("/<owner>/<repo>/projects/<name>/")
def project(owner: str, repo: str, name: str) -> Response:
    """One release of a project, ``?version=`` or the one that an installer would take, among its others."""
    found = repository_for_reading(owner, repo)
    _require_html()
    normalized = _normalized(name)
    if normalized != name:
        query = request.query_string.decode("latin-1")
        return respond(answers.redirect(f"../{normalized}/{'?' if query else ''}{query}"))
    known = found.index.project(normalized).value
    release = _release(known, request.args.get("version"))
    file = representative(release) if release else None
    details = read_details(found, normalized, file) if file else Details()
    return _page(
        "project.html",
        repository=found,
        project=known,
        release=release,
        details=details,
        readme=_readme(found, known, file, details) if file else "",
        install=_install_lines(found, known, release) if release else {},
    )


@bp.get("/static/<filename>")
def static(filename: str) -> Response:
    """The stylesheet and the icon."""
    if filename not in STATIC:
        raise NotFound(f"no file {filename}")
    return _revalidated(Response(_static(filename), content_type=STATIC[filename]))


# What pages are made of


def base() -> str:
    """The relative way from this page back to the server's root: right under any prefix."""
    # An escaped slash is a level to the router but not to a browser.
    escaped = request.environ.get("RAW_URI", "").partition("?")[0].lower().count("%2f")
    return "../" * (request.path.count("/") - 1 - escaped) or "./"


def _page(template: str, **context: Any) -> Response:
    guessed = None if site().settings.public_url else _address()
    body = render_template(template, base=base(), guessed_address=guessed, **context)
    response = Response(display.printable(body), content_type="text/html; charset=utf-8")
    response.vary.add("Accept")
    return _revalidated(response)


def _revalidated(response: Response) -> Response:
    """Asked for again each time, but sent again only if it is another (RFC 9111 §4.3)."""
    digest = hashlib.sha256(response.get_data()).hexdigest()
    response.set_etag(digest[:32])
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response


def _require_html() -> None:
    if request.accept_mimetypes and not request.accept_mimetypes.quality("text/html"):
        raise NotAcceptable("this page is offered as text/html only")


@cache
def _static(filename: str) -> bytes:
    return (Path(__file__).parent / "static" / filename).read_bytes()


def _normalized(name: str) -> NormalizedName:
    try:
        return canonicalize_name(name, validate=True)
    except InvalidName:
        raise NoSuchProject(name) from None


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


# Lines to copy


def _address() -> str:
    """This server as its reader sees it, as far as the request tells; behind jupyter-server-proxy, which takes no
    tool without a login, as the tools see it that run beside it."""
    proxied = "X-ProxyContextPath" in request.headers and site().port
    seen = f"http://127.0.0.1:{site().port}" if proxied else request.url_root
    return (site().settings.public_url or seen).rstrip("/") + "/"


def _setup(repository: Repository, *, extra: bool = False) -> dict[str, str]:
    index = f"{_address()}{repository.name}/simple/"
    lines = {tool: snippet(tool, index, extra=extra) for tool in ("pip", "uv", "requirements", "twine")}
    return {"index": index, **lines}


def _install_lines(repository: Repository, project: Project, release: Release) -> dict[str, str]:
    index = f"{_address()}{repository.name}/simple/"
    package = f"{project.display_name}=={release.version}"
    return {
        "pip": snippet("pip", index, package=package),
        "uv": f'uv pip install --index-url "{index}" {package}\n',
    }


# For templates


@bp.app_context_processor
def _always() -> dict[str, str]:
    return {"version": pocketrepo.__version__}


bp.add_app_template_filter(display.size)


@bp.app_template_filter()
def day(time: str) -> str:
    return time[:10]


@bp.app_template_filter()
def minute(time: str) -> str:
    return datetime.fromisoformat(time).strftime("%Y-%m-%d %H:%M UTC")


@bp.app_template_global()
def here(**arguments: str | int) -> str:
    """This page with other arguments; those that say nothing are left out."""
    said = {name: value for name, value in arguments.items() if value not in ("", 1)}
    return f"?{urlencode(said)}" if said else "./"
