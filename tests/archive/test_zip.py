"""Zip archives of which two readers could make different things are refused."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pocketrepo.archive import Limits, inspect
from pocketrepo.archive.zip import Zip
from pocketrepo.errors import BadUpload, Refused
from tests.distributions import make_sdist, wheel_members, zip_bytes
from tests.rawzip import (
    FULL,
    STORED,
    STREAMED,
    UTF8,
    RawMember,
    deflate,
    descriptor,
    raw_zip,
    sizes64,
)

WHEEL = "hello_pocket-1.0-py3-none-any.whl"
MODULE = "hello_pocket/__init__.py"
SOURCE = b'__version__ = "1.0"\n' * 3


def members(module: RawMember | None = None, *more: RawMember) -> list[RawMember]:
    """A wheel's members, the module first: ``module`` in its place, ``more`` behind it."""
    named = wheel_members(files={MODULE: SOURCE})
    first, *rest = [RawMember(name, content) for name, content in named.items()]
    return [module or first, *more, *rest]


def spoiled(**changes: Any) -> bytes:
    """A wheel whose module has ``changes``."""
    return raw_zip(members(RawMember(MODULE, SOURCE, **changes)))


def streamed(lies: Mapping[str, int] | None = None, **changes: Any) -> bytes:
    """A wheel whose module has its sizes behind it, as they are or with ``lies``."""
    module = RawMember(MODULE, SOURCE, flags=STREAMED, local={"crc": 0, "packed": 0, "size": 0}, **changes)
    module.descriptor = descriptor(module, **(lies or {}))
    return raw_zip(members(module))


def named(name: str | bytes, **changes: Any) -> bytes:
    """A wheel with one more member, called ``name``."""
    return raw_zip(members(None, RawMember(name, b"x", **changes)))


def inspect_bytes(tmp_path: Path, data: bytes, filename: str = WHEEL, limits: Limits | None = None) -> Any:
    path = tmp_path / "staged"
    path.write_bytes(data)
    return inspect(path, filename, limits=limits or Limits())


UNICODE_PATH_AGAIN = struct.pack("<HHBL", 0x7075, 5 + len(MODULE), 1, 0) + MODULE.encode()
UNICODE_PATH = struct.pack("<HHBL", 0x7075, 5 + 5, 1, 0) + b"other"

HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty file": (b"", "not a zip"),
    "not a zip": (b"<html>" * 100, "not a zip"),
    "cut short": (raw_zip(members())[:-1], "not a zip"),
    "cut at the front": (raw_zip(members())[1:], "not where its end says"),
    "trailing data": (raw_zip(members()) + b"\0", "something follows its end"),
    "archive comment": (raw_zip(members(), comment=b"x"), "something follows its end"),
    "second archive in the comment": (
        raw_zip(members(), comment=raw_zip(members())),
        "not where its end says",
    ),
    "two archives": (raw_zip(members()) * 2, "not where its end says"),
    "leading data": (b"#!/bin/sh\n" + raw_zip(members()), "not where its end says"),
    "leading data that offsets allow for": (spoiled(gap=b"#!/bin/sh\n"), "belong to no member"),
    "data between members": (
        raw_zip(members(None, RawMember("a", gap=b"gap"))),
        "belong to no member",
    ),
    "member that the directory omits": (
        raw_zip(members(), before_directory=raw_zip([RawMember("a")])[:31]),
        "belong to no member",
    ),
    "second directory": (
        raw_zip(members(), before_directory=raw_zip([])),
        "belong to no member",
    ),
    "overlapping members": (
        raw_zip(members(None, RawMember("a", central={"offset": 0}))),
        "belong to no member",
    ),
    "no local header": (
        raw_zip(members()).replace(b"PK\x03\x04", b"PK\x03\x05", 1),
        "not where",
    ),
    "fewer members than counted": (raw_zip(members(), end={"count": 9, "here": 9}), "directory is damaged"),
    "members counted, none there": (raw_zip([], end={"count": 1, "here": 1}), "directory is damaged"),
    "more members than counted": (raw_zip(members(), end={"count": 2, "here": 2}), "directory is damaged"),
    "parts": (raw_zip(members(), end={"here": 2}), "one part of several"),
    "second disk": (spoiled(central={"disk": 1}), "directory is damaged"),
    "version of the future": (spoiled(central={"version": 64}), "version that does not exist"),
    "member comment": (spoiled(central={"comment": b"x"}), "directory is damaged"),
    "two names": (spoiled(local={"name": b"hello_pocket/evil.py"}), "two descriptions"),
    "two methods": (spoiled(local={"method": STORED}), "two descriptions"),
    "two flags": (spoiled(local={"flags": UTF8}), "two descriptions"),
    "two sizes": (spoiled(local={"size": 1}), "two sizes"),
    "two packed sizes": (spoiled(local={"packed": 1}), "two sizes"),
    "two checksums": (spoiled(local={"crc": 1}), "two sizes or checksums"),
    "two sizes of a stored member": (
        spoiled(method=STORED, local={"size": 1}, central={"size": 1}),
        "stored, but with two sizes",
    ),
    "sizes missing in front, not streamed": (
        spoiled(local={"crc": 0, "packed": 0, "size": 0}),
        "two sizes",
    ),
    "descriptor with another size": (streamed({"size": 1}), "two sizes"),
    "descriptor with another checksum": (streamed({"crc": 1}), "two sizes or checksums"),
    "descriptor missing": (spoiled(flags=STREAMED), "belong to no member"),
    "descriptor without signature": (
        streamed().replace(b"PK\x07\x08", b"PK\x07\x09"),
        "belong to no member",
    ),
    "streamed and stored": (streamed(method=STORED), "stored, and its size is not in front"),
    "streamed, with a member behind its end": (
        streamed(packed=deflate(SOURCE) + raw_zip([RawMember("evil.py")])[:40]),
        "ends before its packed bytes do",
    ),
    "ZIP64 without values": (spoiled(central={"size": FULL}), "damaged extra field"),
    "ZIP64 with another size": (spoiled(local={"extra": sizes64(1, 2)}), "damaged extra field"),
    "ZIP64 with a hidden size": (
        spoiled(central={"size": FULL, "extra": sizes64(1)}),
        "two sizes",
    ),
    "ZIP64 with a value too many": (
        spoiled(central={"size": FULL, "extra": sizes64(len(SOURCE), 1, 2)}),
        "damaged extra field",
    ),
    "ZIP64 twice": (
        spoiled(central={"size": FULL, "extra": sizes64(len(SOURCE)) * 2}),
        "damaged extra field",
    ),
    "ZIP64 of 7 bytes": (
        spoiled(central={"size": FULL, "extra": b"\x01\0\x07\0" + b"\0" * 7}),
        "damaged extra field",
    ),
    "ZIP64 offset outside": (
        spoiled(central={"offset": FULL, "extra": sizes64(2**64 - 1)}),
        "belong to no member",
    ),
    "ZIP64 end with another count": (raw_zip(members(), end64={"count": 1, "here": 1}), "contradicts"),
    "ZIP64 end with another offset": (raw_zip(members(), end64={"offset": 0}), "contradicts"),
    "ZIP64 end elsewhere": (raw_zip(members(), end64={"located": 0}), "contradicts"),
    "ZIP64 end with more in it": (raw_zip(members(), end64={"size": 45}), "contradicts"),
    "ZIP64 end on another disk": (raw_zip(members(), end64={"disks": 2}), "contradicts"),
    "extra field cut short": (spoiled(central={"extra": b"\x01\0\x08"}), "damaged extra field"),
    "extra field longer than it is": (spoiled(local={"extra": b"\x02\0\xff\0"}), "damaged extra field"),
    "the same name twice more": (spoiled(central={"extra": UNICODE_PATH_AGAIN * 2}), "damaged extra field"),
    "second name": (spoiled(central={"extra": UNICODE_PATH}), "second name"),
    "encrypted": (spoiled(flags=1), "encrypted"),
    "strongly encrypted": (spoiled(flags=0x40), "encrypted"),
    "encrypted directory": (spoiled(flags=0x2000), "encrypted"),
    "patch": (spoiled(flags=0x20), "packed with method"),
    "bzip2": (spoiled(method=12), "method 12"),
    "lzma": (spoiled(method=14), "method 14"),
    "zstd": (spoiled(method=93), "method 93"),
    "symbolic link": (spoiled(mode=0o120777), "neither a file nor a folder"),
    "device": (spoiled(mode=0o020644), "neither a file nor a folder"),
    "pipe": (spoiled(mode=0o010644), "neither a file nor a folder"),
    "folder by its mode only": (spoiled(mode=0o040755), "neither a file nor a folder"),
    "folder with content": (named("hello_pocket/data/", mode=0o40755), "folder with content"),
    "folder with packed bytes": (
        raw_zip(members(None, RawMember("hello_pocket/data/", packed=b"evil", mode=0o40755))),
        "folder with content",
    ),
    "absolute": (named("/etc/passwd"), "leaves the archive"),
    "parent folder": (named("hello_pocket/../../evil.py"), "leaves the archive"),
    "drive": (named("C:/evil.py"), "leaves the archive"),
    "backslash": (named("hello_pocket\\..\\evil.py"), "backslash"),
    "NUL": (named(b"hello_pocket/a.py\0.txt"), "control character"),
    "newline": (named("hello_pocket/a\n.py"), "control character"),
    "empty part": (named("hello_pocket//a.py"), "empty part"),
    "dot": (named("hello_pocket/./a.py"), "empty part"),
    "no name": (named(""), "empty part"),
    "not UTF-8": (named(b"hello_pocket/\xff.py", flags=UTF8), "not marked as UTF-8"),
    "not marked as UTF-8": (named("hello_pocket/é.py"), "not marked as UTF-8"),
    "twice": (named(MODULE), "in the archive twice"),
    "file in a file": (named(f"{MODULE}/a.py"), "a file and a folder"),
    "file over a folder": (named("hello_pocket"), "a file and a folder"),
    "damaged content": (
        spoiled(packed=deflate(b"#" * len(SOURCE))),
        "is damaged",
    ),
    "content that is not deflated": (spoiled(packed=b"\xff" * 9), "cannot be unpacked"),
    "content cut short": (spoiled(packed=deflate(SOURCE)[:-3]), "ends in the middle"),
    "content longer than said": (
        spoiled(local={"size": 4}, central={"size": 4}),
        "RECORD gives",
    ),
    "deep": (named("a/" * 64 + "a"), "lies deeper than 64"),
    "long name": (named("a" * 1025), "longer than 1024"),
}


