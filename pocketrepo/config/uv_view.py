"""Which indexes ``uv pip install`` asks here, and in which order; uv reads neither pip.conf nor ``PIP_…``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pocketrepo.config import toml
from pocketrepo.config.errors import ConfigSyntax
from pocketrepo.config.locate import Place, Target, uv_files
from pocketrepo.config.pip_options import line_number
from pocketrepo.config.reqfile import decode, expanded, parse
from pocketrepo.config.uv import pins
from pocketrepo.config.view import Dropped, Index, Origin, Setting, View, pypi
from pocketrepo.errors import UsageError

_COMMAND_LINE = "command line"
_VALUE_OPTIONS = {
    "--index": "index",
    "--default-index": "default-index",
    "-i": "index-url",
    "--index-url": "index-url",
    "--extra-index-url": "extra-index-url",
    "-r": "requirement",
    "--requirement": "requirement",
    "--requirements": "requirement",
    "-c": "constraint",
    "--constraint": "constraint",
    "--constraints": "constraint",
    "--config-file": "config-file",
    "--index-strategy": "index-strategy",
}
_FLAGS = {"--no-index": "no-index", "--no-config": "no-config"}
_VARIABLES = {
    "index": "UV_INDEX",
    "extra-index-url": "UV_EXTRA_INDEX_URL",
    "default-index": "UV_DEFAULT_INDEX",
    "index-url": "UV_INDEX_URL",
}
_KEYS = ("index", "index-url", "extra-index-url", "no-index", "index-strategy", "find-links")


@dataclass(frozen=True)
class _Candidate:
    """An index as written: uv sorts them out by name, default and explicit."""

    url: str = field(repr=False)
    origin: Origin
    name: str = ""
    default: bool = False
    explicit: bool = False


def uv_view(place: Place, args: Sequence[str] = ()) -> View:
    """What ``uv pip install ARGS`` would ask here.

    Raises: UsageError for arguments that uv would not take.
    """
    given = _arguments(args)
    files = _Files(_with_options(place, given))
    requirements = _Requirements(place, given)
    candidates = [*_from_command(place, given), *files.candidates(), *requirements.candidates]
    no_index = files.no_index or ("--no-index" if "no-index" in given else "") or requirements.no_index
    indexes, explicit, dropped = _chosen(candidates)
    if no_index:
        why = f"no index is asked: {no_index}"
        dropped, indexes = [*dropped, *(Dropped(i.url, i.origin, why) for i in indexes)], []
    strategy = (given.get("index-strategy") or [place.env.get("UV_INDEX_STRATEGY") or files.strategy])[-1]
    return View(
        "uv",
        tuple(indexes),
        tuple(dropped),
        tuple(_ranked(files.settings(place))),
        strategy=strategy or "first-index",
        explicit=tuple(explicit),
        pins=tuple(files.pins),
        notes=tuple(files.notes),
        errors=(*files.errors, *requirements.errors),
    )


def _arguments(args: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    rest = iter(args)
    for arg in rest:
        word, equals, value = arg.partition("=") if arg.startswith("--") else (arg[:2], arg[2:], arg[2:])
        if word in _FLAGS:
            found[_FLAGS[word]] = []
        elif word in _VALUE_OPTIONS:
            following = value if equals else next(rest, None)
            if following is None:
                raise UsageError(f"{word} needs a value")
            found.setdefault(_VALUE_OPTIONS[word], []).append(following)
    return found


def _with_options(place: Place, given: dict[str, list[str]]) -> Place:
    if "no-config" in given:
        place = place.with_variables(UV_NO_CONFIG="1", UV_CONFIG_FILE="")
    if "config-file" in given:
        place = place.with_variables(UV_CONFIG_FILE=given["config-file"][-1])
    return place


def _from_command(place: Place, given: dict[str, list[str]]) -> list[_Candidate]:
    """Options, and for each one not given its variable; a default index here beats every file's."""
    found: list[_Candidate] = []
    for key in ("index", "extra-index-url"):
        found += [_named(url, origin) for url, origin in _given_or_variable(place, given, key)]
    for key in ("default-index", "index-url"):
        if values := _given_or_variable(place, given, key):
            url, origin = values[-1]
            name, _, bare = _split_name(url)
            return [*found, _Candidate(bare, origin, name, default=True)]
    return found


