"""Zip archives written field by field, so that any of them can lie."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

STORED, DEFLATED = 0, 8
FULL = 0xFFFFFFFF
STREAMED = 0x0008
UTF8 = 0x0800


def deflate(content: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(content) + stream.flush()


@dataclass
class RawMember:
    """A member; ``local`` and ``central`` replace fields of its two headers, ``packed`` its packed bytes.

    ``gap`` lies in front of it, ``descriptor`` behind it.
    """

    name: str | bytes
    content: bytes = b""
    method: int = DEFLATED
    flags: int = 0
    mode: int = 0o100644
    packed: bytes | None = None
    local: Mapping[str, int | bytes] = field(default_factory=dict)
    central: Mapping[str, int | bytes] = field(default_factory=dict)
    gap: bytes = b""
    descriptor: bytes = b""

    def fields(self) -> dict[str, int | bytes]:
        name = self.name.encode() if isinstance(self.name, str) else self.name
        return {
            "name": name,
            "flags": self.flags,
            "method": self.method,
            "crc": zlib.crc32(self.content),
            "packed": len(self.packed_bytes()),
            "size": len(self.content),
            "extra": b"",
            "comment": b"",
        }

    def packed_bytes(self) -> bytes:
        if self.packed is not None:
            return self.packed
        return deflate(self.content) if self.method == DEFLATED else self.content


def sizes64(*values: int) -> bytes:
    """A ZIP64 extra field."""
    return struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values)


def descriptor(member: RawMember, **lies: int) -> bytes:
    """The data descriptor that belongs behind ``member``, or one that lies."""
    true = {key: value for key, value in member.fields().items() if key in ("crc", "packed", "size")}
    told = {**true, **lies}
    return struct.pack("<4sLLL", b"PK\x07\x08", told["crc"], told["packed"], told["size"])


def raw_zip(
    members: Sequence[RawMember],
    *,
    before_directory: bytes = b"",
    comment: bytes = b"",
    end: Mapping[str, int] | None = None,
    end64: Mapping[str, int] | None = None,
) -> bytes:
    """An archive of ``members``; ``end`` replaces fields of its end record, ``end64`` adds a ZIP64 one."""
    body = bytearray()
    directory = bytearray()
    for member in members:
        body += member.gap
        offset = len(body)
        local = {**member.fields(), **member.local}
        central = {
            **member.fields(),
            "offset": offset,
            "attributes": member.mode << 16,
            "disk": 0,
            "version": 20,
            **member.central,
        }
        body += _local_header(local) + member.packed_bytes() + member.descriptor
        directory += _central_header(central)
    body += before_directory
    told = {
        "count": len(members),
        "here": len(members),
        "length": len(directory),
        "offset": len(body),
        "disk": 0,
    }
    wide = b""
    if end64 is not None:
        wide = _end64({**told, "size": 44, "located": len(body) + len(directory), "disks": 1, **end64})
    told.update(end or {})
    return (
        bytes(body + directory + wide)
        + struct.pack(
            "<4sHHHHLLH",
            b"PK\x05\x06",
            told["disk"],
            0,
            told["here"],
            told["count"],
            told["length"],
            told["offset"],
            len(comment),
        )
        + comment
    )


def _local_header(told: Mapping[str, int | bytes]) -> bytes:
    name, extra = told["name"], told["extra"]
    assert isinstance(name, bytes)
    assert isinstance(extra, bytes)
    sizes = (told["crc"], told["packed"], told["size"], len(name), len(extra))
    return (
        struct.pack("<4sHHHHHLLLHH", b"PK\x03\x04", 20, told["flags"], told["method"], 0, 0x21, *sizes)
        + name
        + extra
    )


def _central_header(told: Mapping[str, int | bytes]) -> bytes:
    name, extra, comment = told["name"], told["extra"], told["comment"]
    assert isinstance(name, bytes)
    assert isinstance(extra, bytes)
    assert isinstance(comment, bytes)
    sizes = (told["crc"], told["packed"], told["size"], len(name), len(extra), len(comment))
    header = struct.pack(
        "<4sBBHHHHHLLLHHHHHLL",
        b"PK\x01\x02",
        20,
        3,
        told["version"],
        told["flags"],
        told["method"],
        0,
        0x21,
        *sizes,
        told["disk"],
        0,
        told["attributes"],
        told["offset"],
    )
    return header + name + extra + comment


def _end64(told: Mapping[str, int]) -> bytes:
    record = struct.pack(
        "<4sQHHLLQQQQ",
        b"PK\x06\x06",
        told["size"],
        45,
        45,
        0,
        0,
        told["here"],
        told["count"],
        told["length"],
        told["offset"],
    )
    return record + struct.pack("<4sLQL", b"PK\x06\x07", 0, told["located"], told["disks"])
