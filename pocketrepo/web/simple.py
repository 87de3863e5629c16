"""The Simple API and files: routes only; `pocketrepo.front` gives the answers."""

from __future__ import annotations

from flask import Blueprint, Response

from pocketrepo.front import Target
from pocketrepo.web.state import header, name_in_url, respond, site

bp = Blueprint("simple", __name__)


@bp.get("/simple/")
@bp.get("/<owner>/<repo>/simple/")
def projects(owner: str = "", repo: str = "") -> Response:
    """The names of all projects (PEP 503, 691)."""
    return _answer(Target(name_in_url(owner, repo), "projects"))


@bp.get("/simple/<name>/")
@bp.get("/<owner>/<repo>/simple/<name>/")
def project(name: str, owner: str = "", repo: str = "") -> Response:
    """The files of one project (PEP 503, 691, 700)."""
    return _answer(Target(name_in_url(owner, repo), "project", name))


@bp.get("/files/<name>/<key>/<filename>")
@bp.get("/<owner>/<repo>/files/<name>/<key>/<filename>")
def file(name: str, key: str, filename: str, owner: str = "", repo: str = "") -> Response:
    """The bytes of a listed file, or with ``.metadata`` its core metadata (PEP 658)."""
    return _answer(Target(name_in_url(owner, repo), "file", name, key, filename))


def _answer(target: Target) -> Response:
    answer = site().front.answer(target, header)
    assert answer is not None
    return respond(answer)
