"""The gate of one root: who asks, and whether they may.

Answers never depend on who asks, only on whether they may: a repository that is private and one that does not exist
look the same to everybody who may read neither.
"""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from packaging.utils import NormalizedName

from pocketrepo.access.accounts import AccountBook, Key, Role, Scope
from pocketrepo.access.actor import ANONYMOUS, OWNER, Action, Actor
from pocketrepo.access.credential import Credential
from pocketrepo.access.entitlements import EntitlementBook
from pocketrepo.access.passwords import Passwords
from pocketrepo.access.throttle import Throttle
from pocketrepo.access.usage import UsageBook
from pocketrepo.errors import Forbidden, NoSuchRepository, PocketRepoError, Unauthorized
from pocketrepo.keys import OWNER_KEY_FILE, TOKEN_USER, digest, owner_key
from pocketrepo.model import RepositoryName
from pocketrepo.store import Store
from pocketrepo.watched import both

ANY_PROJECT = NormalizedName("*")
"""Stands for a project that is not known yet: enough to let somebody begin an upload."""
_HOW_TO_WRITE = f"send user {TOKEN_USER} with an API key, or with the key from the server's {OWNER_KEY_FILE}"
MAX_BOOKS = 1000
"""Repositories whose tokens are kept decoded. Names come from requests: they must not fill the memory."""
_NEEDED = {
    Action.READ: Role.READ,
    Action.UPLOAD: Role.WRITE,
    Action.WRITE: Role.WRITE,
    Action.ADMIN: Role.ADMIN,
}


class Reader(NamedTuple):
    """Somebody who may read a repository, and whether that is still so."""

    actor: Actor
    stands: Callable[[], bool]


