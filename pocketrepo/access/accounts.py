"""Users, their API keys, and their roles: what ``accounts.json`` of a root says.

Keys act as their user, within their scope. Only digests are kept: a key has 256 random bits and is looked up by its
SHA-256, a password is hashed with scrypt.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Any

from packaging.utils import NormalizedName

from pocketrepo.access.names import check_user
from pocketrepo.access.periods import moment
from pocketrepo.clock import now, timestamp
from pocketrepo.errors import AlreadyExists, NotFound, UsageError
from pocketrepo.keys import digest, new_secret
from pocketrepo.model import Json, RepositoryName
from pocketrepo.store import Store
from pocketrepo.watched import Watched

ACCOUNTS = "accounts.json"


class Role(IntEnum):
    """What a user may do with a repository; each includes those before it."""

    READ = 1
    WRITE = 2
    ADMIN = 3

    @classmethod
    def parse(cls, text: str) -> Role:
        """Raises UsageError."""
        try:
            return cls[text.upper()]
        except KeyError:
            raise UsageError(f"{text!r} is not a role", hint="use read, write or admin") from None

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Scope:
    """What a key is limited to; the empty one is all that its user may do."""

    repository: str | None = None
    project: NormalizedName | None = None
    upload_only: bool = False


@dataclass(frozen=True)
class Key:
    """An API key. ``slug`` names it, ``expires`` is RFC 3339 or None."""

    slug: str
    user: str
    name: str
    created: str
    expires: str | None = None
    scope: Scope = field(default_factory=Scope)

    @property
    def is_expired(self) -> bool:
        return self._ends <= timestamp()

    @cached_property
    def _ends(self) -> float:
        return math.inf if self.expires is None else moment(self.expires).timestamp()


@dataclass(frozen=True)
class Accounts:
    """All accounts of a root, as of one state of their document."""

    passwords: Mapping[str, str | None] = field(default_factory=dict)
    """User -> hash of the password, None for a user who has only keys."""
    created: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, Key] = field(default_factory=dict)
    """By the digest of the secret."""
    roles: Mapping[str, Mapping[str, Role]] = field(default_factory=dict)
    """Repository -> user -> role."""
    owners: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """First part of repository names -> users who own it: they may do everything below it."""

    def role(self, user: str, repository: RepositoryName) -> Role | None:
        """The highest that a user has."""
        if user in self.owners.get(repository.owner, ()):
            return Role.ADMIN
        return self.roles.get(str(repository), {}).get(user)

    def key(self, slug: str) -> Key:
        """Raises NotFound."""
        for key in self.keys.values():
            if key.slug == slug:
                return key
        raise NotFound(f"no key {slug}")

    @classmethod
    def of(cls, document: Json | None) -> Accounts:
        if document is None:
            return cls()
        users = document["users"]
        keys = {}
        for hashed, entry in document["keys"].items():
            scope = Scope(**entry["scope"])
            keys[hashed] = Key(**{**entry, "scope": scope})
        return cls(
            passwords={name: entry.get("password") for name, entry in users.items()},
            created={name: entry["created"] for name, entry in users.items()},
            keys=keys,
            roles={
                repository: {user: Role.parse(role) for user, role in given.items()}
                for repository, given in document["roles"].items()
            },
            owners={owner: frozenset(names) for owner, names in document["owners"].items()},
        )


class AccountBook(Watched[Accounts]):
    """The accounts, and every change to them: each is one conditional write of one document."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, ACCOUNTS, Accounts.of)

    def add_user(self, name: str, password_hash: str | None = None) -> None:
        """Raises AlreadyExists, UsageError for a name that cannot be one."""
        check_user(name)

        def change(document: Json) -> None:
            if name in document["users"]:
                raise AlreadyExists(f"user {name} already exists")
            document["users"][name] = {"password": password_hash, "created": now()}

        self._change(change)

    def set_password(self, name: str, password_hash: str | None) -> None:
        """Raises NotFound."""

        def change(document: Json) -> None:
            _user(document, name)["password"] = password_hash

        self._change(change)

    def remove_user(self, name: str) -> None:
        """With all keys and roles. Raises NotFound."""

        def change(document: Json) -> None:
            _user(document, name)
            del document["users"][name]
            document["keys"] = {
                hashed: entry for hashed, entry in document["keys"].items() if entry["user"] != name
            }
            for given in document["roles"].values():
                given.pop(name, None)
            for owner, names in document["owners"].items():
                document["owners"][owner] = [other for other in names if other != name]

        self._change(change)

    def add_key(
        self, user: str, name: str, *, expires: str | None = None, scope: Scope | None = None
    ) -> tuple[Key, str]:
        """A new key and its secret, which is nowhere kept. Raises NotFound for an unknown user."""
        secret = new_secret("pkr")
        key = Key(secrets.token_hex(6), user, name, now(), expires, scope or Scope())

        def change(document: Json) -> None:
            _user(document, user)
            document["keys"][digest(secret)] = asdict(key)

        self._change(change)
        return key, secret

    def revoke_key(self, slug: str) -> None:
        """Raises NotFound."""

        def change(document: Json) -> None:
            keys = {hashed: entry for hashed, entry in document["keys"].items() if entry["slug"] != slug}
            if len(keys) == len(document["keys"]):
                raise NotFound(f"no key {slug}")
            document["keys"] = keys

        self._change(change)

    def set_role(self, user: str, repository: RepositoryName, role: Role | None) -> None:
        """Give a role, or with None take it away. Raises NotFound for an unknown user."""

        def change(document: Json) -> None:
            _user(document, user)
            given = document["roles"].setdefault(str(repository), {})
            if role is None:
                given.pop(user, None)
            else:
                given[user] = str(role)
            if not given:
                del document["roles"][str(repository)]

        self._change(change)

    def set_owner(self, user: str, owner: str, owns: bool) -> None:
        """Whether a user owns a namespace. Raises NotFound for an unknown user."""

        def change(document: Json) -> None:
            _user(document, user)
            names = set(document["owners"].get(owner, ()))
            names = names | {user} if owns else names - {user}
            document["owners"][owner] = sorted(names)
            if not names:
                del document["owners"][owner]

        self._change(change)

    def forget_repository(self, repository: RepositoryName) -> None:
        """A repository that is made again under the same name starts without the roles and keys of the old one."""
        found = self.get()
        if str(repository) not in found.roles and not any(
            key.scope.repository == str(repository) for key in found.keys.values()
        ):
            return

        def change(document: Json) -> None:
            document["roles"].pop(str(repository), None)
            document["keys"] = {
                hashed: entry
                for hashed, entry in document["keys"].items()
                if entry["scope"]["repository"] != str(repository)
            }

        self._change(change)

    def _change(self, change: Callable[[Json], Any]) -> None:
        def changed(document: Json | None) -> Json:
            document = document or {"users": {}, "keys": {}, "roles": {}, "owners": {}}
            change(document)
            return document

        self._store.update(self.key, changed)


def _user(document: Json, name: str) -> Json:
    try:
        found: Json = document["users"][name]
    except KeyError:
        raise NotFound(f"no user {name}", hint=f"make one with: pocketrepo user add {name}") from None
    return found
