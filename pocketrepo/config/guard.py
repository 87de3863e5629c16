"""An edit is text -> text; before it counts, both texts are read as the tool reads them and compared."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pocketrepo.config.errors import ConfigSyntax, WouldBreak
from pocketrepo.config.url import mask

R = TypeVar("R")


@dataclass(frozen=True)
class Text:
    """A file's text together with what it takes to get its exact bytes back."""

    text: str
    bom: bytes = b""
    encoding: str = "utf-8"

    @classmethod
    def decode(cls, data: bytes) -> Text:
        """Any ASCII-compatible encoding survives: what is not UTF-8 is carried through as it is."""
        bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        return cls(data[len(bom) :].decode("utf-8", "surrogateescape"), bom)

    def encode(self, text: str) -> bytes:
        return self.bom + text.encode(self.encoding, "surrogateescape")


@dataclass(frozen=True)
class Format(Generic[R]):
    """One kind of file: how the tool that owns it reads it, and how its bytes become text.

    ``read`` raises ConfigSyntax where that tool would refuse the file.
    """

    kind: str
    read: Callable[[bytes, Path], R]
    decode: Callable[[bytes], Text] = Text.decode


@dataclass(frozen=True)
class Edit(Generic[R]):
    """A change of text, and of what the tool shall read afterwards."""

    format: Format[R]
    change: Callable[[str], str]
    expect: Callable[[R], R]

    def apply(self, data: bytes, path: Path) -> bytes:
        """The edited bytes; the same bytes when there is nothing to do.

        Raises: ConfigSyntax if the tool could not read ``data``, WouldBreak if it would then read anything
        but exactly what was asked for.
        """
        before = self.format.read(data, path)
        wanted = self.expect(before)
        if wanted == before:
            return data
        text = self.format.decode(data)
        if text.encode(text.text) != data:
            raise ConfigSyntax(path, 0, f"its bytes do not survive being read as {text.encoding}")
        try:
            after = text.encode(self.change(text.text))
        except ConfigSyntax as error:
            raise ConfigSyntax(path, error.line, error.reason, hint=error.hint) from None
        try:
            got = self.format.read(after, path)
        except ConfigSyntax as error:
            raise WouldBreak(f"{path} would not be readable any more: {error.reason}") from None
        if got != wanted:
            raise WouldBreak(f"{path} would change more than asked: {mask(difference(wanted, got))}")
        return after


def difference(wanted: object, got: object, where: str = "") -> str:
    """The first place where two readings differ, in words."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for key in [*wanted, *(key for key in got if key not in wanted)]:
            if wanted.get(key) != got.get(key):
                return difference(wanted.get(key), got.get(key), f"{where}.{key}" if where else str(key))
    if isinstance(wanted, list | tuple) and isinstance(got, list | tuple) and len(wanted) == len(got):
        for number, (one, other) in enumerate(zip(wanted, got, strict=True)):
            if one != other:
                return difference(one, other, f"{where}[{number}]")
    return f"{where or 'the file'} would be {got!r}, not {wanted!r}"
