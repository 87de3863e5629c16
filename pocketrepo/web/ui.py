"""Pages for people."""

from __future__ import annotations

from flask import Blueprint, Response, request

from pocketrepo.web.state import repository_for_reading, site, text

bp = Blueprint("ui", __name__)


def base() -> str:
    """The relative way from this page back to the server's root: right under any prefix."""
    return "../" * (request.path.count("/") - 1) or "./"


@bp.get("/")
def home() -> Response:
    return text("\n".join(str(r.name) for r in site().root.repositories()) + "\n")


@bp.get("/<owner>/<repo>/")
def repository(owner: str, repo: str) -> Response:
    return text("\n".join(repository_for_reading(owner, repo).index.projects().value.names))
