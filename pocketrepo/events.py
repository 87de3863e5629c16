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
SETTLED = "T00:10"
"""Time of day, UTC, from which the day before is complete: who writes chooses the file first, and may then have to
wait for the disk."""


def entry(
    event: str, repository: RepositoryName | None, *, actor: str, time: str | None = None, **data: Any
) -> Json:
    """An event as it is recorded; it happens now unless a ``time`` is given."""
    where = {"repository": str(repository)} if repository else {}
    return {"time": time or now(), "event": event, **where, "actor": actor, **data}


class EventLog:
    """The append-only log of a root: ``events/YYYY-MM-DD.jsonl``, by the day on which an event is recorded."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, event: str, repository: RepositoryName | None, *, actor: str, **data: Any) -> None:
        """Append one event, of a repository or of the whole root; on disk when this returns."""
        self.record_all([entry(event, repository, actor=actor, **data)])

    def record_all(self, entries: Sequence[Json]) -> None:
        """Append events in one write; on disk when this returns."""
        lines = [json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode() for one in entries]
        self._store.append(f"events/{now()[:10]}.jsonl", *lines)

    def read(self, repository: RepositoryName | None = None) -> Iterator[Json]:
        """Events in the order they were recorded; a line that a crash cut short is passed over."""
        for key in self._store.list("events"):
            yield from _decoded(self._lines(key), repository)

    def latest(self, count: int, repository: RepositoryName | None = None) -> Extract:
        """The last events, ``count`` of them at most."""
        found: list[Json] = []
        places: Places = {}
        for key in reversed(list(self._store.list("events"))):
            if len(found) >= count and (len(places) > 1 or _is_settled(max(places))):
                break
            lines = self._lines(key)
            places[_day(key)] = sum(map(len, lines))
            # From the end: a day may have far more than are wanted.
            found += itertools.islice(_decoded(reversed(lines), repository), count - len(found))
        return Extract(found[::-1], _cursor(places or {"": 0}))

    def after(self, cursor: str, repository: RepositoryName | None = None, *, limit: int) -> Extract:
        """The events that follow, ``limit`` of them at most. Raises UsageError for what is no cursor."""
        places = _places(cursor)
        first = min(places)
        entries: list[Json] = []
        for key in self._store.list("events"):
            day, offset = _day(key), 0
            if day < first:
                continue
            skipped = places.setdefault(day, 0)
            for line in self._lines(key):
                offset += len(line)
                if offset <= skipped:
                    continue
                if len(entries) == limit:
                    return Extract(entries, _cursor(places, since=day))
                entries += _decoded([line], repository)
                places[day] = offset
        return Extract(entries, _cursor(places))

    def _lines(self, key: str) -> list[bytes]:
        """Those that are whole, with their ends."""
        doc = self._store.read(key)
        assert isinstance(doc, Doc)
        return doc.data[: doc.data.rfind(b"\n") + 1].splitlines(keepends=True)


Places = dict[str, int]
"""How many bytes of each day have been read; ``""`` stands for the time before the first."""

_PLACE = r"(?:\d{4}-\d\d-\d\d)?:\d{1,18}"
_CURSOR = re.compile(rf"{_PLACE}(?:,{_PLACE})?\Z")


def _places(cursor: str) -> Places:
    if not _CURSOR.match(cursor):
        raise UsageError(f"{cursor!r} is no place in the log")
    split = (place.split(":") for place in cursor.split(","))
    return {day: int(offset) for day, offset in split}


def _cursor(places: Places, since: str = "") -> str:
    """Names the newest day, with the one before as long as lines may still come there; and all from ``since`` on, if
    that has not been read to its end."""
    days = sorted(places)
    growing = days[-1:] if _is_settled(days[-1]) else days[-2:]
    first = min(since or days[-1], growing[0])
    return ",".join(f"{day}:{places[day]}" for day in days if day >= first)


def _is_settled(newest: str) -> bool:
    """Whether all days before it are complete."""
    return now() >= newest + SETTLED


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
