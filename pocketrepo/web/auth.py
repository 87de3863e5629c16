"""The gate, asked by views before anything else."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request

from pocketrepo.access import Action, Actor
from pocketrepo.errors import Forbidden
from pocketrepo.model import RepositoryName
from pocketrepo.web.state import site


def require(action: Action, repository: RepositoryName | None = None) -> Actor:
    """Who asks, if they may. Raises Unauthorized, Forbidden."""
    _refuse_foreign_pages()
    access = site().root.access
    actor = access.identify(request.headers.get("Authorization"))
    access.require(actor, action, repository)
    return actor


def _refuse_foreign_pages() -> None:
    """A page of another origin may make a browser send a request with credentials the browser remembers."""
    if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        raise Forbidden("a page of another site may not do this")
    origin = request.headers.get("Origin")
    if origin is not None and _host_of(origin) != request.host:
        raise Forbidden("a page of another origin may not do this")


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None
