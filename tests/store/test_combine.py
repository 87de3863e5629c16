"""Work for one key is done in batches, each by the first thread that waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from pocketrepo.errors import Unavailable
from pocketrepo.store.combine import Combiner, Job

Jobs = list[Job[int, int]]


def double(jobs: Jobs) -> None:
    for job in jobs:
        job.result = job.work * 2


class Waiting:
    """Threads behind one that is held up in its work until `release`."""

    def __init__(self) -> None:
        self.combiner: Combiner[int, int] = Combiner()
        self.batches: list[list[int]] = []
        self.outcomes: dict[int, Any] = {}
        self._gate = threading.Event()
        self._threads: list[threading.Thread] = []
        entered = threading.Event()

        def hold(jobs: Jobs) -> None:
            entered.set()
            assert self._gate.wait(30)
            double(jobs)

        self.start(0, hold)
        assert entered.wait(30)

    def start(self, work: int, do: Callable[[Jobs], None] = double) -> None:
        def batched(jobs: Jobs) -> None:
            self.batches.append([job.work for job in jobs])
            do(jobs)

        def run() -> None:
            try:
                self.outcomes[work] = self.combiner.run("key", work, batched)
            except BaseException as error:
                self.outcomes[work] = error

        before = self.queued
        thread = threading.Thread(target=run)
        self._threads.append(thread)
        thread.start()
        while len(self._threads) > 1 and self.queued == before:
            time.sleep(0.001)

    @property
    def queued(self) -> int:
        return len(self.combiner._waiting.get("key", []))

    def release(self) -> None:
        self._gate.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()


def test_a_thread_alone_does_its_own_work() -> None:
    assert Combiner[int, int]().run("key", 2, double) == 4


def test_those_that_wait_are_done_in_one_batch_in_their_order() -> None:
    waiting = Waiting()
    for work in (3, 1, 2):
        waiting.start(work)
    waiting.release()
    assert waiting.batches == [[0], [3, 1, 2]]
    assert waiting.outcomes == {0: 0, 1: 2, 2: 4, 3: 6}


def test_other_keys_do_not_wait() -> None:
    waiting = Waiting()
    assert waiting.combiner.run("other", 1, double) == 2
    assert waiting.outcomes == {}
    waiting.release()


def test_a_job_can_fail_alone() -> None:
    def fail_odd(jobs: Jobs) -> None:
        for job in jobs:
            if job.work % 2:
                job.error = ValueError(job.work)

    waiting = Waiting()
    for work in (1, 2):
        waiting.start(work, fail_odd)
    waiting.release()
    assert isinstance(waiting.outcomes[1], ValueError)
    assert waiting.outcomes[2] is None


def test_a_batch_that_fails_fails_for_all_and_the_next_goes_on() -> None:
    def fail(jobs: Jobs) -> None:
        double(jobs)
        raise ValueError

    waiting = Waiting()
    for work in (1, 2):
        waiting.start(work, fail)
    waiting.release()
    assert isinstance(waiting.outcomes[1], ValueError)
    assert isinstance(waiting.outcomes[2], ValueError)
    assert waiting.combiner.run("key", 3, double) == 6


def test_only_the_thread_that_is_ended_ends() -> None:
    def end(jobs: Jobs) -> None:
        raise KeyboardInterrupt

    waiting = Waiting()
    for work in (1, 2):
        waiting.start(work, end)
    waiting.release()
    kinds = sorted((type(waiting.outcomes[work]) for work in (1, 2)), key=lambda kind: kind.__name__)
    assert kinds == [KeyboardInterrupt, Unavailable]
    assert waiting.combiner.run("key", 3, double) == 6


def test_a_thread_that_is_ended_while_it_waits_leaves_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Waiting()

    def be_interrupted() -> None:
        def interrupted() -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(waiting.combiner._turn, "wait", interrupted)
            with pytest.raises(KeyboardInterrupt):
                waiting.combiner.run("key", 2, double)

    be_interrupted()
    assert waiting.combiner._waiting == {}
    waiting.start(1)
    be_interrupted()
    waiting.release()
    assert waiting.batches == [[0], [1]]
