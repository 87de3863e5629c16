"""The Simple API and files, under every read prefix: routes only; `pocketrepo.front` gives the answers."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response

from pocketrepo.answers import redirect
from pocketrepo.paths import Target, token_in
from pocketrepo.web.cors import share
from pocketrepo.web.reading import name_for_reading
from pocketrepo.web.session import signed_in
from pocketrepo.web.state import ASKED, respond, site

bp = Blueprint("simple", __name__)
bp.after_request(share)


@bp.get("/simple/")
@bp.get("/+simple/")
@bp.get("/<owner>/<repo>/+simple/")
@bp.get("/<owner>/<repo>/simple/")
@bp.get("/<form>/<owner>/<repo>/python/simple/")
@bp.get("/<form>/<owner>/<repo>/python/index/")
def projects(owner: str = "", repo: str = "", form: str = "public") -> Response:
    """The names of all projects (PEP 503, 691)."""
    return _answer(owner, repo, form, "projects")


@bp.get("/simple/<name>/")
@bp.get("/+simple/<name>/")
@bp.get("/<owner>/<repo>/+simple/<name>/")
@bp.get("/<owner>/<repo>/simple/<name>/")
@bp.get("/<form>/<owner>/<repo>/python/simple/<name>/")
@bp.get("/<form>/<owner>/<repo>/python/index/<name>/")
def project(name: str, owner: str = "", repo: str = "", form: str = "public") -> Response:
    """The files of one project (PEP 503, 691, 700)."""
    return _answer(owner, repo, form, "project", name)


@bp.get("/simple//<name>/")
@bp.get("/<owner>/<repo>/simple//<name>/")
@bp.get("/<form>/<owner>/<repo>/python/simple//<name>/")
def after_two_slashes(name: str, owner: str = "", repo: str = "", form: str = "public") -> Response:
    """A project, for clients such as micropip that put a slash behind an index URL that ends in one."""
    return respond(redirect(f"../../{quote(name)}/"))


@bp.get("/files/<name>/<key>/<filename>")
@bp.get("/<owner>/<repo>/files/<name>/<key>/<filename>")
@bp.get("/<form>/<owner>/<repo>/python/files/<name>/<key>/<filename>")
def file(
    name: str, key: str, filename: str, owner: str = "", repo: str = "", form: str = "public"
) -> Response:
    """The bytes of a listed file, or with ``.metadata`` its core metadata (PEP 658)."""
    return _answer(owner, repo, form, "file", name, key, filename)


def _answer(
    owner: str, repo: str, form: str, kind: str, name: str = "", key: str = "", filename: str = ""
) -> Response:
    token = token_in(form)
    target = Target(name_for_reading(owner, repo, token), kind, name, key, filename, token)
    return respond(site().front.answer(target, ASKED, signed_in()))
