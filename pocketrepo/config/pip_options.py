"""pip's options from files and variables, in pip's order, each with its place."""

from __future__ import annotations

import locale
from collections.abc import Iterator
from dataclasses import dataclass, field

from packaging.version import Version

from pocketrepo.config import ini
from pocketrepo.config.errors import ConfigSyntax
from pocketrepo.config.locate import Place, Target, pip_files
from pocketrepo.config.pip import LIST_KEYS, normal
from pocketrepo.config.view import Origin, Setting

NEWEST = Version("26.3")
WORD_LISTS = (*LIST_KEYS, "constraint", "requirement")
# An alias and its option set the same thing: the later of the two counts.
DESTINATION = {"pypi-url": "index-url"}


@dataclass(frozen=True)
class Value:
    """A value in one place, with the place of each of its words."""

    key: str
    section: str
    text: str = field(repr=False)
    origin: Origin
    words: tuple[tuple[str, Origin], ...] = field(default=(), repr=False)


@dataclass
class PipOptions:
    """``values``: what is in force, by option; ``settings``: everything that was read."""

    values: dict[str, Value] = field(default_factory=dict)
    settings: list[Setting] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def text(self, key: str) -> str | None:
        return self.values[key].text if key in self.values else None

    def words(self, key: str) -> tuple[tuple[str, Origin], ...]:
        return self.values[key].words if key in self.values else ()


def installed_pip(place: Place) -> Version:
    """The version of the environment's pip, told from its metadata; the newest known where there is none."""
    patterns = ("lib/python*/site-packages/pip-*.dist-info", "Lib/site-packages/pip-*.dist-info")
    found = [path.name[4:-10] for pattern in patterns for path in place.prefix.glob(pattern)]
    return max((Version(version) for version in found), default=NEWEST)


def pip_options(
    place: Place, *, command: str = "install", isolated: bool = False, pip: Version | None = None
) -> PipOptions:
    """What ``pip COMMAND`` starts from, before its command line.

    pip pools all files' ``[global]``, then all files' section of the command, then the variables; within a
    pool a later file's key replaces an earlier one's as a whole (``_get_ordered_configuration_items``).
    """
    version = pip or installed_pip(place)
    options = PipOptions()
    everything: list[Value] = []
    pools: dict[str, dict[str, Value]] = {"global": {}, command: {}, ":env:": {}}
    for value in _all_values(place, isolated, version, options.errors):
        everything.append(value)
        if value.section not in pools:
            continue
        # 25.2 and 25.3 skip an empty value before it can cancel a lower file's.
        if value.text or not Version("25.2") <= version < Version("26.0"):
            pools[value.section][value.key] = value
    for pool in pools.values():
        for value in pool.values():
            if value.text:
                options.values[DESTINATION.get(value.key, value.key)] = value
    options.settings = [_setting(value, options, everything, pools) for value in everything]
    return options


def _setting(
    value: Value, options: PipOptions, everything: list[Value], pools: dict[str, dict[str, Value]]
) -> Setting:
    key = DESTINATION.get(value.key, value.key)
    name = value.key if value.section == ":env:" else f"{value.section}.{value.key}"
    in_force = options.values.get(key)
    if in_force is value:
        losers = tuple(
            other.origin.where
            for other in everything
            if other is not value and other.section in pools and DESTINATION.get(other.key, other.key) == key
        )
        return Setting("pip", name, value.text, value.origin, "", losers)
    if value.section not in pools:
        return Setting("pip", name, value.text, value.origin, f"only for pip {value.section}")
    if in_force is None:
        return Setting(
            "pip",
            name,
            value.text,
            value.origin,
            "empty" if not value.text else "cancelled by an empty value",
        )
    return Setting("pip", name, value.text, value.origin, in_force.origin.where)


def _all_values(place: Place, isolated: bool, version: Version, errors: list[str]) -> Iterator[Value]:
    for target in pip_files(place, isolated=isolated):
        data = place.read(target.path)
        if data is None:
            continue
        try:
            yield from file_values(target, data, version)
        except ConfigSyntax as error:
            errors.append(str(error.args[0]))
    if not isolated:
        yield from _variables(place)


def file_values(target: Target, data: bytes, version: Version = NEWEST) -> list[Value]:
    """One file's values, strongest last.

    Raises: ConfigSyntax where that pip would refuse the file; two spellings of a key only since 26.3.
    """
    strict = version >= Version("26.3.dev0")
    sections = ini.read(
        data, target.path, encoding=locale.getencoding(), normal=normal if strict else str.lower
    )
    text = data.decode("utf-8", "surrogateescape")
    parsed = ini.parse(text, normal)
    values: dict[tuple[str, str], Value] = {}
    for section, keys in sections.items():
        for written, value in keys.items():
            key = normal(written)
            option = parsed.option(section, key) or parsed.option("DEFAULT", key)
            offset = option.lines[0].start if option else 0
            origin = Origin(target.level, f"{target.path}:{line_number(text, offset)}")
            values[section, key] = Value(
                key, section, value, origin, _words(target, key, value, text, option)
            )
    return list(values.values())


def _words(
    target: Target, key: str, value: str, text: str, option: ini.Option | None
) -> tuple[tuple[str, Origin], ...]:
    if key not in WORD_LISTS:
        return ()
    spans = option.spans(text) if option else []
    words = [
        (word, Origin(target.level, f"{target.path}:{line_number(text, start)}"))
        for start, stop in spans
        for word in text[start:stop].split()
    ]
    return tuple(words) if [word for word, _ in words] == value.split() else tuple(_at_file(target, value))


def _at_file(target: Target, value: str) -> Iterator[tuple[str, Origin]]:
    for word in value.split():
        yield word, Origin(target.level, str(target.path))


def _variables(place: Place) -> Iterator[Value]:
    """``PIP_…`` in capitals; pip ignores PIP_VERSION and PIP_HELP."""
    for name, text in place.env.items():
        key = normal(name[4:])
        if not name.startswith("PIP_") or key in ("version", "help", "config-file"):
            continue
        origin = Origin("variable", name)
        words = tuple((word, origin) for word in text.split()) if key in WORD_LISTS else ()
        yield Value(key, ":env:", text, origin, words)


def line_number(text: str, offset: int) -> int:
    """The number of the line in which ``offset`` stands, from 1; CRLF, LF and CR each end one."""
    head = text[:offset]
    return head.count("\n") + head.count("\r") - head.count("\r\n") + 1
