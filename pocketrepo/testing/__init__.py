"""A package index for tests: empty, throw-away, of this process, and with faults on demand.

With pytest it is there as the fixture ``pocketrepo``; without, as a context manager:

    from pocketrepo.testing import Index

    with Index() as index:
        index.add("app==2.0", requires=["lib>=1"])

Nothing is loaded before it is used, so that having the plugin installed costs a pytest run nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pocketrepo.testing.faults import Fault
    from pocketrepo.testing.index import Index
    from pocketrepo.testing.scenario import Scenario
    from pocketrepo.testing.traffic import Request, Requests
    from pocketrepo.testing.venv import Venv

_HOMES = {
    "Fault": "faults",
    "Index": "index",
    "Request": "traffic",
    "Requests": "traffic",
    "Scenario": "scenario",
    "Venv": "venv",
}

__all__ = ["Fault", "Index", "Request", "Requests", "Scenario", "Venv"]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
