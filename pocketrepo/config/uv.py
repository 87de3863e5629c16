"""uv.toml and ``[tool.uv]``: the edits of uv's indexes."""

from __future__ import annotations

from typing import Any

from pocketrepo.config import toml
from pocketrepo.config.errors import DanglingName
from pocketrepo.config.guard import Edit
from pocketrepo.config.match import Match
from pocketrepo.config.toml import Keys, Tables
from pocketrepo.config.url import same_index

ROOTS: dict[str, Keys] = {"uv": (), "pyproject": ("tool", "uv")}


def set_index(url: str, kind: str, name: str) -> Edit[Tables]:
    """The default index, which takes PyPI's place: where one is set already, else a new ``[[index]]``."""
    root = ROOTS[kind]

    def operation(tables: Tables) -> None:
        options = toml.table(tables, root)
        indexes = toml.entries(tables, (*root, "index"))
        default = next((entry for entry in indexes if entry.get("default") is True), None)
        same = next((entry for entry in indexes if same_index(str(entry.get("url", "")), url)), None)
        if default is not None:
            _assign(default, "url", url)
        elif "index-url" in options:
            _assign(options, "index-url", url)
        elif same is not None:
            same["url"], same["default"] = url, True
        else:
            free = toml.free_name(name, [str(entry.get("name", "")) for entry in indexes])
            toml.append(tables, (*root, "index"), {"name": free, "url": url, "default": True})

    return toml.edit(operation)


def add_index(url: str, kind: str, name: str, *, explicit: bool = False) -> Edit[Tables]:
    """An index that uv asks before the default one; ``explicit``: only for packages that name it."""
    root = ROOTS[kind]

    def operation(tables: Tables) -> None:
        indexes = toml.entries(tables, (*root, "index"))
        extras = toml.table(tables, root).get("extra-index-url", [])
        if any(same_index(str(entry.get("url", "")), url) for entry in indexes) or url in extras:
            return
        free = toml.free_name(name, [str(entry.get("name", "")) for entry in indexes])
        entry: dict[str, Any] = {"name": free, "url": url}
        toml.append(tables, (*root, "index"), entry | ({"explicit": True} if explicit else {}))

    return toml.edit(operation)


def trust(host: str, kind: str) -> Edit[Tables]:
    """``allow-insecure-host``: its certificate is not checked."""
    root = ROOTS[kind]
    return toml.edit(lambda tables: toml.append_value(tables, (*root, "allow-insecure-host"), host))


def remove(match: Match, kind: str) -> Edit[Tables]:
    """Every mention, also under ``[pip]``.

    Raises (when applied): DanglingName if ``sources`` still sends a package to the index by its name.
    """
    root = ROOTS[kind]
    keys: tuple[Keys, ...] = (("index",), ("index-url",), ("extra-index-url",), ("find-links",))

    def operation(tables: Tables) -> None:
        gone = [e.get("name") for e in toml.entries(tables, (*root, "index")) if toml.meant(match)(e)]
        for package, name in pins(tables):
            if name in gone:
                raise DanglingName(
                    f"[tool.uv.sources] still takes {package} from {name!r}", hint="remove that line first"
                )
        for key in keys:
            for place in ((*root, *key), (*root, "pip", *key)):
                toml.drop(tables, place, toml.meant(match))

    return toml.edit(operation)


def pins(tables: Tables) -> list[tuple[str, str]]:
    """(package, index name) for each package that ``[tool.uv.sources]`` sends to one index."""
    found = []
    for package, source in toml.table(tables, ("tool", "uv", "sources")).items():
        for one in source if isinstance(source, list) else [source]:
            if isinstance(one, dict) and "index" in one:
                found.append((package, str(one["index"])))
    return found


def _assign(tables: Tables, key: str, url: str) -> None:
    if tables[key] != url:
        tables[key] = url
