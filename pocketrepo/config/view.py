"""What a tool will do here, as data: its settings with their origins, and the indexes that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pocketrepo.config.pypi import simple_url
from pocketrepo.config.url import mask, split_credentials


@dataclass(frozen=True)
class Origin:
    """Where a setting comes from: ``level`` ranks it, ``where`` is ``file:line``, a variable or an option."""

    level: str
    where: str

    def __str__(self) -> str:
        return self.where


DEFAULT = Origin("default", "default")


@dataclass(frozen=True)
class Setting:
    """One option in one place. ``overridden_by`` is empty where it is in force; ``overrides`` names the losers."""

    tool: str
    key: str
    value: str = field(repr=False)
    origin: Origin
    overridden_by: str = ""
    overrides: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        return mask(self.value)

    def to_json(self) -> dict[str, Any]:
        return {
            "tool": self.tool,
            "key": self.key,
            "value": self.shown,
            "level": self.origin.level,
            "origin": self.origin.where,
            "overridden_by": self.overridden_by or None,
            "overrides": list(self.overrides),
        }


@dataclass(frozen=True)
class Index:
    """An index that will be asked. ``role``: index, extra, default or explicit (only for packages that name it)."""

    url: str = field(repr=False)
    role: str
    origin: Origin
    name: str = ""

    @property
    def shown(self) -> str:
        """The URL with its secrets masked."""
        return mask(self.url)

    def __repr__(self) -> str:
        return f"Index({self.shown!r}, {self.role}, {self.origin.where})"

    def to_json(self) -> dict[str, Any]:
        return {
            "url": self.shown,
            "role": self.role,
            "origin": self.origin.where,
            "name": self.name or None,
        }


@dataclass(frozen=True)
class Dropped:
    """An index that is written down and will not be asked, and why."""

    url: str = field(repr=False)
    origin: Origin
    why: str

    @property
    def shown(self) -> str:
        return mask(self.url)

    def __repr__(self) -> str:
        return f"Dropped({self.shown!r}, {self.origin.where}, {self.why})"

    def to_json(self) -> dict[str, Any]:
        return {"url": self.shown, "origin": self.origin.where, "why": self.why}


@dataclass(frozen=True)
class View:
    """Everything about one tool in one place. ``errors``: why the tool would give up instead."""

    tool: str
    indexes: tuple[Index, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    settings: tuple[Setting, ...] = ()
    find_links: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
    strategy: str = ""
    explicit: tuple[Index, ...] = ()
    pins: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def urls(self) -> tuple[str, ...]:
        """The indexes' URLs without credentials, in the tool's order."""
        return tuple(split_credentials(index.url)[0] for index in self.indexes)

    def to_json(self) -> dict[str, Any]:
        return {
            "tool": self.tool,
            "indexes": [index.to_json() for index in self.indexes],
            "dropped": [dropped.to_json() for dropped in self.dropped],
            "settings": [setting.to_json() for setting in self.settings],
            "find_links": [mask(link) for link in self.find_links],
            "trusted": list(self.trusted),
            "strategy": self.strategy or None,
            "pins": dict(self.pins),
            "notes": list(self.notes),
            "errors": [mask(error) for error in self.errors],
        }


def pypi(role: str) -> Index:
    """What a tool asks when nothing is set."""
    return Index(simple_url(), role, DEFAULT)
