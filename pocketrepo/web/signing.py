"""Signing in and out of the web pages, by forms that need no script.

A session reads pages and files; whatever changes data asks for a credential of its own. Who signed in, who failed to
and who left is on record before it is answered.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from pocketrepo import events
from pocketrepo.access import Actor, Credential
from pocketrepo.errors import Forbidden, PocketRepoError, TooManyAttempts, Unauthorized
from pocketrepo.web import csrf, session
from pocketrepo.web.auth import client
from pocketrepo.web.pages import base, is_for_person, page, require_html, return_address, this_page
from pocketrepo.web.state import site

bp = Blueprint("signing", __name__, url_prefix="/account")

MAX_FORM = 16 * 1024
"""Bytes of a form that is read."""
CHALLENGE = 'Form realm="pocketrepo"'
"""Goes with 401 in place of Basic, at which a browser would ask by a window of its own before it shows the form."""
NO_TOKENS = "an entitlement token signs in to nothing: it is for pip, uv and other tools"
UPLOADS_ONLY = "this key is for uploads alone, and reads no pages"


@bp.get("/sign-in/")
def form() -> Response:
    """The form to sign in; ``?next=`` is the page to return to, below this server's root."""
    require_html()
    return _form(return_address(request.args.get("next", "")))


@bp.post("/sign-in/")
def sign_in() -> Response:
    """Sign in with ``user`` and ``secret``, a password or a key; a key needs no user. Answers 303 and a cookie."""
    request.max_content_length = MAX_FORM
    back = return_address(request.form.get("next", ""))
    user, secret = request.form.get("user", "").strip(), request.form.get("secret", "")
    if not secret:
        user, secret = "", user  # a key in the first field
    try:
        csrf.require()
        actor = _who(Credential(user, secret))
    except Unauthorized as wrong:
        _record(events.DENIED, _known(user), status=401, reason=wrong.message)
        return _form(back, user, str(wrong), 401)
    except Forbidden as refused:
        return _form(back, user, str(refused), 403)
    except TooManyAttempts as early:
        response = _form(back, user, str(early), 429)
        response.headers["Retry-After"] = str(early.retry_after)
        return response
    _record(events.SIGNED_IN, actor.name, **({"key": actor.key.slug} if actor.key else {}))
    response = _go(back)
    session.start(response, actor)
    return response


@bp.post("/sign-out/")
def sign_out() -> Response:
    """End the session of this browser. Answers 303 to the front page."""
    request.max_content_length = MAX_FORM
    csrf.require()
    actor = session.signed_in()
    if actor is not None:
        _record(events.SIGNED_OUT, actor.name)
    response = _go("")
    session.end(response)
    return response


def is_called_for(error: PocketRepoError) -> bool:
    """Whether the answer to an error is to let a person sign in. Who sent a header is told about that instead."""
    return (
        isinstance(error, Unauthorized)
        and request.blueprint == "ui"
        and "Authorization" not in request.headers
        and is_for_person()
    )


def ask() -> Response:
    """In place of a page that needs it: the same for a private one as for one that does not exist."""
    return _form(this_page(), status=401, asked=True)


def _form(
    back: str, user: str = "", problem: str = "", status: int = 200, *, asked: bool = False
) -> Response:
    response = page("sign-in.html", private=True, back=back, user=user, problem=problem, asked=asked)
    response.status_code = status
    if status == 401:
        response.headers["WWW-Authenticate"] = CHALLENGE
    return response


def _who(credential: Credential) -> Actor:
    """Raises Unauthorized, TooManyAttempts."""
    try:
        actor = site().root.access.identify(credential, client=client())
    except Unauthorized:
        if credential.secret.startswith("pkt_"):
            raise Unauthorized(NO_TOKENS) from None
        raise
    if actor.key is not None and actor.key.scope.upload_only:
        raise Unauthorized(UPLOADS_ONLY)
    return actor


def _known(user: str) -> str:
    """A name for the log. What is no user's may be a password that went into the wrong field."""
    return user if user in site().root.access.accounts.get().passwords else "unknown"


def _record(event: str, actor: str, **data: object) -> None:
    site().root.log.record(
        event, None, actor=actor, client=client(), method=request.method, path=request.path, **data
    )


def _go(back: str) -> Response:
    """To a place below this server's root, said relatively: it can be no other host, whatever it holds."""
    return Response(status=303, headers={"Location": f"{base()}{back}", "Cache-Control": "private, no-store"})
