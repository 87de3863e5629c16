"""Gzipped tar archives, read once from front to back in bounded memory.

A reader of its own, because ``tarfile`` follows header extensions of any size and any depth, and reads sparse
maps and odd numbers that other readers take for something else. Here a member has one name, one size and one
of four types, or the archive is refused. Layout: POSIX.1-1988 (ustar), POSIX.1-2001 (pax) and
GNU's long names.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Literal, NamedTuple

from pocketrepo.archive.limits import Limits, megabytes
from pocketrepo.archive.members import shown
from pocketrepo.errors import BadUpload

_BLOCK = 512
_CHUNK = 256 * 1024
_EXTENSION_SIZE = 64 * 1024
_MOST_EXTENSIONS = 8
_CHECKSUM = slice(148, 156)
_SIZE = slice(124, 136)
_OTHER_NUMBERS = (
    slice(100, 108),
    slice(108, 116),
    slice(116, 124),
    slice(136, 148),
    slice(329, 337),
    slice(337, 345),
)
_OCTAL = re.compile(rb" *([0-7]*)[ \0]*\Z")

MemberType = Literal["file", "folder", "symlink", "hardlink"]
_TYPES: dict[bytes, MemberType] = {
    b"0": "file",
    b"\0": "file",
    b"1": "hardlink",
    b"2": "symlink",
    b"5": "folder",
}
_PAX_NAMES = {b"path": "name", b"linkpath": "target", b"size": "size"}
_GNU_NAMES = {b"L": "name", b"K": "target"}
_SPARSE = (b"GNU.sparse", b"SCHILY.realsize", b"SUN.holesdata")
_EXTENSIONS = (b"x", b"g", *_GNU_NAMES)
_OLD_FILE = b"\0"
_NEGATIVE = 0xFF


class TarMember(NamedTuple):
    """``name`` has no ``/`` at its end; ``target`` is where a link points, else empty; ``size`` in bytes."""

    name: str
    type: MemberType
    size: int
    target: str


class Tar:
    """The members of a ``.tar.gz``, in order.

    Iterate once; ``read`` gives the content of the member just met. Raises BadUpload for anything but one
    gzip stream with one complete tar archive of files, folders and links in it, and beyond ``limits``.
    """

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._stream = GzipStream(file, limits)
        self._name = ""
        self._unread = 0
        self._extended = 0

    def __iter__(self) -> Iterator[TarMember]:
        extensions: dict[str, bytes] = {}
        while any(block := self._stream.read(_BLOCK)):
            _check_sum(block)
            _check_other_numbers(block)
            kind = block[156:157]
            size = _number(block[_SIZE])
            if kind in _EXTENSIONS:
                said = _extension(kind, self._read_extension(size))
                if said.keys() & extensions.keys():
                    raise BadUpload("the tar archive says something twice about one member")
                extensions |= said
                continue
            member = _member(block, kind, size, extensions)
            extensions, self._extended = {}, 0
            self._name, self._unread = member.name, member.size
            yield member
            self._stream.skip(self._unread + -member.size % _BLOCK)
        if extensions:
            raise BadUpload("the tar archive ends after an extended header")
        self._stream.expect_zeros()

    def read(self, limit: int) -> bytes:
        """The content of the current member. Raises BadUpload above ``limit`` bytes."""
        if self._unread > limit:
            raise BadUpload(f"{shown(self._name)} is larger than {megabytes(limit)}")
        data = self._stream.read(self._unread)
        self._unread = 0
        return data

    def _read_extension(self, size: int) -> bytes:
        self._extended += 1
        if size > _EXTENSION_SIZE or self._extended > _MOST_EXTENSIONS:
            raise BadUpload(
                "the tar archive has an extended header of more than 64 KiB, or too many in a row"
            )
        data = self._stream.read(size)
        self._stream.skip(-size % _BLOCK)
        return data


class GzipStream:
    """The bytes inside a gzip file (RFC 1952), forward only."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._chunk = b""
        self._at = 0
        self._unpacked = 0

    def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes. Raises BadUpload if there are fewer."""
        data = self._chunk[self._at : self._at + size]
        self._at += len(data)
        while len(data) < size:
            self._advance()
            more = self._chunk[: size - len(data)]
            self._at = len(more)
            data += more
        return data

    def skip(self, size: int) -> None:
        """Pass over ``size`` bytes. Raises BadUpload if there are fewer."""
        while size > len(self._chunk) - self._at:
            size -= len(self._chunk) - self._at
            self._advance()
        self._at += size

    def expect_zeros(self) -> None:
        """Raises BadUpload unless only zeros are left, and the file ends with its gzip stream."""
        rest = self._chunk[self._at :]
        while rest:
            if rest.strip(b"\0"):
                raise BadUpload("something follows the end of the tar archive")
            rest = self._inflate_some()
        if self._inflate.unused_data or self._file.read(1):
            raise BadUpload("something follows the end of the gzip stream")

    def _advance(self) -> None:
        self._chunk = self._inflate_some()
        self._at = 0
        if not self._chunk:
            raise BadUpload("the tar archive is cut short")

    def _inflate_some(self) -> bytes:
        """The next bytes, at most a chunk of them; none only at the end of the stream."""
        data = b""
        while not data and not self._inflate.eof:
            packed = self._inflate.unconsumed_tail or self._file.read(_CHUNK)
            try:
                data = self._inflate.decompress(packed, _CHUNK)
            except zlib.error:
                raise BadUpload("this is not a gzip file, or a damaged one") from None
            if not packed and not data and not self._inflate.eof:
                raise BadUpload("the gzip file is cut short")
        self._account(len(data))
        return data

    def _account(self, size: int) -> None:
        self._unpacked += size
        packed = self._file.tell()
        if self._unpacked > self._limits.inflated_size:
            raise BadUpload(f"the archive unpacks to more than {megabytes(self._limits.inflated_size)}")
        if self._unpacked > self._limits.ratio_from and self._unpacked > self._limits.ratio * packed:
            raise BadUpload(f"the archive unpacks to more than {self._limits.ratio} times its size")


def _member(block: bytes, kind: bytes, size: int, extensions: dict[str, bytes]) -> TarMember:
    short_name = _short_name(block)
    raw_name = extensions.get("name", short_name)
    name = _decode(raw_name)
    if kind not in _TYPES:
        raise BadUpload(
            f"{shown(name)} is of tar type {kind.decode('latin-1')!a}",
            hint="files, folders and links only",
        )
    member_type = _TYPES[kind]
    if kind == _OLD_FILE and raw_name.endswith(b"/"):
        member_type = "folder"
    if kind == _OLD_FILE and short_name.endswith(b"/") != raw_name.endswith(b"/"):
        raise BadUpload(f"{shown(name)} is a file and a folder in the tar archive")
    if extensions.get("size", b"%d" % size) != b"%d" % size or (size and member_type != "file"):
        raise BadUpload(f"{shown(name)} has two sizes in the tar archive")
    target = ""
    if member_type in ("symlink", "hardlink"):
        target = _decode(extensions.get("target", _string(block[157:257])))
    return TarMember(name.removesuffix("/") if member_type == "folder" else name, member_type, size, target)


def _decode(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape").removeprefix("./")


def _short_name(block: bytes) -> bytes:
    """The name in the header itself. Only ustar has a second part of it, and a place in other
    formats for which readers take it by mistake."""
    name, prefix = _string(block[:100]), block[345:500]
    if block[257:263] == b"ustar\0":
        return b"/".join(filter(None, (_string(prefix), name)))
    if prefix.strip(b"\0"):
        raise BadUpload(f"{shown(name.decode('latin-1'))} has fields of an unknown tar format")
    return name


def _extension(kind: bytes, data: bytes) -> dict[str, bytes]:
    """What an extended header says about the name, target and size of the next member."""
    if kind in _GNU_NAMES:
        return {_GNU_NAMES[kind]: data.removesuffix(b"\0")}
    said = {}
    for key, value in _pax_records(data):
        if key.startswith(_SPARSE):
            raise BadUpload("the tar archive has a sparse file")
        if key in _PAX_NAMES:
            if kind == b"g" or _PAX_NAMES[key] in said:
                raise BadUpload("the tar archive names several members at once, or one twice")
            said[_PAX_NAMES[key]] = value
    return said


def _pax_records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """``LENGTH KEY=VALUE\\n``, where LENGTH counts all of it."""
    position = 0
    while position < len(data):
        digits, space, _ = data[position : position + 8].partition(b" ")
        end = position + (int(digits) if digits.isdigit() else 0)
        record = data[position + len(digits) + 1 : end]
        key, equals, value = record[:-1].partition(b"=")
        if not (space and equals and record.endswith(b"\n")) or end > len(data):
            raise BadUpload("the tar archive has a damaged extended header")
        yield key, value
        position = end


def _string(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _number(field: bytes) -> int:
    """Octal digits, or for large numbers a marked big-endian one."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = _OCTAL.match(field)
    if digits is None:
        raise BadUpload("the tar archive has a number that is none")
    return int(digits[1] or b"0", 8)


def _check_other_numbers(block: bytes) -> None:
    """Mode, owner, time and device mean nothing here, but some readers stop at one that is no number."""
    for field in _OTHER_NUMBERS:
        if block[field.start] != _NEGATIVE:
            _number(block[field])


def _check_sum(block: bytes) -> None:
    told = _OCTAL.match(block[_CHECKSUM])
    if told is None or int(told[1] or b"0", 8) != sum(block) - sum(block[_CHECKSUM]) + 8 * ord(" "):
        raise BadUpload("this is not a tar archive, or a damaged one")
