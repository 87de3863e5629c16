"""The names inside an archive: which are allowed, and whether they make one tree."""

from __future__ import annotations

import re
from enum import Enum, auto

from pocketrepo.archive.limits import Limits, megabytes
from pocketrepo.errors import BadUpload

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DRIVE = re.compile(r"[A-Za-z]:")


class _Kind(Enum):
    FILE = auto()
    LINK = auto()
    FOLDER = auto()
    PARENT = auto()
    """A folder that so far only other names imply."""


class Members:
    """The tree that an archive's members would unpack to, grown member by member.

    ``add`` raises BadUpload for a name that would leave that tree, that two systems would read differently,
    or that was taken before, and for more, longer, deeper or bigger members than the limits allow.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._kinds: dict[str, _Kind] = {}
        self._names_size = 0
        self._unpacked_size = 0

    @property
    def unpacked_size(self) -> int:
        """Bytes of all contents together."""
        return self._unpacked_size

    @property
    def top_level(self) -> list[str]:
        """The first components of all names."""
        return [name for name in self._kinds if "/" not in name]

    def add(self, name: str, *, size: int = 0, folder: bool = False, link: bool = False) -> None:
        """Take ``name`` (``/`` between its components, none at its end) with ``size`` bytes once unpacked."""
        self._check(name)
        known = self._kinds.get(name)
        if known is _Kind.PARENT and not folder:
            raise BadUpload(f"{shown(name)} is a file and a folder in the archive")
        if known not in (None, _Kind.PARENT):
            raise BadUpload(f"{shown(name)} is in the archive twice")
        self._put(name, _Kind.FOLDER if folder else _Kind.LINK if link else _Kind.FILE)
        self._put_parents(name)
        self._unpacked_size += size
        if self._unpacked_size > self._limits.unpacked_size:
            raise BadUpload(f"the archive unpacks to more than {megabytes(self._limits.unpacked_size)}")

    def check_symlink(self, name: str, target: str) -> None:
        """Refuse a symbolic link's target outside of the top-level folder.

        ``..`` counts only in front: behind a name it would depend on where that name itself links to.
        """
        parts = target.split("/")
        climbs = next((i for i, part in enumerate(parts) if part not in ("..", ".")), len(parts))
        depth = name.count("/") - parts[:climbs].count("..")
        if not target or target.startswith("/") or ".." in parts[climbs:] or depth < 1:
            raise BadUpload(f"{shown(name)} links to {shown(target)}, outside of the archive")
        _check_characters(target)

    def check_hardlink(self, name: str, target: str) -> None:
        """Refuse a hard link to anything but a file that came before it."""
        if self._kinds.get(target) is not _Kind.FILE:
            raise BadUpload(f"{shown(name)} links to {shown(target)}, which is no file before it")

    def _put(self, name: str, kind: _Kind) -> None:
        self._kinds[name] = kind
        self._names_size += len(name)
        if len(self._kinds) > self._limits.entries:
            raise BadUpload(f"the archive has more than {self._limits.entries} files and folders")
        if self._names_size > self._limits.directory_size:
            raise BadUpload(f"the archive has more than {megabytes(self._limits.directory_size)} of names")

    def _put_parents(self, name: str) -> None:
        parent = name.rpartition("/")[0]
        while parent:
            known = self._kinds.get(parent)
            if known in (_Kind.FILE, _Kind.LINK):
                raise BadUpload(f"{shown(parent)} is a file and a folder in the archive")
            if known is not None:
                break
            self._put(parent, _Kind.PARENT)
            parent = parent.rpartition("/")[0]

    def _check(self, name: str) -> None:
        if len(name) > self._limits.name_length:
            raise BadUpload(f"{shown(name)} is longer than {self._limits.name_length} characters")
        parts = name.split("/")
        if len(parts) > self._limits.depth:
            raise BadUpload(f"{shown(name)} lies deeper than {self._limits.depth} folders")
        if name.startswith("/") or ".." in parts or _DRIVE.match(name):
            raise BadUpload(f"{shown(name)} leaves the archive")
        if "" in parts or "." in parts:
            raise BadUpload(f"{shown(name)} has an empty part")
        _check_characters(name)


def shown(name: str) -> str:
    """A name out of an archive, fit for one line of a message: quoted, ASCII, at most 80 characters."""
    return ascii(name if len(name) <= 80 else name[:77] + "...")


def _check_characters(name: str) -> None:
    if "\\" in name:
        raise BadUpload(f"{shown(name)} has a backslash in it", hint="folders are separated by /")
    if _CONTROL.search(name):
        raise BadUpload(f"{shown(name)} has a control character in it")
