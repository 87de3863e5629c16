"""CORS headers for everything that installers read, refusals too: a page is told "not there" as such, and not that
something went wrong."""

from __future__ import annotations

from flask import Response, request
from werkzeug.datastructures import Headers

from pocketrepo.cors import Origins
from pocketrepo.errors import PocketRepoError
from pocketrepo.model import RepositoryName
from pocketrepo.web.state import site


def share(response: Response) -> Response:
    """For `Blueprint.after_request`: the answer, shared with the origins that its repository names."""
    origins = _origins()
    if origins is None or not site().hosts.permits(request.headers.get("Host")):
        return response
    origin = request.headers.get("Origin")
    shared = origins.shared(list(response.headers), origin)
    if request.method == "OPTIONS":
        shared += origins.preflight(origin)
    response.headers = Headers(shared)
    return response


def _origins() -> Origins | None:
    """Of the repository that the URL names."""
    root, named = site().root, request.view_args or {}
    try:
        name = RepositoryName.parse(f"{named['owner']}/{named['repo']}") if "owner" in named else root.default
        return root.repository(name).origins
    except PocketRepoError:
        return None
