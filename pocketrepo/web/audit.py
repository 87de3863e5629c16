"""The audit log: what views put there, and who may read it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from pocketrepo.access import Action, Actor
from pocketrepo.model import RepositoryName
from pocketrepo.web.auth import client, require
from pocketrepo.web.payload import field
from pocketrepo.web.state import site

bp = Blueprint("audit", __name__, url_prefix="/v1/log")
MOST = 1000


@bp.get("/")
def log() -> Response:
    """The latest events, ``?limit=`` of them, in the order they happened; or those after ``?after=``, which is what
    ``X-Log-Cursor`` said. With ``?repository=OWNER/REPO`` for who administers that, without it for the owner."""
    named = request.args.get("repository", "")
    repository = RepositoryName.parse(named) if named else None
    require(Action.ADMIN, repository)
    limit = min(MOST, max(1, request.args.get("limit", 100, type=int)))
    events, cursor = site().root.log, request.args.get("after")
    if cursor is None:
        found = events.latest(limit, repository)
    else:
        with field("after"):
            found = events.after(cursor, repository, limit=limit)
    response = jsonify(found.entries)
    response.headers["X-Log-Cursor"] = found.cursor
    return response


def record(event: str, actor: Actor, repository: RepositoryName | None = None, **data: Any) -> None:
    """Put a change on record before it is answered: who asked for it, from where, by which key."""
    by_key = {"by_key": actor.key.slug} if actor.key else {}
    site().root.log.record(event, repository, actor=actor.name, client=client(), **by_key, **data)
