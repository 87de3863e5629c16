"""The nouns of an index as plain data: no I/O, no rendering.

Names are normalized (PEP 503), versions are ordered by ``packaging`` (PEP 440).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple, get_args

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from pocketrepo.errors import UsageError

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}\Z")
RESERVED_OWNERS = frozenset(
    {
        "public",
        "basic",
        "python",
        "simple",
        "pypi",
        "legacy",
        "files",
        "v1",
        "v2",
        "health",
        "metrics",
        "static",
        "account",
        "api",
    }
)
RESERVED_REPOSITORIES = frozenset({"simple", "files", "pypi", "legacy", "projects", "python"})


class RepositoryName(NamedTuple):
    """``OWNER/REPO``, lower-cased; both parts are ``[a-z0-9][a-z0-9_-]{0,62}`` and not reserved."""

    owner: str
    repo: str

    def __str__(self) -> str:
        return f"{self.owner}/{self.repo}"

    @classmethod
    def parse(cls, text: str) -> RepositoryName:
        """``OWNER/REPO`` as a name. Raises UsageError with the rule that it breaks."""
        owner, slash, repo = text.strip().lower().partition("/")
        if not slash or not _SLUG.match(owner) or not _SLUG.match(repo):
            raise UsageError(
                f"{text!r} is not a repository name",
                hint="write OWNER/REPO in letters, digits, - and _, each up to 63 characters",
            )
        if owner in RESERVED_OWNERS or repo in RESERVED_REPOSITORIES:
            word = owner if owner in RESERVED_OWNERS else repo
            raise UsageError(f"{word!r} is a reserved word", hint="choose another name")
        return cls(owner, repo)


METADATA_SUFFIX, PROVENANCE_SUFFIX, SIGNATURE_SUFFIX = ".metadata", ".provenance", ".asc"
COMPANIONS = {
    METADATA_SUFFIX: "metadata_sha256",
    PROVENANCE_SUFFIX: "provenance_sha256",
    SIGNATURE_SUFFIX: "signature_sha256",
}
"""What may be beside a file: the suffix of its URL, and the field of `File` with its digest."""

Status = Literal["active", "deprecated", "archived", "quarantined"]
STATUSES: tuple[Status, ...] = get_args(Status)
"""Status markers of a project (PEP 792), each taking away more than the one before."""
CLOSED: frozenset[str] = frozenset({"archived", "quarantined"})
"""Those that take no uploads."""


@dataclass(frozen=True, slots=True)
class File:
    """One wheel or sdist as it is listed.

    ``key`` is unique per upload and part of the file's URL. ``size`` is in bytes, hashes are lower-case
    hex, ``upload_time`` is RFC 3339 UTC with ``Z`` (PEP 700). ``yanked`` is None, or the reason, which may be empty
    (PEP 592). The digests at the end are set exactly when the file has that beside it: its core metadata
    (PEP 658, 714), its provenance (PEP 740), a detached OpenPGP signature (PEP 503).
    """

    filename: str
    version: str
    key: str
    size: int
    sha256: str
    upload_time: str
    requires_python: str | None = None
    metadata_sha256: str | None = None
    yanked: str | None = None
    provenance_sha256: str | None = None
    signature_sha256: str | None = None

    def digest(self, companion: str = "") -> str | None:
        """The sha256 of the file, or of the companion with this suffix; None if it has none."""
        if not companion:
            return self.sha256
        digest: str | None = getattr(self, COMPANIONS[companion])
        return digest

    @property
    def is_wheel(self) -> bool:
        return self.filename.endswith(".whl")


@dataclass(frozen=True, slots=True)
class Release:
    """All files of one version; derived, never stored."""

    version: str
    files: tuple[File, ...]

    @property
    def yanked(self) -> bool:
        return all(file.yanked is not None for file in self.files)

    @property
    def upload_time(self) -> str:
        return min(file.upload_time for file in self.files)

    @property
    def requires_python(self) -> str | None:
        return next((file.requires_python for file in self.files if file.requires_python), None)


@dataclass(frozen=True)
class Project:
    """A project and its files. ``name`` is normalized, ``display_name`` as its first upload spelled it.

    ``status`` is one of `STATUSES`, with a reason that may be empty (PEP 792). ``tracks`` are the pages of the
    same project elsewhere that it extends, ``alternate_locations`` those that count as the same (PEP 708).
    ``withheld`` are the files of a quarantined project, which are offered to nobody.
    """

    name: NormalizedName
    display_name: str
    files: tuple[File, ...] = ()
    status: str = "active"
    status_reason: str = ""
    tracks: tuple[str, ...] = ()
    alternate_locations: tuple[str, ...] = ()
    withheld: tuple[File, ...] = ()

    @cached_property
    def versions(self) -> tuple[str, ...]:
        """Every version that has a file, oldest first (PEP 700)."""
        # Not a set: 1.0 and 1.0.0 are equal, and pages must be the same bytes in every process.
        return tuple(sorted(dict.fromkeys(file.version for file in self.files), key=version_order))

    @cached_property
    def releases(self) -> tuple[Release, ...]:
        """Newest first."""
        by_version: dict[str, list[File]] = {}
        for file in self.files:
            by_version.setdefault(file.version, []).append(file)
        return tuple(Release(version, tuple(by_version[version])) for version in reversed(self.versions))

    @cached_property
    def by_key(self) -> dict[tuple[str, str], File]:
        """Files by (key, filename), as their URLs name them."""
        return {(file.key, file.filename): file for file in self.files}

    @property
    def latest(self) -> Release | None:
        """What an installer would take: the newest release that is neither yanked nor a pre-release, else
        the newest that is not yanked, else the newest."""
        usable = [release for release in self.releases if not release.yanked]
        final = [release for release in usable if not version_order(release.version)[1].is_prerelease]
        return next(iter(final or usable or self.releases), None)


@dataclass(frozen=True)
class ProjectList:
    """The projects of a repository: normalized name -> display name."""

    names: dict[NormalizedName, str] = field(default_factory=dict)

    def similar(self, name: NormalizedName) -> NormalizedName | None:
        """A project that a reader could take for this name: the same but for separators and for letters that
        look like digits, as the public index compares names."""
        [wanted], looks = _looks([name]), _looks(self.names)
        alike = (other for other, look in zip(self.names, looks, strict=False) if look == wanted)
        return next((other for other in alike if other != name), None)


_LOOK_ALIKE = bytes.maketrans(b"lio", b"110")


def _looks(names: Iterable[NormalizedName]) -> list[bytes]:
    """What is left of names for a reader; of all at once, as a list may have ten thousand."""
    return "/".join(names).encode().translate(_LOOK_ALIKE, b"-_.").split(b"/")


def normalize(name: str) -> NormalizedName:
    """The one spelling of a project's name that storage and URLs use (PEP 503)."""
    return canonicalize_name(name)


def is_normalized(name: str) -> bool:
    return canonicalize_name(name) == name


def version_order(text: str) -> tuple[bool, Version]:
    """A sort key for versions; text that PEP 440 does not know (old uploads elsewhere) sorts first."""
    try:
        return True, Version(text)
    except InvalidVersion:
        return False, Version("0")


def newest(versions: Iterable[str]) -> str | None:
    return max(versions, key=version_order, default=None)


Json = dict[str, Any]
"""A decoded JSON object."""
