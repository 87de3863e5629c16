"""TOML files: one operation on tables serves the text, whose bytes tomlrt keeps, and what is expected of it."""

from __future__ import annotations

import copy
import difflib
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pocketrepo.config.errors import ConfigSyntax
from pocketrepo.config.guard import Edit, Format
from pocketrepo.config.match import Match

Tables = dict[str, Any]
Keys = tuple[str, ...]

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def read(data: bytes, path: Path) -> Tables:
    """The document without its empty tables, which mean nothing to any tool here (TOML 1.0)."""
    try:
        return pruned(tomllib.loads(data.decode("utf-8")))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigSyntax(path, line, "contains bytes that are not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        if data.startswith(b"\xef\xbb\xbf"):
            raise ConfigSyntax(path, 1, "starts with a byte order mark", hint="save it without one") from None
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) if found else data.count(b"\n") + 1
        raise ConfigSyntax(path, line, re.sub(r" \(at .*\)$", "", str(error)).lower()) from None


FORMAT: Format[Tables] = Format("toml", read)


def edit(operation: Callable[[Tables], None]) -> Edit[Tables]:
    """``operation`` changes a tree of tables in place, a parsed text as well as plain dictionaries."""

    def change(text: str) -> str:
        import tomlrt

        document = tomlrt.loads(text)
        operation(document)
        _drop_emptied(document, tomllib.loads(text), text, ())
        return _as_before(text, tomlrt.dumps(document))

    def expect(old: Tables) -> Tables:
        new = copy.deepcopy(old)
        operation(new)
        return pruned(new)

    return Edit(FORMAT, change, expect)


def pruned(tables: Tables) -> Tables:
    kept = {key: pruned(value) if isinstance(value, dict) else value for key, value in tables.items()}
    return {key: value for key, value in kept.items() if value != {}}


def _drop_emptied(new: Tables, old: Tables, text: str, above: Keys) -> None:
    """Tables that have lost their last member go, unless the text gives them a ``[header]`` of their own."""
    for key in [key for key in old if isinstance(old[key], dict) and isinstance(new.get(key), dict)]:
        keys = (*above, key)
        _drop_emptied(new[key], old[key], text, keys)
        header = r"\s*\.\s*".join(rf"[\"']?{re.escape(part)}[\"']?" for part in keys)
        if not new[key] and old[key] and not re.search(rf"(?m)^\s*\[\s*{header}\s*\]", text):
            del new[key]


def _as_before(old: str, new: str) -> str:
    """``new`` less what the writer tidied up: comments before a removed table, the end of the file."""
    before, after = _LINE.findall(old), _LINE.findall(new)
    if before and not old.endswith("\n") and before[-1] in (line.rstrip("\r\n") for line in after):
        after[-1] = after[-1].rstrip("\r\n")
    same = _common(before, after)
    tail = _common(before[same:][::-1], after[same:][::-1])
    gone, come = before[same : len(before) - tail], after[same : len(after) - tail]
    if not gone:
        return "".join(after)
    kept: list[str] = []
    steps = difflib.SequenceMatcher(None, gone, come, autojunk=False).get_opcodes()
    for step, start, stop, new_start, new_stop in steps:
        kept += _comments_in(gone[start:stop]) if step == "delete" else come[new_start:new_stop]
    return "".join([*before[:same], *kept, *before[len(before) - tail :]])


def _common(one: list[str], other: list[str]) -> int:
    """How many lines are equal from the start."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _comments_in(gone: list[str]) -> list[str]:
    """The comments among removed lines; if they begin with one, also the blank lines at both ends."""
    lead = next((n for n, line in enumerate(gone) if line.strip() and not _is_comment(line)), 0)
    if not any(line.strip() for line in gone[:lead]):
        return [line for line in gone if _is_comment(line)]
    trail = next((n for n, line in enumerate(reversed(gone)) if line.strip()), 0)
    rest = [line for line in gone[lead:] if _is_comment(line)]
    return gone[:lead] + rest + (gone[len(gone) - trail :] if trail else [])


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def table(tables: Tables, keys: Keys) -> Tables:
    """The table at ``keys``, empty if there is none."""
    found: Any = tables
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def entries(tables: Tables, keys: Keys) -> list[Tables]:
    """The array of tables at ``keys``, empty if there is none or if it is something else."""
    found = table(tables, keys[:-1]).get(keys[-1], [])
    return found if isinstance(found, list) and all(isinstance(entry, dict) for entry in found) else []


def append(tables: Tables, keys: Keys, entry: Tables) -> None:
    """One more table in the array at ``keys``, written as ``[[keys]]`` where the array is new."""
    parent = table(tables, keys[:-1])
    if keys[-1] in parent:
        parent[keys[-1]].append(entry)
        return
    install = getattr(tables, "install", None)
    if install:
        import tomlrt

        install(list(keys), tomlrt.AoT([entry]))
        return
    for key in keys[:-1]:
        tables = tables.setdefault(key, {})
    tables[keys[-1]] = [entry]


def append_value(tables: Tables, keys: Keys, value: str) -> None:
    """One more string in the plain array at ``keys``."""
    parent = table(tables, keys[:-1])
    if keys[-1] in parent:
        if value not in parent[keys[-1]]:
            parent[keys[-1]].append(value)
        return
    install = getattr(tables, "install", None)
    if install:
        install(list(keys), [value])
        return
    for key in keys[:-1]:
        tables = tables.setdefault(key, {})
    tables[keys[-1]] = [value]


def drop(tables: Tables, keys: Keys, unwanted: Callable[[Any], bool]) -> None:
    """Without those members of the array at ``keys``, or that single value; and without an empty array."""
    parent = table(tables, keys[:-1])
    found = parent.get(keys[-1])
    if isinstance(found, list):
        for number in [n for n, member in enumerate(found) if unwanted(member)][::-1]:
            del found[number]
        if not found:
            del parent[keys[-1]]
    elif found is not None and unwanted(found):
        del parent[keys[-1]]


def meant(match: Match) -> Callable[[Any], bool]:
    """Whether a table with ``url`` and ``name``, or a URL, is what the match is about."""

    def test(member: Any) -> bool:
        if isinstance(member, dict):
            return match.name(member.get("name")) or match.url(str(member.get("url", "")))
        return isinstance(member, str) and match.url(member)

    return test


def free_name(wanted: str, taken: Iterator[str] | list[str]) -> str:
    """``wanted``, or with a number behind it where another index has that name."""
    names = {name.lower() for name in taken}
    numbered = (wanted if n == 1 else f"{wanted}-{n}" for n in range(1, len(names) + 3))
    return next(name for name in numbered if name.lower() not in names)
