"""``multipart/form-data`` as upload clients send it, streamed: the file is hashed on its way to staging."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from pocketrepo.errors import BadUpload, TooLarge
from pocketrepo.store import disk

CHUNK = 256 * 1024
MAX_FIELD = 6 * 1024 * 1024
MAX_FIELDS_TOTAL = 16 * 1024 * 1024
MAX_PARTS = 4096
FILE_FIELD = "content"
LINE_BREAK = b"\r\n"
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

HASHES: dict[str, Callable[[], Any]] = {
    "sha256_digest": hashlib.sha256,
    "md5_digest": lambda: hashlib.md5(usedforsecurity=False),
    "blake2_256_digest": lambda: hashlib.blake2b(digest_size=32),
}
"""The digests that a form may announce (Warehouse's legacy upload API), and what computes them."""


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


@dataclass
class Staged:
    """The uploaded file in staging; ``digests`` has sha256 always, the others where they were announced."""

    path: Path
    filename: str
    size: int = 0
    digests: dict[str, str] = field(default_factory=dict)


@dataclass
class Form:
    """The fields in the order they came, and the file. Other files, such as signatures, are fields: their text."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    file: Staged | None = None

    def first(self, name: str) -> str:
        return self.fields.get(name, [""])[0]


def read_form(
    stream: Readable, content_type: str, length: int, staging: Path, *, max_file: int = 1 << 62
) -> Form:
    """Parse a request body. The staged file is the caller's to admit or to remove; after an error it is gone.

    Raises BadUpload for a body that is not such a form or is cut short, TooLarge for one over the limits.
    """
    kind, options = parse_options_header(content_type)  # type: ignore[no-untyped-call]
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not boundary or not boundary.isascii():
        raise BadUpload("the body is not multipart/form-data with a boundary", field="Content-Type")
    reader = _Reader(staging, max_file)
    try:
        with _Parser(
            boundary,
            content_length=length,
            max_segment_count=MAX_PARTS,
            header_charset="utf8",
            strict=True,
        ) as parser:
            for chunk in _framed(_chunks(stream, length, len(boundary) + 2), f"--{boundary}".encode()):
                for event in parser.parse(chunk):
                    reader.take(event)
    except ParserLimitReached as error:
        reader.discard()
        raise TooLarge(f"the form is too large: {error.args[0]}") from None
    except MultipartError as error:
        reader.discard()
        raise BadUpload(f"the form cannot be read: {error.args[0]}", field="body") from None
    except OSError as error:
        reader.discard()
        raise disk.unavailable("store the file", error) from error
    except BaseException:
        reader.discard()
        raise
    return reader.form


class _Parser(PushMultipartParser):
    """Takes no control character in a header: the parser alone takes a line feed or not, as the body is split, and
    drops one at the ends of a name or a value."""

    def _on_segment_headerline(self, line: bytes) -> None:
        if _CONTROL.search(line):
            raise BadUpload("a part of the form has a control character in its headers", field="body")
        super()._on_segment_headerline(line)


def _chunks(stream: Readable, length: int, first: int) -> Iterator[bytes]:
    """The body as it comes; but not less than ``first`` bytes at once in front, nor a line break alone at the end."""
    left = length
    held = b""
    while left > 0 and (chunk := stream.read(min(CHUNK, left))):
        left -= len(chunk)
        held += chunk
        if left == 0 or (len(held) >= first and left > len(LINE_BREAK)):
            yield held
            held, first = b"", 0
    if held:
        yield held


def _framed(chunks: Iterator[bytes], boundary: bytes) -> Iterator[bytes]:
    """``chunks``, if nothing is in front of the first boundary or behind the last: what the parser makes of that
    depends on how the body is split. Raises BadUpload."""
    ending = LINE_BREAK + boundary + b"--"
    longest = len(ending + LINE_BREAK)
    tail = b""
    for chunk in chunks:
        if not tail:
            if not chunk.startswith(boundary):
                raise BadUpload("the form does not begin with its boundary", field="body")
            tail = LINE_BREAK  # which the first boundary does without
        tail = (tail + chunk[-longest:])[-longest:]
        yield chunk
    if not tail.removesuffix(LINE_BREAK).endswith(ending):
        raise BadUpload("the form does not end with its boundary: it is cut short, or longer", field="body")


class _Reader:
    """Turns parser events into a `Form`."""

    def __init__(self, staging: Path, max_file: int) -> None:
        self.form = Form()
        self._staging = staging
        self._max_file = max_file
        self._total = 0
        self._name = ""
        self._is_field = False
        self._value: bytearray | None = None
        self._file: IO[bytes] | None = None
        self._hashes: dict[str, Any] = {}

    def take(self, event: MultipartSegment | bytearray | None) -> None:
        if event is None:
            self._finish_part()
        elif isinstance(event, MultipartSegment):
            self._start_part(event)
        elif self._file is not None:
            self._write(event)
        else:
            self._collect(event)

    def discard(self) -> None:
        with suppress(OSError):
            if self._file is not None:
                self._file.close()
            if self.form.file is not None:
                self.form.file.path.unlink(missing_ok=True)

    def _start_part(self, part: MultipartSegment) -> None:
        self._name = part.name or ""
        self._is_field = part.filename is None
        if part.name != FILE_FIELD or part.filename is None:
            self._value = bytearray()
            return
        if self.form.file is not None:
            raise BadUpload("the form has two files", field=FILE_FIELD)
        if any("\\" in value for name, value in part.headerlist if name == "Content-Disposition"):
            # The parser would drop what looks like a folder of Windows.
            raise BadUpload("the file's name has a backslash in it", field="filename")
        path = self._staging / secrets.token_hex(16)
        self.form.file = Staged(path, part.filename)
        self._file = path.open("xb", buffering=0)
        announced = {name for name in HASHES if self.form.first(name)} | {"sha256_digest"}
        self._hashes = {name: HASHES[name]() for name in announced}

    def _write(self, data: bytearray) -> None:
        staged = self.form.file
        assert staged is not None
        assert self._file is not None
        staged.size += len(data)
        if staged.size > self._max_file:
            raise TooLarge(f"the file is larger than {self._max_file:,} bytes")
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        for digest in self._hashes.values():
            digest.update(data)

    def _collect(self, data: bytearray) -> None:
        assert self._value is not None
        self._value += data
        self._total += len(data)
        if len(self._value) > MAX_FIELD or self._total > MAX_FIELDS_TOTAL:
            raise TooLarge(f"the form field {self._name[:60]!r} is too large")

    def _finish_part(self) -> None:
        if self._file is not None:
            assert self.form.file is not None
            self._file.close()
            self._file = None
            self.form.file.digests = {name: digest.hexdigest() for name, digest in self._hashes.items()}
        elif self._value is not None:
            try:
                text = self._value.decode("utf-8", "strict" if self._is_field else "replace")
            except UnicodeDecodeError:
                raise BadUpload(f"the form field {self._name[:60]!r} is not UTF-8", field="body") from None
            self.form.fields.setdefault(self._name, []).append(text)
        self._value = None
