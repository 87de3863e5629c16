"""Threads that update one document at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pocketrepo.model import Json
from pocketrepo.store import Change, Store
from tests.store.samples import KEY


def adding(name: object) -> Change:
    """A change that notes a name in the document's list of them."""

    def change(document: Json | None) -> Json:
        document = document or {"names": []}
        document["names"].append(name)
        return document

    return change


class Callers:
    """Threads that each make one update, and what became of them: a document, or an exception."""

    def __init__(self, store: Store, key: str = KEY) -> None:
        self.store = store
        self.key = key
        self.outcomes: dict[str, Any] = {}
        self._threads: list[threading.Thread] = []

    def start(self, name: str, change: Change) -> None:
        def run() -> None:
            try:
                self.outcomes[name] = self.store.update(self.key, change)
            except BaseException as error:
                self.outcomes[name] = error

        thread = threading.Thread(target=run)
        self._threads.append(thread)
        thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()

    @contextmanager
    def behind(self, change: Change) -> Iterator[None]:
        """Whoever starts in the block queues behind an update that applies ``change``, and forms one batch."""
        entered, gate = threading.Event(), threading.Event()

        def held(document: Json | None) -> Json | None:
            entered.set()
            assert gate.wait(30)
            return change(document)

        self.start("leader", held)
        assert entered.wait(30)
        try:
            yield
            waiting = self.store._changes._waiting
            while len(waiting.get(self.key, [])) < len(self._threads) - 1:
                time.sleep(0.001)
        finally:
            gate.set()
        self.join()
