"""API keys under ``/v1/user/tokens/``: each user's own, and all of them for the owner of the root."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from packaging.utils import InvalidName, NormalizedName, canonicalize_name

from pocketrepo import events
from pocketrepo.access import Actor, Key, Scope
from pocketrepo.access.entitlements import NAME
from pocketrepo.access.periods import moment
from pocketrepo.clock import now, written
from pocketrepo.errors import BadField, Forbidden, NotFound, Unauthorized
from pocketrepo.model import Json, RepositoryName
from pocketrepo.web.audit import record
from pocketrepo.web.auth import asking, refuse_foreign_pages
from pocketrepo.web.payload import MASKED, base, body, field, needed, only, page, words
from pocketrepo.web.state import site

bp = Blueprint("tokens", __name__, url_prefix="/v1/user/tokens")


@bp.get("/")
def keys() -> Response:
    """The asker's API keys; for the owner everybody's, or those of ``?user=``."""
    actor = _holder()
    user = request.args.get("user", "") if actor.is_owner else actor.user
    found = site().root.access.accounts.get().keys.values()
    return page([key for key in found if not user or key.user == user], _key)


@bp.post("/")
def create_key() -> tuple[Response, int]:
    """Make a key of ``{"name": …}``, with ``expires_at``, ``repository``, ``project`` and ``upload_only``; the owner
    says whose in ``user``. The secret is in this answer's ``key`` and nowhere else."""
    actor = _holder()
    given = only(body(), "name", "user", "expires_at", "repository", "project", "upload_only")
    name = needed(given, "name")
    if not NAME.match(name):
        raise BadField("name", "a key needs a name of up to 200 characters, in one line")
    user, expires, scope = _user(given, actor), _expiry(given, actor), _scope(given, actor)
    key, secret = site().root.access.accounts.add_key(user, name, expires=expires, scope=scope)
    record(events.KEY_CREATED, actor, user=user, slug=key.slug, name=name, expires=expires)
    return jsonify(_key(key) | {"key": secret}), 201


@bp.delete("/<slug>/")
def revoke_key(slug: str) -> tuple[str, int]:
    """Revoke a key, at once."""
    actor = _holder()
    book = site().root.access.accounts
    key = book.get().key(slug)
    if not actor.is_owner and key.user != actor.user:
        raise NotFound(f"no key {slug}")
    record(events.KEY_REVOKED, actor, user=key.user, slug=slug, name=key.name)
    book.revoke_key(slug)
    return "", 204


def _holder() -> Actor:
    """Who asks about keys. Raises Unauthorized, and Forbidden for a key that is not good for all that its user may
    do."""
    refuse_foreign_pages()
    actor = asking()
    if not actor.is_known:
        raise Unauthorized("a credential is needed to manage keys")
    if actor.key is not None and actor.key.scope != Scope():
        raise Forbidden("a key with a scope may not manage keys")
    return actor


def _user(given: Json, actor: Actor) -> str:
    if actor.is_owner:
        return needed(given, "user")
    if words(given, "user", actor.user) != actor.user:
        raise Forbidden("only the owner makes keys for others")
    return actor.user


def _expiry(given: Json, actor: Actor) -> str | None:
    """A key does not make one that outlives it."""
    text = words(given, "expires_at")
    with field("expires_at"):
        expires = written(moment(text)) if text is not None else None
    if expires is not None and expires <= now():
        raise BadField("expires_at", "lies in the past")
    limit = actor.key.expires if actor.key else None
    if limit is not None and (expires is None or expires > limit):
        raise BadField("expires_at", f"a key that expires on {limit} makes none that outlives it")
    return expires


def _scope(given: Json, actor: Actor) -> Scope:
    repository, project = words(given, "repository"), words(given, "project")
    upload_only = given.get("upload_only", False)
    if not isinstance(upload_only, bool):
        raise BadField("upload_only", "true or false")
    return Scope(
        repository=_repository(repository, actor) if repository is not None else None,
        project=_project(project) if project is not None else None,
        upload_only=upload_only,
    )


def _project(text: str) -> NormalizedName:
    try:
        return canonicalize_name(text, validate=True)
    except InvalidName:
        raise BadField("project", f"{text!r} is not the name of a project") from None


def _repository(text: str, actor: Actor) -> str:
    with field("repository"):
        name = RepositoryName.parse(text)
    if actor.is_owner:  # nobody else is told whether there is one
        site().root.repository(name)
    return str(name)


def _key(key: Key) -> Json:
    return {
        "slug_perm": key.slug,
        "name": key.name,
        "user": key.user,
        "key": MASKED,
        "created_at": key.created,
        "expires_at": key.expires,
        "is_expired": key.is_expired,
        "repository": key.scope.repository,
        "project": key.scope.project,
        "upload_only": key.scope.upload_only,
        "self_url": f"{base()}/v1/user/tokens/{key.slug}/",
    }
