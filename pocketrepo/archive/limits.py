"""How much an archive may ask of whoever reads it."""

from __future__ import annotations

from dataclasses import dataclass

_KIB = 1024
_MIB = 1024 * _KIB
_GIB = 1024 * _MIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on a distribution's archive; sizes are in bytes.

    ``entries`` counts files and folders, also folders that only other names imply; ``directory_size`` bounds
    all their names together, and what a zip archive says about them. ``unpacked_size`` bounds the sum of all
    contents. Where content has to be inflated to be understood (a ``.tar.gz``, or zip members without sizes
    in front) ``inflated_size`` bounds that work. What unpacks to more than ``ratio_from`` may be at most
    ``ratio`` times as large as its archive. A wheel that unpacks to ``verified_size`` or less has every file
    checked against RECORD's hashes; in a larger one only METADATA is hashed, and the others are compared by name
    and size, since inflating them would take longer than receiving them.
    """

    entries: int = 100_000
    name_length: int = 1024
    depth: int = 64
    unpacked_size: int = 16 * _GIB
    inflated_size: int = 2 * _GIB
    ratio: int = 50
    ratio_from: int = 64 * _MIB
    directory_size: int = 32 * _MIB
    metadata_size: int = 5 * _MIB
    record_size: int = 32 * _MIB
    verified_size: int = 64 * _MIB


DEFAULT = Limits()


def megabytes(size: int) -> str:
    """``size`` bytes for a person: ``5 MiB``, ``1.5 GiB``."""
    return f"{size / _GIB:.3g} GiB" if size >= _GIB else f"{size / _MIB:.3g} MiB"
