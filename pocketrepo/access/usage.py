"""What a limited token has used up: exact, whatever number of processes serve the root.

Each download is reserved by one conditional write before its first byte and is not given back.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pocketrepo.access.entitlements import Entitlement
from pocketrepo.access.periods import NEVER, moment, period_start
from pocketrepo.clock import now, written
from pocketrepo.errors import LimitReached
from pocketrepo.model import Json
from pocketrepo.store import Store

MOST_CLIENTS = 10_000
"""Addresses that are told apart where their number is not limited; the document stays small."""


@dataclass(frozen=True)
class Usage:
    """Since the last reset: downloads, their bytes, and the addresses they went to."""

    downloads: int = 0
    bandwidth: int = 0
    clients: int = 0
    since: str = ""


class UsageBook:
    """The counters of all tokens of a root."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, entitlement: Entitlement) -> Usage:
        counters = _current(entitlement, self._store.get(_key(entitlement)))
        return Usage(
            counters["downloads"], counters["bandwidth"], len(counters["clients"]), counters["since"]
        )

    def reserve(self, entitlement: Entitlement, size: int, client: str) -> None:
        """Count one download of ``size`` bytes by ``client``. Raises LimitReached, and counts nothing then."""
        self._count(entitlement, 1, size, [client], within_limits=True)

    def add(self, entitlement: Entitlement, downloads: int, size: int, clients: list[str]) -> None:
        """Count downloads that have been, of a token without limits."""
        self._count(entitlement, downloads, size, clients, within_limits=False)

    def forget(self, entitlement: Entitlement) -> None:
        self._store.remove(_key(entitlement))

    def _count(
        self, entitlement: Entitlement, downloads: int, size: int, clients: list[str], *, within_limits: bool
    ) -> None:
        marks = [_mark(client) for client in clients]

        def change(document: Json | None) -> Json:
            counters = _current(entitlement, document)
            seen = list(dict.fromkeys([*counters["clients"], *marks]))
            exact = entitlement.terms.limit_num_clients is not None
            counters["clients"] = seen if exact else seen[:MOST_CLIENTS]
            counters["downloads"] += downloads
            counters["bandwidth"] += size
            if within_limits:
                _require_room(entitlement, counters)
            counters["last"] = now()
            return counters

        self._store.update(_key(entitlement), change)


def _require_room(entitlement: Entitlement, counters: Json) -> None:
    terms = entitlement.terms
    limits = (
        ("downloads", terms.limit_num_downloads, counters["downloads"]),
        ("bytes", terms.limit_in_bytes, counters["bandwidth"]),
        ("clients", terms.limit_num_clients, len(counters["clients"])),
    )
    for what, limit, used in limits:
        if limit is not None and used > limit:
            last = f", the last counted at {counters['last']}" if counters["last"] else ""
            raise LimitReached(
                f"entitlement {terms.name!r} is limited to {limit:,} {what} since {counters['since']}{last}"
            )


def _current(entitlement: Entitlement, document: Json | None) -> Json:
    """The counters of the present period; those of an earlier one are over."""
    terms = entitlement.terms
    anchor = terms.scheduled_reset_at if terms.scheduled_reset_period != NEVER else None
    start = period_start(moment(anchor or entitlement.created), terms.scheduled_reset_period, moment(now()))
    generation = entitlement.generation
    # Not where a longer period began earlier, nor where a clock was set back: what was counted stays counted.
    if document and document["generation"] >= generation and moment(document["since"]) >= start:
        return document
    fresh = {"downloads": 0, "bandwidth": 0, "clients": [], "last": ""}
    return {**(document or {}), **fresh, "since": written(start), "generation": generation}


def _mark(client: str) -> str:
    """Addresses are only compared: their digests do."""
    return hashlib.sha256(client.encode()).hexdigest()[:16]


def _key(entitlement: Entitlement) -> str:
    return f"repos/{entitlement.repository}/usage/{entitlement.slug}.json"
