"""A change of configuration: what was asked, what it does to each file and to the indexes, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pocketrepo.config import edit as files
from pocketrepo.config import journal
from pocketrepo.config.credentials import Notice, to_keyring
from pocketrepo.config.diff import unified
from pocketrepo.config.edit import FileChange, FileEdit
from pocketrepo.config.errors import NothingToUndo
from pocketrepo.config.journal import Record
from pocketrepo.config.locate import Place
from pocketrepo.config.url import Credentials
from pocketrepo.config.view import Index
from pocketrepo.display import Piece, Shown, block, card, code, diff, facts, muted, phrase, strong, text


@dataclass(frozen=True)
class Change(Shown):
    """What an operation did, or with ``dry_run`` would do.

    ``files`` are the files that differ, ``before`` and ``after`` the indexes in the tools' order, ``warnings``
    what a person should know. Nothing in it shows a secret: not ``diff``, not its repr, not its JSON.
    """

    what: str
    files: tuple[FileChange, ...]
    before: tuple[Index, ...]
    after: tuple[Index, ...]
    warnings: tuple[Notice, ...] = ()
    applied: bool = False
    id: str | None = None
    place: Place = field(default_factory=Place.current, repr=False, compare=False)
    edits: tuple[FileEdit, ...] = field(default=(), repr=False, compare=False)
    keyring: tuple[str, Credentials] | None = field(default=None, repr=False, compare=False)

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(file.path for file in self.files)

    @property
    def diff(self) -> str:
        """A unified diff of all files with every secret masked; empty when there is nothing to do."""
        return "".join(unified(file.path, file.before, file.after) for file in self.files)

    def apply(self) -> Change:
        """Carry out a previewed change; of an applied one, itself.

        Raises: ChangedSince if a file is no longer as it was shown; ConfigSyntax, WouldBreak, NotWritable, Locked.
        """
        if self.applied:
            return self
        return _applied(self, journal.carry_out(self.place, self.what, self.edits, self.files))

    def undo(self) -> None:
        """Every file as it was before this change; a keyring entry stays.

        Raises: ChangedSince, with a diff, if someone changed a file since; NothingToUndo if it was never applied.
        """
        if self.id is None:
            raise NothingToUndo(f"{self.what}: nothing was changed")
        journal.undo(self.place, journal.find(self.place, self.id))

    def to_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "applied": self.applied,
            "id": self.id,
            "files": [str(path) for path in self.paths],
            "diff": self.diff,
            "before": [index.to_json() for index in self.before],
            "after": [index.to_json() for index in self.after],
            "warnings": [{"code": notice.code, "text": notice.text} for notice in self.warnings],
        }

    def __str__(self) -> str:
        state = "" if self.applied else " (not applied)"
        return "\n".join([f"{self.what}{state}", self.diff.rstrip("\n"), *(f"! {n}" for n in self.warnings)])

    def _piece(self) -> Piece:
        state = muted("done" if self.applied else "not applied yet: .apply() does it")
        indexes = [
            (label, block(*(code(index.shown) for index in known)) if known else muted("none"))
            for label, known in (("before", self.before), ("after", self.after))
        ]
        shown = card(
            phrase(strong(self.what), state),
            diff(self.diff) if self.diff else muted("nothing to do"),
            facts(indexes),
            *(text(f"! {notice.text}") for notice in self.warnings),
            muted(".undo() takes it back") if self.id else text(""),
        )
        return Piece(str(self), shown.html)


def carried_out(change: Change) -> Change:
    """The change made to the files as they are by now; whatever others did since it was planned stays."""
    return _applied(change, journal.carry_out(change.place, change.what, change.edits))


def _applied(change: Change, record: Record | None) -> Change:
    if change.keyring:
        to_keyring(*change.keyring)
    files = record.files if record else ()
    return replace(change, applied=True, id=record.id if record else None, files=files)


def planned(
    place: Place,
    what: str,
    edits: Iterable[FileEdit],
    look: Callable[[Place], tuple[Index, ...]] = lambda place: (),
    *,
    keyring: tuple[str, Credentials] | None = None,
) -> Change:
    """The change that the edits would make to the files as they are now; ``look`` tells the indexes of a place."""
    edits = tuple(edits)
    changes = tuple(change for change in map(files.preview, edits) if change.changed)
    edited = place.with_files({change.path: change.after for change in changes})
    return Change(what, changes, look(place), look(edited), (), False, None, place, edits, keyring)
