"""What anybody may send, fuzzed: each target is a module with ``check`` (raises for anything but a refusal), and
``seeds``."""

from __future__ import annotations

from pathlib import Path

TARGETS = ("archives", "forms", "pages")
CORPUS = Path(__file__).parent / "corpus"


def check_message(error: Exception) -> None:
    """A refusal is one line, without control characters."""
    assert str(error).isprintable(), str(error)
