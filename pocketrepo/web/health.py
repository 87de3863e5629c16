"""For operators, and for clients of the same user that want to know whom they are talking to."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

import pocketrepo
from pocketrepo.access import Action
from pocketrepo.errors import UsageError
from pocketrepo.keys import owner_key, prove
from pocketrepo.web.auth import require
from pocketrepo.web.state import site

bp = Blueprint("health", __name__)


@bp.get("/health")
def health() -> Response:
    """That the server answers. With ``?nonce=`` also the proof that it knows its root's owner key."""
    found = site()
    answer = {"status": "ok", "version": pocketrepo.__version__, "instance": found.instance}
    nonce = request.args.get("nonce", "")
    if len(nonce) > 200:
        raise UsageError("the nonce is too long")
    if nonce:
        answer["proof"] = prove(owner_key(found.settings.root), nonce, found.port)
    response = jsonify(answer)
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/v1/server/stop/")
def stop() -> Response:
    """End the server once requests in flight are answered; for its owner."""
    require(Action.ADMIN)
    site().stop()
    return jsonify({"detail": "stopping"})
