"""Gzipped tar archives that reach outside, hide something or blow up are refused."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from pocketrepo.archive import Limits, inspect
from pocketrepo.errors import BadUpload, Refused
from tests.distributions import core_metadata, sdist_members

SDIST = "hello_pocket-1.0.tar.gz"
TOP = "hello_pocket-1.0"
USTAR, GNU = b"ustar\x0000", b"ustar  \0"
END = b"\0" * 1024


def member(
    name: str | bytes,
    content: bytes = b"",
    *,
    type: bytes = b"0",
    target: str = "",
    size: bytes | None = None,
    mode: bytes = b"0000644\0",
    magic: bytes = USTAR,
    prefix: bytes = b"",
    checksum: int | None = None,
) -> bytes:
    """A header, with any of its fields wrong, and its content in blocks."""
    raw_name = name.encode() if isinstance(name, str) else name
    size = b"%011o\0" % len(content) if size is None else size
    header = raw_name.ljust(100, b"\0") + mode + b"0000000\0" * 2 + size + b"00000000000\0" + b" " * 8
    header += type + target.encode().ljust(100, b"\0") + magic + b"\0" * 80 + prefix
    header = header.ljust(512, b"\0")
    digits = b"%06o\0 " % (sum(header) if checksum is None else checksum)
    return header[:148] + digits + header[156:] + content + b"\0" * (-len(content) % 512)


def pax(*records: tuple[str, str], type: bytes = b"x") -> bytes:
    """An extended header with ``records``."""
    content = b""
    for key, value in records:
        record = f" {key}={value}\n".encode()
        length = len(record) + len(str(len(record) + 2))
        content += b"%d" % length + record
    return member("PaxHeader", content, type=type)


def sdist(*more: bytes, end: bytes = END, pkg_info: bytes | None = None) -> bytes:
    """An sdist with ``more`` members behind PKG-INFO."""
    first = member(f"{TOP}/PKG-INFO", core_metadata() if pkg_info is None else pkg_info)
    return gzip.compress(first + b"".join(more) + end, mtime=0)


def inspect_bytes(tmp_path: Path, data: bytes, limits: Limits | None = None) -> Any:
    path = tmp_path / "staged"
    path.write_bytes(data)
    return inspect(path, SDIST, limits=limits or Limits())


def link(name: str, target: str, type: bytes = b"2") -> bytes:
    return sdist(member(f"{TOP}/{name}", type=type, target=target))


A = f"{TOP}/a"
HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty file": (b"", "gzip file is cut short"),
    "not gzip": (b"<html>" * 100, "not a gzip file"),
    "a plain tar": (gzip.decompress(sdist()), "not a gzip file"),
    "gzip of something else": (gzip.compress(b"<html>" * 100), "not a tar archive"),
    "gzip of nothing": (gzip.compress(b""), "tar archive is cut short"),
    "gzip cut short": (sdist()[:-9], "gzip file is cut short"),
    "wrong gzip checksum": (sdist()[:-8] + b"\0" * 8, "damaged"),
    "behind the gzip stream": (sdist() + b"x", "follows the end of the gzip stream"),
    "two gzip streams": (sdist() * 2, "follows the end of the gzip stream"),
    "behind the tar archive": (sdist(end=END + member(f"{TOP}/evil.py")), "follows the end of the tar"),
    "no end": (sdist(end=b""), "tar archive is cut short"),
    "content cut short": (sdist(member(A, size=b"%011o\0" % 4096), end=b""), "tar archive is cut short"),
    "wrong header checksum": (sdist(member(A, checksum=1)), "not a tar archive, or a damaged one"),
    "size that is no number": (sdist(member(A, size=b"0x000000010\0")), "a number that is none"),
    "negative size": (sdist(member(A, size=b"\xff" * 12)), "a number that is none"),
    "mode that is no number": (sdist(member(A, mode=b"rw-r--r-")), "a number that is none"),
    "size beyond everything": (sdist(member(A, size=b"\x80" + b"\xff" * 11)), "unpacks to more than"),
    "character device": (sdist(member(A, type=b"3")), "tar type '3'"),
    "block device": (sdist(member(A, type=b"4")), "tar type '4'"),
    "pipe": (sdist(member(A, type=b"6")), "tar type '6'"),
    "sparse file": (sdist(member(A, type=b"S", magic=GNU)), "tar type 'S'"),
    "pax sparse file": (sdist(pax(("GNU.sparse.major", "1")), member(A)), "sparse"),
    "star's sparse file": (sdist(pax(("SCHILY.realsize", "9")), member(A)), "sparse"),
    "holes as Solaris tells them": (sdist(pax(("SUN.holesdata", " 0 9")), member(A)), "sparse"),
    "Solaris header": (sdist(member(A, type=b"X")), "tar type 'X'"),
    "absolute": (sdist(member("/etc/passwd")), "leaves the archive"),
    "parent folder": (sdist(member(f"{TOP}/../../a")), "leaves the archive"),
    "absolute by pax": (sdist(pax(("path", "/etc/passwd")), member(A)), "leaves the archive"),
    "absolute by a GNU long name": (
        sdist(member("././@LongLink", b"/etc/passwd\0", type=b"L", magic=GNU), member(A, magic=GNU)),
        "leaves the archive",
    ),
    "backslash": (sdist(member(f"{TOP}/..\\a")), "backslash"),
    "control character": (sdist(member(f"{TOP}/\x1b[2J")), "control character"),
    "NUL by pax": (sdist(pax(("path", f"{TOP}/a\0b")), member(A)), "control character"),
    "empty name": (sdist(member("")), "empty part"),
    "file that ends in a slash": (sdist(member(f"{A}/")), "empty part"),
    "second folder": (sdist(member("other/a")), "exactly one folder at its top level, this one has 2"),
    "file beside the folder": (sdist(member("setup.py")), "exactly one folder at its top level"),
    "twice": (sdist(member(A), member(A)), "in the archive twice"),
    "PKG-INFO twice": (sdist(member(f"{TOP}/PKG-INFO", core_metadata())), "in the archive twice"),
    "below a file": (sdist(member(A), member(f"{A}/b")), "a file and a folder"),
    "file over a folder": (sdist(member(f"{A}/b"), member(A)), "a file and a folder"),
    "below a link": (sdist(member(A, type=b"2", target="."), member(f"{A}/b")), "a file and a folder"),
    "file or folder, as either name has it": (
        sdist(pax(("path", A)), member(f"{A}/", type=b"\0")),
        "a file and a folder",
    ),
    "folder with content": (sdist(member(A, b"x", type=b"5")), "two sizes"),
    "link with content": (sdist(member(A, b"x", type=b"2", target="PKG-INFO")), "two sizes"),
    "link to an absolute path": (link("a", "/etc/passwd"), "outside of the archive"),
    "link to the parent folder": (link("a", ".."), "outside of the archive"),
    "link to a neighbour": (link("b/a", "../../x"), "outside of the archive"),
    "link that climbs behind a name": (link("a", "b/../../../x"), "outside of the archive"),
    "link that climbs behind a dot": (link("a", "./.././x"), "outside of the archive"),
    "link to nothing": (link("a", ""), "outside of the archive"),
    "link to a backslash": (link("a", "..\\x"), "backslash"),
    "link outside by pax": (
        sdist(pax(("linkpath", "../../x")), member(A, type=b"2", target="PKG-INFO")),
        "outside of the archive",
    ),
    "hard link outside": (link("a", "/etc/passwd", b"1"), "no file before it"),
    "hard link to the parent folder": (link("a", f"{TOP}/../x", b"1"), "no file before it"),
    "hard link to a symbolic link": (
        sdist(member(A, type=b"2", target="PKG-INFO"), member(f"{TOP}/b", type=b"1", target=A)),
        "no file before it",
    ),
    "PKG-INFO is a link": (
        gzip.compress(
            member(A, core_metadata()) + member(f"{TOP}/PKG-INFO", type=b"2", target="a") + END, mtime=0
        ),
        f"no '{TOP}/PKG-INFO'",
    ),
    "two sizes by pax": (sdist(pax(("size", "512")), member(A)), "two sizes"),
    "global name": (sdist(pax(("path", A), type=b"g"), member(A)), "several members at once"),
    "global size": (sdist(pax(("size", "0"), type=b"g"), member(A)), "several members at once"),
    "pax name twice": (sdist(pax(("path", A), ("path", f"{A}b")), member(A)), "one twice"),
    "two names for one member": (
        sdist(pax(("path", A)), pax(("path", f"{A}b")), member(A)),
        "something twice",
    ),
    "pax and GNU name": (
        sdist(pax(("path", A)), member("L", b"b\0", type=b"L"), member(A)),
        "something twice",
    ),
    "pax record without length": (sdist(member("P", b"path=/x\n", type=b"x"), member(A)), "damaged extended"),
    "pax record of no length": (sdist(member("P", b"0 path=/x\n", type=b"x"), member(A)), "damaged extended"),
    "pax record too long": (sdist(member("P", b"99 path=/x\n", type=b"x"), member(A)), "damaged extended"),
    "pax header of 65 KiB": (sdist(pax(("comment", "x" * 65 * 1024)), member(A)), "more than 64 KiB"),
    "nine pax headers": (sdist(pax(("comment", "x")) * 9, member(A)), "too many in a row"),
    "pax header for nobody": (sdist(pax(("path", A))), "ends after an extended header"),
    "prefix of an unknown format": (sdist(member(A, magic=GNU, prefix=b"/etc")), "unknown tar format"),
    "prefix in ustar": (sdist(member("a", prefix=b"/etc")), "leaves the archive"),
    "no PKG-INFO": (gzip.compress(member(A) + END), f"no '{TOP}/PKG-INFO'"),
    "PKG-INFO too deep": (
        gzip.compress(member(f"{A}/PKG-INFO", core_metadata()) + END),
        f"no '{TOP}/PKG-INFO'",
    ),
    "PKG-INFO over 5 MiB": (sdist(pkg_info=core_metadata(description="x" * (5 << 20))), "larger than 5 MiB"),
    "deep": (
        sdist(member(f"{TOP}/{'a/' * 64}a"[:100]), pax(("path", "a/" * 64 + "a")), member(A)),
        "deeper than 64",
    ),
    "long name": (sdist(pax(("path", f"{TOP}/{'a' * 1024}")), member(A)), "longer than 1024"),
}


@pytest.mark.parametrize("row", HOSTILE, ids=str)
def test_a_hostile_sdist_is_refused(tmp_path: Path, row: str) -> None:
    archive, reason = HOSTILE[row]
    with pytest.raises(Refused, match=reason) as refusal:
        inspect_bytes(tmp_path, archive)
    assert refusal.value.message.isprintable()


@pytest.mark.parametrize(
    "archive",
    [
        pytest.param(sdist(), id="what the hostile ones are made from"),
        pytest.param(sdist(end=END * 9), id="padded"),
        pytest.param(sdist(end=b"\0" * 512), id="one block at the end"),
        pytest.param(sdist(pax(("comment", "0123abc"), type=b"g"), member(A)), id="git's global comment"),
        pytest.param(sdist(pax(("mtime", "1.5"), ("path", f"{TOP}/é")), member(A)), id="pax name"),
        pytest.param(sdist(pax(("size", "1")), member(A, b"x")), id="pax size, the same"),
        pytest.param(sdist(member("a" * 90, prefix=TOP.encode())), id="ustar prefix"),
        pytest.param(sdist(member(f"{A}/", type=b"\0", magic=b"\0" * 8)), id="folder before POSIX"),
        pytest.param(sdist(member(f"{A}/", type=b"5", magic=GNU), member(f"{A}/b")), id="folder"),
        pytest.param(sdist(member(f"./{A}")), id="name in the current folder"),
        pytest.param(sdist(member(f"{TOP}/\xff".encode("latin-1"))), id="name that is not UTF-8"),
        pytest.param(sdist(member(A, b"x", size=b"\x80" + b"\0" * 10 + b"\1")), id="size in binary"),
        pytest.param(sdist(member(A, mode=b"\xff" * 8)), id="negative mode"),
        pytest.param(link("a", "PKG-INFO"), id="link to a file"),
        pytest.param(link("b/a", "../PKG-INFO"), id="link to a file above"),
        pytest.param(link("b/a", ".."), id="link to the folder of all"),
        pytest.param(link("a", f"{TOP}/PKG-INFO", b"1"), id="hard link"),
    ],
)
def test_what_real_tools_write_is_accepted(tmp_path: Path, archive: bytes) -> None:
    assert inspect_bytes(tmp_path, archive).name == "hello-pocket"


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_of_every_tar_format_are_read(tmp_path: Path, format: int) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=format) as archive:
        names = sdist_members(files={f"{'folder' * 12}/{'name' * 20}.py": b"x" * 70_000})
        for name, content in names.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    assert inspect_bytes(tmp_path, buffer.getvalue()).version == "1.0"


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(entries=2), "more than 2 files and folders"),
        (Limits(directory_size=30), "of names"),
        (Limits(unpacked_size=100), "unpacks to more than"),
        (Limits(inflated_size=1000), "unpacks to more than"),
        (Limits(ratio=2, ratio_from=1000), "more than 2 times its size"),
    ],
)
def test_more_than_the_limit_is_too_large(tmp_path: Path, limits: Limits, reason: str) -> None:
    with pytest.raises(BadUpload, match=reason):
        inspect_bytes(tmp_path, sdist(member(A), member(f"{TOP}/b")), limits)


def test_a_gzip_bomb_is_refused_long_before_its_end(tmp_path: Path) -> None:
    bomb = sdist(member(A, size=b"%011o\0" % (1 << 30)), end=b"\0" * (16 << 20))
    without_its_end = bomb[: len(bomb) // 2]
    with pytest.raises(BadUpload, match="more than 50 times its size"):
        inspect_bytes(tmp_path, without_its_end, Limits(ratio_from=1 << 20))
