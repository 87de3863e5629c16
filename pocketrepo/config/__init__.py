"""Edit the configuration of pip and its relatives without breaking it, and explain what it will do.

It works for any index and stands alone: importing it loads no third-party library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pocketrepo.config.snippet import SNIPPET_TOOLS, snippet

if TYPE_CHECKING:
    from pocketrepo.config.change import Change
    from pocketrepo.config.credentials import Notice
    from pocketrepo.config.diagnosis import Finding, doctor
    from pocketrepo.config.explanation import Explanation, explain
    from pocketrepo.config.journal import Record
    from pocketrepo.config.locate import Place
    from pocketrepo.config.operations import (
        add_index,
        history,
        remove,
        set_index,
        set_publish,
        trust,
        undo,
        using,
    )
    from pocketrepo.config.overview import Shown, show
    from pocketrepo.config.view import Index, View

__all__ = [
    "SNIPPET_TOOLS",
    "Change",
    "Explanation",
    "Finding",
    "Index",
    "Notice",
    "Place",
    "Record",
    "Shown",
    "View",
    "add_index",
    "doctor",
    "explain",
    "history",
    "remove",
    "set_index",
    "set_publish",
    "show",
    "snippet",
    "trust",
    "undo",
    "using",
]

# No module here has the name of a lazy function: once imported, it would stand in the function's place.
_HOMES = {
    "Change": "change",
    "Explanation": "explanation",
    "Finding": "diagnosis",
    "Index": "view",
    "Notice": "credentials",
    "Place": "locate",
    "Record": "journal",
    "Shown": "overview",
    "View": "view",
    "add_index": "operations",
    "doctor": "diagnosis",
    "explain": "explanation",
    "history": "operations",
    "remove": "operations",
    "set_index": "operations",
    "set_publish": "operations",
    "show": "overview",
    "trust": "operations",
    "undo": "operations",
    "using": "operations",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
