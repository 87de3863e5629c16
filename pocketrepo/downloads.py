"""Who took which file: limited tokens are charged before the first byte, everything else is noted in batches."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from datetime import UTC, datetime
from typing import NamedTuple

from pocketrepo import events
from pocketrepo.access import Actor, Entitlement
from pocketrepo.access.usage import UsageBook
from pocketrepo.clock import timestamp, written
from pocketrepo.errors import PocketRepoError
from pocketrepo.events import EventLog
from pocketrepo.model import Json, RepositoryName
from pocketrepo.paths import Target

log = logging.getLogger("pocketrepo")

BATCH_SECONDS = 1.0
"""How long a download may wait to be written down."""
MAX_WAITING = 50_000
"""Downloads kept in memory while the disk cannot be written; beyond that the oldest are given up."""


class Download(NamedTuple):
    """A distribution that is about to be sent, whole (200) or in part (206); ``size`` is that of the answer."""

    repository: RepositoryName
    target: Target
    actor: Actor | None
    client: str
    status: int
    size: int


class Downloads:
    """The downloads of one process."""

    def __init__(self, record: EventLog, usage: UsageBook) -> None:
        self._log = record
        self._usage = usage
        self._waiting: list[tuple[Download, float]] = []
        """With their times; what is recorded is made of them later, as it takes longer than all the rest."""
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._timer: threading.Timer | None = None

    def count(self, download: Download) -> None:
        """Note a download; for a token with a limit, reserve it first. Raises LimitReached."""
        entitlement = download.actor.entitlement if download.actor else None
        if entitlement is not None and entitlement.terms.is_counted:
            self._usage.reserve(entitlement, download.size, download.client)
        with self._lock:
            self._waiting.append((download, timestamp()))
            self._flush_soon()

    def flush(self) -> None:
        """Write down what waits; for when the server stops, and now and then before."""
        with self._writing:
            with self._lock:
                batch, self._waiting, self._timer = self._waiting, [], None
            if not batch:
                return
            try:
                self._log.record_all([_event(download, time) for download, time in batch])
            except PocketRepoError as error:
                log.error("downloads could not be recorded: %s", error)
                with self._lock:
                    self._waiting = [*batch, *self._waiting][-MAX_WAITING:]
                    self._flush_soon()
                return
        self._add_up([download for download, _time in batch])

    def _flush_soon(self) -> None:
        if self._timer is None:
            # Not a daemon: an interpreter that ends waits for it, whatever server runs the application.
            self._timer = threading.Timer(BATCH_SECONDS, self.flush)
            self._timer.start()

    def _add_up(self, batch: list[Download]) -> None:
        """Bring the counters of tokens without a limit up to date."""
        by_token: dict[str, list[tuple[Entitlement, Download]]] = defaultdict(list)
        for download in batch:
            entitlement = download.actor.entitlement if download.actor else None
            if entitlement is not None and not entitlement.terms.is_counted:
                by_token[entitlement.slug].append((entitlement, download))
        for downloads in by_token.values():
            try:
                self._usage.add(
                    downloads[-1][0],
                    len(downloads),
                    sum(download.size for _, download in downloads),
                    [download.client for _, download in downloads],
                )
            except PocketRepoError as error:
                log.error("the use of a token could not be counted: %s", error)


def _event(download: Download, time: float) -> Json:
    target = download.target
    return events.entry(
        events.DOWNLOADED,
        download.repository,
        time=written(datetime.fromtimestamp(time, UTC)),
        actor=download.actor.name if download.actor else "anonymous",
        client=download.client,
        project=target.name,
        filename=target.filename,
        key=target.key,
        status=download.status,
        size=download.size,
    )
