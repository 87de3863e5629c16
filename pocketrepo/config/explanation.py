"""Which indexes would be asked for a package, which of them may win, and whether a stranger could."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from pocketrepo.config import netrc
from pocketrepo.config.advice import mixes
from pocketrepo.config.effective import view as view_of
from pocketrepo.config.errors import ConfigSyntax
from pocketrepo.config.locate import Place, netrc_file
from pocketrepo.config.url import host_of, is_public, mask, split_credentials
from pocketrepo.config.view import Dropped, Index, View
from pocketrepo.display import Piece, Shown, card, code, phrase, strong, table, text
from pocketrepo.errors import UsageError


@dataclass(frozen=True)
class Explanation(Shown):
    """``indexes`` in the tool's order; ``winner`` says which may serve ``name``; ``risk`` is empty or why not to.

    ``credentials`` has, for each index, what the tool would send there.
    """

    name: str
    tool: str
    indexes: tuple[Index, ...]
    winner: str
    risk: str
    dropped: tuple[Dropped, ...]
    credentials: tuple[str, ...]
    notes: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def urls(self) -> tuple[str, ...]:
        return tuple(split_credentials(index.url)[0] for index in self.indexes)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "tool": self.tool,
            "indexes": [
                index.to_json() | {"credentials": sent}
                for index, sent in zip(self.indexes, self.credentials, strict=True)
            ],
            "winner": self.winner,
            "risk": self.risk or None,
            "dropped": [dropped.to_json() for dropped in self.dropped],
            "notes": list(self.notes),
            "errors": [mask(error) for error in self.errors],
        }

    def __str__(self) -> str:
        lines = [f"{self.tool} asks for {self.name}:"]
        for number, (index, sent) in enumerate(zip(self.indexes, self.credentials, strict=True), 1):
            lines.append(f"  {number}. {index.shown}  [{index.role}, {index.origin}; credentials: {sent}]")
        lines += [f"  not {dropped.shown}  [{dropped.origin}]: {dropped.why}" for dropped in self.dropped]
        lines.append(self.winner)
        lines += [f"risk: {self.risk}"] if self.risk else []
        return "\n".join([*lines, *self.notes, *(f"error: {mask(error)}" for error in self.errors)])

    def _piece(self) -> Piece:
        rows = [
            (text(str(number)), code(index.shown), text(index.role), text(str(index.origin)), text(sent))
            for number, (index, sent) in enumerate(zip(self.indexes, self.credentials, strict=True), 1)
        ]
        risk = phrase(strong("Risk:"), text(self.risk)) if self.risk else text("")
        asked = table(["", "index", "role", "from", "credentials"], rows)
        return Piece(str(self), card(asked, text(self.winner), risk).html)


def explain(
    name: str,
    *,
    tool: str = "pip",
    args: Sequence[str] = (),
    requirements: Sequence[str | Path] = (),
    pip: str | None = None,
    place: Place | None = None,
) -> Explanation:
    """Which indexes ``pip install NAME`` (or ``uv pip install NAME``) would ask here, and which may win.

    ``args`` are further arguments of the command, ``requirements`` its ``-r`` files, ``pip`` pip's version
    (default: the one in the active environment).

    Raises: UsageError for a name, tool, argument or version that makes no sense.
    """
    place = place or Place.current()
    package = name.partition("[")[0].partition("=")[0].strip()
    if not package or not package.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise UsageError(f"{name!r} is not a package name")
    files = [word for path in requirements for word in ("-r", str(path))]
    view = view_of(place, tool, [*args, *files], _version(pip))
    pinned = _pinned(view, package)
    indexes = pinned or view.indexes if tool != "poetry" else pinned or _implicit(view.indexes)
    return Explanation(
        package,
        tool,
        tuple(indexes),
        _winner(view, indexes, bool(pinned)),
        "" if pinned else _risk(view, package),
        view.dropped,
        tuple(_credentials(place, index, tool) for index in indexes),
        view.notes,
        view.errors,
    )


def _version(pip: str | None) -> Version | None:
    try:
        return Version(pip) if pip is not None else None
    except InvalidVersion:
        raise UsageError(f"{pip!r} is not a version of pip") from None


def _pinned(view: View, package: str) -> tuple[Index, ...]:
    """The index that the project ties the package to, explicit ones included."""
    names = {index for pin, index in view.pins if canonicalize_name(pin) == canonicalize_name(package)}
    return tuple(index for index in (*view.indexes, *view.explicit) if index.name and index.name in names)


def _implicit(indexes: tuple[Index, ...]) -> tuple[Index, ...]:
    return tuple(index for index in indexes if index.role != "explicit")


def _winner(view: View, indexes: Sequence[Index], pinned: bool) -> str:
    if view.errors:
        return f"{view.tool} would give up: {mask(view.errors[0])}"
    if pinned:
        return "only there: the project ties the package to it"
    if not indexes:
        return "no index is asked"
    if len(indexes) == 1:
        return "only that one may serve it"
    if view.tool == "pip" or view.strategy == "unsafe-best-match" or view.tool == "pdm":
        last = f"; of equal versions, that of {indexes[-1].shown}" if view.tool == "pip" else ""
        return f"no order: the best version over all of them wins{last}"
    if view.strategy == "unsafe-first-match":
        return "the first that has a matching version wins"
    if view.tool == "poetry":
        return (
            "the primary sources together; the supplemental ones only where those have no version that fits"
        )
    return "the first that knows the name wins, whatever its versions; a 401 or 403 ends the search"


def _risk(view: View, package: str) -> str:
    if view.errors or not mixes(view):
        return ""
    private = [index for index in view.indexes if not is_public(index.url)]
    if view.tool in ("pip", "pdm") or view.strategy.startswith("unsafe"):
        return (
            f"dependency confusion: whoever registers {package} on PyPI with a higher version wins over "
            f"{private[0].shown}"
        )
    first_public = next(n for n, index in enumerate(view.indexes) if is_public(index.url))
    if view.tool == "uv" and first_public < len(view.indexes) - 1:
        last = private[-1].shown
        return f"dependency confusion: PyPI is asked before {last}, and the first that knows the name wins"
    return ""


def _credentials(place: Place, index: Index, tool: str) -> str:
    _, credentials = split_credentials(index.url)
    if credentials:
        return "in the URL"
    if index.name and tool == "uv":
        label = index.name.upper().replace("-", "_").replace(".", "_")
        if place.env.get(f"UV_INDEX_{label}_PASSWORD"):
            return f"UV_INDEX_{label}_PASSWORD"
    data = place.read(netrc_file(place)) or b""
    try:
        if host_of(index.url) in netrc.read(data, netrc_file(place)):
            return "netrc"
    except ConfigSyntax:
        return "none (netrc cannot be read)"
    if tool == "pip" and not is_public(index.url):
        return "keyring, after a 401"
    return "none"
