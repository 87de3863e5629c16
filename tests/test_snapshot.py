"""Snapshots render once, and the memo that keeps them is bounded in bytes."""

from __future__ import annotations

import gzip
import hashlib
import threading

import pytest
from packaging.utils import NormalizedName

from pocketrepo import simpleapi
from pocketrepo.model import File, Project, ProjectList
from pocketrepo.simpleapi import Format
from pocketrepo.snapshot import MIN_GZIP_SIZE, PAGE_COST, REPRESENTATIONS, Memo, Page, Snapshot

NAME = NormalizedName("hello")
PLAIN, PACKED = (REPRESENTATIONS[Format.JSON_V1, compressed] for compressed in (False, True))


def small(etag: str = "1", *, cost: int = 100, room: int = 0) -> Snapshot[ProjectList]:
    return Snapshot(ProjectList({NAME: "Hello"}), etag, cost=cost, room=room)


def large() -> Snapshot[Project]:
    files = tuple(
        File(f"hello-{n}-py3-none-any.whl", f"{n}", "0" * 16, 1, "0" * 64, "2026") for n in range(50)
    )
    return Snapshot(Project(NAME, "Hello", files), "1", cost=100)


def file_page(size: int) -> Page:
    return Page(b"x" * size, '"x"', [], [])


@pytest.mark.parametrize("format", list(Format))
def test_a_page_is_rendered_once_and_its_etag_is_a_digest_of_its_bytes(format: Format) -> None:
    snapshot = large()
    assert snapshot.ready(REPRESENTATIONS[format, False]) is None
    page = snapshot.page(REPRESENTATIONS[format, False])
    assert (
        snapshot.page(REPRESENTATIONS[format, False])
        is page
        is snapshot.ready(REPRESENTATIONS[format, False])
    )
    assert page.etag == f'"{hashlib.sha256(page.body).hexdigest()[:32]}"'
    headers = dict(page.headers)
    assert headers["content-type"] == format.content_type
    assert headers["content-length"] == str(len(page.body))
    assert headers["vary"] == "Accept, Accept-Encoding"
    assert set(page.not_modified_headers) < set(page.headers)
    assert large().page(REPRESENTATIONS[format, False]).etag == page.etag


def test_a_large_page_is_compressed_and_is_another_representation() -> None:
    snapshot = large()
    plain, packed = snapshot.page(PLAIN), snapshot.page(PACKED)
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body)
    assert packed.etag == f'"{hashlib.sha256(packed.body).hexdigest()[:32]}"' != plain.etag
    assert ("content-encoding", "gzip") in packed.headers
    assert large().page(PACKED).body == packed.body


def test_a_small_page_is_sent_as_it_is() -> None:
    snapshot = small()
    page = snapshot.page(PACKED)
    assert len(page.body) < MIN_GZIP_SIZE
    assert page is snapshot.page(PLAIN)


def test_threads_that_ask_at_once_render_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = []
    render = simpleapi.render
    started = threading.Event()

    def slow(value: ProjectList, format: Format) -> bytes:
        rendered.append(format)
        started.wait(5)
        return render(value, format)

    monkeypatch.setattr(simpleapi, "render", slow)
    snapshot = small()
    threads = [threading.Thread(target=snapshot.page, args=(PLAIN,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    started.set()
    for thread in threads:
        thread.join()
    assert rendered == [Format.JSON_V1]


def test_small_files_are_kept_while_there_is_room() -> None:
    snapshot = small(room=PAGE_COST + 100)
    snapshot.keep("k", "too-large", file_page(101))
    assert snapshot.file("k", "too-large") is None
    snapshot.keep("k", "a", first := file_page(60))
    snapshot.keep("k", "a", file_page(1))
    assert snapshot.file("k", "a") is first
    snapshot.keep("k", "b", file_page(41))
    assert snapshot.file("k", "b") is None
    assert snapshot.file("other", "a") is None


def test_without_room_no_file_is_kept() -> None:
    snapshot = small()
    snapshot.keep("k", "a", file_page(0))
    assert snapshot.file("k", "a") is None


def test_the_memo_drops_the_least_recently_used_first() -> None:
    memo = Memo(300)
    for key in "abc":
        memo.put(key, small(cost=100))
    assert memo.get("a")
    memo.put("d", small(cost=100))
    assert [key for key in "abcd" if memo.get(key)] == ["a", "c", "d"]


def test_the_memo_grows_with_what_its_snapshots_render_and_keep() -> None:
    memo = Memo(10_000)
    first, second = large(), small(cost=100, room=20_000)
    memo.put("first", first)
    memo.put("second", second)
    page = first.page(REPRESENTATIONS[Format.HTML_V1, False])
    assert first.cost == 100 + len(page.body)
    assert memo.get("second")
    second.keep("k", "a", file_page(9_000))
    assert memo.get("first") is None
    assert memo.get("second") is second
    assert second.cost == 100 + 9_000 + PAGE_COST


def test_a_snapshot_that_was_dropped_costs_nothing_however_it_grows() -> None:
    memo = Memo(250)
    old = small("1", cost=100)
    memo.put("a", old)
    memo.put("a", small("2", cost=100))
    old.page(REPRESENTATIONS[Format.HTML_V1, False])
    assert old.cost == 100
    memo.put("b", small(cost=100))
    assert memo.get("a"), "a replaced snapshot frees what it took"
    assert memo.get("b")


def test_what_is_larger_than_the_memo_is_held_alone() -> None:
    memo = Memo(100)
    memo.put("a", small(cost=50))
    memo.put("b", small(cost=1_000))
    assert memo.get("a") is None
    assert memo.get("b")


def test_a_missing_key_has_one_loader_at_a_time() -> None:
    memo = Memo(1_000)
    lock = memo.loading("a")
    assert memo.loading("a") is lock
    assert memo.loading("b") is not lock
    memo.put("a", small())
    assert "a" not in memo._loading, "what is loaded leaves no lock behind"
