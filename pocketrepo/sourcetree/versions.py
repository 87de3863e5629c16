"""Which version is next."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from packaging.version import InvalidVersion, Version

from pocketrepo.archive import parse_filename
from pocketrepo.errors import BadUpload, UsageError

FIRST = "0.1.0"


def versions_in(filenames: Iterable[str]) -> list[str]:
    """The versions of a project's files, oldest first."""
    found = set()
    for filename in filenames:
        with suppress(BadUpload, InvalidVersion):  # indexes elsewhere list all sorts of names
            found.add(Version(str(parse_filename(filename).version)))
    return [str(version) for version in sorted(found)]


def parse_version(text: str) -> str:
    """A version as PEP 440 spells it. Raises UsageError."""
    try:
        return str(Version(text))
    except InvalidVersion:
        raise UsageError(
            f"{text!r} is not a version", hint=f"for example {FIRST} or 1.0rc1 (PEP 440)"
        ) from None


def next_patch(version: str, taken: Iterable[str]) -> str:
    """The first patch after ``version`` that is not taken: 1.2 -> 1.2.1, 1.2.3rc1 -> 1.2.3."""
    parsed = Version(version)
    major, minor, patch, *_ = *parsed.release, 0, 0
    epoch = f"{parsed.epoch}!" if parsed.epoch else ""
    patch -= parsed.is_prerelease  # its final version is yet to come
    there = {Version(other) for other in taken}
    while True:
        patch += 1
        following = Version(f"{epoch}{major}.{minor}.{patch}")
        if following not in there:
            return str(following)


def same_version(one: str, other: str) -> bool:
    return Version(one) == Version(other)
