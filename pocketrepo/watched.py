"""A document decoded once for each state it is in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from pocketrepo.model import Json
from pocketrepo.store import Store

T = TypeVar("T")


class Seen(NamedTuple, Generic[T]):
    """A document's value, and whether that is still the newest."""

    value: T
    stands: Callable[[], bool]


def both(first: Callable[[], bool], second: Callable[[], bool]) -> Callable[[], bool]:
    """One question in place of two; the second is asked only if the first says yes."""
    return lambda: first() and second()


class Watched(Generic[T]):
    """The document at ``key`` as ``decode`` makes it: one ``stat`` as long as it does not change.

    ``decode`` gets None where there is no document. Raises NewerFormat, Damaged.
    """

    def __init__(self, store: Store, key: str, decode: Callable[[Json | None], T]) -> None:
        self.key = key
        self._store = store
        self._decode = decode
        self._seen: Seen[T] | None = None

    def look(self) -> Seen[T]:
        """The value, with the question whether it still holds for whoever keeps it."""
        seen = self._seen
        if seen is None or not seen.stands():
            seen = self._seen = self._read()
        return seen

    def get(self) -> T:
        return self.look().value

    def _read(self) -> Seen[T]:
        store, key = self._store, self.key
        # The etag first: should the document change in between, the value is thrown away at the next look.
        etag = store.etag(key)
        if etag is None:
            return Seen(self._decode(None), lambda: store.etag(key) is None)
        return Seen(self._decode(store.get(key)), store.watch(key, etag))
