"""A panel for notebooks: one tab a noun, each a widget of its own, all views over `pocketrepo.api` and
`pocketrepo.config`.

Importing this loads nothing; its names need ipywidgets, which the extra ``pocketrepo[notebook]`` brings.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pocketrepo.errors import UsageError

if TYPE_CHECKING:
    from pocketrepo.widgets.browse import BrowseTab
    from pocketrepo.widgets.connect import ConnectTab
    from pocketrepo.widgets.dashboard import Dashboard
    from pocketrepo.widgets.pip_conf import PipConfTab
    from pocketrepo.widgets.server import ServerTab
    from pocketrepo.widgets.upload import UploadTab

__all__ = ["BrowseTab", "ConnectTab", "Dashboard", "PipConfTab", "ServerTab", "UploadTab"]

_HOMES = {
    "BrowseTab": "browse",
    "ConnectTab": "connect",
    "Dashboard": "dashboard",
    "PipConfTab": "pip_conf",
    "ServerTab": "server",
    "UploadTab": "upload",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        home = import_module(f"{__name__}.{_HOMES[name]}")
    except ModuleNotFoundError as error:
        if error.name != "ipywidgets":
            raise
        raise UsageError(
            "the panel needs ipywidgets in this kernel's environment",
            hint="pip install 'pocketrepo[notebook]', then restart the kernel",
        ) from None
    return getattr(home, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
