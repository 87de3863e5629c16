"""Entitlement tokens of a repository under ``/v1/entitlements/``, with Cloudsmith's fields; for its administrators.

A token's secret is in the answer that makes it, and nowhere else: only its digest is kept.
"""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, jsonify

from pocketrepo import display, events
from pocketrepo.access import Action, Actor, Entitlement
from pocketrepo.access.entitlements import EntitlementBook, Terms, known_terms
from pocketrepo.access.names import check_token
from pocketrepo.access.usage import Usage
from pocketrepo.model import Json, RepositoryName
from pocketrepo.web.audit import record
from pocketrepo.web.auth import require
from pocketrepo.web.payload import MASKED, base, body, field, needed, only, page, words
from pocketrepo.web.state import site

bp = Blueprint("entitlements", __name__, url_prefix="/v1/entitlements/<owner>/<repo>")
LIMITS = (
    "limit_num_downloads", "limit_num_clients", "limit_bandwidth", "limit_date_range_from", "limit_date_range_to",
    "limit_package_query",
)  # fmt: skip
"""Fields that limit where they are set."""


@bp.get("/")
def entitlements(owner: str, repo: str) -> Response:
    """All tokens of a repository, with their limits and what they have used; secrets are masked."""
    book, _actor = _book(owner, repo)
    return page(book.all(), _shown)


@bp.post("/")
def create_entitlement(owner: str, repo: str) -> tuple[Response, int]:
    """Make a token of ``{"name": …}`` and any limits; ``token`` is a secret of one's own. The answer tells it."""
    book, actor = _book(owner, repo)
    given = body()
    needed(given, "name")
    token = _own_token(given)
    made, secret = book.create(Terms(**known_terms(given)), actor=actor.name, token=token)
    _record(events.ENTITLEMENT_CREATED, actor, made, terms=_limits(made))
    return jsonify(_shown(made, secret)), 201


@bp.get("/<slug>/")
def entitlement(owner: str, repo: str, slug: str) -> Response:
    """One token."""
    book, _actor = _book(owner, repo)
    return jsonify(_shown(book.find(slug)))


@bp.patch("/<slug>/")
def change_entitlement(owner: str, repo: str, slug: str) -> Response:
    """Change the fields that are sent; null takes a limit away."""
    book, actor = _book(owner, repo)
    given = body()
    token, secret = _own_token(given), MASKED
    changed = book.find(slug)
    if given:
        changed = book.update(slug, given, actor=actor.name)
        _record(events.ENTITLEMENT_UPDATED, actor, changed, changes=given)
    if token:
        changed, secret = book.refresh(slug, actor=actor.name, token=token)
        _record(events.ENTITLEMENT_REFRESHED, actor, changed)
    return jsonify(_shown(changed, secret))


@bp.delete("/<slug>/")
def delete_entitlement(owner: str, repo: str, slug: str) -> tuple[str, int]:
    """Remove a token; it is unknown at once."""
    book, actor = _book(owner, repo)
    found = book.find(slug)
    _record(events.ENTITLEMENT_DELETED, actor, found)
    book.remove(slug)
    site().root.access.usage.forget(found)
    return "", 204


@bp.post("/<slug>/refresh/")
def refresh_entitlement(owner: str, repo: str, slug: str) -> Response:
    """Make a new secret, or take that in ``token``; the old one is unknown at once. The answer tells it."""
    book, actor = _book(owner, repo)
    token = _own_token(given := body())
    only(given)
    changed, secret = book.refresh(slug, actor=actor.name, token=token)
    _record(events.ENTITLEMENT_REFRESHED, actor, changed)
    return jsonify(_shown(changed, secret))


@bp.post("/<slug>/reset/")
def reset_entitlement(owner: str, repo: str, slug: str) -> Response:
    """Start the counters of a token at zero."""
    book, actor = _book(owner, repo)
    changed = book.reset(slug, actor=actor.name)
    _record(events.ENTITLEMENT_RESET, actor, changed)
    return jsonify(_shown(changed))


