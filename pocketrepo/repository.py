"""The one place that wires a repository together, and the root that holds repositories."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from pocketrepo import events
from pocketrepo.access import Access
from pocketrepo.clock import now
from pocketrepo.cors import Origins
from pocketrepo.downloads import Downloads
from pocketrepo.errors import (
    AlreadyExists,
    Conflict,
    NoSuchRepository,
    NotFound,
    Unavailable,
    UsageError,
)
from pocketrepo.events import EventLog
from pocketrepo.hosted import Hosted
from pocketrepo.index import Index, Layered
from pocketrepo.model import Json, RepositoryName
from pocketrepo.rules import Rules
from pocketrepo.settings import Settings
from pocketrepo.snapshot import Memo
from pocketrepo.store import ABSENT, Doc, FileStore, Store
from pocketrepo.store.base import SCHEMA, encode
from pocketrepo.watched import Seen, Watched

DEFAULT_REPOSITORY = RepositoryName("local", "main")
ROOT_KEY = "root.json"


@dataclass(frozen=True)
class Repository:
    """Everything that answers for one OWNER/REPO."""

    name: RepositoryName
    hosted: Hosted
    index: Index
    created: str
    private: bool
    origins: Origins | None
    """Whose pages may read it in a browser; None where none were named, and always where it is private."""


class Root:
    """A folder of repositories, opened by one process among any number of others."""

    def __init__(self, store: Store, access: Access, document: Json, *, memory: int) -> None:
        self.store = store
        self.access = access
        self.log = EventLog(store)
        self.downloads = Downloads(self.log, access.usage)
        self.memo = Memo(memory)
        self.default = RepositoryName.parse(document["default"])
        self._offered: Sequence[Index] = ()
        self._open: dict[RepositoryName, Watched[Repository]] = {}

    def offer(self, folders: Sequence[Index]) -> None:
        """Layer read-only indexes under the default repository's hosted files."""
        self._offered = folders
        self._open.clear()

    def repository(self, name: RepositoryName) -> Repository:
        """Raises NoSuchRepository. One ``stat`` when it has been asked for before."""
        return self.look(name).value

    def look(self, name: RepositoryName) -> Seen[Repository]:
        """The same, with the question whether it is still as its document says."""
        watched = self._open.get(name) or Watched(self.store, _key(name), partial(self._assemble, name))
        seen = watched.look()
        self._open[name] = watched  # now that it is known to exist: names come from requests
        return seen

    def repositories(self) -> list[Repository]:
        """In the order of their names."""
        found = []
        for owner in self.store.children("repos"):
            for repo in self.store.children(f"repos/{owner}"):
                try:
                    found.append(self.repository(RepositoryName(owner, repo)))
                except NoSuchRepository:
                    continue
        return found

    def create(self, name: RepositoryName, *, actor: str, private: bool = False) -> Repository:
        """Make an empty repository. Raises AlreadyExists.

        One whose document was lost comes back with its files, and as private as it was.
        """
        if self.store.etag(_key(name)) is None:
            was_deleted, was_private = self._past(name)
            if was_deleted:
                # A deletion that was cut short, or an upload that it overtook, must not come back to life.
                self.access.accounts.forget_repository(name)
                self._clear(name)
            else:
                private = private or was_private
        document = {
            "schema": SCHEMA,
            "rev": 1,
            "ops": [],
            "name": str(name),
            "created": now(),
            "private": private,
        }
        try:
            self.store.write(_key(name), encode(document), if_match=ABSENT)
        except Conflict:
            raise AlreadyExists(f"repository {name} already exists") from None
        self.log.record(events.REPOSITORY_CREATED, name, actor=actor, private=private)
        return self.repository(name)

    def share(self, name: RepositoryName, origins: Origins, *, actor: str) -> Repository:
        """Let pages of these origins, and of no others, read a repository in a browser. Raises NoSuchRepository,
        UsageError for a private one."""
        if origins.names and self.repository(name).private:
            raise UsageError(f"{name} is private: pages of other sites cannot read it")
        self._alter(name, {"cors": origins.names})
        self.log.record(events.REPOSITORY_SHARED, name, actor=actor, origins=origins.names)
        return self.repository(name)

    def set_private(self, name: RepositoryName, private: bool, *, actor: str) -> Repository:
        """Close a repository to all but its readers, or open it to everybody. Raises NoSuchRepository."""
        self.repository(name)
        if private:
            self.log.record(events.REPOSITORY_CLOSED, name, actor=actor)
        self._alter(name, {"private": private} | ({"cors": ()} if private else {}))
        if not private:
            self.log.record(events.REPOSITORY_OPENED, name, actor=actor)
        return self.repository(name)

    def set_rules(self, name: RepositoryName, changes: dict[str, bool], *, actor: str) -> Repository:
        """Allow uploads what is usually refused, or no longer; ``changes`` are fields of `Rules`. Raises
        NoSuchRepository."""
        self.repository(name)
        self.log.record(events.REPOSITORY_CHANGED, name, actor=actor, rules=changes)
        self._alter(name, changes)
        return self.repository(name)

    def _alter(self, name: RepositoryName, changes: Json) -> None:
        def change(document: Json | None) -> Json:
            if document is None:
                raise _no_such(name)
            return document | changes

        self.store.update(_key(name), change)

    def delete(self, name: RepositoryName, *, actor: str) -> None:
        """Remove a repository and all its files. Raises NoSuchRepository, UsageError for the default one."""
        if name == self.default:
            raise UsageError(f"{name} is the default repository of this root and stays")
        self.repository(name)
        self.log.record(events.REPOSITORY_DELETED, name, actor=actor)
        self.store.remove(_key(name))
        self.access.accounts.forget_repository(name)
        self._clear(name)
        self._open.pop(name, None)

    def _clear(self, name: RepositoryName) -> None:
        for key in list(self.store.list(f"repos/{name}")):
            self.store.remove(key)

    def _past(self, name: RepositoryName) -> tuple[bool, bool]:
        """Whether the event log says last of a repository that it was deleted, and that it is private."""
        deleted = private = False
        for entry in self.log.read(name):
            match entry.get("event"):
                case events.REPOSITORY_CREATED:
                    deleted, private = False, entry.get("private") is True
                case events.REPOSITORY_DELETED:
                    deleted = True
                case events.REPOSITORY_CLOSED:
                    private = True
                case events.REPOSITORY_OPENED:
                    private = False
        return deleted, private

    def _assemble(self, name: RepositoryName, document: Json | None) -> Repository:
        if document is None:
            raise _no_such(name)
        hosted = Hosted(self.store, name, self.memo, self.log, Rules.of(document))
        index: Index = hosted
        if name == self.default and self._offered:
            index = Layered([hosted, *self._offered], self.memo, f"layered/{name}")
        private = document.get("private", False)
        named = document.get("cors", ())
        origins = Origins(tuple(named)) if named and not private else None
        return Repository(name, hosted, index, document["created"], private, origins)

    @cached_property
    def id(self) -> str:
        """Names this root in cookies and run records."""
        document = self.store.get(ROOT_KEY)
        assert document is not None
        return str(document["id"])


