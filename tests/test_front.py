"""What the front keeps in memory is what a client would get without it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from pocketrepo.answers import Answer, Span
from pocketrepo.errors import NotFound
from pocketrepo.front import SMALL_FILE, Front
from pocketrepo.hosts import Hosts
from pocketrepo.model import File, normalize
from pocketrepo.paths import Target
from pocketrepo.repository import Root, open_root
from pocketrepo.settings import Settings
from tests.distributions import make_wheel
from tests.uploads import admit

NAME = normalize("hello-pocket")


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return open_root(Settings(root=tmp_path / "root"))


@pytest.fixture
def front(root: Root) -> Front:
    return Front(root, Hosts())


@dataclass
class Asked:
    headers: dict[str, str]
    method: str = "GET"
    path: str = ""
    client: str = "127.0.0.1:1"


def get(front: Front, file: File, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return front.answer(Target(None, "file", NAME, file.key, file.filename), Asked(named))


def test_a_small_file_is_read_from_disk_once(root: Root, front: Front, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    data = wheel.read_bytes()
    file = admit(root, wheel).file
    first = get(front, file)
    Path(root.repository(root.default).hosted.file(NAME, file.key, file.filename).path).unlink()
    again = get(front, file)
    assert first.body == again.body == data
    assert first.headers == again.headers


def test_a_kept_file_is_gone_once_it_is_deleted(root: Root, front: Front, tmp_path: Path) -> None:
    file = admit(root, make_wheel(tmp_path)).file
    get(front, file)
    root.repository(root.default).hosted.delete(NAME, actor="tester")
    with pytest.raises(NotFound):
        get(front, file)


def test_a_kept_file_answers_conditions_and_ranges(root: Root, front: Front, tmp_path: Path) -> None:
    file = admit(root, make_wheel(tmp_path)).file
    whole = get(front, file)
    headers = dict(whole.headers)
    assert get(front, file, if_none_match=headers["etag"]).status == 304
    assert get(front, file, if_modified_since=headers["last-modified"]).status == 304
    part = get(front, file, range="bytes=1-4")
    assert part.status == 206
    assert isinstance(part.body, Span)
    assert part.body[1:] == (1, 5)


def test_a_large_file_is_not_kept(root: Root, front: Front, tmp_path: Path) -> None:
    incompressible = random.Random(1).randbytes(2 * SMALL_FILE).hex()
    file = admit(root, make_wheel(tmp_path, files={"hello_pocket.py": incompressible})).file
    assert file.size > SMALL_FILE
    assert isinstance(get(front, file).body, Span)
    assert isinstance(get(front, file).body, Span)
