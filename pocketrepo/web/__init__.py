"""The Flask application: one module a concern, and the table from errors to HTTP."""

from __future__ import annotations

import logging
import threading
from urllib.parse import quote

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, MisdirectedRequest

from pocketrepo import display, errors
from pocketrepo.front import Front
from pocketrepo.hosts import Hosts, Proxies
from pocketrepo.paths import redacted
from pocketrepo.repository import Root
from pocketrepo.settings import Settings
from pocketrepo.store import disk
from pocketrepo.web import (
    audit,
    entitlements,
    health,
    legacy,
    manage,
    pages,
    projects,
    roles,
    signing,
    simple,
    tokens,
    ui,
    upload,
    users,
)
from pocketrepo.web.auth import record_denial
from pocketrepo.web.routing import LazyRule
from pocketrepo.web.state import Site, site, text

log = logging.getLogger("pocketrepo")

STATUS: list[tuple[type[errors.PocketRepoError], int]] = [
    (errors.BadField, 422),
    (errors.UsageError, 400),
    (errors.NotFound, 404),
    (errors.FileExists, 400),
    (errors.AlreadyExists, 409),
    (errors.Conflict, 409),
    (errors.TooLarge, 413),
    (errors.Refused, 400),
    (errors.Unauthorized, 401),
    (errors.LimitReached, 402),
    (errors.Forbidden, 403),
    (errors.TooManyAttempts, 429),
    (errors.Stalled, 408),
    (errors.UpstreamError, 502),
    (errors.Unavailable, 503),
]
"""The first row that fits counts. What fits none is a fault of ours: 500."""

LONGEST_REASON = 300
"""Characters of a refusal that stand beside the status."""

SAFETY = {
    # A cache that keeps a 404 would hide what is pushed next.
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'self'"
    ),
}


def create_app(settings: Settings, root: Root) -> Flask:
    """The WSGI application for an opened root. Nothing is global: any number can live in one process."""
    app = Flask(__name__, static_folder=None)
    app.url_rule_class = LazyRule
    # Redirects of our own are relative, so that they hold under any prefix; the router's are absolute.
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    hosts = Hosts(settings.allowed_hosts)
    app.extensions["pocketrepo"] = Site(
        settings=settings,
        root=root,
        front=Front(root, hosts, Proxies(settings.trusted_proxies)),
        hosts=hosts,
        upload_slots=threading.BoundedSemaphore(settings.max_uploads),
    )
    app.before_request(_only_known_hosts)
    app.before_request(_end_with_slash)
    app.after_request(_add_safety)
    app.register_error_handler(errors.PocketRepoError, _refuse)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(OSError, _failed_call)
    app.register_error_handler(Exception, _fault)
    api = (manage, projects, users, tokens, roles, entitlements, audit)
    for module in (health, *api, upload, simple, legacy, signing, pages, ui):
        app.register_blueprint(module.bp)
    return app


def _only_known_hosts() -> None:
    if not site().hosts.permits(request.headers.get("Host")):
        raise MisdirectedRequest("this server does not go by that name; see the setting allowed_hosts")


def _end_with_slash() -> Response | None:
    rule = request.url_rule
    path = request.path
    if (
        rule is None
        or not rule.rule.endswith("/")
        or path.endswith("/")
        or request.method not in ("GET", "HEAD")
    ):
        return None
    query = request.query_string.decode("latin-1")
    # After "./" no segment can pass for a scheme or a host.
    location = f"./{quote(path.rpartition('/')[2])}/" + (f"?{query}" if query else "")
    return Response(status=301, headers={"Location": location, "Cache-Control": "no-cache"})


def _add_safety(response: Response) -> Response:
    # Werkzeug would make it absolute, and with that wrong behind a prefix.
    response.autocorrect_location_header = False
    for name, value in SAFETY.items():
        response.headers.setdefault(name, value)
    return response


def _refuse(error: errors.PocketRepoError) -> Response:
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 500)
    if status == 500:
        return _fault(error)
    if signing.is_called_for(error):
        return signing.ask()
    response = _say(status, str(error), error.field if isinstance(error, errors.BadField) else "")
    if isinstance(error, errors.Unauthorized):
        response.headers["WWW-Authenticate"] = 'Basic realm="pocketrepo", charset="UTF-8"'
    if isinstance(error, errors.Unavailable | errors.TooManyAttempts):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.Unauthorized | errors.Forbidden):
        try:
            record_denial(error)
        except errors.PocketRepoError as unrecorded:
            return _refuse(unrecorded)
    if isinstance(error, errors.BadUpload):
        log.info("refused upload: %s", error)
    if isinstance(error.__cause__, OSError):
        log.error("%s", error)
    return response


def _http_error(error: HTTPException) -> Response:
    response = _say(error.code or 500, error.description or error.name)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _failed_call(error: OSError) -> Response:
    """A full disk, or no descriptors left, is no fault of ours, wherever it shows."""
    if error.errno not in disk.EXHAUSTED:
        return _fault(error)
    try:
        with disk.telling("answer this request"):
            raise error
    except errors.Unavailable as unavailable:
        return _refuse(unavailable)


def _fault(error: Exception) -> Response:
    log.error("fault at %s %s", request.method, quote(redacted(request.path), safe="/*"), exc_info=error)
    return _say(500, "the server met a fault; its log has the details")


def _say(status: int, message: str, field: str = "") -> Response:
    """One line in the form that the asker reads: JSON for the API, which also names the field that is meant, a page
    for people, else text."""
    line = display.printable(" ".join(message.split()))
    if request.path.startswith("/v1/"):
        more = {"code": "invalid", "fields": {field: [line]}} if field else {}
        response = jsonify({"detail": line, **more})
        response.status_code = status
        return response
    if pages.is_for_person():
        response = pages.page("error.html", private=True, status=status, message=line)
        response.status_code = status
        return response
    response = text(line + "\n", status)
    if request.method == "POST":
        # Most upload clients show nothing else (the upload API of PyPI does the same).
        reason = line[:LONGEST_REASON].replace("\u2026", "...").encode("ascii", "replace").decode()
        response.status = f"{status} {reason}"
    return response
