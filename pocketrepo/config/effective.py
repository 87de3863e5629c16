"""The view of the tool that a file belongs to, and of all tools together."""

from __future__ import annotations

from collections.abc import Sequence

from packaging.version import Version

from pocketrepo.config.locate import Place, Target
from pocketrepo.config.pip_view import pip_view
from pocketrepo.config.project_view import project_view
from pocketrepo.config.uv_view import uv_view
from pocketrepo.config.view import View
from pocketrepo.errors import UsageError

TOOLS = ("pip", "uv", "poetry", "pdm")


def effective(place: Place, target: Target) -> View:
    """What the file's tool would ask here; for a requirements file, ``pip install -r`` that file."""
    if target.kind == "requirements":
        return (
            pip_view(place, ["-r", str(target.path)])
            if place.read(target.path) is not None
            else pip_view(place)
        )
    return view(place, target.tool) if target.tool in TOOLS else View(target.tool)


def view(place: Place, tool: str, args: Sequence[str] = (), pip: Version | None = None) -> View:
    """Raises: UsageError for a tool without a view."""
    if tool == "pip":
        return pip_view(place, args, pip=pip)
    if tool == "uv":
        return uv_view(place, args)
    if tool in ("poetry", "pdm"):
        return project_view(place, tool)
    raise UsageError(f"no view of {tool!r}", hint="one of " + ", ".join(TOOLS))
