"""Whatever the bytes: a Distribution that the standard library reads alike, or a refusal."""

from __future__ import annotations

import gzip
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pocketrepo.archive import Distribution, Limits, inspect
from pocketrepo.archive.tar import Tar
from pocketrepo.archive.zip import Zip
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
    """What inspect says, after a look at whether the standard library sees what was accepted in the same way."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        path = Path(file.name)
        try:
            dist = inspect(path, filename)
        except Refused:
            return None
        compare = compare_with_tarfile if filename == TAR else compare_with_zipfile
        compare(path, dist)
        return dist


def compare_with_zipfile(path: Path, dist: Distribution) -> None:
    metadata = (
        "hello_pocket-1.0.dist-info/METADATA" if dist.filename == WHEEL else "hello_pocket-1.0/PKG-INFO"
    )
    with path.open("rb") as file, zipfile.ZipFile(path) as theirs:
        ours = {(entry.name, entry.size) for entry in Zip(file, Limits()).files.values()}
        assert ours == {(info.filename, info.file_size) for info in theirs.infolist() if not info.is_dir()}
        assert dist.metadata == theirs.read(metadata)
        if dist.kind == "bdist_wheel":
            assert theirs.testzip() is None


def compare_with_tarfile(path: Path, dist: Distribution) -> None:
    with path.open("rb") as file, tarfile.open(path) as theirs:
        ours = [
            (member.name, member.type == "file", member.size, member.target) for member in Tar(file, Limits())
        ]
        assert ours == [
            (info.name, info.isreg(), info.size, "" if info.isfile() or info.isdir() else info.linkname)
            for info in theirs
        ]
        pkg_info = theirs.extractfile("hello_pocket-1.0/PKG-INFO")
        assert pkg_info is not None
        assert dist.metadata == pkg_info.read()


@pytest.mark.parametrize("filename", [WHEEL, TAR, ZIP])
@given(data=st.binary(max_size=2000))
@settings(max_examples=20, deadline=None)
def test_arbitrary_bytes_are_refused(filename: str, data: bytes) -> None:
    assert judged(data, filename) is None


@given(archive=st.sampled_from(WHEELS), changes=edits())
@settings(max_examples=80, deadline=None)
def test_a_mutated_wheel_is_refused_or_read_as_zipfile_reads_it(archive: bytes, changes: list[Edit]) -> None:
    judged(edited(archive, changes), WHEEL)


@given(changes=edits())
@settings(max_examples=40, deadline=None)
def test_a_mutated_zip_sdist_is_refused_or_read_as_zipfile_reads_it(changes: list[Edit]) -> None:
    judged(edited(ZIP_SDIST, changes), ZIP)


@given(changes=edits())
@settings(max_examples=40, deadline=None)
def test_a_mutated_gzip_file_is_refused_or_read_as_tarfile_reads_it(changes: list[Edit]) -> None:
    judged(edited(gzip.compress(PLAIN_TAR, mtime=0), changes), TAR)


@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(PLAIN_TAR) // 512), st.integers(0, 511), st.binary(max_size=16)),
        max_size=3,
    )
)
@settings(max_examples=80, deadline=None)
def test_a_mutated_tar_is_refused_or_read_as_tarfile_reads_it(changes: list[tuple[int, int, bytes]]) -> None:
    plain = bytearray(PLAIN_TAR)
    for block, at, added in changes:
        start = block * 512 + at
        plain[start : start + len(added)] = added
        _correct_checksum(plain, block * 512)
    judged(gzip.compress(bytes(plain), 1, mtime=0), TAR)


@given(changes=edits(longest=30))
@settings(max_examples=80, deadline=None)
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
