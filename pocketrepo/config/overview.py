"""``show``: every index option that counts here, where it comes from and what it overrides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pocketrepo import display
from pocketrepo.config import locate
from pocketrepo.config.effective import TOOLS
from pocketrepo.config.effective import view as view_of
from pocketrepo.config.locate import Place, Target
from pocketrepo.config.view import View
from pocketrepo.display import Piece, card, code, muted, table, text


@dataclass(frozen=True)
class Shown(display.Shown):
    """The views of the tools asked for, and the files that were looked at, weakest first, present or not."""

    views: tuple[View, ...]
    files: tuple[Target, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "tools": [view.to_json() for view in self.views],
            "files": [
                {"tool": file.tool, "level": file.level, "path": str(file.path), "exists": file.exists}
                for file in self.files
            ],
        }

    def __str__(self) -> str:
        return "\n".join(line for view in self.views for line in _lines(view))

    def _piece(self) -> Piece:
        rows = [
            (text(s.tool), text(s.key), code(s.shown), text(s.origin.where), text(s.overridden_by))
            for view in self.views
            for s in view.settings
        ]
        listed = table(["tool", "option", "value", "from", "overridden by"], rows)
        return Piece(str(self), card(listed if rows else muted("nothing is configured")).html)


def show(tool: str | None = None, *, args: Sequence[str] = (), place: Place | None = None) -> Shown:
    """The effective configuration as the tool (or each of pip, uv, Poetry and PDM) will see it from this folder.

    Raises: UsageError for an unknown tool.
    """
    place = place or Place.current()
    views = [view_of(place, one, args) for one in ((tool,) if tool else TOOLS)]
    shown = [view for view in views if tool or view.tool in ("pip", "uv") or view.settings or view.errors]
    files = [*locate.pip_files(place), *locate.uv_files(place)]
    return Shown(tuple(shown), tuple(file for file in files if tool in (None, file.tool)))


def _lines(view: View) -> list[str]:
    lines = [f"{view.tool}: {', '.join(index.shown for index in view.indexes) or 'no index'}"]
    for setting in view.settings:
        state = f"  (overridden by {setting.overridden_by})" if setting.overridden_by else ""
        lines.append(f"  {setting.key} = {' '.join(setting.shown.split())}  [{setting.origin}]{state}")
    return lines + [f"  note: {note}" for note in view.notes] + [f"  error: {error}" for error in view.errors]
