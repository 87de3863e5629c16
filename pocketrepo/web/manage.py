"""The management API under ``/v1/``, in Cloudsmith's v1 shapes where it has the operation.

A package is one file: ``slug_perm`` is its KEY. Lists are bare arrays with ``X-Pagination-*`` headers, errors are
``{"detail": …}``. ``yank`` and ``unyank`` are our own verbs.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import asdict

from flask import Blueprint, Response, jsonify, request
from packaging.utils import NormalizedName

import pocketrepo
from pocketrepo.access import ANY_PROJECT, Action
from pocketrepo.cors import Origins
from pocketrepo.errors import NoSuchProject, NotFound, UsageError
from pocketrepo.index import Index
from pocketrepo.model import File, Json, Project, RepositoryName, normalize
from pocketrepo.query import Query
from pocketrepo.repository import Repository
from pocketrepo.rules import RULES
from pocketrepo.standing import check_reason
from pocketrepo.web.auth import asking, refuse_foreign_pages, require
from pocketrepo.web.payload import base, body, page
from pocketrepo.web.reading import readable, repository_for_api
from pocketrepo.web.state import site

bp = Blueprint("manage", __name__, url_prefix="/v1")
_KEY = re.compile(r"[0-9a-f]{16}")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}")


@bp.get("/status/check/basic/")
def status() -> Response:
    """That the service is up, and its version."""
    return jsonify({"detail": "PocketRepo is up.", "version": pocketrepo.__version__})


@bp.get("/user/self/")
def whoami() -> Response:
    """Who the credential belongs to."""
    actor = asking()
    name = actor.name if actor.is_known else ""
    return jsonify(
        {"authenticated": actor.is_known, "name": name, "slug": name, "slug_perm": name, "email": ""}
    )


@bp.get("/repos/")
@bp.get("/repos/<owner>/")
def repositories(owner: str = "") -> Response:
    """All repositories, or those of one owner."""
    found = [r for r in site().root.repositories() if not owner or r.name.owner == owner.lower()]
    return page(readable(found), _repository)


@bp.post("/repos/<owner>/")
def create_repository(owner: str) -> tuple[Response, int]:
    """Make ``{"name": REPO, "private": true or false}`` under an owner; also with ``cors``."""
    refuse_foreign_pages()
    actor = asking()
    site().root.access.may_create(actor, owner.lower())
    given = body()
    repo, private = given.get("name"), given.get("private", False)
    origins = _origins(given)
    if not isinstance(repo, str) or not isinstance(private, bool):
        raise UsageError('send {"name": REPO, "private": true or false} as JSON')
    name = RepositoryName.parse(f"{owner}/{repo}")
    if origins.names and private:
        raise UsageError("a private repository cannot be read by pages of other sites", hint="leave out cors")
    made = site().root.create(name, actor=actor.name, private=private)
    if origins.names:
        made = site().root.share(name, origins, actor=actor.name)
    return jsonify(_repository(made)), 201


@bp.patch("/repos/<owner>/<repo>/")
def change_repository(owner: str, repo: str) -> Response:
    """Change what is sent: ``{"private": true or false}``; ``{"cors": [ORIGIN, …]}``, the origins whose pages may
    read it in a browser, which a private one has not; ``allow_replace``,
    ``allow_similar`` and ``forbid_direct_urls``, each true or false."""
    name = RepositoryName.parse(f"{owner}/{repo}")
    actor = require(Action.ADMIN, name)
    given = body()
    private = given.get("private")
    rules = {rule: given[rule] for rule in RULES if isinstance(given.get(rule), bool)}
    if not given or set(given) - {"cors", "private", *rules} or not isinstance(private, bool | None):
        raise UsageError(
            'send what is to be changed as JSON: {"private": true or false, "cors": [ORIGIN, …]}',
            hint=f"or {', '.join(RULES)}, each true or false",
        )
    origins, root = _origins(given), site().root
    changed = root.repository(name)
    if private is not None and private is not changed.private:
        changed = root.set_private(name, private, actor=actor.name)
    if "cors" in given:
        changed = root.share(name, origins, actor=actor.name)
    if rules:
        changed = root.set_rules(name, rules, actor=actor.name)
    return jsonify(_repository(changed))


def _origins(given: Json) -> Origins:
    named = given.get("cors", [])
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        raise UsageError('"cors" is a list of origins')
    return Origins.parse(named)


@bp.get("/repos/<owner>/<repo>/")
def show_repository(owner: str, repo: str) -> Response:
    """One repository."""
    return jsonify(_repository(repository_for_api(owner, repo)))


@bp.delete("/repos/<owner>/<repo>/")
def delete_repository(owner: str, repo: str) -> tuple[str, int]:
    """Remove a repository and all its files."""
    name = RepositoryName.parse(f"{owner}/{repo}")
    actor = require(Action.ADMIN, name)
    site().root.delete(name, actor=actor.name)
    return "", 204


@bp.get("/packages/<owner>/<repo>/")
def packages(owner: str, repo: str) -> Response:
    """Every file, filtered by ``?query=`` (``name:x AND version:1.0``, or words of a name)."""
    repository = repository_for_api(owner, repo)
    query = Query.parse(request.args.get("query", ""))
    found = []
    for name in repository.index.projects().value.names:
        if not query.may_have(name):
            continue
        try:
            project = repository.index.project(name).value
        except NoSuchProject:  # gone since it was listed
            continue
        found += [_package(repository, project, file) for file in project.files if query.has(project, file)]
    return page(found)


@bp.get("/packages/<owner>/<repo>/<slug>/")
def package(owner: str, repo: str, slug: str) -> Response:
    """One file."""
    repository = repository_for_api(owner, repo)
    project, file = _find(repository, repository.index, slug)
    return jsonify(_package(repository, project, file))


@bp.delete("/packages/<owner>/<repo>/<slug>/")
def delete_package(owner: str, repo: str, slug: str) -> tuple[str, int]:
    """Remove one file for good; its name stays taken."""
    repository, project, file, actor = _for_change(owner, repo, slug)
    repository.hosted.delete(project.name, filename=file.filename, actor=actor)
    return "", 204


@bp.post("/packages/<owner>/<repo>/<slug>/yank/")
def yank_package(owner: str, repo: str, slug: str) -> Response:
    """Mark one file as yanked, with ``{"reason": …}`` (PEP 592)."""
    repository, project, file, actor = _for_change(owner, repo, slug)
    reason = check_reason(body().get("reason", ""))
    changed = repository.hosted.yank(project.name, filename=file.filename, reason=reason, actor=actor)
    return _changed(repository, project, changed, slug)


@bp.post("/packages/<owner>/<repo>/<slug>/unyank/")
def unyank_package(owner: str, repo: str, slug: str) -> Response:
    """Take the mark away."""
    repository, project, file, actor = _for_change(owner, repo, slug)
    changed = repository.hosted.unyank(project.name, filename=file.filename, actor=actor)
    return _changed(repository, project, changed, slug)


def _changed(repository: Repository, project: Project, files: list[File], slug: str) -> Response:
    """The file as it is now. Raises NotFound if it was deleted while it was being changed."""
    if not files:
        raise NotFound(f"no package {slug} in {repository.name}")
    return jsonify(_package(repository, project, files[0]))


def _for_change(owner: str, repo: str, slug: str) -> tuple[Repository, Project, File, str]:
    """A file that was uploaded here, and the name of who asks, if they may change it."""
    name = RepositoryName.parse(f"{owner}/{repo}")
    actor = require(Action.WRITE, name, project=ANY_PROJECT)
    repository = site().root.repository(name)
    project, file = _find(repository, repository.hosted, slug)
    site().root.access.require(actor, Action.WRITE, name, project=project.name)
    return repository, project, file, actor.name


def _find(repository: Repository, index: Index, slug: str) -> tuple[Project, File]:
    """A file by its KEY, or by ``NAME-KEY``, its readable slug. Raises NotFound."""
    name, _, key = slug.rpartition("-")
    if _KEY.fullmatch(key) and (not name or _NAME.fullmatch(name)):
        for project_name in [normalize(name)] if name else _with_key(repository, index, key):
            with suppress(NoSuchProject):
                project = index.project(project_name).value
                for file in (*project.files, *project.withheld):
                    if file.key == key:
                        return project, file
    raise NotFound(f"no package {slug} in {repository.name}")


def _with_key(repository: Repository, index: Index, key: str) -> list[NormalizedName]:
    """Projects that may have this KEY; only those uploaded here can be told without loading them."""
    found = repository.hosted.projects_with_key(key)
    return found if found or index is repository.hosted else list(index.projects().value.names)


def _repository(repository: Repository) -> Json:
    name = repository.name
    return {
        "name": name.repo,
        "slug": name.repo,
        "slug_perm": name.repo,
        "namespace": name.owner,
        "repository_type_str": "Private" if repository.private else "Public",
        "is_public": not repository.private,
        "is_private": repository.private,
        "is_default": name == site().root.default,
        "cors": list(repository.origins.names) if repository.origins else [],
        "created_at": repository.created,
        **asdict(repository.hosted.rules),
        "package_group_count": len(repository.index.projects().value.names),
        "self_url": f"{base()}/v1/repos/{name}/",
        "index_url": f"{base()}/{name}/simple/",
    }


def _package(repository: Repository, project: Project, file: File) -> Json:
    name = repository.name
    url = f"{base()}/{name}/files/{project.name}/{file.key}/{file.filename}"
    done = {
        "status": 4,
        "status_str": "Completed",
        "stage": 9,
        "stage_str": "Fully Synchronised",
        "is_sync_awaiting": False,
        "is_sync_completed": True,
        "is_sync_failed": False,
        "sync_progress": 100,
    }
    return {
        "slug": f"{project.name}-{file.key}",
        "slug_perm": file.key,
        "identifier_perm": file.key,
        "name": project.display_name,
        "version": file.version,
        "format": "python",
        "filename": file.filename,
        "namespace": name.owner,
        "repository": name.repo,
        "size": file.size,
        "checksum_sha256": file.sha256,
        "uploaded_at": file.upload_time,
        "is_downloadable": project.status != "quarantined",
        "is_quarantined": project.status == "quarantined",
        "is_yanked": file.yanked is not None,
        "yanked_reason": file.yanked,
        "requires_python": file.requires_python,
        "cdn_url": url,
        "self_url": f"{base()}/v1/packages/{name}/{file.key}/",
        "tags": {},
        "files": [
            {
                "filename": file.filename,
                "cdn_url": url,
                "size": file.size,
                "is_downloadable": True,
                "checksum_sha256": file.sha256,
                "slug_perm": file.key,
            }
        ],
        **done,
    }