@pytest.mark.parametrize("row", HOSTILE, ids=str)
def test_a_wheel_with_two_readings_is_refused(tmp_path: Path, row: str) -> None:
    archive, reason = HOSTILE[row]
    with pytest.raises(Refused, match=reason) as refusal:
        inspect_bytes(tmp_path, archive)
    assert refusal.value.message.isprintable()


def test_what_the_hostile_archives_are_made_from_is_a_good_wheel(tmp_path: Path) -> None:
    assert inspect_bytes(tmp_path, raw_zip(members())).name == "hello-pocket"


@pytest.mark.parametrize(
    "archive",
    [
        pytest.param(streamed(), id="streamed, sizes behind"),
        pytest.param(spoiled(method=STORED), id="stored"),
        pytest.param(spoiled(flags=UTF8), id="marked as UTF-8"),
        pytest.param(spoiled(mode=0), id="no mode"),
        pytest.param(
            spoiled(local={"extra": sizes64(len(SOURCE), len(deflate(SOURCE)))}), id="ZIP64 sizes again"
        ),
        pytest.param(
            spoiled(
                local={"size": FULL, "packed": FULL, "extra": sizes64(len(SOURCE), len(deflate(SOURCE)))}
            ),
            id="ZIP64 sizes instead",
        ),
        pytest.param(raw_zip(members(), end64={}), id="ZIP64 end"),
        pytest.param(
            raw_zip(
                members(), end={"count": 0xFFFF, "here": 0xFFFF, "length": FULL, "offset": FULL}, end64={}
            ),
            id="ZIP64 end instead",
        ),
        pytest.param(
            raw_zip(members(None, RawMember("hello_pocket/data/", packed=b"\x03\0", mode=0o40755))),
            id="folder",
        ),
        pytest.param(spoiled(local={"extra": b"\x55\x54\x01\0x"}), id="other extra field"),
        pytest.param(spoiled(central={"extra": UNICODE_PATH_AGAIN}), id="the same name once more"),
    ],
)
def test_what_real_tools_write_is_accepted(tmp_path: Path, archive: bytes) -> None:
    assert inspect_bytes(tmp_path, archive).version == "1.0"


