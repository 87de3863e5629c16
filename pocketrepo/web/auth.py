"""The gate, asked by views before anything else."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request
from packaging.utils import NormalizedName

from pocketrepo import events
from pocketrepo.access import Action, Actor, Credential
from pocketrepo.errors import Forbidden, LimitReached, PocketRepoError, Unauthorized
from pocketrepo.front import credential_of
from pocketrepo.model import RepositoryName
from pocketrepo.paths import parse, redacted
from pocketrepo.web.state import ASKED, header, site


def asking(repository: RepositoryName | None = None) -> Actor:
    """Who sends this request. An entitlement token is known only where its ``repository`` is named: it is no
    credential of the API. Raises Unauthorized, TooManyAttempts."""
    access = site().root.access
    return access.identify(credential(), repository=repository, client=client())


def credential() -> Credential | None:
    """What the request brings along: a header; the API also takes ``X-Api-Key``."""
    key = request.headers.get("X-Api-Key") if request.path.startswith("/v1/") else None
    return credential_of(header) or (Credential("", key) if key else None)


def client() -> str:
    """The address that the request comes from, as far as it can be trusted."""
    return site().front.proxies.client(ASKED)


def require(
    action: Action,
    repository: RepositoryName | None = None,
    *,
    project: NormalizedName | None = None,
    tokens_too: bool = False,
) -> Actor:
    """Who asks, if they may. Raises Unauthorized, Forbidden.

    ``tokens_too`` says "forbidden" to the repository's entitlement tokens, and not that they are unknown.
    """
    refuse_foreign_pages()
    actor = asking(repository if tokens_too else None)
    site().root.access.require(actor, action, repository, project=project)
    return actor


def refuse_foreign_pages() -> None:
    """A page of another origin may make a browser send a request with credentials the browser remembers."""
    said = request.headers.get("Sec-Fetch-Site")
    if said in ("cross-site", "same-site"):
        raise Forbidden("a page of another site may not do this")
    if said == "same-origin":
        return  # the browser compared what the reader sees, which a proxy may hide from us
    origin = request.headers.get("Origin")
    if origin is not None and _host_of(origin) != request.host:
        raise Forbidden("a page of another origin may not do this")


def record_denial(error: PocketRepoError) -> None:
    """Put a refused credential on record before it is answered. To be asked for one is no denial."""
    path, target = redacted(request.path), parse(request.path)
    sent = credential() or (Credential("", target.token) if target and target.token else None)
    if sent is None and path == request.path:
        return
    repository = target.repository or site().root.default if target else None
    site().root.log.record(
        events.DENIED,
        repository,
        actor=_name_of(sent, repository),
        client=client(),
        method=request.method,
        path=path,
        status=401 if isinstance(error, Unauthorized) else 402 if isinstance(error, LimitReached) else 403,
        reason=error.message,
    )


def _name_of(sent: Credential | None, repository: RepositoryName | None) -> str:
    """Who a refused credential belongs to. A user name that nobody has is not told: it may be a password, or a token,
    in the wrong place."""
    access = site().root.access
    try:
        return access.identify(sent, repository=repository, at_once=True).name if sent else "unknown"
    except Unauthorized:
        return sent.user if sent and sent.user in access.accounts.get().passwords else "unknown"


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None
