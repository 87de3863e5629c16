"""Why a program gave up, in one line, from what it printed."""

from __future__ import annotations

import re
from collections.abc import Sequence

_ERROR = re.compile(r"(?:ERROR:|error:|  \N{MULTIPLICATION SIGN} )(.*)")
_CAUSE = re.compile(r"  (?:cause:|\W+ )(.*)")


def reason(lines: Sequence[str]) -> str:
    """What pip or uv calls an error, with the cause that uv puts below it; of another program its last words."""
    for line, below in zip(lines, [*lines[1:], ""], strict=False):
        found, cause = _ERROR.match(line), _CAUSE.match(below)
        if found is not None:
            return " ".join([found[1].strip(), *([cause[1].strip()] if cause else [])])
    return next((line.strip() for line in reversed(lines) if line.strip()), "no reason given")