@bp.post("/<slug>/enable/")
def enable_entitlement(owner: str, repo: str, slug: str) -> Response:
    """Let a token be used again."""
    return _switch(owner, repo, slug, True)


@bp.post("/<slug>/disable/")
def disable_entitlement(owner: str, repo: str, slug: str) -> Response:
    """Let a token not be used until it is enabled."""
    return _switch(owner, repo, slug, False)


def _switch(owner: str, repo: str, slug: str, active: bool) -> Response:
    book, actor = _book(owner, repo)
    changes = {"is_active": active}
    changed = book.update(slug, changes, actor=actor.name)
    _record(events.ENTITLEMENT_UPDATED, actor, changed, changes=changes)
    return jsonify(_shown(changed))


@bp.post("/sync/")
def sync_entitlements(owner: str, repo: str) -> Response:
    """Take over the tokens of the repository ``{"source": …}``, secrets and limits alike; those that are here already
    stay as they are. For who administers both."""
    book, actor = _book(owner, repo)
    source = needed(only(body(), "source"), "source")
    with field("source"):
        name = RepositoryName.parse(source if "/" in source else f"{owner}/{source}")
    theirs, _actor = _book(*name)
    taken = book.take_over(theirs, actor=actor.name)
    for each in taken:
        _record(events.ENTITLEMENT_CREATED, actor, each, source=str(theirs.repository), terms=_limits(each))
    return jsonify({"tokens": [_shown(each) for each in taken]})


def _book(owner: str, repo: str) -> tuple[EntitlementBook, Actor]:
    """The tokens of a repository that the asker may administer. Raises Unauthorized, Forbidden, NoSuchRepository."""
    name = RepositoryName.parse(f"{owner}/{repo}")
    actor = require(Action.ADMIN, name)
    root = site().root
    root.repository(name)
    return root.access.entitlements(name), actor


def _own_token(given: Json) -> str:
    """The secret that the owner chose; it is taken out of the body, so that it cannot be recorded with the rest."""
    token = words(given, "token")
    given.pop("token", None)
    if token is None:
        return ""
    with field("token"):
        check_token(token)
    return token


def _record(event: str, actor: Actor, about: Entitlement, **data: object) -> None:
    record(event, actor, about.repository, slug=about.slug, name=about.terms.name, **data)


def _limits(about: Entitlement) -> Json:
    """What was said of a token beyond its name."""
    plain = asdict(Terms(name=about.terms.name))
    return {name: value for name, value in asdict(about.terms).items() if value != plain[name]}


def _shown(about: Entitlement, secret: str = MASKED) -> Json:
    terms = about.terms
    usage = site().root.access.usage.read(about)
    address = f"{base()}/v1/entitlements/{about.repository}/{about.slug}/"
    return asdict(terms) | {
        "slug_perm": about.slug,
        "identifier": about.slug,
        "token": secret,
        "default": False,
        "user": None,
        "downloads": usage.downloads,
        "clients": usage.clients,
        "bandwidth": usage.bandwidth,
        "usage": display.size(usage.bandwidth),
        "usage_since": usage.since,
        "has_limits": any(getattr(terms, name) is not None for name in LIMITS),
        "is_limited": _is_used_up(terms, usage),
        "created_at": about.created,
        "created_by": about.created_by,
        "updated_at": about.updated,
        "updated_by": about.updated_by,
        "self_url": address,
        **{f"{verb}_url": f"{address}{verb}/" for verb in ("refresh", "reset", "enable", "disable")},
    }


def _is_used_up(terms: Terms, usage: Usage) -> bool:
    """Whether the next download would be one too many."""
    used = (
        (terms.limit_num_downloads, usage.downloads),
        (terms.limit_in_bytes, usage.bandwidth),
    )
    return any(limit is not None and count >= limit for limit, count in used)
