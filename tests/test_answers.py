"""Conditions, ranges and representations (RFC 9110), apart from any server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketrepo.answers import Answer, answer_file, answer_page, byte_range, representation
from pocketrepo.model import File
from pocketrepo.snapshot import Page, kept_private
from pocketrepo.store import Blob

DATA = b"0123456789"
FILE = File(
    filename="hello_pocket-1.0.tar.gz",
    version="1.0",
    key="0" * 16,
    size=len(DATA),
    sha256="5" * 64,
    upload_time="2026-03-04T05:06:07.890000Z",
)
TAG = f'"{FILE.sha256}"'
DATE = "Wed, 04 Mar 2026 05:06:07 GMT"
EARLIER, LATER = "Wed, 04 Mar 2026 05:06:06 GMT", "Wed, 04 Mar 2026 05:06:08 GMT"
PAGE = Page(b"page", TAG, [("etag", TAG), ("content-length", "4")], [("etag", TAG)])


def ask(**headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer_file(FILE, Blob("", len(DATA), DATA), "", named.get, named.get("range"))


@pytest.mark.parametrize(
    ("match", "status"),
    [
        (TAG, 304),
        (f"W/{TAG}", 304),
        (f'"a,b", {TAG}', 304),
        (f'W/"a",W/{TAG} , "b"', 304),
        ("*", 304),
        (" * ", 304),
        ('"other"', 200),
        (TAG.strip('"'), 200),
        (f'"{TAG}', 200),
        ("", 200),
        (f'"x{TAG[1:]}', 200),
    ],
)
def test_if_none_match_compares_weakly(match: str, status: int) -> None:
    assert ask(if_none_match=match).status == status
    assert answer_page(PAGE, {"if-none-match": match}.get).status == status


@pytest.mark.parametrize(
    ("match", "status"),
    [(TAG, 200), ("*", 200), (f'"other", {TAG}', 200), (f"W/{TAG}", 412), ('"other"', 412), ("", 412)],
)
def test_if_match_compares_strongly(match: str, status: int) -> None:
    assert ask(if_match=match).status == status
    assert answer_page(PAGE, {"if-match": match}.get).status == status


@pytest.mark.parametrize(
    ("since", "status"),
    [
        (DATE, 304),
        (LATER, 304),
        ("Wednesday, 04-Mar-26 05:06:07 GMT", 304),
        ("Wed Mar  4 05:06:07 2026", 304),
        (EARLIER, 200),
        ("yesterday", 200),
        ("", 200),
        ("Wed, 99 Mar 2026 05:06:07 GMT", 200),
        ("Wed, 04 Mar 99999 05:06:07 GMT", 200),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 200),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 304),
    ],
)
def test_if_modified_since_goes_by_whole_seconds_and_nonsense_is_no_condition(
    since: str, status: int
) -> None:
    assert ask(if_modified_since=since).status == status


@pytest.mark.parametrize(("since", "status"), [(DATE, 200), (LATER, 200), (EARLIER, 412), ("soon", 200)])
def test_if_unmodified_since(since: str, status: int) -> None:
    assert ask(if_unmodified_since=since).status == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if_none_match": '"other"', "if_modified_since": LATER}, 200),
        ({"if_none_match": TAG, "if_modified_since": EARLIER}, 304),
        ({"if_match": TAG, "if_unmodified_since": EARLIER}, 200),
        ({"if_match": '"other"', "if_none_match": TAG}, 412),
        ({"if_match": TAG, "if_none_match": TAG}, 304),
        ({"if_none_match": TAG, "range": "bytes=0-1"}, 304),
        ({"if_match": '"other"', "range": "bytes=99-"}, 412),
    ],
)
def test_conditions_take_precedence_as_the_standard_says(headers: dict[str, str], status: int) -> None:
    assert ask(**headers).status == status


def test_a_304_says_what_a_200_would_of_freshness() -> None:
    whole, same = dict(ask().headers), dict(ask(if_none_match=TAG).headers)
    for name in ("etag", "last-modified", "cache-control"):
        assert same[name] == whole[name]
    assert "content-length" not in same
    assert "content-type" not in same


@pytest.mark.parametrize(
    ("condition", "status"),
    [(TAG, 206), (DATE, 206), (f"W/{TAG}", 200), ('"other"', 200), (EARLIER, 200), (LATER, 200), ("*", 200)],
)
def test_if_range_wants_the_exact_strong_validator(condition: str, status: int) -> None:
    assert ask(range="bytes=2-3", if_range=condition).status == status
    # What it does not hold for is sent whole, also where the range could not be met.
    assert ask(range="bytes=99-", if_range=condition).status == (416 if status == 206 else 200)


def test_a_part_is_described() -> None:
    part = ask(range="bytes=2-3")
    headers = dict(part.headers)
    assert part.body == b"23"
    assert (headers["content-range"], headers["content-length"]) == ("bytes 2-3/10", "2")
    assert headers["etag"] == TAG
    assert ask(range="bytes=-3").body == b"789"


@pytest.mark.parametrize("answer", [ask(range="bytes=99-"), ask(if_match='"other"')])
def test_a_refusal_is_not_taken_for_the_file_by_a_cache(answer: Answer) -> None:
    headers = dict(answer.headers)
    assert headers["cache-control"] == "no-store"
    assert headers["content-length"] == "0"
    assert "etag" not in headers


@given(st.integers(0, 30), st.integers(0, 40), st.integers(0, 40))
def test_a_range_is_what_a_slice_is(size: int, first: int, last: int) -> None:
    data = bytes(range(size))
    whole = byte_range(f"bytes={first}-{last}", size)
    if last < first:
        assert whole is None
    else:
        assert whole is not None
        assert data[slice(*whole)] == data[first : last + 1]
    for text, part in (
        (f"bytes={first}-", data[first:]),
        (f"bytes=-{first}", data[size - min(first, size) :]),
    ):
        span = byte_range(text, size)
        assert span is not None
        assert data[slice(*span)] == part


@given(st.text(alphabet="bytes=0123456789-, \t", max_size=30), st.integers(0, 100))
def test_whatever_a_range_says_it_stays_within_the_file(text: str, size: int) -> None:
    span = byte_range(text, size)
    if span is not None and span[0] < span[1]:
        assert 0 <= span[0] < span[1] <= size


GZIP = [
    ("gzip", True),
    ("GZIP", True),
    ("x-gzip", True),
    ("br, gzip", True),
    ("gzip, deflate, br, zstd", True),
    ("gzip;q=0.5", True),
    ("gzip ; Q=1.0", True),
    ("*", True),
    ("*;q=0.1", True),
    ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
    ("identity;q=0.5, gzip", True),
    ("identity, gzip", True),
    ("identity;q=0, *", True),
    ("", False),
    ("identity", False),
    ("br", False),
    ("deflate, br;q=0.9", False),
    ("gzip;q=0", False),
    ("gzip;Q=0", False),
    ("gzip; q=0.000", False),
    ("gzip;q=0, *", False),
    ("*;q=0", False),
    ("gzip;q=0.5, identity", False),
    ("gzip;q=0.5, identity;q=0.6", False),
    ("notgzip", False),
    ("gzipped", False),
]


@pytest.mark.parametrize(("accepted", "compressed"), GZIP)
def test_gzip_goes_to_those_who_take_it_and_want_nothing_else_more(accepted: str, compressed: bool) -> None:
    wanted = representation({"accept-encoding": accepted}.get)
    assert wanted is not None
    assert wanted.compressed is compressed


def test_what_one_reader_may_have_is_kept_from_shared_caches() -> None:
    assert dict(kept_private(ask().headers))["cache-control"] == "private, max-age=31536000, immutable"
    assert dict(kept_private([("cache-control", "no-cache")])) == {"cache-control": "private, no-cache"}


@pytest.mark.parametrize("condition", [{}, {"if-none-match": TAG}, {"if-match": '"other"'}])
def test_a_private_page_is_for_one_reader_whatever_is_answered(condition: dict[str, str]) -> None:
    page = Page(b"page", TAG, [("cache-control", "no-cache")], [("cache-control", "no-cache")])
    open_to_all, private = (answer_page(page, condition.get, private=each) for each in (False, True))
    said = dict(open_to_all.headers)["cache-control"]
    assert dict(private.headers) == {**dict(open_to_all.headers), "cache-control": f"private, {said}"}
    assert (private.status, private.body) == (open_to_all.status, open_to_all.body)
