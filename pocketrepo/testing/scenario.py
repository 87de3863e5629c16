"""Scenarios in TOML, in the format of packse: which packages there are, what is asked for, what comes of it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pocketrepo.errors import UsageError

KNOWN = {
    "description": "summary",
    "extras": "extras",
    "requires": "requires",
    "requires_python": "requires_python",
    "sdist": "sdist",
    "wheel": "wheel",
    "wheel_tags": "tags",
    "yanked": "yanked",
}
"""Key of a version -> argument of `Index.add`."""


@dataclass(frozen=True)
class Scenario:
    """What a scenario asks for and expects.

    ``requires``: the root's requirements; ``requires_python``: its Python. ``satisfiable``: whether they can be
    met, None if it does not say; ``packages``: name -> version that then is installed.
    """

    name: str
    requires: tuple[str, ...]
    requires_python: str | None
    satisfiable: bool | None
    packages: dict[str, str]
    description: str = ""


def read(path: Path) -> tuple[Scenario, list[tuple[str, dict[str, Any]]]]:
    """A scenario, and for each release ``NAME==VERSION`` and the arguments of `Index.add`.

    Raises UsageError for a file that cannot be read or has a key that is not known for a version.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    try:
        root, expected = data.get("root", {}), data.get("expected", {})
        scenario = Scenario(
            name=data.get("name", path.stem),
            requires=tuple(root.get("requires", ())),
            requires_python=root.get("requires_python"),
            satisfiable=expected.get("satisfiable"),
            packages=dict(expected.get("packages", {})),
            description=data.get("description", ""),
        )
        return scenario, list(_releases(data, path))
    except (AttributeError, TypeError, ValueError):
        raise UsageError(
            f"{path} is not a scenario", hint='a release is [packages.NAME.versions."1.0.0"]'
        ) from None


def _releases(data: dict[str, Any], path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, package in data.get("packages", {}).items():
        for version, facts in package["versions"].items():
            unknown = facts.keys() - KNOWN.keys()
            if unknown:
                raise UsageError(
                    f"{path}: {name} {version} has {', '.join(sorted(unknown))}",
                    hint=f"known are {', '.join(KNOWN)}",
                )
            given = {KNOWN[key]: value for key, value in facts.items()}
            # As packse has it; `add` itself makes no sdist unless told.
            yield f"{name}=={version}", {"sdist": True, "requires_python": ">=3.8", **given}
