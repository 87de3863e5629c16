"""Who may do what, by the management API: users, keys, roles, owners, entitlement tokens, and the audit log.

Each class is a part of `Client`. Errors are those of every client call: Forbidden, NotFound, AlreadyExists, Refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Unpack
from urllib.parse import quote

from pocketrepo import tail
from pocketrepo.client.terms import Terms, fields
from pocketrepo.client.transport import Transport
from pocketrepo.clock import until
from pocketrepo.display import Listing, Piece, Shown, card, facts, muted, strong, table, text
from pocketrepo.model import Json
from pocketrepo.tail import Extract

A_YEAR = "365d"
_PAGE = 500


class Issued(Shown):
    """A key or token that was just made. ``secret`` is known here and nowhere else; ``about`` is what the server says
    of it, without the secret."""

    def __init__(self, secret: str, about: Json) -> None:
        self.secret = secret
        self.about = about

    @property
    def slug(self) -> str:
        """Names it in commands; no secret."""
        return str(self.about["slug_perm"])

    @property
    def name(self) -> str:
        return str(self.about["name"])

    def __repr__(self) -> str:
        return f"Issued({self.name!r}, slug={self.slug!r}, secret='•••')"

    def _piece(self) -> Piece:
        rows = [("slug", text(self.slug)), ("secret", text("in .secret, and nowhere else"))]
        return card(strong(self.name), facts(rows))


class Entries(Listing[Json]):
    """What the server lists; ``columns`` are the fields that are displayed, all are there."""

    def __init__(self, rows: Iterable[Json], columns: Sequence[str]) -> None:
        super().__init__(rows)
        self.columns = columns

    def _records(self) -> dict[str, list[Any]]:
        return {name: [row.get(name) for row in self] for name in (self[0] if self else self.columns)}

    def _piece(self) -> Piece:
        if not self:
            return card(muted("There is none."))
        rows = [tuple(text(_said(row.get(name))) for name in self.columns) for row in self]
        return card(table([name.removesuffix("_perm").replace("_", " ") for name in self.columns], rows))


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


class _Part:
    """Routes below one address."""

    def __init__(self, transport: Transport, address: str) -> None:
        self._transport = transport
        self._address = address

    def _json(self, method: str, path: str = "", json: Json | None = None) -> Json:
        found: Json = self._transport.json(method, self._address + path, json=json)
        return found

    def _send(self, method: str, path: str, json: Json | None = None) -> None:
        self._transport.request(method, self._address + path, json=json)

    def _list(self, *columns: str, **params: str) -> Entries:
        """All pages of a list."""
        rows: list[Json] = []
        number = total = 1
        while number <= total:
            query = {**params, "page": number, "page_size": _PAGE}
            response = self._transport.request("GET", self._address, params=query)
            rows += response.json()
            total = int(response.headers.get("X-Pagination-PageTotal", 1))
            number += 1
        return Entries(rows, columns)


class Users(_Part):
    """Users of the server; for its owner."""

    def list(self) -> Entries:
        """All of them, with their roles."""
        return self._list("name", "has_password", "key_count", "owns", "roles", "created_at")

    def add(self, name: str, password: str | None = None) -> Json:
        """Make one; without a password they have API keys only. Raises AlreadyExists."""
        return self._json("POST", json={"name": name, "password": password})

    def remove(self, name: str) -> None:
        """With all keys and roles."""
        self._send("DELETE", _segment(name))

    def set_password(self, name: str, password: str | None) -> None:
        """None takes it away. Users set their own by their present one, not by a key."""
        self._send("PUT", f"{_segment(name)}password/", {"password": password})


class Keys(_Part):
    """API keys: one's own, and everybody's for the server's owner."""

    def list(self, user: str = "") -> Entries:
        """Without their secrets, which nobody has but who was given them."""
        columns = ("slug_perm", "user", "name", "expires_at", "repository", "project", "upload_only")
        return self._list(*columns, user=user)

    def create(
        self,
        name: str,
        *,
        user: str | None = None,
        expires: str = A_YEAR,
        repository: str | None = None,
        project: str | None = None,
        upload_only: bool = False,
    ) -> Issued:
        """Make a key that may do what its user may, within the limits given here. The server's owner says whose.

        ``expires``: ``30d``, ``12h``, a date or time, ``never``. Raises UsageError for what is none of these.
        """
        given = {
            "name": name,
            "expires_at": until(expires),
            "repository": repository,
            "project": project,
            "upload_only": upload_only,
            **({"user": user} if user else {}),
        }
        return _issued(self._json("POST", json=given), "key")

    def revoke(self, slug: str) -> None:
        """At once."""
        self._send("DELETE", _segment(slug))


