"""A file that comes in pieces: written to a temporary folder under its own name, and hashed on the way."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from pathlib import Path

from pocketrepo.errors import BadUpload, TooLarge, Unavailable

LIMIT = 1_000_000_000
"""Bytes; the server has limits of its own."""


class Reception:
    """One file on its way. Raises TooLarge, BadUpload for a name that is none, Unavailable without room on disk."""

    def __init__(self, name: str, size: int, *, limit: int = LIMIT) -> None:
        if size > limit:
            raise TooLarge(
                f"{name} has {size:,} bytes, more than {limit:,}", hint="push it by its path: push(path)"
            )
        if not name or name != Path(name).name or name.startswith("."):
            raise BadUpload(f"{name!r} is no file name")
        free = shutil.disk_usage(tempfile.gettempdir()).free
        if size > free:
            raise Unavailable(f"no room for {size:,} bytes in {tempfile.gettempdir()}, {free:,} are free")
        self._folder = tempfile.TemporaryDirectory(prefix="pocketrepo-", ignore_cleanup_errors=True)
        self.path = Path(self._folder.name) / name
        self.size = size
        self.received = 0
        self._digest = hashlib.sha256()
        self._file = self.path.open("wb")
        self._last = time.monotonic()

    @property
    def idle(self) -> float:
        """Seconds since the last piece came."""
        return time.monotonic() - self._last

    @property
    def complete(self) -> bool:
        return self.received == self.size

    @property
    def sha256(self) -> str:
        """Of what has come so far."""
        return self._digest.hexdigest()

    def write(self, offset: int, piece: memoryview | bytes) -> None:
        """The next piece. Raises BadUpload if one before it was lost or it goes beyond the end."""
        if offset != self.received or offset + len(piece) > self.size:
            raise BadUpload(f"{self.path.name} did not come in one piece", hint="try again")
        self._file.write(piece)
        self._digest.update(piece)
        self.received += len(piece)
        self._last = time.monotonic()
        if self.complete:
            self._file.close()

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
        self._folder.cleanup()
