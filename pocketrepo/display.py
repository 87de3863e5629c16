"""HTML for notebooks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pocketrepo.background import Server
    from pocketrepo.client import Pushes


def server_card(server: Server) -> str:
    return escape(repr(server))


def pushes_table(pushes: Pushes) -> str:
    return escape(str(pushes))
