"""What was asked of an index, and how it was answered."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import overload

_TOOL = re.compile(r"([A-Za-z][\w.-]*)/")


@dataclass(frozen=True)
class Request:
    """One request. ``path`` is below the index, as ``/simple/lib/``; ``status`` is 0 where the connection was
    closed without an answer; ``fault`` names what a test made go wrong; ``seconds`` is how long the answer took.
    """

    method: str
    path: str
    status: int
    user_agent: str = ""
    fault: str = ""
    seconds: float = 0.0

    @property
    def tool(self) -> str:
        """Who asked, by its ``User-Agent``, in lower case: ``pip``, ``uv``, ``twine``, ``python-requests`` …"""
        found = _TOOL.match(self.user_agent)
        return found[1].lower() if found else ""

    @property
    def filename(self) -> str:
        """The file that was asked for, "" for a page; metadata beside a file ends in ``.metadata``."""
        return self.path.rpartition("/")[2] if "/files/" in self.path else ""

    def __str__(self) -> str:
        status = self.status or "---"
        fault = f"  [{self.fault}]" if self.fault else ""
        return f"{self.method:<4} {status} {self.seconds * 1000:5.0f} ms  {self.tool or '?':<8} {self.path}{fault}"


class Requests(Sequence[Request]):
    """Requests in the order they were answered."""

    def __init__(self, requests: Iterable[Request] = ()) -> None:
        self._requests = list(requests)

    @overload
    def __getitem__(self, position: int) -> Request: ...
    @overload
    def __getitem__(self, position: slice) -> Requests: ...
    def __getitem__(self, position: int | slice) -> Request | Requests:
        if isinstance(position, slice):
            return Requests(self._requests[position])
        return self._requests[position]

    def __len__(self) -> int:
        return len(self._requests)

    def where(
        self,
        *,
        tool: str | None = None,
        path: str = "*",
        method: str | None = None,
        status: int | None = None,
    ) -> Requests:
        """Those that fit. ``path`` may have wildcards; without a slash it is the name of a file."""
        return Requests(
            request
            for request in self
            if fits(request.path, path)
            and tool in (None, request.tool)
            and method in (None, request.method)
            and status in (None, request.status)
        )

    @property
    def paths(self) -> list[str]:
        """Path of each."""
        return [request.path for request in self]

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return "\n".join(map(str, self)) or "no requests"

    def __repr__(self) -> str:
        return f"<{len(self)} requests\n{self}>" if self else "<0 requests>"

    def note(self, request: Request) -> None:
        """Add one."""
        self._requests.append(request)

    def clear(self) -> None:
        """Forget them."""
        self._requests.clear()


def fits(path: str, pattern: str) -> bool:
    """Whether a path is meant: wildcards as in a shell, and without a slash the last part alone counts."""
    if pattern == "*":
        return True
    return fnmatchcase(path if "/" in pattern else path.rpartition("/")[2], pattern)
