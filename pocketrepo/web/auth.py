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
from pocketrepo.paths import redacted
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
    if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        raise Forbidden("a page of another site may not do this")
    origin = request.headers.get("Origin")
    if origin is not None and _host_of(origin) != request.host:
        raise Forbidden("a page of another origin may not do this")


def record_denial(error: PocketRepoError) -> None:
    """Put a refused credential on record before it is answered. To be asked for one is no denial."""
    sent = credential()
    path = redacted(request.path)
    if (sent is None and path == request.path) or isinstance(error, LimitReached):
        return
    site().root.log.record(
        events.DENIED,
        None,
        actor=sent.user if sent is not None and sent.names_a_user else "unknown",
        client=client(),
        method=request.method,
        path=path,
        status=401 if isinstance(error, Unauthorized) else 403,
    )


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None
