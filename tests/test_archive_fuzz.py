"""Whatever the bytes: a Distribution that the standard library reads alike, or a refusal."""

from __future__ import annotations

import gzip
import io
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pocketrepo.archive import Distribution, inspect
from pocketrepo.errors import Refused
from tests.distributions import core_metadata, sdist_members, tar_bytes, wheel_members, zip_bytes
from tests.rawzip import STREAMED, RawMember, descriptor, raw_zip

WHEEL = "hello_pocket-1.0-py3-none-any.whl"
TAR = "hello_pocket-1.0.tar.gz"
ZIP = "hello_pocket-1.0.zip"

METADATA = core_metadata(requires=["flask"], description="# Hello\n", headers={"Classifier": ["A", "B"]})


def _streamed_wheel() -> bytes:
    members = [
        RawMember(name, content, flags=STREAMED, local={"crc": 0, "packed": 0, "size": 0})
        for name, content in wheel_members(metadata=METADATA).items()
    ]
    for member in members:
        member.descriptor = descriptor(member)
    return raw_zip(members, end64={})


WHEELS = [zip_bytes(wheel_members(metadata=METADATA)), _streamed_wheel()]
PLAIN_TAR = gzip.decompress(tar_bytes(sdist_members(metadata=METADATA, files={"é" * 60: b"x"})))
ZIP_SDIST = zip_bytes(sdist_members(metadata=METADATA))

Edit = tuple[float, int, bytes]


def edits(longest: int = 8) -> st.SearchStrategy[list[Edit]]:
    """Where (as a fraction), how many bytes go, and what comes instead."""
    interesting = st.sampled_from([b"\0", b"\xff" * 4, b"\xff" * 8, b"/", b"../", b"PK\x01\x02", b"\n", b"8"])
    return st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, longest), st.binary(max_size=longest) | interesting),
        min_size=1,
        max_size=3,
    )


def edited(data: bytes, changes: list[Edit]) -> bytes:
    for where, removed, added in changes:
        at = int(where * len(data))
        data = data[:at] + added + data[at + removed :]
    return data


def judged(data: bytes, filename: str) -> Distribution | None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            return inspect(Path(file.name), filename)
        except Refused:
            return None


@pytest.mark.parametrize("filename", [WHEEL, TAR, ZIP])
@given(data=st.binary(max_size=2000))
@settings(max_examples=30, deadline=None)
def test_arbitrary_bytes_are_refused(filename: str, data: bytes) -> None:
    assert judged(data, filename) is None


@given(archive=st.sampled_from(WHEELS), changes=edits())
@settings(max_examples=150, deadline=None)
def test_a_mutated_wheel_is_refused_or_read_as_zipfile_reads_it(archive: bytes, changes: list[Edit]) -> None:
    data = edited(archive, changes)
    dist = judged(data, WHEEL)
    if dist is not None:
        with zipfile.ZipFile(io.BytesIO(data)) as read:
            assert dist.metadata == read.read("hello_pocket-1.0.dist-info/METADATA")
            assert read.testzip() is None


@given(changes=edits())
@settings(max_examples=50, deadline=None)
def test_a_mutated_zip_sdist_is_refused_or_read_as_zipfile_reads_it(changes: list[Edit]) -> None:
    data = edited(ZIP_SDIST, changes)
    dist = judged(data, ZIP)
    if dist is not None:
        with zipfile.ZipFile(io.BytesIO(data)) as read:
            assert dist.metadata == read.read("hello_pocket-1.0/PKG-INFO")


@given(changes=edits())
@settings(max_examples=100, deadline=None)
def test_a_mutated_gzip_file_is_refused(changes: list[Edit]) -> None:
    packed = gzip.compress(PLAIN_TAR, mtime=0)
    data = edited(packed, changes)
    dist = judged(data, TAR)
    if dist is not None:
        with tarfile.open(fileobj=io.BytesIO(data)) as read:
            assert dist.metadata == _content(read, "hello_pocket-1.0/PKG-INFO")


@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(PLAIN_TAR) // 512), st.integers(0, 511), st.binary(max_size=16))
    ),
)
@settings(max_examples=150, deadline=None)
def test_a_mutated_tar_is_refused_or_read_as_tarfile_reads_it(changes: list[tuple[int, int, bytes]]) -> None:
    plain = bytearray(PLAIN_TAR)
    for block, at, added in changes:
        start = block * 512 + at
        plain[start : start + len(added)] = added
        _correct_checksum(plain, block * 512)
    data = gzip.compress(bytes(plain), 1, mtime=0)
    dist = judged(data, TAR)
    if dist is not None:
        with tarfile.open(fileobj=io.BytesIO(data)) as read:
            assert dist.metadata == _content(read, "hello_pocket-1.0/PKG-INFO")


@given(changes=edits(longest=30))
@settings(max_examples=150, deadline=None)
def test_a_wheel_with_mutated_metadata_is_refused_or_says_what_it_is(changes: list[Edit]) -> None:
    dist = judged(zip_bytes(wheel_members(metadata=edited(METADATA, changes))), WHEEL)
    if dist is not None:
        assert (dist.name, dist.version) == ("hello-pocket", "1.0")
        assert all(isinstance(value, str | list) and value for value in dist.fields.values())


def _correct_checksum(plain: bytearray, start: int) -> None:
    """Make a changed block a header that is believed."""
    block = plain[start : start + 512]
    if len(block) == 512 and b"ustar" in block:
        plain[start + 148 : start + 156] = b"%06o\0 " % (sum(block[:148]) + 8 * 32 + sum(block[156:]))


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()
