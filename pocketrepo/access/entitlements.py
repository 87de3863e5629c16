"""Entitlement tokens: each only reads one repository, within limits.

Field names and meanings are Cloudsmith's. All tokens of a repository are one document, ``entitlements.json``: one
``stat`` tells whether any of them has changed, and one is found by the digest of its secret, without a listing.
``eula_required`` and ``limit_path_query`` are kept and not enforced.
"""

from __future__ import annotations

import json
import math
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from pocketrepo.access.names import check_token
from pocketrepo.access.periods import NEVER, check_period, moment
from pocketrepo.clock import now, timestamp
from pocketrepo.errors import AlreadyExists, BadField, NotFound, UsageError
from pocketrepo.keys import digest, new_secret
from pocketrepo.model import Json, RepositoryName
from pocketrepo.query import Query
from pocketrepo.store import Store
from pocketrepo.watched import Watched

UNITS = (
    "Byte", "Kilobyte", "Megabyte", "Gigabyte", "Terabyte", "Petabyte", "Exabyte", "Zettabyte", "Yottabyte",
)  # fmt: skip
"""Of bandwidth; powers of 1,000."""
MOST = 10**15
LONGEST_METADATA = 10_000
NAME = re.compile(r"(?=.*\S)[^\x00-\x1f\x7f-\x9f]{1,200}\Z")
_CHECKS: dict[str, Callable[[str], object]] = {
    "limit_date_range_from": moment,
    "limit_date_range_to": moment,
    "scheduled_reset_at": moment,
    "scheduled_reset_period": check_period,
    "limit_package_query": Query.parse,
    "limit_path_query": Query.check_length,
}
"""Fields that are text, and what raises UsageError where it makes no sense."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the owner of a repository decides about a token. Limits that are None do not limit."""

    name: str
    is_active: bool = True
    limit_num_downloads: int | None = None
    limit_num_clients: int | None = None
    """Addresses that download."""
    limit_bandwidth: int | None = None
    limit_bandwidth_unit: str = "Byte"
    limit_date_range_from: str | None = None
    limit_date_range_to: str | None = None
    limit_package_query: str | None = None
    """Only what matches is there, for downloads and on pages."""
    limit_path_query: str | None = None
    scheduled_reset_period: str = NEVER
    scheduled_reset_at: str | None = None
    eula_required: bool = False
    metadata: Json = field(default_factory=dict)

    @property
    def limit_in_bytes(self) -> int | None:
        if self.limit_bandwidth is None:
            return None
        return int(self.limit_bandwidth * 1000 ** UNITS.index(self.limit_bandwidth_unit))

    @property
    def is_counted(self) -> bool:
        """Whether each download has to be accounted for before its first byte."""
        limits = (self.limit_num_downloads, self.limit_num_clients, self.limit_bandwidth)
        return any(limit is not None for limit in limits)

    def check(self) -> None:
        """Raises BadField for what makes no sense."""
        if not isinstance(self.name, str) or not NAME.match(self.name):
            raise BadField("name", "a token needs a name of up to 200 characters, in one line")
        for name in ("limit_num_downloads", "limit_num_clients", "limit_bandwidth"):
            limit = getattr(self, name)
            if limit is not None and (type(limit) is not int or not 0 <= limit <= MOST):
                raise BadField(name, f"a whole number from 0 to {MOST:,}, or null for no limit")
        if self.limit_bandwidth_unit not in UNITS:
            raise BadField(
                "limit_bandwidth_unit",
                f"{self.limit_bandwidth_unit!r} is not a unit",
                hint=f"use one of: {', '.join(UNITS)}",
            )
        for name in ("is_active", "eula_required"):
            if not isinstance(getattr(self, name), bool):
                raise BadField(name, "true or false")
        for name, check in _CHECKS.items():
            self._check_text(name, check)
        if not isinstance(self.metadata, dict) or len(json.dumps(self.metadata)) > LONGEST_METADATA:
            raise BadField("metadata", f"a JSON object of up to {LONGEST_METADATA:,} characters")

    def _check_text(self, name: str, check: Callable[[str], object]) -> None:
        value = getattr(self, name)
        if value is None and name != "scheduled_reset_period":
            return
        if not isinstance(value, str):
            raise BadField(name, "text")
        try:
            check(value)
        except UsageError as error:
            raise BadField(name, error.message, hint=error.hint) from None


@dataclass(frozen=True, kw_only=True)
class Entitlement:
    """A token of a repository; ``slug`` names it, and stays when its secret is made anew."""

    slug: str
    repository: RepositoryName
    terms: Terms
    created: str
    created_by: str
    updated: str
    updated_by: str
    generation: int = 0
    """Counts resets by hand: counters of another generation are over."""

    @cached_property
    def query(self) -> Query | None:
        """Which packages it may see; None for all."""
        text = self.terms.limit_package_query
        return Query.parse(text) if text else None

    @cached_property
    def _range(self) -> tuple[float, float]:
        """When it begins to be good, and no longer is."""
        first, end = self.terms.limit_date_range_from, self.terms.limit_date_range_to
        return moment(first).timestamp() if first else -math.inf, moment(end).timestamp() if end else math.inf

    @property
    def ends_by_itself(self) -> bool:
        """Whether its document can stay as it is while it becomes good, or no longer is."""
        return self._range != (-math.inf, math.inf)

    def why_not(self) -> str:
        """The reason why it may not be used now, empty if it may."""
        terms, (first, end), time = self.terms, self._range, timestamp()
        if not terms.is_active:
            return f"entitlement {terms.name!r} is disabled since {self.updated}"
        if time < first:
            return f"entitlement {terms.name!r} is not valid before {terms.limit_date_range_from}"
        if time >= end:
            return f"entitlement {terms.name!r} has expired on {terms.limit_date_range_to}"
        return ""


