"""The form of an upload, parsed: however its bytes come, whatever they are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pocketrepo.errors import BadUpload, PocketRepoError, Refused, TooLarge
from pocketrepo.web.form import Form, read_form

KIND = "multipart/form-data; boundary=frontier"
FILE = b"PK\x03\x04 content \r\n--frontie\r\n"


def part(disposition: str, content: bytes) -> bytes:
    return f"--frontier\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + content + b"\r\n"


GOOD = (
    part('name=":action"', b"file_upload")
    + part('name="name"', "h\u00e9llo".encode())
    + part('name="classifiers"', b"A")
    + part('name="classifiers"', b"B\r\nC")
    + part('name="content"; filename="x-1.0.tar.gz"', FILE)
    + part('name="version"', b"1.0")
    + b"--frontier--\r\n"
)


class Pieces:
    """A body that comes in pieces of these lengths, and then at once."""

    def __init__(self, data: bytes, *lengths: int) -> None:
        self._data = data
        self._lengths: Iterator[int] = iter(lengths)

    def read(self, size: int = -1, /) -> bytes:
        size = min(size, next(self._lengths, size))
        data, self._data = self._data[:size], self._data[size:]
        return data


@pytest.fixture(scope="module")
def staging(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("staging")


def read(staging: Path, data: bytes, *lengths: int, kind: str = KIND) -> Form:
    return read_form(Pieces(data, *lengths), kind, len(data), staging)


def taken(staging: Path, data: bytes, *lengths: int) -> object:
    """All that a form says, or how it is refused; and nothing of it is left in staging."""
    try:
        form = read(staging, data, *lengths)
    except Refused as refusal:
        said = str(refusal)
        assert said.isprintable()
        assert len(said) < 400
        return type(refusal)
    else:
        if form.file is None:
            return form.fields, None
        content = form.file.path.read_bytes()
        form.file.path.unlink()
        assert form.file.size == len(content)
        assert form.file.digests["sha256_digest"] == hashlib.sha256(content).hexdigest()
        return form.fields, (form.file.filename, content)
    finally:
        assert list(staging.iterdir()) == []


def assert_the_same_in_pieces(staging: Path, data: bytes, lengths: Iterable[int]) -> None:
    """Both are the same form, or both refused. Only what follows a first end, up to a second one, may be noticed or
    not."""
    whole, in_pieces = taken(staging, data), taken(staging, data, *lengths)
    refusals = [isinstance(each, type) for each in (whole, in_pieces)]
    if data.count(b"--frontier--") > 1:
        assert whole == in_pieces or any(refusals)
    else:
        assert whole == in_pieces or all(refusals)


def test_a_form_is_its_fields_in_their_order_and_its_file(staging: Path) -> None:
    assert taken(staging, GOOD) == (
        {
            ":action": ["file_upload"],
            "name": ["h\u00e9llo"],
            "classifiers": ["A", "B\r\nC"],
            "version": ["1.0"],
        },
        ("x-1.0.tar.gz", FILE),
    )


def test_wherever_a_body_is_split_it_is_the_same_form(staging: Path) -> None:
    whole = taken(staging, GOOD)
    for at in range(1, len(GOOD)):
        assert taken(staging, GOOD, at) == whole, f"split at {at} of {len(GOOD)}"


@given(st.lists(st.integers(1, 40), max_size=60))
@settings(max_examples=60, deadline=None)
def test_in_whatever_pieces_a_body_comes_it_is_the_same_form(staging: Path, lengths: list[int]) -> None:
    assert taken(staging, GOOD, *lengths) == taken(staging, GOOD)


@given(
    st.lists(
        st.tuples(
            st.floats(0, 1),
            st.integers(0, 12),
            st.binary(max_size=12)
            | st.sampled_from(
                [b"\r\n", b"--frontier", b"--frontier--\r\n", b'"', b"\\", b"\0", b"\xff", b":"]
            ),
        ),
        min_size=1,
        max_size=4,
    ),
    st.lists(st.integers(1, 60), max_size=20),
)
@settings(max_examples=150, deadline=None)
def test_a_mutated_form_is_refused_or_read_the_same_in_any_pieces(
    staging: Path, changes: list[tuple[float, int, bytes]], lengths: list[int]
) -> None:
    data = GOOD
    for where, removed, added in changes:
        at = int(where * len(data))
        data = data[:at] + added + data[at + removed :]
    assert_the_same_in_pieces(staging, data, lengths)


@given(st.text(max_size=80), st.binary(max_size=200))
@settings(max_examples=30, deadline=None)
def test_whatever_the_content_type_it_is_no_fault(staging: Path, boundary: str, data: bytes) -> None:
    for kind in (
        boundary,
        f"multipart/form-data; boundary={boundary}",
        f'multipart/form-data; boundary="{boundary}"',
    ):
        with pytest.raises(PocketRepoError):
            read(staging, data, kind=kind)
    assert list(staging.iterdir()) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "does not end with its boundary"),
        (GOOD + b"more", "does not end with its boundary"),
        (GOOD[:-2] + b"more", "does not end with its boundary"),
        (b"before" + GOOD, "does not begin with its boundary"),
        (GOOD[:-3], "does not end with its boundary"),
        (GOOD.replace(b"form-data", b"attachment", 1), "Wrong type"),
        (GOOD.replace(b'name="name"', b"", 1), "Missing name"),
        (GOOD.replace(b"\r\nContent-Disposition", b"\r\nContent-\xff", 1), "failed to decode"),
        (GOOD.replace(b"\r\nContent-Disposition", b"\r\n folded", 1), "continuation"),
        (GOOD.replace(b'name="name"', b'name="na\nme"', 1), "control character"),
        (GOOD.replace(b'name="name"', b'name="na\0me"', 1), "control character"),
        (GOOD.replace("h\u00e9".encode(), b"h\xe9", 1), "'name' is not UTF-8"),
        (GOOD.replace(b"x-1.0", b"C:\\dir\\x-1.0"), "backslash"),
        (GOOD.replace(b"x-1.0", b"..\\x-1.0"), "backslash"),
        (GOOD.replace(b'name="version"', b'name="content"; filename="y"'), "two files"),
    ],
    ids=range(15),
)
def test_what_is_no_form_of_an_upload_is_refused(staging: Path, data: bytes, reason: str) -> None:
    with pytest.raises(BadUpload, match=reason) as refusal:
        read(staging, data)
    assert str(refusal.value).isprintable()
    assert list(staging.iterdir()) == []


def test_a_signature_that_comes_as_a_file_is_a_field(staging: Path) -> None:
    for sent, text in [(b"-----BEGIN", "-----BEGIN"), (b"\xff\x00", "\N{REPLACEMENT CHARACTER}\x00")]:
        signature = part('name="gpg_signature"; filename="x.asc"', sent)
        form = read(staging, signature + GOOD)
        assert form.file is not None
        form.file.path.unlink()
        assert form.file.filename == "x-1.0.tar.gz"
        assert form.fields["gpg_signature"] == [text]


@pytest.mark.parametrize(
    "flood",
    [
        part('name="x"', b"y") * 5000,
        part('name="x"', b"y" * (7 << 20)),
        part('name="x"; filename="x"', b"y" * (7 << 20)),
        part('name="x"', b"y" * (4 << 20)) * 5,
        part('name="' + "x" * 5000 + '"', b"y"),
        part('name="x"' + "\r\nX-Header: y" * 10, b"y"),
        part('name="x"', b"\r\n" * (4 << 20)),
        part('name="x"', b"\r\n--frontie" * (1 << 20)),
    ],
    ids=["parts", "field", "other file", "fields", "name", "headers", "line breaks", "almost boundaries"],
)
def test_a_flood_is_too_large(staging: Path, flood: bytes) -> None:
    """The last two kept Werkzeug busy (CVE-2023-46136), the fields filled its memory (CVE-2024-49767)."""
    assert taken(staging, flood + GOOD) is TooLarge
