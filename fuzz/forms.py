"""Forms: refused with nothing left in staging, or the same in whatever pieces the bytes come. The first bytes of
an input say in which."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from tests.web.test_upload_form import GOOD, assert_the_same_in_pieces

_PIECES = 4
MODULES = ("pocketrepo.web.form", "multipart")

_staging = Path(tempfile.mkdtemp(prefix="forms-"))
atexit.register(shutil.rmtree, _staging, ignore_errors=True)


def seeds() -> list[bytes]:
    return [
        bytes([1, 2, 3, 250]) + GOOD,
        bytes([200, 1, 1, 1]) + GOOD,
        bytes([40] * _PIECES) + GOOD[: len(GOOD) // 2],
    ]


def check(data: bytes) -> None:
    lengths, body = data[:_PIECES], data[_PIECES:]
    assert_the_same_in_pieces(_staging, body, [length + 1 for length in lengths])
