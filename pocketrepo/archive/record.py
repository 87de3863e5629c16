"""RECORD: a wheel's list of its files, with their sizes and hashes."""

from __future__ import annotations

import csv
import hashlib
import io
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping

from pocketrepo.archive.members import shown
from pocketrepo.errors import BadUpload

_HASHES = ("sha256", "sha384", "sha512")


class Record:
    """A parsed RECORD. Raises BadUpload if it is not CSV of path, hash and size, or lists a path twice.

    The hashes are sha256 or better; RECORD itself and its signatures have none.
    """

    def __init__(self, data: bytes, dist_info: str) -> None:
        self._unlisted = {f"{dist_info}/RECORD", f"{dist_info}/RECORD.jws", f"{dist_info}/RECORD.p7s"}
        self._rows: dict[str, tuple[str, str]] = {}
        try:
            for row in csv.reader(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")):
                if row:
                    path, digest, size = row
                    self._add(path, digest, size)
        except (ValueError, csv.Error):
            raise BadUpload("RECORD is not a list of path, hash and size in UTF-8") from None

    @property
    def hashed(self) -> list[str]:
        """The paths that have a hash."""
        return [path for path, (digest, _) in self._rows.items() if digest and path not in self._unlisted]

    def compare(self, sizes: Mapping[str, int]) -> None:
        """Refuse files that are not listed, and listed ones that are missing or have another size.

        ``sizes`` are the wheel's files, name -> bytes.
        """
        for path, (_, size) in self._rows.items():
            if path not in sizes and path not in self._unlisted:
                raise BadUpload(f"RECORD lists {shown(path)}, which is not in the wheel")
            if size and path in sizes and size != str(sizes[path]):
                raise BadUpload(
                    f"RECORD gives {shown(path)} a size of {shown(size)}, it has {sizes[path]} bytes"
                )
        for path in sizes:
            if path not in self._rows and path not in self._unlisted:
                raise BadUpload(f"{shown(path)} is in the wheel, but not in its RECORD")

    def verify(self, path: str, content: Iterable[bytes]) -> None:
        """Refuse ``content``, in pieces, if it does not have the hash that is listed for ``path``."""
        algorithm, _, digest = self._rows[path][0].partition("=")
        if not algorithm:
            return
        hashed = hashlib.new(algorithm)
        for piece in content:
            hashed.update(piece)
        actual = urlsafe_b64encode(hashed.digest()).rstrip(b"=").decode()
        if actual != digest.rstrip("="):
            raise BadUpload(f"{shown(path)} does not have the hash that RECORD says")

    def _add(self, path: str, digest: str, size: str) -> None:
        if path in self._rows:
            raise BadUpload(f"RECORD lists {shown(path)} twice")
        if digest and digest.partition("=")[0] not in _HASHES:
            raise BadUpload(
                f"RECORD has a hash of an unknown kind for {shown(path)}", hint="sha256, sha384 or sha512"
            )
        self._rows[path] = (digest, size)
