"""Edits of requirements and constraints files; ``reqfile`` says how pip reads them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from pocketrepo.config.errors import ConfigSyntax
from pocketrepo.config.guard import Edit, Format
from pocketrepo.config.ini import Splice, splice
from pocketrepo.config.match import Match
from pocketrepo.config.reqfile import ReqLine, ReqOption, decode, parse
from pocketrepo.config.url import host_of, netloc_of

# (kind, what, value): requirements, acting options, options that pip ignores where they stand, stray words.
Item = tuple[str, str, str]
# The items of each logical line.
Reading = tuple[tuple[Item, ...], ...]

INDEX_OPTIONS = ("index-url", "extra-index-url", "find-links")
_TOP_OPTIONS = (*INDEX_OPTIONS, "trusted-host", "no-index")
_LINE_OPTIONS = ("editable", "requirement", "constraint", "hash", "config-settings")
_SEPARATORS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"  # what str.splitlines breaks at besides line breaks


def read(data: bytes, path: Path) -> Reading:
    """The file's lines in order, variables left unexpanded."""
    try:
        text = decode(data).text
    except (UnicodeDecodeError, LookupError) as error:
        raise ConfigSyntax(path, 0, f"cannot be decoded: {error}") from None
    return tuple(_items(line) for line in parse(text, path))


def _items(line: ReqLine) -> tuple[Item, ...]:
    kind = "option" if line.acts else "ignored"
    items: list[Item] = [("requirement", line.requirement, "")] if line.requirement else []
    items += [
        ("option" if option.name in _LINE_OPTIONS else kind, option.name, option.value)
        for option in line.options
    ]
    return (*items, *(("stray", token.text, "") for token in line.stray))


FORMAT: Format[Reading] = Format("requirements", read, decode)


def set_index(url: str) -> Edit[Reading]:
    """The last ``-i``, which is the one that counts, or a new one before everything that it would wipe."""

    def change(text: str) -> str:
        options = [option for line in parse(text) if line.acts for option in line.options]
        last = next((option for option in reversed(options) if option.name == "index-url"), None)
        if last:
            return splice(text, [_new_value(text, last, url)])
        return _insert(text, _first(text), f"--index-url {url}")

    def expect(old: Reading) -> Reading:
        new: Item = ("option", "index-url", url)
        places = [n for n, line in enumerate(old) if any(item[:2] == new[:2] for item in line)]
        if not places:
            return ((new,), *old)
        line = old[places[-1]]
        last = max(n for n, item in enumerate(line) if item[:2] == new[:2])
        return _replaced(old, places[-1], (*line[:last], new, *line[last + 1 :]))

    return Edit(FORMAT, change, expect)


def _replaced(old: Reading, place: int, line: tuple[Item, ...]) -> Reading:
    return (*old[:place], line, *old[place + 1 :])


def add_index(url: str) -> Edit[Reading]:
    return _add_option("extra-index-url", url)


def trust(host: str) -> Edit[Reading]:
    return _add_option("trusted-host", host)


def _add_option(name: str, value: str) -> Edit[Reading]:
    """On a line of its own after the last index option, else before the first line."""
    new: Item = ("option", name, value)

    def change(text: str) -> str:
        after = [
            line for line in parse(text) if line.acts and any(o.name in _TOP_OPTIONS for o in line.options)
        ]
        return _insert(text, after[-1].stop if after else _first(text), f"--{name} {value}")

    def expect(old: Reading) -> Reading:
        if any(new in line for line in old):
            return old
        after = [
            n for n, line in enumerate(old) if any(i[0] == "option" and i[1] in _TOP_OPTIONS for i in line)
        ]
        place = after[-1] + 1 if after else 0
        return (*old[:place], (new,), *old[place:])

    return Edit(FORMAT, change, expect)


def remove(match: Match) -> Edit[Reading]:
    """Every option that names the index, also where pip ignores it, and its host's trust once unused."""

    def change(text: str) -> str:
        text = _cut(text, lambda option: option.name in INDEX_OPTIONS and match.url(option.value))
        left = _hosts([(option.name, option.value) for line in parse(text) for option in line.options])
        return _cut(
            text, lambda option: option.name == "trusted-host" and _untrusted(match, option.value, left)
        )

    def expect(old: Reading) -> Reading:
        kept = _filtered(old, lambda name, value: name in INDEX_OPTIONS and match.url(value))
        left = _hosts([(name, value) for line in kept for _, name, value in line])
        return _filtered(kept, lambda name, value: name == "trusted-host" and _untrusted(match, value, left))

    return Edit(FORMAT, change, expect)


def _filtered(old: Reading, unwanted: Callable[[str, str], bool]) -> Reading:
    lines = (tuple(item for item in line if not unwanted(item[1], item[2])) for line in old)
    return tuple(line for line in lines if line)


def _hosts(options: list[tuple[str, str]]) -> set[str]:
    urls = [value for name, value in options if name in INDEX_OPTIONS and "://" in value]
    return {part for url in urls for part in (host_of(url), netloc_of(url))}


def _untrusted(match: Match, host: str, left: set[str]) -> bool:
    return match.host(host) and host.lower() not in left


def _cut(text: str, unwanted: Callable[[ReqOption], bool]) -> str:
    """Without those options: their whole lines where nothing else stands on them."""
    splices: list[Splice] = []
    for line in parse(text):
        gone = [option for option in line.options if unwanted(option)]
        if not gone:
            continue
        if len(gone) == len(line.options) and not line.requirement and not line.stray:
            splices.append((line.start, line.stop, ""))
        else:
            splices += [_without(text, line, option) for option in gone]
    return splice(text, splices)


def _without(text: str, line: ReqLine, option: ReqOption) -> Splice:
    """The option and the blanks that divide it from its neighbours on the same physical line."""
    before = text[line.start : option.start]
    blanks = len(before) - len(before.rstrip(" \t"))
    start = option.start - blanks
    if start == line.start or text[start - 1] in "\r\n\\":
        after = re.match(r"[ \t]*", text[option.stop :])
        return (option.start, option.stop + (after.end() if after else 0), "")
    return (start, option.stop, "")


def _new_value(text: str, option: ReqOption, url: str) -> Splice:
    if text[option.value_start : option.stop] == option.value:
        return (option.value_start, option.stop, url)
    return (option.start, option.stop, f"--{option.name} {url}")


def _first(text: str) -> int:
    """Where the first logical line begins: after the comments at the top, a PEP 263 cookie among them."""
    lines = parse(text)
    return lines[0].start if lines else len(text)


def _insert(text: str, offset: int, line: str) -> str:
    found = re.search(r"\r\n|\r|\n", text)
    line_break = found[0] if found else "\n"
    if offset == len(text) and text and text[-1] not in "\r\n" + _SEPARATORS:
        return text + line_break + line
    return text[:offset] + line + line_break + text[offset:]
