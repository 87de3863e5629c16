"""What was changed, kept so that any process can undo it: one record a change, before and after of each file."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pocketrepo.config import edit
from pocketrepo.config.diff import unified
from pocketrepo.config.edit import FileChange, FileEdit
from pocketrepo.config.errors import ChangedSince, NothingToUndo, NotWritable
from pocketrepo.config.locate import Place

KEPT = 200
SCHEMA = 1


@dataclass(frozen=True)
class Record:
    """One change in the history. ``what`` is masked; the files' bytes may hold secrets and are never shown."""

    id: str
    what: str
    files: tuple[FileChange, ...]
    undone: bool = False

    @property
    def when(self) -> datetime:
        return datetime.fromtimestamp(int(self.id.partition("-")[0]) / 1e9, tz=UTC)

    @property
    def diff(self) -> str:
        return "".join(unified(file.path, file.before, file.after) for file in self.files)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "when": self.when.isoformat(),
            "what": self.what,
            "files": [str(file.path) for file in self.files],
            "undone": self.undone,
        }

    def __repr__(self) -> str:
        paths = ", ".join(str(file.path) for file in self.files)
        return f"<{self.when:%Y-%m-%d %H:%M} {self.what}: {paths}{' (undone)' if self.undone else ''}>"


def carry_out(
    place: Place, what: str, edits: Iterable[FileEdit], expected: Iterable[FileChange] | None = None
) -> Record | None:
    """All the edits, or none of them; None when there was nothing to do.

    ``expected``: the changes as they were shown to a person; a file that is not the shown one is refused.

    Raises: ConfigSyntax, WouldBreak, NotWritable, Locked, ChangedSince.
    """
    edits = list(edits)
    with edit.locked(place, [one.path for one in edits]):
        _settle(place, [one.path for one in edits])
        changes = [change for change in map(edit.preview, edits) if change.changed]
        _check_expected(changes, expected)
        if not changes:
            return None
        for change in changes:
            edit.check_writable(change.path)
        record = Record(f"{time.time_ns():020d}-{secrets.token_hex(4)}", what, tuple(changes))
        # Named after a lock that is held here, so whatever a killed process leaves is met by the next edit.
        pending = _folder(place, "pending") / f"{edit.lock_name(changes[0].path)}.json"
        _store(pending, record)
        _replace_all(changes, pending)
        _commit(place, pending, record)
        return record


def _check_expected(changes: list[FileChange], expected: Iterable[FileChange] | None) -> None:
    shown = {change.path: change for change in expected or ()}
    for change in changes if expected is not None else ():
        if change.path not in shown or shown[change.path].before != change.before:
            before = shown[change.path].before if change.path in shown else None
            raise ChangedSince(change.path, unified(change.path, before, change.before))


def _replace_all(changes: list[FileChange], pending: Path) -> None:
    done: list[FileChange] = []
    try:
        for change in changes:
            _check_expected(
                [replace(change, before=edit.current(change.path))], changes
            )  # locks bind only us
            edit.replace(change.path, change.after, mode=0o600 if change.private else None)
            done.append(change)
    except (NotWritable, ChangedSince):
        for change in reversed(done):
            edit.replace(change.path, change.before, mode=change.mode)
        pending.unlink(missing_ok=True)
        raise


def records(place: Place, path: Path | None = None) -> list[Record]:
    """The changes made by this user, newest first; those of one file if ``path`` is given."""
    found = [_load(file) for file in sorted(_folder(place, "history").glob("*.json"), reverse=True)]
    if path is None:
        return found
    wanted = edit.real(path)
    return [record for record in found if any(edit.real(file.path) == wanted for file in record.files)]


def undo(place: Place, record: Record) -> None:
    """Every file of the change as it was before.

    Raises: ChangedSince, with a diff, if one of them is no longer as the change left it; nothing is undone then.
    """
    with edit.locked(place, [file.path for file in record.files]):
        _settle(place, [file.path for file in record.files])
        stored = _folder(place, "history") / f"{record.id}.json"
        if not stored.exists() or _load(stored).undone:
            raise NothingToUndo(f"{record.what} was undone already")
        for file in record.files:
            now = edit.current(file.path)
            if now not in (file.after, file.before):
                raise ChangedSince(file.path, unified(file.path, file.after, now))
            edit.check_writable(file.path)
        for file in record.files:
            edit.replace(file.path, file.before, mode=file.mode)
        _store(stored, replace(record, undone=True))


def _settle(place: Place, paths: list[Path]) -> None:
    """Decide what a killed process left undecided; whoever holds the files' locks may.

    A file that has the record's new bytes was changed; one that still has the old bytes was not.
    """
    mine = {edit.real(path) for path in paths}
    for pending in _folder(place, "pending").glob("*.json"):
        with contextlib.suppress(FileNotFoundError):
            record = _load(pending)
            if mine.isdisjoint(edit.real(file.path) for file in record.files):
                continue
            applied = tuple(file for file in record.files if edit.current(file.path) == file.after)
            if applied:
                _store(_folder(place, "history") / f"{record.id}.json", replace(record, files=applied))
            pending.unlink(missing_ok=True)


def _commit(place: Place, pending: Path, record: Record) -> None:
    folder = _folder(place, "history")
    pending.replace(folder / f"{record.id}.json")
    for old in sorted(folder.glob("*.json"))[:-KEPT]:
        old.unlink(missing_ok=True)


def _folder(place: Place, name: str) -> Path:
    folder = place.state / name
    try:
        edit.make_private(folder)
    except OSError as error:
        raise NotWritable(folder, str(error), hint="the history is kept there") from None
    return folder


def _store(path: Path, record: Record) -> None:
    edit.replace(path, json.dumps(_to_json(record)).encode(), mode=0o600)


def _load(path: Path) -> Record:
    document = json.loads(path.read_bytes())
    files = tuple(
        FileChange(
            Path(os.fsdecode(base64.b64decode(file["path"]))),
            _unpacked(file["before"]),
            _unpacked(file["after"]),
            file["mode"],
            file["private"],
        )
        for file in document["files"]
    )
    return Record(document["id"], document["what"], files, document["undone"])


def _to_json(record: Record) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "id": record.id,
        "what": record.what,
        "undone": record.undone,
        "files": [
            {
                "path": _packed(os.fsencode(file.path)),
                "before": _packed(file.before),
                "after": _packed(file.after),
                "mode": file.mode,
                "private": file.private,
            }
            for file in record.files
        ],
    }


def _packed(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def _unpacked(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def find(place: Place, id: str) -> Record:
    """Raises: NothingToUndo if the history holds no such change (any more)."""
    path = _folder(place, "history") / f"{id}.json"
    if not path.exists():
        raise NothingToUndo(f"no change {id} in the history")
    return _load(path)
