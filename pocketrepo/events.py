"""What happened, one JSON object a line, durable before the answer that reports it.

An event that takes something away (yank, delete) is recorded before its commit, one that gives something
(upload, unyank) after it: a crash in between can then only make `rebuild` show less than there was, never more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pocketrepo.clock import now
from pocketrepo.model import Json, RepositoryName
from pocketrepo.store import Doc, Store

UPLOADED, YANKED, UNYANKED, DELETED = "uploaded", "yanked", "unyanked", "deleted"
REPOSITORY_CREATED, REPOSITORY_DELETED = "repository-created", "repository-deleted"


class EventLog:
    """The append-only log of a root: ``events/YYYY-MM-DD.jsonl``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, event: str, repository: RepositoryName, *, actor: str, **data: Any) -> None:
        """Append one event; on disk when this returns."""
        time = now()
        entry = {"time": time, "event": event, "repository": str(repository), "actor": actor, **data}
        line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode()
        self._store.append(f"events/{time[:10]}.jsonl", line)

    def read(self, repository: RepositoryName | None = None) -> Iterator[Json]:
        """Events in the order they were recorded; a line that a crash cut short is passed over."""
        for key in self._store.list("events"):
            doc = self._store.read(key)
            assert isinstance(doc, Doc)
            for line in doc.data.splitlines():
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue
                if repository is None or entry.get("repository") == str(repository):
                    yield entry