class Access:
    """Its owner's key is made on first use and readable by this user alone."""

    def __init__(self, root: Path, store: Store) -> None:
        self._owner_key = owner_key(root)
        self._owner_digest = digest(self._owner_key)
        self._store = store
        self.accounts = AccountBook(store)
        self.usage = UsageBook(store)
        self._entitlements: dict[RepositoryName, EntitlementBook] = {}
        self._passwords = Passwords()
        self._throttle = Throttle()
        self._lock = threading.Lock()

    def derived(self, purpose: str) -> bytes:
        """A secret of this root for one purpose; it changes with the owner's key."""
        return hmac.digest(self._owner_key.encode(), purpose.encode(), "sha256")

    def entitlements(self, repository: RepositoryName) -> EntitlementBook:
        with self._lock:
            book = self._entitlements.get(repository)
            if book is None:
                if len(self._entitlements) >= MAX_BOOKS:
                    self._entitlements.clear()
                book = self._entitlements[repository] = EntitlementBook(self._store, repository)
            return book

    def identify(
        self,
        credential: Credential | None,
        *,
        repository: RepositoryName | None = None,
        client: str = "",
        at_once: bool = False,
    ) -> Actor:
        """The actor behind a credential; anonymous without one. Entitlement tokens are known to their own
        ``repository`` only. With ``at_once`` nothing is hashed, and what only a hash could tell is not known.

        Raises Unauthorized for a credential that is not known, TooManyAttempts.
        """
        if credential is None:
            return ANONYMOUS
        hashed = digest(credential.secret)
        if hmac.compare_digest(hashed, self._owner_digest):
            return OWNER
        key = self.accounts.get().keys.get(hashed)
        if key is not None and (not credential.names_a_user or credential.user == key.user):
            return self._acting(key)
        if repository is not None and not credential.names_a_user:
            found = self.entitlements(repository).get().get(hashed)
            if found is not None:
                return Actor(f"entitlement {found.terms.name}", entitlement=found)
        return self._by_password(credential, client, at_once)

    def reader(
        self,
        repository: RepositoryName,
        credential: Credential | None,
        client: str = "",
        *,
        at_once: bool = False,
    ) -> Reader:
        """Who reads a private repository. Raises what `identify` does, and Forbidden."""
        accounts = self.accounts.look().stands
        tokens = self.entitlements(repository).look().stands
        actor = self.identify(credential, repository=repository, client=client, at_once=at_once)
        self.require(actor, Action.READ, repository)
        if actor.is_owner:
            return Reader(actor, _always)
        if actor.entitlement is not None:
            dated = actor.entitlement.ends_by_itself
            return Reader(actor, both(tokens, lambda: not _reason(actor)) if dated else tokens)
        if actor.key is not None:
            lasting = actor.key.expires is None
            return Reader(actor, accounts if lasting else both(accounts, lambda: not _expired(actor.key)))
        return Reader(actor, both(accounts, lambda: time.monotonic() < actor.until))

    def require(
        self,
        actor: Actor,
        action: Action,
        repository: RepositoryName | None = None,
        *,
        project: NormalizedName | None = None,
    ) -> None:
        """Raises Unauthorized (nobody) or Forbidden (somebody without the right). No repository means the root
        itself, which only its owner changes."""
        if actor.is_owner:
            return
        what = str(repository or "here")
        if not actor.is_known:
            hint = "" if action is Action.READ else _HOW_TO_WRITE
            raise Unauthorized(f"a credential is needed to {action.value} {what}", hint=hint)
        if repository is None or not self._may(actor, action, repository, project):
            raise Forbidden(_reason(actor) or f"this credential may not {action.value} {what}")

    def may_read(self, actor: Actor, repository: RepositoryName) -> bool:
        """Whether a private repository is there for somebody."""
        return actor.is_owner or (actor.is_known and self._may(actor, Action.READ, repository, None))

    def may_create(self, actor: Actor, owner: str) -> None:
        """Whether a repository may be made below ``owner``. Raises Unauthorized, Forbidden."""
        unlimited = actor.key is None or actor.key.scope == Scope()
        if not (unlimited and actor.user in self.accounts.get().owners.get(owner, ())):
            self.require(actor, Action.ADMIN)

    def hide(self, actor: Actor, missing: NoSuchRepository) -> PocketRepoError:
        """What to say of a repository that does not exist: only who may see everything is told so."""
        return missing if actor.is_owner else self.hide_from_reader(actor, missing)

    def hide_from_reader(self, actor: Actor | None, missing: NoSuchRepository) -> PocketRepoError:
        """The same for an index: to nobody is said "not found", for installers go on to the next index at that."""
        if actor is not None and actor.is_owner:
            return Forbidden(missing.message, hint=missing.hint)
        if actor is not None and actor.is_known:
            return Forbidden(f"this credential may not {Action.READ.value} {missing.repository}")
        return Unauthorized(f"a credential is needed to {Action.READ.value} {missing.repository}")

    def _may(
        self, actor: Actor, action: Action, repository: RepositoryName, project: NormalizedName | None
    ) -> bool:
        if actor.entitlement is not None:
            mine = actor.entitlement.repository == repository
            return mine and action is Action.READ and not _reason(actor)
        role = self.accounts.get().role(actor.user, repository)
        if role is None or role < _NEEDED[action]:
            return False
        return actor.key is None or _covers(actor.key, action, repository, project)

    def _acting(self, key: Key) -> Actor:
        if key.is_expired:
            raise Unauthorized(f"the key {key.name!r} has expired", hint="make a new one")
        return Actor(key.user, user=key.user, key=key)

    def _by_password(self, credential: Credential, client: str, at_once: bool) -> Actor:
        user, secret = credential
        stored = self.accounts.get().passwords.get(user)
        until = self._passwords.remembered(stored, secret)
        if not until and not at_once:
            if credential.names_a_user:
                until = self._passwords.verify(
                    stored, secret, attempt=lambda: self._throttle.attempt(user, client)
                )
            else:  # what names nobody is no password: there is nothing to hash
                self._throttle.attempt(user, client)
        if not until:
            raise Unauthorized("this credential is not known", hint="check the user name and the key")
        return Actor(user, user=user, until=until)


def _covers(key: Key, action: Action, repository: RepositoryName, project: NormalizedName | None) -> bool:
    """Whether a key's scope allows what its user may do."""
    scope = key.scope
    if scope.repository is not None and scope.repository != str(repository):
        return False
    if scope.project not in (None, project) and action is not Action.READ and project != ANY_PROJECT:
        return False
    return not scope.upload_only or action is Action.UPLOAD


def _reason(actor: Actor) -> str:
    return actor.entitlement.why_not() if actor.entitlement is not None else ""


def _expired(key: Key | None) -> bool:
    return key is not None and key.is_expired


def _always() -> bool:
    return True
