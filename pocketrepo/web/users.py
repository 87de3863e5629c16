"""Users under ``/v1/users/``: made and removed by the owner of the root, who alone sees the list."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from pocketrepo import events
from pocketrepo.access import Accounts, Action, Actor
from pocketrepo.access.passwords import hash_password
from pocketrepo.errors import BadField, Forbidden, NotFound
from pocketrepo.model import Json
from pocketrepo.web.audit import record
from pocketrepo.web.auth import asking, refuse_foreign_pages, require
from pocketrepo.web.payload import base, body, field, needed, only, page, words
from pocketrepo.web.state import site

bp = Blueprint("users", __name__, url_prefix="/v1/users")


@bp.get("/")
def users() -> Response:
    """All users; for the owner."""
    require(Action.ADMIN)
    accounts = site().root.access.accounts.get()
    return page(sorted(accounts.passwords), lambda name: _user(accounts, name))


@bp.post("/")
def add_user() -> tuple[Response, int]:
    """Make a user of ``{"name": …, "password": …}``; one without a password has keys only."""
    actor = require(Action.ADMIN)
    given = only(body(), "name", "password")
    name, password = needed(given, "name"), words(given, "password")
    book = site().root.access.accounts
    hashed = _hashed(password)
    with field("name"):
        book.add_user(name, hashed)
    record(events.USER_ADDED, actor, user=name, password=hashed is not None)
    return jsonify(_user(book.get(), name)), 201


@bp.delete("/<name>/")
def remove_user(name: str) -> tuple[str, int]:
    """Remove a user with all keys and roles."""
    actor = require(Action.ADMIN)
    book = site().root.access.accounts
    _require_user(book.get(), name)
    record(events.USER_REMOVED, actor, user=name)
    book.remove_user(name)
    return "", 204


@bp.put("/<name>/password/")
def set_password(name: str) -> tuple[str, int]:
    """Set ``{"password": …}``; null takes it away. For the owner, and for the user by the present password."""
    actor = _who_may_set_password(name)
    given = only(body(), "password")
    if "password" not in given or (given["password"] is None and not actor.is_owner):
        raise BadField("password", "needed, as text")
    book = site().root.access.accounts
    _require_user(book.get(), name)
    book.set_password(name, _hashed(words(given, "password")))
    record(events.PASSWORD_CHANGED, actor, user=name, password=given["password"] is not None)
    return "", 204


def _who_may_set_password(name: str) -> Actor:
    """Raises Unauthorized, Forbidden."""
    refuse_foreign_pages()
    actor = asking()
    if actor.user != name:
        site().root.access.require(actor, Action.ADMIN)
    elif actor.key is not None:
        raise Forbidden("a key may not change a password", hint="send the present password")
    return actor


def _hashed(password: str | None) -> str | None:
    if password is None:
        return None
    with field("password"):
        return hash_password(password)


def _require_user(accounts: Accounts, name: str) -> None:
    if name not in accounts.passwords:
        raise NotFound(f"no user {name}")


def _user(accounts: Accounts, name: str) -> Json:
    return {
        "name": name,
        "slug": name,
        "slug_perm": name,
        "has_password": accounts.passwords[name] is not None,
        "key_count": sum(key.user == name for key in accounts.keys.values()),
        "owns": sorted(owner for owner, names in accounts.owners.items() if name in names),
        "roles": {
            repository: str(given[name]) for repository, given in accounts.roles.items() if name in given
        },
        "created_at": accounts.created[name],
        "self_url": f"{base()}/v1/users/{name}/",
    }
