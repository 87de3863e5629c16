"""What every page for people is made of, whatever it shows: its frame, its headers, and the reader's name in it.

Links are relative, so that they hold under any prefix. What a browser may keep depends on who reads: a page that
shows more than everybody may see, or a name, is kept by nobody.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import NotAcceptable

import pocketrepo
from pocketrepo import display
from pocketrepo.paths import redacted
from pocketrepo.simpleapi import Format
from pocketrepo.web import csrf
from pocketrepo.web.session import signed_in
from pocketrepo.web.setup import address
from pocketrepo.web.state import site

bp = Blueprint("pages", __name__)

_RETURN = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]*/)*(?:\?[A-Za-z0-9._~%&=+-]*)?", re.ASCII)
"""Every segment begins with a letter or digit: none is empty, none is ``..``, in no spelling."""


def base() -> str:
    """The relative way from this page back to the server's root: right under any prefix."""
    # An escaped slash is a level to the router but not to a browser.
    escaped = request.environ.get("RAW_URI", "").partition("?")[0].lower().count("%2f")
    return "../" * (request.path.count("/") - 1 - escaped) or "./"


def page(template: str, *, private: bool = False, **context: Any) -> Response:
    """``private`` says that not everybody may see what is on it."""
    body = render_template(template, base=base(), **context)
    response = Response(display.printable(body), content_type="text/html; charset=utf-8")
    response.vary.update(("Accept", "Cookie"))
    csrf.remember(response)
    if csrf.used():
        # With "no-referrer" a browser sends a form without its origin (Fetch standard, "origin" header).
        response.headers["Referrer-Policy"] = "same-origin"
    if not private and not csrf.used():
        return revalidated(response)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def revalidated(response: Response) -> Response:
    """Asked for again each time, but sent again only if it is another (RFC 9111 §4.3)."""
    digest = hashlib.sha256(response.get_data()).hexdigest()
    response.set_etag(digest[:32])
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response


def require_html() -> None:
    """Raises NotAcceptable."""
    if request.accept_mimetypes and not request.accept_mimetypes.quality("text/html"):
        raise NotAcceptable("this page is offered as text/html only")


def is_for_person() -> bool:
    """Whether a browser asks, which wants HTML more than anything that tools ask for."""
    kinds = ["text/plain", "application/json", Format.JSON_V1.value, Format.HTML_V1.value, "text/html"]
    return request.method in ("GET", "HEAD") and request.accept_mimetypes.best_match(kinds) == "text/html"


def return_address(text: str) -> str:
    """A place below the server's root, as a page of ours names it; what could lead elsewhere is the root itself."""
    return text if _RETURN.fullmatch(text) and not text.startswith("account/") else ""


def this_page() -> str:
    """The present page as a `return_address`, without what is no part of a plain one; none with a token in it."""
    if redacted(request.path) != request.path:
        return ""
    path, query = request.path[1:], request.query_string.decode("latin-1")
    return return_address(f"{path}?{query}" if query else path) or return_address(path)


# For templates


@bp.app_context_processor
def _always() -> dict[str, Any]:
    return {
        "version": pocketrepo.__version__,
        "signed_in": signed_in,
        "this_page": this_page,
        "form_token": csrf.token,
    }


bp.add_app_template_filter(display.size)


@bp.app_template_filter()
def day(time: str) -> str:
    return time[:10]


@bp.app_template_filter()
def minute(time: str) -> str:
    return datetime.fromisoformat(time).strftime("%Y-%m-%d %H:%M UTC")


@bp.app_template_global()
def guessed_address() -> str:
    """What lines to copy begin with, if it is only what this request looks like."""
    return "" if site().settings.public_url else address()


@bp.app_template_global()
def here(**arguments: str | int) -> str:
    """This page with other arguments; those that say nothing are left out."""
    said = {name: value for name, value in arguments.items() if value not in ("", 1)}
    return f"?{urlencode(said)}" if said else "./"
