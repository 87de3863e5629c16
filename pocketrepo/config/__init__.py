"""Edit the configuration of pip and its relatives without breaking it, and explain what it will do."""

from __future__ import annotations

from pocketrepo.config.snippet import SNIPPET_TOOLS, snippet

__all__ = ["SNIPPET_TOOLS", "snippet"]