def _given_or_variable(place: Place, given: dict[str, list[str]], key: str) -> list[tuple[str, Origin]]:
    if key in given:
        return [(word, Origin(_COMMAND_LINE, f"--{key}")) for value in given[key] for word in value.split()]
    variable = _VARIABLES[key]
    return [(word, Origin("variable", variable)) for word in place.env.get(variable, "").split()]


def _named(url: str, origin: Origin) -> _Candidate:
    name, _, bare = _split_name(url)
    return _Candidate(bare, origin, name)


def _split_name(url: str) -> tuple[str, str, str]:
    """``NAME=URL``, as the index options and variables take it."""
    name, equals, rest = url.partition("=")
    return (name, equals, rest) if equals and "://" in rest and "/" not in name else ("", "", url)


class _Files:
    """The configuration files, nearest first."""

    def __init__(self, place: Place) -> None:
        self.errors: list[str] = []
        self.notes: list[str] = []
        self.pins: list[tuple[str, str]] = []
        self.files: list[tuple[Target, dict[str, Any], str]] = []
        for target in reversed(uv_files(place)):
            self._read(place, target)
        self.no_index = self._no_index()
        self.strategy = next((str(value) for value, _ in self._values("index-strategy")), "")

    def _read(self, place: Place, target: Target) -> None:
        data = place.read(target.path)
        if data is None:
            if target.level == "env":
                self.errors.append(f"{target.path} could not be opened")
            return
        bare = data.removeprefix(b"\xef\xbb\xbf") if target.kind == "uv" else data
        try:
            tables = toml.read(bare, target.path)
        except ConfigSyntax as error:
            # uv only warns of a broken pyproject.toml and goes on without it.
            (self.notes if target.kind == "pyproject" else self.errors).append(str(error.args[0]))
            return
        if target.kind == "pyproject":
            self.pins += pins(tables)
            tables = toml.table(tables, ("tool", "uv"))
        else:
            self.pins += pins({"tool": {"uv": tables}})
        self.files.append((target, tables, bare.decode("utf-8")))

    def _values(self, key: str) -> list[tuple[Any, Origin]]:
        """A key's values, ``[pip]`` before the top level, nearer files first."""
        found = []
        for table in ("pip", ""):
            for target, tables, text in self.files:
                place = toml.table(tables, (table,)) if table else tables
                if key in place:
                    found.append((place[key], _origin(target, text, key, str(place[key]))))
        return found

    def _no_index(self) -> str:
        values = self._values("no-index")
        return values[0][1].where if values and values[0][0] is True else ""

    def candidates(self) -> list[_Candidate]:
        found: list[_Candidate] = []
        for target, tables, text in self.files:
            for entry in toml.entries(tables, ("index",)):
                url, name = str(entry.get("url", "")), str(entry.get("name", ""))
                origin = _origin(target, text, "url", url)
                found.append(
                    _Candidate(url, origin, name, entry.get("default") is True, entry.get("explicit") is True)
                )
        for urls, origin in self._values("extra-index-url"):
            found += [_Candidate(str(url), origin) for url in urls]
        for url, origin in self._values("index-url")[:1]:
            found.append(_Candidate(str(url), origin, default=True))
        return found

    def settings(self, place: Place) -> list[Setting]:
        found = []
        for name in _VARIABLES.values():
            if place.env.get(name):
                found.append(Setting("uv", name, place.env[name], Origin("variable", name)))
        for target, tables, text in self.files:
            for table in ("", "pip"):
                for key, value in (toml.table(tables, (table,)) if table else tables).items():
                    if key not in _KEYS:
                        continue
                    for one in value if isinstance(value, list) else [value]:
                        shown = str(one.get("url", "")) if isinstance(one, dict) else str(one)
                        label = f"index {one['name']}" if isinstance(one, dict) and "name" in one else key
                        where = _origin(target, text, "url" if isinstance(one, dict) else key, shown)
                        found.append(Setting("uv", f"pip.{label}" if table else label, shown, where))
        return found


