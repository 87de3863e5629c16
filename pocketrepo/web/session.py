"""Being signed in on the web pages: a signed cookie that says who, for reading alone.

Nothing that changes data looks at it, so that no page elsewhere can make a browser do what its user may. It ends with
its time, when the user signs out, and when what they signed in with changes.
"""

from __future__ import annotations

import hashlib

from flask import Response, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from pocketrepo.access import OWNER, Actor
from pocketrepo.web.state import site

LASTS = 12 * 3600
"""Seconds."""


def start(response: Response, actor: Actor) -> None:
    """Remember who signed in."""
    name = "" if actor.is_owner else actor.user
    slug = actor.key.slug if actor.key else ""
    value = _signer().dumps([name, slug, _mark(name, slug)])
    response.set_cookie(
        _cookie(), value, max_age=LASTS, httponly=True, samesite="Lax", secure=is_https(), path="/"
    )


def end(response: Response) -> None:
    response.delete_cookie(_cookie(), path="/", httponly=True, samesite="Lax")


def is_https() -> bool:
    """Whether readers come by https, if need be to a proxy that the setting ``public_url`` tells of."""
    return request.is_secure or (site().settings.public_url or "").lower().startswith("https:")


def signed_in() -> Actor | None:
    """Who the cookie says, if it is one of ours and still good."""
    value = request.cookies and request.cookies.get(_cookie())
    if not value:
        return None
    try:
        name, slug, mark = _signer().loads(value, max_age=LASTS)
    except (BadSignature, ValueError, TypeError):
        return None
    if not mark or mark != _mark(name, slug):
        return None
    if not name:
        return OWNER
    accounts = site().root.access.accounts.get()
    key = next((key for key in accounts.keys.values() if key.slug == slug), None) if slug else None
    return None if key is not None and key.is_expired else Actor(name, user=name, key=key)


def _mark(name: str, slug: str) -> str:
    """Changes with what a session rests on, a password or an API key; empty where that is gone. The owner's key
    signs the cookie itself."""
    accounts = site().root.access.accounts.get()
    if not name:
        return "owner"
    if slug:
        basis = next((hashed for hashed, key in accounts.keys.items() if key.slug == slug), None)
    else:
        basis = accounts.passwords.get(name)
    return hashlib.sha256(f"{name}\0{basis}".encode()).hexdigest()[:24] if basis else ""


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(site().root.access.derived("session"), salt=site().root.id)


def _cookie() -> str:
    """Named by the root: two servers on one host do not sign each other's readers out."""
    return f"pocketrepo-{site().root.id}"
