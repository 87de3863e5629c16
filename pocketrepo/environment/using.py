"""This process's environment pointed at a repository, for a while."""

from __future__ import annotations

import atexit
import os
from types import TracebackType

from pocketrepo.display import Piece, Shown, card, code, facts, muted, phrase, strong, text
from pocketrepo.environment import Address, Changes, Mode, publishing, reading


class Using(Shown):
    """pip, uv and twine started from this process use a repository, until `undo`, the end of a ``with``, or exit."""

    def __init__(self, address: Address, mode: Mode = "only") -> None:
        self.mode = mode
        self.index_url = address.index_url
        self._made: Changes = reading(address, os.environ, mode) | publishing(address)
        self._before: Changes = {name: os.environ.get(name) for name in self._made}
        for name, value in self._made.items():
            _set(name, value)
        _active.append(self)

    @property
    def active(self) -> bool:
        """Whether it is not undone yet."""
        return self in _active

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables that it set, without their values: some may be secret."""
        return tuple(sorted(name for name, value in self._made.items() if value is not None))

    def undo(self) -> None:
        """Put the environment back as it was before; what somebody else changed since stays. In any order."""
        if not self.active:
            return
        later = _active[_active.index(self) + 1 :]
        _active.remove(self)
        for name, before in self._before.items():
            above = next((other for other in later if name in other._made), None)
            if above is not None:
                above._before[name] = before
            elif os.environ.get(name) == self._made[name]:
                _set(name, before)

    def __enter__(self) -> Using:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.undo()

    def __repr__(self) -> str:
        return f"<pocketrepo.Using {self.index_url} {self.mode}, {'active' if self.active else 'undone'}>"

    def _piece(self) -> Piece:
        if not self.active:
            return card(phrase(text("no longer used:"), code(self.index_url)))
        beside = {
            "only": text("this index alone, whatever your settings name"),
            "extra": text("beside your other indexes; pip takes the highest version, whoever published it"),
        }
        return card(
            phrase(strong("pip, uv and twine"), text("of this kernel use"), code(self.index_url)),
            facts(
                [
                    ("install", beside[self.mode]),
                    ("set", muted(", ".join(self.variables))),
                    ("undo", text(".undo(), the end of a with block, or the end of this kernel")),
                ]
            ),
        )


_active: list[Using] = []
"""Those in force, the latest last."""


def _set(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


@atexit.register
def _undo_all() -> None:
    for using in reversed(_active.copy()):
        using.undo()
