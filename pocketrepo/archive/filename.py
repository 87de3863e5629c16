"""What a distribution's filename says: project, version, kind and tags."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from packaging.utils import (
    InvalidName,
    InvalidSdistFilename,
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from pocketrepo.errors import BadUpload

Kind = Literal["bdist_wheel", "sdist"]

_MAX_LENGTH = 200
_SDIST_SUFFIXES = (".tar.gz", ".zip")
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*\Z")


@dataclass(frozen=True, slots=True)
class Filename:
    """A checked filename. ``stem`` is what is left without the suffix; ``python_tag`` is ``source`` for
    an sdist."""

    text: str
    stem: str
    kind: Kind
    name: NormalizedName
    version: Version
    python_tag: str


def parse_filename(filename: str, *, name: NormalizedName | None = None) -> Filename:
    """A wheel's or sdist's filename in its parts.

    Old sdists have versions and names with dashes, which split in more than one way: ``name``, from the
    archive's own metadata, says where.

    Raises BadUpload (field ``filename``; ``name`` when it is of another project) for anything but a plain
    ASCII name of at most 200 bytes, of a wheel (PEP 427), or of an sdist as ``.tar.gz`` or ``.zip`` (PEP 625,
    and the spellings before it).
    """
    check_filename(filename)
    if filename.endswith(".whl"):
        return _parse_wheel(filename)
    return _parse_sdist(filename, name)


def check_filename(filename: str) -> None:
    """Refuse every filename that could mean something to a shell, a path, a URL or a terminal."""
    if len(filename) > _MAX_LENGTH:
        raise _bad(f"the filename is {len(filename)} characters long, the most is {_MAX_LENGTH}")
    if not _SAFE.match(filename):
        raise _bad(
            f"{filename!a} is not a filename for a distribution",
            hint="letters, digits and . _ + ! - only, beginning with a letter or digit",
        )
    if not filename.endswith((".whl", *_SDIST_SUFFIXES)):
        raise _bad(f"{filename} is neither a wheel nor an sdist", hint="send a .whl, .tar.gz or .zip")


def names_release(stem: str, name: NormalizedName, version: Version) -> bool:
    """Whether ``stem`` reads as ``{name}-{version}``, in any spelling of either."""
    return _version_after(name, stem) == version


def _version_after(name: NormalizedName, stem: str) -> Version | None:
    """What follows ``name`` and a dash in ``stem``, if that is a version."""
    for dash in re.finditer("-", stem):
        if canonicalize_name(stem[: dash.start()]) == name:
            try:
                return Version(stem[dash.end() :])
            except InvalidVersion:
                continue
    return None


def _parse_wheel(filename: str) -> Filename:
    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise _bad(str(error), hint="name-version(-build)-python-abi-platform.whl") from error
    stem = filename.removesuffix(".whl")
    return Filename(filename, stem, "bdist_wheel", _checked(name, filename), version, stem.split("-")[-3])


def _parse_sdist(filename: str, name: NormalizedName | None) -> Filename:
    stem = filename.removesuffix(".zip").removesuffix(".tar.gz")
    if name is not None:
        found = _version_after(name, stem)
        if found is None:
            raise BadUpload(f"{filename} is not named after its project, {name}, and a version", field="name")
        return Filename(filename, stem, "sdist", name, found, "source")
    try:
        name, version = parse_sdist_filename(filename)
    except InvalidSdistFilename as error:
        raise _bad(str(error), hint="name-version.tar.gz") from error
    return Filename(filename, stem, "sdist", _checked(name, filename), version, "source")


def _checked(name: NormalizedName, filename: str) -> NormalizedName:
    try:
        return canonicalize_name(name, validate=True)
    except InvalidName:
        raise _bad(
            f"{name!a} in {filename} is not a project name", hint="letters and digits at its ends"
        ) from None


def _bad(message: str, *, hint: str = "") -> BadUpload:
    return BadUpload(message, field="filename", hint=hint)
