"""Your own PyPI, in your pocket: a private Python package index that one line starts.

    import pocketrepo
    server = pocketrepo.start()
    pocketrepo.push("dist/")
    pocketrepo.install("hello-pocket")

Names are resolved when they are first used, so that importing this costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from pocketrepo import config, errors
    from pocketrepo.api import connect, install, push, status
    from pocketrepo.background import Server, start
    from pocketrepo.client import Client, Pushed, Pushes
    from pocketrepo.errors import PocketRepoError
    from pocketrepo.installing import Installed
    from pocketrepo.records import RunRecord
    from pocketrepo.server import create_app
    from pocketrepo.settings import Settings

_HOMES = {
    "Client": "client",
    "Installed": "installing",
    "PocketRepoError": "errors",
    "Pushed": "client",
    "Pushes": "client",
    "RunRecord": "records",
    "Server": "background",
    "Settings": "settings",
    "config": "",
    "connect": "api",
    "create_app": "server",
    "errors": "",
    "install": "api",
    "push": "api",
    "start": "background",
    "status": "api",
}

__all__ = [
    "Client",
    "Installed",
    "PocketRepoError",
    "Pushed",
    "Pushes",
    "RunRecord",
    "Server",
    "Settings",
    "__version__",
    "config",
    "connect",
    "create_app",
    "errors",
    "install",
    "push",
    "start",
    "status",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if not home:
        return importlib.import_module(f"{__name__}.{name}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
