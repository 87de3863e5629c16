"""What can be made to go wrong between an index and a client, each as often as a test asks for."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from types import TracebackType

from pocketrepo.testing.traffic import fits

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Reply:
    """An answer on its way to the client."""

    status: int
    headers: Headers
    body: Iterable[bytes] = ()
    close: Callable[[], None] = lambda: None


Answer = Callable[[], Reply]


class Dropped(ConnectionError):
    """The connection is to be closed without an answer."""


@dataclass(kw_only=True)
class Fault(ABC):
    """Something that goes wrong for requests whose path fits, ``times`` times, or until `stop`.

    As a context manager it goes wrong within the block.
    """

    path: str = "*"
    times: int | None = None
    count: int = field(default=0, init=False)
    """How often it happened."""

    @abstractmethod
    def apply(self, answer: Answer) -> Reply:
        """The answer that goes out in place of the right one. Raises Dropped for none."""

    @property
    def active(self) -> bool:
        """Whether it can happen again."""
        return self.times is None or self.count < self.times

    def stop(self) -> None:
        """It does not happen again."""
        self.times = 0

    def __enter__(self) -> Fault:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __str__(self) -> str:
        return type(self).__name__.lower()


@dataclass(kw_only=True)
class Fail(Fault):
    """Another status than the right one."""

    status: int
    retry_after: int | None = None

    def apply(self, answer: Answer) -> Reply:
        body = b"this answer was made to fail by a test\n"
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        if self.retry_after is not None:
            headers.append(("Retry-After", str(self.retry_after)))
        return Reply(self.status, headers, [body])

    def __str__(self) -> str:
        return f"fail {self.status}"


@dataclass(kw_only=True)
class Slow(Fault):
    """The right answer, late."""

    seconds: float

    def apply(self, answer: Answer) -> Reply:
        time.sleep(self.seconds)
        return answer()

    def __str__(self) -> str:
        return f"slow {self.seconds:g} s"


@dataclass(kw_only=True)
class Cut(Fault):
    """The right answer up to ``at`` bytes of its body; then the connection is closed."""

    at: int

    def apply(self, answer: Answer) -> Reply:
        reply = answer()
        return replace(reply, body=_first(self.at, reply.body))

    def __str__(self) -> str:
        return f"cut at {self.at}"


class Corrupt(Fault):
    """The right length and headers, with the last byte of the body altered."""

    def apply(self, answer: Answer) -> Reply:
        reply = answer()
        return replace(reply, body=_altered(reply.body))


class Offline(Fault):
    """No answer at all."""

    def apply(self, answer: Answer) -> Reply:
        raise Dropped


class Faults:
    """The faults of one index, in the order they were asked for: the first is nearest to the right answer."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            for fault in self._faults:
                fault.stop()
            self._faults.clear()

    def take(self, path: str) -> list[Fault]:
        """Those that happen to a request, counted."""
        with self._lock:
            due = [fault for fault in self._faults if fault.active and fits(path, fault.path)]
            for fault in due:
                fault.count += 1
        return due


def spoil(answer: Answer, faults: list[Fault]) -> Reply:
    """The answer after all that happens to it. Raises Dropped."""
    for fault in faults:
        answer = partial(fault.apply, answer)
    return answer()


def _first(size: int, body: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in body:
        yield chunk[:size]
        size -= len(chunk)
        if size <= 0:
            return


def _altered(body: Iterable[bytes]) -> Iterator[bytes]:
    last = b""
    for chunk in body:
        if chunk:
            if last:
                yield last
            last = chunk
    if last:
        yield last[:-1] + bytes([last[-1] ^ 1])
