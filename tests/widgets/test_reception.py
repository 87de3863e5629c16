"""A file that comes in pieces."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from pocketrepo.errors import BadUpload, TooLarge, Unavailable
from pocketrepo.widgets.reception import Reception


def test_pieces_become_the_file_under_its_name_and_its_hash() -> None:
    reception = Reception("a-1.0.tar.gz", 6)
    for offset, piece in ((0, b"abc"), (3, b"de"), (5, b"f")):
        assert not reception.complete
        reception.write(offset, memoryview(piece))
    assert reception.complete
    assert reception.path.name == "a-1.0.tar.gz"
    assert reception.path.read_bytes() == b"abcdef"
    assert reception.sha256 == hashlib.sha256(b"abcdef").hexdigest()
    reception.close()
    assert not reception.path.parent.exists()


def test_an_empty_file_is_complete_at_once() -> None:
    reception = Reception("a", 0)
    assert reception.complete
    assert reception.path.read_bytes() == b""
    reception.close()


@pytest.mark.parametrize(("offset", "piece"), [(1, b"a"), (0, b"abcdefg")], ids=["lost", "too long"])
def test_a_piece_that_does_not_fit_is_refused(offset: int, piece: bytes) -> None:
    reception = Reception("a", 6)
    with pytest.raises(BadUpload, match="did not come in one piece"):
        reception.write(offset, piece)
    reception.close()


@pytest.mark.parametrize("name", ["", "..", "../a.whl", "a/b.whl", "/etc/passwd", ".hidden"])
def test_a_name_that_is_a_path_is_refused(name: str) -> None:
    with pytest.raises(BadUpload, match="no file name"):
        Reception(name, 1)


def test_a_file_beyond_the_limit_is_refused_before_it_comes() -> None:
    with pytest.raises(TooLarge, match="11 bytes, more than 10"):
        Reception("a", 11, limit=10)


def test_a_file_without_room_on_disk_is_refused_before_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=5))
    with pytest.raises(Unavailable, match="no room for 6 bytes"):
        Reception("a", 6)


def test_what_is_forgotten_leaves_nothing_on_disk() -> None:
    reception = Reception("a", 6)
    folder: Path = reception.path.parent
    reception.write(0, b"abc")
    reception.close()
    assert not folder.exists()