def test_a_zip_written_to_a_pipe_is_accepted(tmp_path: Path) -> None:
    class Pipe(io.RawIOBase):
        written = b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.written += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in wheel_members().items():
            archive.writestr(name, content)
    assert inspect_bytes(tmp_path, pipe.written).name == "hello-pocket"


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(entries=3), "more than 3 members"),
        (Limits(entries=5), "more than 5 files and folders"),
        (Limits(directory_size=100), "directory is larger"),
        (Limits(unpacked_size=100), "unpacks to more than"),
        (Limits(ratio=0, ratio_from=50), "unpacks to more than 0 times its size"),
        (Limits(inflated_size=50), "have no size in front"),
    ],
)
def test_more_than_the_limit_is_too_large(tmp_path: Path, limits: Limits, reason: str) -> None:
    with pytest.raises(BadUpload, match=reason):
        inspect_bytes(tmp_path, streamed(), limits=limits)


def test_a_bomb_is_refused_unread(tmp_path: Path) -> None:
    size = 1 << 30
    bomb = RawMember("hello_pocket/bomb", packed=b"\0" * 1000, central={"size": size}, local={"size": size})
    with pytest.raises(BadUpload, match="unpacks to more than 50 times"):
        inspect_bytes(tmp_path, raw_zip(members(None, bomb)))


def test_many_small_bombs_are_one(tmp_path: Path) -> None:
    size = 10 << 20
    bombs = [
        RawMember(f"hello_pocket/{i}", packed=b"\0" * 100, central={"size": size}, local={"size": size})
        for i in range(100)
    ]
    with pytest.raises(BadUpload, match="the archive unpacks to more than 50 times"):
        inspect_bytes(tmp_path, raw_zip(members(None, *bombs)))


def test_metadata_that_unpacks_to_more_than_it_says_stops_there(tmp_path: Path) -> None:
    listed = members()
    metadata = next(member for member in listed if str(member.name).endswith("METADATA"))
    metadata.packed = deflate(metadata.content + b"\n" * 6_000_000)
    with pytest.raises(BadUpload, match="METADATA' is damaged"):
        inspect_bytes(tmp_path, raw_zip(listed))


def test_a_file_that_shrinks_while_it_is_read_is_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "shrinking"
    path.write_bytes(raw_zip(members()))
    with path.open("r+b") as file:
        archive = Zip(file, Limits())
        file.truncate(40)
        with pytest.raises(BadUpload, match="cut short"):
            archive.read(MODULE, 1000)


def test_a_zip_sdist_goes_through_the_same_checks(tmp_path: Path) -> None:
    path = make_sdist(tmp_path, format="zip")
    assert inspect(path).kind == "sdist"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(BadUpload, match="something follows its end"):
        inspect(path)
    path.write_bytes(zip_bytes({"hello_pocket-1.0/setup.py": b""}))
    with pytest.raises(BadUpload, match=r"no 'hello_pocket-1\.0/PKG-INFO'"):
        inspect(path)


def test_names_beyond_ascii_are_read_as_zipfile_reads_them(tmp_path: Path) -> None:
    data = zip_bytes(wheel_members(files={"hello_pocket/é.py": b"1", "hello_pocket/data/": b""}))
    metadata = zipfile.ZipFile(io.BytesIO(data)).read("hello_pocket-1.0.dist-info/METADATA")
    assert inspect_bytes(tmp_path, data).metadata == metadata