class Roles(_Part):
    """Who may do what with one repository; for its administrators."""

    def list(self) -> Entries:
        """Roles that were given, and those that owners of the namespace have by that."""
        return self._list("user", "privilege", "inherited")

    def set(self, user: str, role: str) -> Json:
        """Give ``read``, ``write`` or ``admin``; each includes those before it."""
        return self._json("PUT", _segment(user), {"privilege": role})

    def remove(self, user: str) -> None:
        """Take the role away."""
        self._send("DELETE", _segment(user))


class Owners(_Part):
    """Who owns a namespace, the first part of repository names, and may do everything below it."""

    def list(self) -> Entries:
        """For themselves and for the server's owner, who alone changes it."""
        return self._list("user", "namespace")

    def add(self, user: str) -> Json:
        """Let a user make repositories in the namespace and administer them all."""
        return self._json("PUT", _segment(user))

    def remove(self, user: str) -> None:
        """Take the namespace away."""
        self._send("DELETE", _segment(user))


class Entitlements(_Part):
    """Tokens that only read one private repository, within limits; for its administrators. Each has a ``slug``."""

    def list(self) -> Entries:
        """With limits and use; without their secrets, which nobody has but who was given them."""
        return self._list("slug_perm", "name", "is_active", "is_limited", "downloads", "clients", "usage")

    def create(self, name: str, *, token: str = "", **terms: Unpack[Terms]) -> Issued:
        """Make one. ``token`` is a secret of one's own: 8 to 48 letters, digits, ``.``, ``_`` and ``-``.

        Raises Refused for terms that make no sense, AlreadyExists for a token that is taken.
        """
        return _issued(self._json("POST", json={"name": name, **fields(terms), **_token(token)}), "token")

    def show(self, slug: str) -> Json:
        """All fields of one."""
        return self._json("GET", _segment(slug))

    def update(self, slug: str, *, name: str = "", **terms: Unpack[Terms]) -> Json:
        """Change what is named here, and nothing else."""
        return self._json("PATCH", _segment(slug), fields(terms) | ({"name": name} if name else {}))

    def refresh(self, slug: str, *, token: str = "") -> Issued:
        """A new secret; the old one is refused from here on."""
        return _issued(self._json("POST", f"{_segment(slug)}refresh/", _token(token)), "token")

    def reset(self, slug: str) -> Json:
        """Start its counters at zero."""
        return self._json("POST", f"{_segment(slug)}reset/")

    def sync(self, source: str) -> Entries:
        """Take over the tokens of another repository, secrets and limits alike; returns those that are new here."""
        taken = self._json("POST", "sync/", {"source": source})["tokens"]
        return Entries(taken, ("slug_perm", "name"))

    def delete(self, slug: str) -> None:
        """It is refused from here on."""
        self._send("DELETE", _segment(slug))


class Audit(_Part):
    """What happened on the server, for its owner; what happened in a repository, for who administers that."""

    def latest(self, count: int = 100, repository: str = "") -> Entries:
        """The last events, up to 1000, in the order they happened."""
        return Entries(self._latest(count, repository).entries, ("time", "event", "actor", "repository"))

    def follow(self, count: int = 10, repository: str = "") -> Iterator[Json]:
        """The last events, then each new one within a second or two, without end."""
        return tail.follow(self._latest(count, repository), partial(self._after, repository))

    def _latest(self, count: int, repository: str) -> Extract:
        return self._extract(limit=count, repository=repository)

    def _after(self, repository: str, cursor: str) -> Extract:
        return self._extract(after=cursor, limit=1000, repository=repository)

    def _extract(self, **params: int | str) -> Extract:
        response = self._transport.request("GET", self._address, params=params)
        return Extract(response.json(), response.headers["X-Log-Cursor"])


def _segment(name: str) -> str:
    return f"{quote(name, safe='')}/"


def _issued(answer: Json, field: str) -> Issued:
    secret = answer.pop(field)
    return Issued(secret, answer)


def _token(token: str) -> Json:
    return {"token": token} if token else {}
