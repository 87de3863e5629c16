"""The kernel's end of the upload zone, spoken to as its page does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pocketrepo.client.progress import Progress
from pocketrepo.errors import Refused
from pocketrepo.widgets import zone as module
from pocketrepo.widgets.reception import Reception
from pocketrepo.widgets.zone import UploadZone


class Talk:
    """A zone, what it was told, and what came of the files."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: list[dict[str, Any]] = []
        self.came: list[tuple[str, bytes]] = []
        self.ended = threading.Event()
        self.error: Exception | None = None
        self.zone = UploadZone(self.receive)
        monkeypatch.setattr(self.zone, "send", self.hear)

    def receive(self, reception: Reception, progress: Progress) -> None:
        self.came.append((reception.path.name, reception.path.read_bytes()))
        progress(1, 2)
        if self.error is not None:
            raise self.error

    def hear(self, message: dict[str, Any]) -> None:
        self.told.append(message)
        if message["kind"] in ("done", "refused"):
            self.ended.set()

    def say(self, kind: str, id: str = "1", *buffers: bytes, **more: Any) -> None:
        self.zone._handle_custom_msg({"kind": kind, "id": id, **more}, [memoryview(each) for each in buffers])

    def kinds(self) -> list[str]:
        return [message["kind"] for message in self.told]


@pytest.fixture
def talk(monkeypatch: pytest.MonkeyPatch) -> Talk:
    return Talk(monkeypatch)


def test_each_piece_is_acknowledged_and_the_file_passed_on(talk: Talk) -> None:
    talk.say("open", name="a.whl", size=5)
    talk.say("piece", "1", b"abc", offset=0)
    talk.say("piece", "1", b"de", offset=3)
    assert talk.ended.wait(10)
    assert talk.came == [("a.whl", b"abcde")]
    assert [message["received"] for message in talk.told if message["kind"] == "ack"] == [0, 3, 5]
    assert {"kind": "publishing", "id": "1", "done": 1, "total": 2} in talk.told
    assert talk.told[-1] == {"kind": "done", "id": "1"}


def test_a_refused_file_is_told_with_the_reason(talk: Talk) -> None:
    talk.error = Refused("not here", hint="elsewhere")
    talk.say("open", name="a.whl", size=1)
    talk.say("piece", "1", b"a", offset=0)
    assert talk.ended.wait(10)
    assert talk.told[-1] == {"kind": "refused", "id": "1", "text": "not here (elsewhere)"}


def test_a_file_that_is_too_large_is_refused_before_it_comes(talk: Talk) -> None:
    talk.zone.limit = 10
    talk.say("open", name="a.whl", size=11)
    assert talk.told == [
        {
            "kind": "refused",
            "id": "1",
            "text": "a.whl has 11 bytes, more than 10 (push it by its path: push(path))",
        }
    ]


@pytest.mark.parametrize(
    "message", [{}, {"name": "a"}, {"name": "a", "size": "many"}, {"name": "../a", "size": 1}], ids=str
)
def test_a_message_that_makes_no_sense_is_refused_and_raises_nothing(
    talk: Talk, message: dict[str, Any]
) -> None:
    talk.say("open", **message)
    assert talk.kinds() == ["refused"]


def test_a_lost_piece_refuses_the_file_and_forgets_it(talk: Talk) -> None:
    talk.say("open", name="a.whl", size=5)
    folder = talk.zone._receptions["1"].path.parent
    talk.say("piece", "1", b"de", offset=3)
    assert talk.kinds() == ["ack", "refused"]
    assert not folder.exists()
    talk.say("piece", "1", b"abc", offset=0)
    assert talk.kinds() == ["ack", "refused"]


def folders(talk: Talk) -> list[Path]:
    return [reception.path.parent for reception in talk.zone._receptions.values()]


@pytest.mark.parametrize(
    "forget", [lambda talk: talk.say("cancel"), lambda talk: talk.zone.close()], ids=["cancelled", "closed"]
)
def test_what_is_given_up_leaves_nothing_on_disk(talk: Talk, forget: Callable[[Talk], None]) -> None:
    talk.say("open", name="a.whl", size=5)
    talk.say("piece", "1", b"ab", offset=0)
    [folder] = folders(talk)
    forget(talk)
    assert not folder.exists()
    assert folders(talk) == []


def test_a_file_whose_page_is_gone_makes_room_for_the_next(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ABANDONED", -1.0)
    talk.say("open", name="a.whl", size=5)
    [first] = folders(talk)
    talk.say("open", "2", name="b.whl", size=5)
    assert not first.exists()
    assert list(talk.zone._receptions) == ["2"]


def test_a_ping_is_answered(talk: Talk) -> None:
    talk.say("ping", "7")
    assert talk.told == [{"kind": "pong", "id": "7"}]


def test_the_zone_needs_nothing_from_elsewhere() -> None:
    """One file, no build step, and nothing fetched."""
    source = UploadZone._esm + UploadZone._css
    assert "import " not in source
    assert "http" not in source
    assert "url(" not in source
