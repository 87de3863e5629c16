"""Zip archives that everybody reads alike.

A zip says everything twice: in front of each member, and in the directory at its end. Installers differ in
which of the two they believe, in what they do about bytes that neither mentions, and about names or sizes
given several times. ``Zip`` accepts an archive only where there is nothing to differ about: the members lie
one after another from the first byte to the directory, both places say the same, and the end is the end.
Field names and layouts: PKWARE's APPNOTE.TXT, 4.3.
"""

from __future__ import annotations

import os
import stat
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from pocketrepo.archive.limits import Limits, megabytes
from pocketrepo.archive.members import Members, shown
from pocketrepo.errors import BadUpload

_LOCAL = struct.Struct("<4sHHHHHLLLHH")
_CENTRAL = struct.Struct("<4sBBHHHHHLLLHHHHHLL")
_END = struct.Struct("<4sHHHHLLH")
_END64 = struct.Struct("<4sQHHLLQQQQ")
_LOCATOR64 = struct.Struct("<4sLQL")
_DESCRIPTOR_SIGNATURE = b"PK\x07\x08"

_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_STREAMED = 0x0008
_PATCH = 0x0020
_UTF8 = 0x0800
_STORED, _DEFLATED = 0, 8
_EMPTY_DEFLATED = 2
_NEWEST_VERSION = 63
_EXTRA_ZIP64 = 0x0001
_EXTRA_UNICODE_PATH = 0x7075
_EXTRAS_READ = (_EXTRA_ZIP64, _EXTRA_UNICODE_PATH)
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF

_CHUNK = 256 * 1024


class Entry(NamedTuple):
    """One member as the directory has it; ``start`` is where its packed bytes begin."""

    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    start: int = 0

    @property
    def is_folder(self) -> bool:
        return self.name.endswith("/")


