"""Forms that only our own pages can send (OWASP: signed double submit).

A form holds the answer to a random cookie of the same browser, made with a secret of this root. A page elsewhere can
neither read the cookie nor make the answer, and its posts say where they come from.
"""

from __future__ import annotations

import hmac
import secrets

from flask import Response, g, request

from pocketrepo.errors import Forbidden
from pocketrepo.web.auth import refuse_foreign_pages
from pocketrepo.web.session import is_https
from pocketrepo.web.state import site

FIELD = "csrf"
"""The form's field that holds the answer."""


def token() -> str:
    """For a form of the page that is being made."""
    if "csrf_cookie" not in g:
        g.csrf_cookie = request.cookies.get(_cookie()) or secrets.token_urlsafe(18)
    return _answer(g.csrf_cookie)


def used() -> bool:
    """Whether the page that was made has a form that posts."""
    return "csrf_cookie" in g


def remember(response: Response) -> None:
    """Give the browser its cookie, where a form needs one."""
    if used() and g.csrf_cookie != request.cookies.get(_cookie()):
        response.set_cookie(
            _cookie(), g.csrf_cookie, httponly=True, samesite="Lax", secure=is_https(), path="/"
        )


def require() -> None:
    """Raises Forbidden for a form that another site sent, or that does not answer to this browser's cookie."""
    refuse_foreign_pages()
    cookie, sent = request.cookies.get(_cookie()), request.form.get(FIELD, "")
    if not cookie or not hmac.compare_digest(_answer(cookie).encode(), sent.encode("utf-8", "replace")):
        raise Forbidden(
            "this form is out of date, or your browser keeps no cookies", hint="send it once more"
        )


def _answer(cookie: str) -> str:
    key = site().root.access.derived("forms")
    return hmac.new(key, cookie.encode("utf-8", "replace"), "sha256").hexdigest()


def _cookie() -> str:
    return f"pocketrepo-{site().root.id}-form"
