"""Poetry's and PDM's ``[[tool.….source]]`` in pyproject.toml."""

from __future__ import annotations

from pocketrepo.config import toml
from pocketrepo.config.errors import DanglingName
from pocketrepo.config.guard import Edit
from pocketrepo.config.match import Match
from pocketrepo.config.toml import Keys, Tables
from pocketrepo.config.url import same_index

ROOTS: dict[str, Keys] = {"poetry": ("tool", "poetry", "source"), "pdm": ("tool", "pdm", "source")}


def set_index(url: str, tool: str, name: str) -> Edit[Tables]:
    """The index in PyPI's place: Poetry's primary source, PDM's source named ``pypi``."""

    def operation(tables: Tables) -> None:
        sources = toml.entries(tables, ROOTS[tool])
        if tool == "pdm":
            current = next((source for source in sources if source.get("name") == "pypi"), None)
            entry = {"name": "pypi", "url": url}
        else:
            current = next((source for source in sources if is_primary(source) and "url" in source), None)
            free = toml.free_name(name, [str(source.get("name", "")) for source in sources])
            entry = {"name": free, "url": url, "priority": "primary"}
        if current is None:
            toml.append(tables, ROOTS[tool], entry)
        elif current.get("url") != url:
            current["url"] = url

    return toml.edit(operation)


def add_index(url: str, tool: str, name: str, *, explicit: bool = False) -> Edit[Tables]:
    """A further source: supplemental or explicit for Poetry; PDM asks all of its sources alike."""

    def operation(tables: Tables) -> None:
        sources = toml.entries(tables, ROOTS[tool])
        if any(same_index(str(source.get("url", "")), url) for source in sources):
            return
        free = toml.free_name(name, [str(source.get("name", "")) for source in sources])
        entry = {"name": free, "url": url}
        if tool == "poetry":
            entry["priority"] = "explicit" if explicit else "supplemental"
        toml.append(tables, ROOTS[tool], entry)

    return toml.edit(operation)


def is_primary(source: Tables) -> bool:
    """Poetry: a source without a priority is a primary one."""
    return str(source.get("priority", "primary")).lower() == "primary"


def trust(host: str, tool: str) -> Edit[Tables]:
    """PDM's ``verify_ssl = false`` for the sources on that host; Poetry keeps this outside pyproject.toml."""

    def operation(tables: Tables) -> None:
        for source in toml.entries(tables, ROOTS[tool]):
            if Match(host).url(str(source.get("url", ""))) and source.get("verify_ssl") is not False:
                source["verify_ssl"] = False

    return toml.edit(operation)


def remove(match: Match, tool: str) -> Edit[Tables]:
    """The sources of that URL, host or name.

    Raises (when applied): DanglingName if a Poetry dependency still names the source.
    """

    def operation(tables: Tables) -> None:
        gone = [s.get("name") for s in toml.entries(tables, ROOTS[tool]) if toml.meant(match)(s)]
        for package, name in pins(tables) if tool == "poetry" else []:
            if name in gone:
                raise DanglingName(
                    f"{package} still names the source {name!r}", hint="change that line first"
                )
        toml.drop(tables, ROOTS[tool], toml.meant(match))

    return toml.edit(operation)


def pins(tables: Tables) -> list[tuple[str, str]]:
    """(package, source name) for each Poetry dependency that names its source."""
    poetry = toml.table(tables, ("tool", "poetry"))
    groups = toml.table(poetry, ("group",)).values()
    found = []
    for dependencies in (poetry, *(group for group in groups if isinstance(group, dict))):
        for package, wanted in toml.table(dependencies, ("dependencies",)).items():
            for one in wanted if isinstance(wanted, list) else [wanted]:
                if isinstance(one, dict) and "source" in one:
                    found.append((package, str(one["source"])))
    return found