class Zip:
    """An opened, checked zip archive.

    ``files`` are its members without folders, by name. Everything but the members' bytes is checked when it
    is made, which costs a small read a member; raises BadUpload for an archive with more than one reading, or
    beyond ``limits``.
    """

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._fd = file.fileno()
        self._limits = limits
        self.members = Members(limits)
        self._inflated = 0
        archive_size = os.fstat(self._fd).st_size
        count, directory_size, directory_offset = self._read_end(archive_size)
        directory = self._pread(directory_size, directory_offset)
        entries = [self._admitted(entry) for entry in _parse_directory(directory, count)]
        self._check_ratio(archive_size)
        self.files = {
            entry.name: entry for entry in self._laid_out(entries, directory_offset) if not entry.is_folder
        }

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content of file ``name``, piece by piece. Raises BadUpload if it is damaged."""
        return self._unpacked(self.files[name])

    def read(self, name: str, limit: int) -> bytes:
        """The content of file ``name``. Raises BadUpload above ``limit`` bytes, or if it is damaged."""
        entry = self.files[name]
        if max(entry.size, entry.packed) > limit:
            raise BadUpload(f"{shown(name)} is larger than {megabytes(limit)}")
        return b"".join(self._unpacked(entry))

    def _read_end(self, size: int) -> tuple[int, int, int]:
        """Count, size and offset of the directory, which the end of the archive follows at once."""
        end_offset = size - _END.size
        if end_offset < 0:
            raise BadUpload("this is not a zip archive")
        signature, disk, first_disk, here, count, length, offset, comment = _END.unpack(
            self._pread(_END.size, end_offset)
        )
        if signature != b"PK\x05\x06" or comment:
            raise BadUpload("this is not a zip archive, or something follows its end")
        if disk or first_disk or here != count:
            raise BadUpload("the zip archive is one part of several")
        if end_offset >= _LOCATOR64.size + _END64.size:
            locator = self._pread(_LOCATOR64.size, end_offset - _LOCATOR64.size)
            if locator.startswith(b"PK\x06\x07"):
                end_offset -= _LOCATOR64.size + _END64.size
                count, length, offset = self._read_end64(locator, end_offset, (count, length, offset))
        if offset + length != end_offset:
            raise BadUpload("the zip archive's directory is not where its end says")
        if count > self._limits.entries:
            raise BadUpload(f"the archive has more than {self._limits.entries} members")
        if length > self._limits.directory_size:
            raise BadUpload(
                f"the archive's directory is larger than {megabytes(self._limits.directory_size)}"
            )
        return count, length, offset

    def _read_end64(
        self, locator: bytes, end_offset: int, narrow: tuple[int, int, int]
    ) -> tuple[int, int, int]:
        """The wide form of ``narrow``, which has to say the same as far as it can."""
        _, locator_disk, located, disks = _LOCATOR64.unpack(locator)
        record = self._pread(_END64.size, end_offset)
        signature, record_size, _, _, disk, first_disk, here, count, length, offset = _END64.unpack(record)
        wide = (count, length, offset)
        agrees = all(
            few in (many, full)
            for few, many, full in zip(narrow, wide, (_FULL16, _FULL32, _FULL32), strict=True)
        )
        if (
            signature != b"PK\x06\x06"
            or record_size != _END64.size - 12
            or located != end_offset
            or (locator_disk, disks, disk, first_disk, here) != (0, 1, 0, 0, count)
            or not agrees
        ):
            raise BadUpload("the zip archive's ZIP64 end contradicts itself")
        return wide

    def _admitted(self, entry: Entry) -> Entry:
        if entry.flags & _ENCRYPTED:
            raise BadUpload(f"{shown(entry.name)} is encrypted")
        if entry.flags & _PATCH or entry.method not in (_STORED, _DEFLATED):
            raise BadUpload(
                f"{shown(entry.name)} is packed with method {entry.method}", hint="stored or deflated only"
            )
        if entry.method == _STORED and entry.packed != entry.size:
            raise BadUpload(f"{shown(entry.name)} is stored, but with two sizes")
        if entry.is_folder and (entry.size or entry.packed > _EMPTY_DEFLATED):
            raise BadUpload(f"{shown(entry.name)} is a folder with content")
        self.members.add(entry.name.removesuffix("/"), size=entry.size, folder=entry.is_folder)
        return entry

    def _check_ratio(self, archive_size: int) -> None:
        unpacked = self.members.unpacked_size
        if unpacked > self._limits.ratio_from and unpacked > self._limits.ratio * archive_size:
            raise BadUpload(f"the archive unpacks to more than {self._limits.ratio} times its size")

    def _laid_out(self, entries: list[Entry], directory_offset: int) -> Iterator[Entry]:
        """Every entry with its ``start``, after its local header was compared and no gap was found."""
        entries.sort(key=lambda entry: entry.offset)
        position = 0
        ends = [entry.offset for entry in entries[1:]]
        for entry, end in zip(entries, [*ends, directory_offset], strict=False):
            if entry.offset != position:
                raise BadUpload("the zip archive has bytes that belong to no member")
            placed = self._compare_local(entry)
            position = placed.start + placed.packed
            if placed.flags & _STREAMED:
                self._compare_descriptor(placed, end - position)
                position = end
            yield placed
        if position != directory_offset:
            raise BadUpload("the zip archive has bytes that belong to no member")

    def _compare_local(self, entry: Entry) -> Entry:
        header = self._pread(_LOCAL.size, entry.offset)
        signature, _, flags, method, _, _, crc, packed, size, name_size, extra_size = _LOCAL.unpack(header)
        if signature != b"PK\x03\x04":
            raise BadUpload(f"{shown(entry.name)} is not where the zip archive's directory says")
        tail = self._pread(name_size + extra_size, entry.offset + _LOCAL.size)
        extra = _parse_extra(tail[name_size:], tail[:name_size])
        size, packed = _widen(extra, (size, packed), tail[:name_size])
        if (tail[:name_size], flags, method) != (entry.name.encode(), entry.flags, entry.method):
            raise BadUpload(f"{shown(entry.name)} has two descriptions in the zip archive that differ")
        told, known = (crc, packed, size), (entry.crc, entry.packed, entry.size)
        if told != known and not (flags & _STREAMED and told == (0, 0, 0)):
            raise BadUpload(f"{shown(entry.name)} has two sizes or checksums in the zip archive")
        return entry._replace(start=entry.offset + _LOCAL.size + len(tail))

    def _compare_descriptor(self, entry: Entry, length: int) -> None:
        """A streamed member's sizes follow it: they must be the directory's, and its packed bytes must end
        by themselves where the sizes say, because a reader of the stream goes by that."""
        formats = {12: "<LLL", 16: "<4sLLL", 20: "<LQQ", 24: "<4sLQQ"}
        if length not in formats:
            raise BadUpload("the zip archive has bytes that belong to no member")
        values = struct.unpack(formats[length], self._pread(length, entry.start + entry.packed))
        if length in (16, 24) and values[0] != _DESCRIPTOR_SIGNATURE:
            raise BadUpload("the zip archive has bytes that belong to no member")
        if values[-3:] != (entry.crc, entry.packed, entry.size):
            raise BadUpload(f"{shown(entry.name)} has two sizes or checksums in the zip archive")
        if entry.method == _STORED and entry.size:
            raise BadUpload(f"{shown(entry.name)} is stored, and its size is not in front of it")
        if entry.method == _DEFLATED:
            self._check_streamed(entry)

    def _check_streamed(self, entry: Entry) -> None:
        self._inflated += entry.size
        if self._inflated > self._limits.inflated_size:
            raise BadUpload(
                f"more than {megabytes(self._limits.inflated_size)} of members have no size in front"
            )
        for _ in self._unpacked(entry):
            pass

    def _unpacked(self, entry: Entry) -> Iterator[bytes]:
        """The content in chunks. Raises BadUpload unless it is as long as said, has the checksum said, and
        its packed form ends where said."""
        size = crc = 0
        packed = self._packed(entry)
        for data in _inflated(packed) if entry.method == _DEFLATED else packed:
            size += len(data)
            crc = zlib.crc32(data, crc)
            if size > entry.size:
                break
            yield data
        if (size, crc) != (entry.size, entry.crc):
            raise BadUpload(
                f"{shown(entry.name)} is damaged: its size or checksum is not what the zip archive says"
            )

    def _packed(self, entry: Entry) -> Iterator[bytes]:
        end = entry.start + entry.packed
        for position in range(entry.start, end, _CHUNK):
            yield self._pread(min(_CHUNK, end - position), position)

    def _pread(self, size: int, offset: int) -> bytes:
        data = os.pread(self._fd, size, offset)
        if len(data) != size:
            raise BadUpload("the zip archive is cut short")
        return data


def _parse_directory(directory: bytes, count: int) -> Iterator[Entry]:
    """The directory's ``count`` entries, which fill it exactly."""
    position = 0
    for _ in range(count):
        try:
            fields = _CENTRAL.unpack_from(directory, position)
        except struct.error:
            raise _damaged_directory() from None
        signature, _, _, version, flags, method, _, _, crc, packed, size, *rest = fields
        name_size, extra_size, comment_size, disk, _, attributes, offset = rest
        name_start = position + _CENTRAL.size
        position = name_start + name_size + extra_size
        if signature != b"PK\x01\x02" or comment_size or disk or position > len(directory):
            raise _damaged_directory()
        raw_name = directory[name_start : name_start + name_size]
        if version & 0xFF > _NEWEST_VERSION:
            raise BadUpload("the zip archive is of a version that does not exist")
        extra = _parse_extra(directory[name_start + name_size : position], raw_name)
        size, packed, offset = _widen(extra, (size, packed, offset), raw_name)
        name = _decode(raw_name, flags)
        if stat.S_IFMT(attributes >> 16) not in (0, stat.S_IFDIR if name.endswith("/") else stat.S_IFREG):
            raise BadUpload(f"{shown(name)} is neither a file nor a folder", hint="no links, no devices")
        yield Entry(name, flags, method, crc, packed, size, offset)
    if position != len(directory):
        raise _damaged_directory()


