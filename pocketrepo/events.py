"""What happened, one JSON object a line, durable before the answer that reports it.

An event that takes something away (yank, delete) is recorded before its commit, one that gives something
(upload, unyank) after it: a crash in between can then only make `rebuild` show less than there was, never more.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pocketrepo.clock import now
from pocketrepo.errors import UsageError
from pocketrepo.model import Json, RepositoryName
from pocketrepo.store import Doc, Store
from pocketrepo.tail import Extract

UPLOADED, YANKED, UNYANKED, DELETED = "uploaded", "yanked", "unyanked", "deleted"
PROJECT_CHANGED, REPOSITORY_CHANGED = "project-changed", "repository-changed"
REPOSITORY_CREATED, REPOSITORY_DELETED = "repository-created", "repository-deleted"
REPOSITORY_CLOSED, REPOSITORY_OPENED = "repository-closed", "repository-opened"
REPOSITORY_SHARED = "repository-shared"
DENIED, SIGNED_IN, SIGNED_OUT = "denied", "signed-in", "signed-out"
USER_ADDED, USER_REMOVED, PASSWORD_CHANGED = "user-added", "user-removed", "password-changed"
KEY_CREATED, KEY_REVOKED = "key-created", "key-revoked"
ROLE_GIVEN, ROLE_TAKEN = "role-given", "role-taken"
ENTITLEMENT_CREATED, ENTITLEMENT_UPDATED = "entitlement-created", "entitlement-updated"
ENTITLEMENT_REFRESHED, ENTITLEMENT_RESET = "entitlement-refreshed", "entitlement-reset"
ENTITLEMENT_DELETED = "entitlement-deleted"
DOWNLOADED = "downloaded"
"""The one that is recorded in batches, up to a few seconds after the answer."""


def entry(
    event: str, repository: RepositoryName | None, *, actor: str, time: str | None = None, **data: Any
) -> Json:
    """An event as it is recorded; it happens now unless a ``time`` is given."""
    where = {"repository": str(repository)} if repository else {}
    return {"time": time or now(), "event": event, **where, "actor": actor, **data}


class EventLog:
    """The append-only log of a root: ``events/YYYY-MM-DD.jsonl``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, event: str, repository: RepositoryName | None, *, actor: str, **data: Any) -> None:
        """Append one event, of a repository or of the whole root; on disk when this returns."""
        self.record_all([entry(event, repository, actor=actor, **data)])

    def record_all(self, entries: Sequence[Json]) -> None:
        """Append events in one write for each day; on disk when this returns."""
        for day, those in itertools.groupby(entries, key=lambda one: one["time"][:10]):
            lines = [json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode() for one in those]
            self._store.append(f"events/{day}.jsonl", *lines)

    def read(self, repository: RepositoryName | None = None) -> Iterator[Json]:
        """Events in the order they were recorded; a line that a crash cut short is passed over."""
        for key in self._store.list("events"):
            yield from _decoded(self._lines(key), repository)

    def latest(self, count: int, repository: RepositoryName | None = None) -> Extract:
        """The last events, ``count`` of them at most."""
        found: list[Json] = []
        cursor = ""
        for key in reversed(list(self._store.list("events"))):
            lines = self._lines(key)
            cursor = cursor or _cursor(_day(key), sum(map(len, lines)))
            # From the end: a day may have far more than are wanted.
            wanted = itertools.islice(_decoded(reversed(lines), repository), count - len(found))
            found += wanted
            if len(found) >= count:
                break
        return Extract(found[::-1], cursor or _cursor("", 0))

    def after(self, cursor: str, repository: RepositoryName | None = None, *, limit: int) -> Extract:
        """The events that follow, ``limit`` of them at most. Raises UsageError for what is no cursor."""
        place = _CURSOR.match(cursor)
        if place is None:
            raise UsageError(f"{cursor!r} is no place in the log")
        entries: list[Json] = []
        for key in self._store.list("events"):
            day, offset = _day(key), 0
            if day < (place["day"] or ""):
                continue
            skipped = int(place["offset"]) if day == place["day"] else 0
            for line in self._lines(key):
                offset += len(line)
                if offset <= skipped:
                    continue
                if len(entries) == limit:
                    return Extract(entries, cursor)
                entries += _decoded([line], repository)
                cursor = _cursor(day, offset)
        return Extract(entries, cursor)

    def _lines(self, key: str) -> list[bytes]:
        """Those that are whole, with their ends."""
        doc = self._store.read(key)
        assert isinstance(doc, Doc)
        return doc.data[: doc.data.rfind(b"\n") + 1].splitlines(keepends=True)


_CURSOR = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)?:(?P<offset>\d{1,18})\Z")


def _cursor(day: str, offset: int) -> str:
    return f"{day}:{offset}"


def _day(key: str) -> str:
    return key.rpartition("/")[2].partition(".")[0]


def _decoded(lines: Iterable[bytes], repository: RepositoryName | None) -> Iterator[Json]:
    for line in lines:
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and (repository is None or found.get("repository") == str(repository)):
            yield found
