"""One thing that ``doctor`` found: what hurts, where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pocketrepo.config.change import Change, planned
from pocketrepo.config.edit import FileEdit
from pocketrepo.config.locate import Place
from pocketrepo.config.url import mask
from pocketrepo.errors import UnsafeEdit


@dataclass(frozen=True)
class Finding:
    """``level`` is error (it does not work, or gives something away) or warning; ``line`` 0 is the whole file.

    ``advice`` says what to do; ``edit`` is there where that is safe to do without asking.
    """

    code: str
    level: str
    where: Path | str
    line: int
    text: str
    advice: str = ""
    edit: FileEdit | None = field(default=None, repr=False, compare=False)
    place: Place | None = field(default=None, repr=False, compare=False)

    @property
    def fixable(self) -> bool:
        return self.edit is not None

    @property
    def location(self) -> str:
        return f"{self.where}:{self.line}" if self.line else str(self.where)

    def fix(self, *, dry_run: bool = False) -> Change:
        """The safe repair as a change, which can be previewed and undone.

        Raises: UnsafeEdit where there is none.
        """
        if self.edit is None:
            raise UnsafeEdit(f"{self.code} has no safe fix", hint=self.advice)
        change = planned(self.place or Place.current(), f"doctor: {self.code} in {self.where}", [self.edit])
        return change if dry_run else change.apply()

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "level": self.level,
            "file": str(self.where),
            "line": self.line or None,
            "text": mask(self.text),
            "advice": mask(self.advice),
            "fixable": self.fixable,
        }

    def __str__(self) -> str:
        advice = f" ({mask(self.advice)})" if self.advice else ""
        return f"{self.location}: {self.level} {self.code}: {mask(self.text)}{advice}"
