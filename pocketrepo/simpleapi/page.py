"""A project's page as it was read, from any index."""

from __future__ import annotations

from dataclasses import dataclass, field

from packaging.utils import NormalizedName


@dataclass(frozen=True, slots=True)
class Link:
    """A file as a page lists it.

    ``url`` is absolute and without fragment. ``hashes`` maps algorithm -> hex digest, both in lower case;
    ``size`` is in bytes. ``yanked`` is None, or the reason, which may be empty (PEP 592). ``core_metadata``
    says whether ``url + ".metadata"`` is there (PEP 658): its hashes, or True where the page gives none;
    ``signed`` whether ``url + ".asc"`` is. ``provenance`` is the absolute URL of the provenance (PEP 740).
    """

    filename: str
    url: str
    hashes: dict[str, str] = field(default_factory=dict)
    size: int | None = None
    upload_time: str | None = None
    requires_python: str | None = None
    yanked: str | None = None
    core_metadata: dict[str, str] | bool = False
    signed: bool = False
    provenance: str | None = None

    @property
    def sha256(self) -> str | None:
        return self.hashes.get("sha256")


@dataclass(frozen=True, slots=True)
class Page:
    """A project's page. ``versions`` is empty where the page does not list them: HTML, or JSON before 1.1.

    ``status`` is the project's, with a reason that may be empty (PEP 792); ``tracks`` and ``alternate_locations``
    are absolute URLs (PEP 708).
    """

    name: NormalizedName
    links: tuple[Link, ...]
    versions: tuple[str, ...] = ()
    status: str = "active"
    status_reason: str = ""
    tracks: tuple[str, ...] = ()
    alternate_locations: tuple[str, ...] = ()
