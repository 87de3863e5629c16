"""Threads that want to change the same key queue, and one of them does the work of all that wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pocketrepo.errors import Unavailable

Work = TypeVar("Work")
Result = TypeVar("Result")


@dataclass(eq=False)
class Job(Generic[Work, Result]):
    """What one thread wants done, and how it went."""

    work: Work
    done: bool = False
    result: Result | None = None
    error: Exception | None = None


class Combiner(Generic[Work, Result]):
    """One batch at a time for each key; what arrives meanwhile forms the next batch."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._waiting: dict[str, list[Job[Work, Result]]] = {}
        self._busy: set[str] = set()

    def run(self, key: str, work: Work, do: Callable[[list[Job[Work, Result]]], None]) -> Result | None:
        """Have ``work`` done, by this thread or by another one that is at it; returns its result or raises
        its error.

        ``do`` gets a batch in the order of arrival and sets the ``result`` or the ``error`` of each job. If
        it raises, none of the batch counts as done and all get that error.
        """
        mine: Job[Work, Result] = Job(work)
        batch = self._batch(key, mine)
        if batch:
            self._lead(key, batch, do)
        if mine.error is not None:
            raise mine.error
        return mine.result

    def _batch(self, key: str, mine: Job[Work, Result]) -> list[Job[Work, Result]]:
        """The jobs that this thread has to do; none if another thread has done ``mine`` with its own."""
        with self._turn:
            self._waiting.setdefault(key, []).append(mine)
            try:
                while not mine.done and key in self._busy:
                    self._turn.wait()
            except BaseException:
                self._withdraw(key, mine)
                raise
            if mine.done:
                return []
            self._busy.add(key)
            return self._waiting.pop(key)

    def _withdraw(self, key: str, mine: Job[Work, Result]) -> None:
        """A thread that was interrupted leaves the queue, lest its job is done long after its caller gave
        up."""
        queue = self._waiting.get(key, [])
        if mine in queue:
            queue.remove(mine)
        if not queue:
            self._waiting.pop(key, None)

    def _lead(
        self, key: str, batch: list[Job[Work, Result]], do: Callable[[list[Job[Work, Result]]], None]
    ) -> None:
        try:
            do(batch)
        except Exception as error:
            for job in batch:
                job.error = error
        except BaseException:
            # Only this thread is to end; the others cannot know how far it came.
            for job in batch:
                job.error = Unavailable(f"a write to {key} was interrupted", hint="try again")
            raise
        finally:
            with self._turn:
                self._busy.discard(key)
                for job in batch:
                    job.done = True
                self._turn.notify_all()
