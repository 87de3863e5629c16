"""What happened, one JSON object a line, durable before the answer that reports it.

An event that takes something away (yank, delete) is recorded before its commit, one that gives something
(upload, unyank) after it: a crash in between can then only make `rebuild` show less than there was, never more.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

from pocketrepo.clock import now
from pocketrepo.model import Json, RepositoryName
from pocketrepo.store import Doc, Store

UPLOADED, YANKED, UNYANKED, DELETED = "uploaded", "yanked", "unyanked", "deleted"
PROJECT_CHANGED = "project-changed"
REPOSITORY_CREATED, REPOSITORY_DELETED = "repository-created", "repository-deleted"
REPOSITORY_CLOSED, REPOSITORY_OPENED = "repository-closed", "repository-opened"
DENIED, SIGNED_IN, SIGNED_OUT = "denied", "signed-in", "signed-out"
DOWNLOADED = "downloaded"
"""The one that is recorded in batches, up to a few seconds after the answer."""


def entry(event: str, repository: RepositoryName | None, *, actor: str, **data: Any) -> Json:
    """An event that happens now, as it is recorded."""
    where = {"repository": str(repository)} if repository else {}
    return {"time": now(), "event": event, **where, "actor": actor, **data}


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
            doc = self._store.read(key)
            assert isinstance(doc, Doc)
            for line in doc.data.splitlines():
                try:
                    found = json.loads(line)
                except ValueError:
                    continue
                if repository is None or found.get("repository") == str(repository):
                    yield found
