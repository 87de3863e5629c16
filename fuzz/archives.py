"""Archives: refused, or read as the standard library reads them. The first byte of an input says what it is."""

from __future__ import annotations

import gzip

from fuzz import check_message
from pocketrepo.archive.metadata import parse_metadata
from pocketrepo.errors import Refused
from tests.archive.test_fuzz import (
    METADATA,
    PLAIN_TAR,
    TAR,
    WHEEL,
    WHEELS,
    ZIP,
    ZIP_SDIST,
    _correct_checksum,
    judged,
)
from tests.distributions import wheel_members, zip_bytes

_BLOCK = 512
MODULES = ("pocketrepo.archive", "pkginfo", "packaging.metadata")


def seeds() -> list[bytes]:
    return [
        *(b"w" + wheel for wheel in WHEELS),
        b"z" + ZIP_SDIST,
        b"g" + gzip.compress(PLAIN_TAR, mtime=0),
        b"t" + PLAIN_TAR,
        b"m" + METADATA,
        b"M" + METADATA,
    ]


def check(data: bytes) -> None:
    kind, data = data[:1], data[1:]
    if kind == b"w":
        judged(data, WHEEL)
    elif kind == b"z":
        judged(data, ZIP)
    elif kind == b"g":
        judged(data, TAR)
    elif kind == b"t":
        judged(gzip.compress(_believed(data), 1, mtime=0), TAR)
    elif kind == b"m":
        judged(zip_bytes(wheel_members(metadata=data)), WHEEL)
    else:
        _check_metadata(data)


def _believed(tar: bytes) -> bytes:
    """``tar`` with right checksums, so that a changed header is looked at."""
    plain = bytearray(tar)
    for start in range(0, len(plain), _BLOCK):
        _correct_checksum(plain, start)
    return bytes(plain)


def _check_metadata(data: bytes) -> None:
    try:
        metadata = parse_metadata(data)
    except Refused as refusal:
        check_message(refusal)
        return
    assert metadata.name.isascii()
    assert all(isinstance(value, str | list) and value for value in metadata.fields.values())
