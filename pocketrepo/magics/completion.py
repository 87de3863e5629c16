"""Tab after ``%pocket``."""

from __future__ import annotations

from typing import Any

from pocketrepo.magics.commands import COMMANDS, options_of


def complete(shell: object, event: Any) -> list[str]:
    """Commands as the first word, then the modes of ``use`` and the options of each."""
    words = event.text_until_cursor.split()
    if not event.text_until_cursor.endswith(" "):
        words.pop()
    if len(words) < 2:
        return list(COMMANDS)
    command = words[1]
    modes = ["only", "extra", "off"] if command == "use" and len(words) == 2 else []
    return modes + options_of(command)