def _parse_extra(extra: bytes, raw_name: bytes) -> bytes | None:
    """The ZIP64 part of an extra field, if there is one."""
    told: dict[int, bytes] = {}
    position = 0
    while position < len(extra):
        if position + 4 > len(extra):
            raise _damaged_extra(raw_name)
        kind, size = struct.unpack_from("<HH", extra, position)
        value = extra[position + 4 : position + 4 + size]
        position += 4 + size
        if len(value) != size or (kind in told and kind in _EXTRAS_READ):
            raise _damaged_extra(raw_name)
        if kind == _EXTRA_UNICODE_PATH and value[5:] != raw_name:
            raise BadUpload(f"{shown(raw_name.decode('latin-1'))} has a second name in the zip archive")
        told[kind] = value
    return told.get(_EXTRA_ZIP64)


def _widen(zip64: bytes | None, narrow: tuple[int, ...], raw_name: bytes) -> tuple[int, ...]:
    """``narrow`` with what did not fit in 32 bits taken from the ZIP64 part (4.5.3). That has these values
    and no others; or both sizes in any case, as some writers give them, if they are the same again."""
    if zip64 is None and _FULL32 not in narrow:
        return narrow
    full = [index for index, value in enumerate(narrow) if value == _FULL32]
    if zip64 is None or len(zip64) % 8:
        raise _damaged_extra(raw_name)
    values = struct.unpack(f"<{len(zip64) // 8}Q", zip64)
    given = full if len(values) == len(full) else [0, 1]
    wide = dict(enumerate(narrow)) | dict(zip(given, values, strict=False))
    if len(values) != len(given) or any(narrow[index] not in (_FULL32, wide[index]) for index in wide):
        raise _damaged_extra(raw_name)
    return tuple(wide.values())


def _inflated(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Raw deflate, unpacked in bounded chunks; it has to end with its last packed byte."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for data in packed:
            while data and not stream.eof:
                yield stream.decompress(data, _CHUNK)
                data = stream.unconsumed_tail
            if data or stream.unused_data:
                raise BadUpload("a member of the zip archive ends before its packed bytes do")
        yield stream.flush()
    except zlib.error as error:
        raise BadUpload(f"a member of the zip archive cannot be unpacked: {error}") from error
    if not stream.eof:
        raise BadUpload("a member of the zip archive ends in the middle")


def _decode(raw_name: bytes, flags: int) -> str:
    try:
        return raw_name.decode("utf-8" if flags & _UTF8 else "ascii")
    except UnicodeDecodeError:
        raise BadUpload(
            f"{shown(raw_name.decode('latin-1'))} is not marked as UTF-8 in the zip archive"
        ) from None


def _damaged_directory() -> BadUpload:
    return BadUpload("the zip archive's directory is damaged, or has comments in it")


def _damaged_extra(raw_name: bytes) -> BadUpload:
    return BadUpload(f"{shown(raw_name.decode('latin-1'))} has a damaged extra field in the zip archive")
