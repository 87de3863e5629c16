"""Unified diffs for people: every secret masked, every byte accounted for."""

from __future__ import annotations

import difflib
from pathlib import Path

from pocketrepo.config.reqfile import decode
from pocketrepo.config.url import mask, mask_netrc


def unified(path: Path, before: bytes | None, after: bytes | None) -> str:
    """A masked unified diff, empty where the bytes are equal. A missing file is the null device, as in git."""
    if before == after:
        return ""
    old, new = _lines(before), _lines(after)
    names = ("/dev/null" if before is None else str(path), "/dev/null" if after is None else str(path))
    hide = mask_netrc if path.name.endswith("netrc") else mask
    lines = [hide(line) for line in difflib.unified_diff(old, new, *names)]
    return "".join(_ended(line) for line in lines)


def _lines(data: bytes | None) -> list[str]:
    if not data:
        return []
    try:
        text = decode(data).text
    except (UnicodeDecodeError, LookupError):
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n").splitlines(keepends=True)


def _ended(line: str) -> str:
    return line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"
