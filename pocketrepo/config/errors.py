"""What can go wrong while another tool's configuration is read or edited."""

from __future__ import annotations

from pathlib import Path

from pocketrepo.errors import PocketRepoError, UnsafeEdit, UsageError


class BadUrl(UsageError):
    """The text is not the URL of an index: blank, no scheme, a quote or a line break in it."""


class ConfigSyntax(UnsafeEdit):
    """The tool that owns the file could not parse it; ``line`` counts from 1 (0: the file as a whole)."""

    def __init__(self, path: Path | str, line: int, reason: str, *, hint: str = "") -> None:
        where = f"{path}:{line}" if line else str(path)
        super().__init__(f"{where}: {reason}", hint=hint or "mend that line first; nothing was changed")
        self.path = Path(path)
        self.line = line
        self.reason = reason


class WouldBreak(UnsafeEdit):
    """Re-reading the edited text showed another meaning than the one asked for."""


class NotWritable(UnsafeEdit):
    """The file or its folder cannot be written, or the disk is full; the old file is intact."""

    def __init__(self, path: Path, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{path} was not written: {reason}", hint=hint or "the old file is intact")
        self.path = path


class Locked(UnsafeEdit):
    """Another process kept the file's lock for longer than ``seconds``."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__(
            f"{path} is being edited by another process", hint=f"waited {seconds:g} s, try again"
        )
        self.path = path


class ChangedSince(UnsafeEdit):
    """The file is no longer as it was left; ``diff`` (masked) shows what came later."""

    def __init__(self, path: Path, diff: str) -> None:
        super().__init__(f"{path} was changed since", hint="look at the diff and edit it by hand")
        self.path = path
        self.diff = diff


class DanglingName(UnsafeEdit):
    """The index's name is still used elsewhere, for example by ``[tool.uv.sources]``."""


class SecretRefused(UnsafeEdit):
    """The credential has no safe place here."""


class NothingToUndo(PocketRepoError):
    """The history holds no such change, or it was undone already."""