def _ranked(settings: list[Setting]) -> list[Setting]:
    """Single-valued keys: the first, nearest one is in force and overrides the others."""
    winners: dict[str, Setting] = {}
    ranked = []
    for setting in settings:
        key = setting.key.removeprefix("pip.")
        single = key in ("index-url", "no-index", "index-strategy") or key.startswith("index ")
        winner = winners.setdefault(key, setting)
        lost = winner.origin.where if single and winner is not setting else ""
        ranked.append(Setting(setting.tool, setting.key, setting.value, setting.origin, lost))
    return ranked


def _origin(target: Target, text: str, key: str, value: str) -> Origin:
    """The place of the value, if it can be found, on a line that has the key if there is one."""
    found = [match.start() for match in re.finditer(re.escape(value), text)] if value else []
    with_key = (place for place in found if key in text[text.rfind("\n", 0, place) + 1 : place])
    place = next(with_key, found[0] if found else -1)
    return Origin(
        target.level, f"{target.path}:{line_number(text, place)}" if place >= 0 else str(target.path)
    )


class _Requirements:
    """Index options in requirements files: uv collects them all and wipes nothing; ``-i`` must be the only one."""

    def __init__(self, place: Place, given: dict[str, list[str]]) -> None:
        self.place = place
        self.no_index = ""
        self.errors: list[str] = []
        self.extras: list[_Candidate] = []
        self.index: list[_Candidate] = []
        for name in [*given.get("requirement", []), *given.get("constraint", [])]:
            self._read(place.below(name), ())
        if len({candidate.url for candidate in self.index}) > 1:
            self.errors.append("two different --index-url in requirements files, which uv refuses")

    @property
    def candidates(self) -> list[_Candidate]:
        return self.extras + self.index[:1]

    def _read(self, path: Path, above: tuple[Path, ...]) -> None:
        data = self.place.read(path)
        if data is None or path in above:
            self.errors.append(f"{path} could not be opened" if data is None else f"{path} references itself")
            return
        try:
            lines = parse(decode(data).text, path)
        except (ConfigSyntax, UnicodeDecodeError, LookupError) as error:
            self.errors.append(f"{path}: {error}")
            return
        for line in lines:
            if line.nested:
                self._read(self.place.below(path.parent / line.nested.value), (*above, path))
                continue
            origin = Origin("requirements", f"{path}:{line.number}")
            for option in line.options if line.acts else []:
                url = expanded(option.value, self.place.env)
                if option.name == "no-index":
                    self.no_index = origin.where
                elif option.name == "index-url":
                    self.index.append(_Candidate(url, origin, default=True))
                elif option.name == "extra-index-url":
                    self.extras.append(_Candidate(url, origin))


def _chosen(candidates: list[_Candidate]) -> tuple[list[Index], list[Index], list[Dropped]]:
    """uv's rules: of one name the first; of the defaults the first, and last in order; PyPI if there is none."""
    indexes: list[Index] = []
    explicit: list[Index] = []
    dropped: list[Dropped] = []
    names: set[str] = set()
    default: _Candidate | None = None
    for candidate in candidates:
        if candidate.name and candidate.name in names:
            dropped.append(Dropped(candidate.url, candidate.origin, f"the name {candidate.name} is taken"))
            continue
        names.add(candidate.name)
        if candidate.default and default is not None:
            dropped.append(Dropped(candidate.url, candidate.origin, f"the default is {default.origin}"))
        elif candidate.explicit:
            explicit.append(Index(candidate.url, "explicit", candidate.origin, candidate.name))
            why = "explicit: only for packages that name it"
            dropped.append(Dropped(candidate.url, candidate.origin, why))
            default = candidate if candidate.default else default
        elif candidate.default:
            default = candidate
        else:
            indexes.append(Index(candidate.url, "index", candidate.origin, candidate.name))
    if default is None:
        indexes.append(pypi("default"))
    elif not default.explicit:
        indexes.append(Index(default.url, "default", default.origin, default.name))
    return indexes, explicit, dropped