Entitlements = Mapping[str, Entitlement]
"""By the digest of the secret."""


class EntitlementBook(Watched[Entitlements]):
    """The tokens of one repository, and every change to them."""

    def __init__(self, store: Store, repository: RepositoryName) -> None:
        self.repository = repository
        super().__init__(store, f"repos/{repository}/entitlements.json", self._of)

    def all(self) -> list[Entitlement]:
        """In the order in which they were made."""
        return list(self.get().values())

    def find(self, slug: str) -> Entitlement:
        """Raises NotFound."""
        for found in self.all():
            if found.slug == slug:
                return found
        raise NotFound(f"no entitlement {slug} in {self.repository}")

    def create(self, terms: Terms, *, actor: str, token: str = "") -> tuple[Entitlement, str]:
        """A new token and its secret, which is nowhere kept. ``token`` is one that the owner chose.

        Raises UsageError for terms or a token that make no sense, AlreadyExists for a token that is taken.
        """
        terms.check()
        if token:
            check_token(token)
        secret, entry = token or new_secret("pkt"), _entry(terms, actor)

        def change(tokens: Json) -> None:
            if digest(secret) in tokens:
                raise AlreadyExists("this token is taken", hint="choose another")
            tokens[digest(secret)] = entry

        self._change(change)
        return self.find(entry["slug"]), secret

    def update(self, slug: str, changes: Json, *, actor: str) -> Entitlement:
        """Change terms by their names. Raises NotFound, UsageError."""

        def change(entry: Json) -> None:
            terms = replace(Terms(**entry["terms"]), **known_terms(changes))
            terms.check()
            entry["terms"] = _terms(terms)

        return self._alter(slug, change, actor)

    def reset(self, slug: str, *, actor: str) -> Entitlement:
        """Start its counters at zero. Raises NotFound."""

        def change(entry: Json) -> None:
            entry["generation"] += 1

        return self._alter(slug, change, actor)

    def refresh(self, slug: str, *, actor: str, token: str = "") -> tuple[Entitlement, str]:
        """A new secret; the old one is unknown from here on. Raises NotFound, UsageError, AlreadyExists."""
        if token:
            check_token(token)
        secret = token or new_secret("pkt")

        def change(tokens: Json) -> None:
            if digest(secret) in tokens:
                raise AlreadyExists("this token is taken", hint="choose another")
            old = self._digest(tokens, slug)
            entry = tokens.pop(old)
            tokens[digest(secret)] = {**entry, "updated": now(), "updated_by": actor}

        self._change(change)
        return self.find(slug), secret

    def take_over(self, source: EntitlementBook, *, actor: str) -> list[Entitlement]:
        """Tokens of another repository, so that their secrets are good here too, with counters of their own. Those
        that are here already stay as they are."""
        theirs, taken = source.get(), list[str]()

        def change(tokens: Json) -> None:
            taken.clear()
            for hashed, their in theirs.items():
                if hashed not in tokens:
                    tokens[hashed] = entry = _entry(their.terms, actor)
                    taken.append(entry["slug"])

        self._change(change)
        return [self.find(slug) for slug in taken]

    def remove(self, slug: str) -> None:
        """Raises NotFound."""
        self._change(lambda tokens: tokens.pop(self._digest(tokens, slug)))

    def _alter(self, slug: str, change: Callable[[Json], None], actor: str) -> Entitlement:
        def altered(tokens: Json) -> None:
            entry = tokens[self._digest(tokens, slug)]
            change(entry)
            entry |= {"updated": now(), "updated_by": actor}

        self._change(altered)
        return self.find(slug)

    def _change(self, change: Callable[[Json], Any]) -> None:
        def changed(document: Json | None) -> Json:
            document = document or {"tokens": {}}
            change(document["tokens"])
            return document

        self._store.update(self.key, changed)

    def _digest(self, tokens: Json, slug: str) -> str:
        for hashed, entry in tokens.items():
            if entry["slug"] == slug:
                return str(hashed)
        raise NotFound(f"no entitlement {slug} in {self.repository}")

    def _of(self, document: Json | None) -> Entitlements:
        if document is None:
            return {}
        return {
            hashed: Entitlement(
                repository=self.repository, **{**entry, "terms": Terms(**known_terms(entry["terms"]))}
            )
            for hashed, entry in document["tokens"].items()
        }


_FIELDS = {field.name for field in fields(Terms)}


def known_terms(given: Json) -> Json:
    """Raises BadField for a field that is none."""
    unknown = sorted(set(given) - _FIELDS)
    if unknown:
        raise BadField(unknown[0], "no such field", hint=f"known are {', '.join(sorted(_FIELDS))}")
    return given


def _entry(terms: Terms, actor: str) -> Json:
    """A new token as its repository's document has it."""
    made = {"created": now(), "created_by": actor, "updated": now(), "updated_by": actor}
    return {"slug": secrets.token_hex(6), "terms": _terms(terms), "generation": 0, **made}


def _terms(terms: Terms) -> Json:
    return asdict(terms)
