"""Projects as a whole under ``/v1/``: their status (PEP 792), where else they are (PEP 708), who publishes them
(PEP 740)."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, jsonify
from packaging.utils import NormalizedName

from pocketrepo.access import Action
from pocketrepo.model import RepositoryName
from pocketrepo.repository import Repository
from pocketrepo.standing import Standing
from pocketrepo.web.auth import require
from pocketrepo.web.payload import body
from pocketrepo.web.state import project_in_url, site

bp = Blueprint("projects", __name__, url_prefix="/v1/projects")


@bp.get("/<owner>/<repo>/<name>/")
def show_project(owner: str, repo: str, name: str) -> Response:
    """What is said of a project, and the files that were uploaded, in quarantine or not; for who may upload."""
    repository, _ = _repository(Action.WRITE, owner, repo)
    normalized = project_in_url(name)
    return _project(repository, normalized, repository.hosted.standing(normalized))


@bp.patch("/<owner>/<repo>/<name>/")
def change_project(owner: str, repo: str, name: str) -> Response:
    """Set ``status``, ``status_reason``, ``tracks``, ``alternate_locations`` or ``publishers``."""
    repository, actor = _repository(Action.ADMIN, owner, repo)
    normalized = project_in_url(name)
    standing = repository.hosted.configure(normalized, name, body(), actor=actor)
    return _project(repository, normalized, standing)


def _repository(action: Action, owner: str, repo: str) -> tuple[Repository, str]:
    """And the name of who asks, if they may do this. Raises Unauthorized, Forbidden, NoSuchRepository."""
    name = RepositoryName.parse(f"{owner}/{repo}")
    actor = require(action, name)
    return site().root.repository(name), actor.name


def _project(repository: Repository, name: NormalizedName, standing: Standing) -> Response:
    project = repository.hosted.project(name).value
    files = [
        {"filename": file.filename, "version": file.version, "slug_perm": file.key}
        for file in (*project.files, *project.withheld)
    ]
    return jsonify({"name": project.display_name, **asdict(standing), "files": files})
