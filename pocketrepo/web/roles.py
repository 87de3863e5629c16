"""Roles: what users may do with a repository, and who owns a namespace and with it all repositories below."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from pocketrepo import events
from pocketrepo.access import Action, Actor, Role
from pocketrepo.errors import NotFound
from pocketrepo.model import Json, RepositoryName
from pocketrepo.web.audit import record
from pocketrepo.web.auth import require
from pocketrepo.web.payload import body, field, needed, only, page
from pocketrepo.web.state import site

bp = Blueprint("roles", __name__, url_prefix="/v1")


@bp.get("/repos/<owner>/<repo>/privileges/")
def privileges(owner: str, repo: str) -> Response:
    """Who has which role in a repository; for its administrators."""
    name, _actor = _administered(owner, repo)
    accounts = site().root.access.accounts.get()
    owners = [_privilege(user, Role.ADMIN, True) for user in sorted(accounts.owners.get(name.owner, ()))]
    given = accounts.roles.get(str(name), {})
    return page(owners + [_privilege(user, given[user]) for user in sorted(given)])


@bp.put("/repos/<owner>/<repo>/privileges/<user>/")
def give_role(owner: str, repo: str, user: str) -> Response:
    """Give a user the role ``{"privilege": "Read"}``, ``"Write"`` or ``"Admin"``."""
    name, actor = _administered(owner, repo)
    text = needed(only(body(), "privilege"), "privilege")
    with field("privilege"):
        role = Role.parse(text)
    site().root.access.accounts.set_role(user, name, role)
    record(events.ROLE_GIVEN, actor, name, user=user, role=str(role))
    return jsonify(_privilege(user, role))


@bp.delete("/repos/<owner>/<repo>/privileges/<user>/")
def take_role(owner: str, repo: str, user: str) -> tuple[str, int]:
    """Take a user's role away."""
    name, actor = _administered(owner, repo)
    book = site().root.access.accounts
    if user not in book.get().roles.get(str(name), {}):
        raise NotFound(f"{user} has no role in {name}")
    record(events.ROLE_TAKEN, actor, name, user=user)
    book.set_role(user, name, None)
    return "", 204


@bp.get("/orgs/<owner>/members/")
def members(owner: str) -> Response:
    """Who owns the namespace; for those, and for the owner of the root."""
    namespace = _namespace(owner)
    require(Action.ADMIN, RepositoryName(namespace, "*"))
    accounts = site().root.access.accounts.get()
    return page([_member(user, namespace) for user in sorted(accounts.owners.get(namespace, ()))])


@bp.put("/orgs/<owner>/members/<user>/")
def add_member(owner: str, user: str) -> Response:
    """Make a user an owner of the namespace; for the owner of the root."""
    actor, namespace = require(Action.ADMIN), _namespace(owner)
    site().root.access.accounts.set_owner(user, namespace, True)
    record(events.ROLE_GIVEN, actor, namespace=namespace, user=user, role="owner")
    return jsonify(_member(user, namespace))


@bp.delete("/orgs/<owner>/members/<user>/")
def remove_member(owner: str, user: str) -> tuple[str, int]:
    """Take the namespace away from a user."""
    actor, namespace = require(Action.ADMIN), _namespace(owner)
    book = site().root.access.accounts
    if user not in book.get().owners.get(namespace, ()):
        raise NotFound(f"{user} does not own {namespace}")
    record(events.ROLE_TAKEN, actor, namespace=namespace, user=user, role="owner")
    book.set_owner(user, namespace, False)
    return "", 204


def _administered(owner: str, repo: str) -> tuple[RepositoryName, Actor]:
    """A repository that the asker may administer. Raises Unauthorized, Forbidden, NoSuchRepository."""
    name = RepositoryName.parse(f"{owner}/{repo}")
    actor = require(Action.ADMIN, name)
    site().root.repository(name)
    return name, actor


def _namespace(owner: str) -> str:
    return RepositoryName.parse(f"{owner}/any").owner


def _privilege(user: str, role: Role, inherited: bool = False) -> Json:
    """``inherited``: as an owner of the namespace."""
    return {"user": user, "privilege": str(role).capitalize(), "inherited": inherited}


def _member(user: str, namespace: str) -> Json:
    return {"user": user, "namespace": namespace, "role": "Owner"}
