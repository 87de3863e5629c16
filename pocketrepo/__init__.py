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
    from pocketrepo import config, errors, widgets
    from pocketrepo.api import connect, install, push, status, use
    from pocketrepo.background import Server, start
    from pocketrepo.client import Client
    from pocketrepo.client.listings import Files, Project, Projects, Pushed, Pushes
    from pocketrepo.environment.installing import Installations, Installed
    from pocketrepo.environment.sandbox import Sandbox
    from pocketrepo.environment.using import Using
    from pocketrepo.errors import PocketRepoError
    from pocketrepo.records import RunRecord
    from pocketrepo.requestlog import Log
    from pocketrepo.server import create_app
    from pocketrepo.settings import Settings

_HOMES = {
    "Client": "client",
    "Files": "client.listings",
    "Installations": "environment.installing",
    "Installed": "environment.installing",
    "Log": "requestlog",
    "PocketRepoError": "errors",
    "Project": "client.listings",
    "Projects": "client.listings",
    "Pushed": "client.listings",
    "Pushes": "client.listings",
    "RunRecord": "records",
    "Sandbox": "environment.sandbox",
    "Server": "background",
    "Settings": "settings",
    "Using": "environment.using",
    "config": "",
    "connect": "api",
    "create_app": "server",
    "errors": "",
    "install": "api",
    "load_ipython_extension": "magics",
    "push": "api",
    "start": "background",
    "status": "api",
    "use": "api",
    "widgets": "",
}

__all__ = [
    "Client",
    "Files",
    "Installations",
    "Installed",
    "Log",
    "PocketRepoError",
    "Project",
    "Projects",
    "Pushed",
    "Pushes",
    "RunRecord",
    "Sandbox",
    "Server",
    "Settings",
    "Using",
    "__version__",
    "config",
    "connect",
    "create_app",
    "errors",
    "install",
    "push",
    "start",
    "status",
    "use",
    "widgets",
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