def open_root(settings: Settings) -> Root:
    """Open the root, making it and its default repository where they are missing.

    Raises Unavailable for a folder that cannot be written, NewerFormat for one that a later version wrote,
    UsageError for another default repository than the root was made with.
    """
    root = settings.root
    _make_folder(root)
    store = FileStore(root)
    document = store.get(ROOT_KEY) or _found(store, settings.default_repository or DEFAULT_REPOSITORY)
    wanted = settings.default_repository
    if wanted is not None and str(wanted) != document["default"]:
        raise UsageError(
            f"the default repository of {root} is {document['default']}, not {wanted}",
            hint=f"to change it: pocketrepo repo default {wanted} --root {root}",
        )
    opened = Root(store, Access(root, store), document, memory=settings.memory)
    try:
        opened.repository(opened.default)
    except NoSuchRepository:
        with suppress(AlreadyExists):  # another process opens the same new root
            opened.create(opened.default, actor="owner")
    return opened


def set_default(root: Root, name: RepositoryName) -> None:
    """Serve another repository at the root of the address. Raises NoSuchRepository."""
    root.repository(name)

    def change(document: Json | None) -> Json:
        assert document is not None
        document["default"] = str(name)
        return document

    root.store.update(ROOT_KEY, change)
    root.default = name


def _found(store: Store, default: RepositoryName) -> Json:
    """Write the root's own document; if another process did so first, theirs counts."""
    document: Json = {
        "schema": SCHEMA,
        "rev": 1,
        "ops": [],
        "id": secrets.token_hex(8),
        "default": str(default),
        "created": now(),
    }
    with suppress(Conflict):
        store.write(ROOT_KEY, encode(document), if_match=ABSENT)
    try:
        doc = store.read(ROOT_KEY)
    except NotFound:
        raise Unavailable("the root folder was removed while it was being made") from None
    assert isinstance(doc, Doc)
    return doc.json()


def _make_folder(root: Path) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{root} cannot be made: {error.strerror}", hint="choose another --root") from None
    if not os.access(root, os.W_OK | os.X_OK):
        raise Unavailable(f"{root} is not writable", hint="choose another --root")


def _no_such(name: RepositoryName) -> NoSuchRepository:
    return NoSuchRepository(str(name), hint=f"make it with: pocketrepo repo create {name}")


def _key(name: RepositoryName) -> str:
    return f"repos/{name}/repository.json"
