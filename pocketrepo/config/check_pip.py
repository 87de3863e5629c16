"""What can be wrong inside a pip.conf, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pocketrepo.config import ini, pip
from pocketrepo.config.edit import FileEdit
from pocketrepo.config.errors import ConfigSyntax
from pocketrepo.config.finding import Finding
from pocketrepo.config.guard import Edit, Format
from pocketrepo.config.locate import Place, Target
from pocketrepo.config.pip import INDEX_KEYS, LIST_KEYS
from pocketrepo.config.pip_options import line_number
from pocketrepo.config.reqfile import VARIABLE
from pocketrepo.config.url import host_of, needs_trust, netloc_of

COMMANDS = frozenset(
    [
        "global",
        "cache",
        "check",
        "completion",
        "config",
        "debug",
        "download",
        "freeze",
        "hash",
        "help",
        "index",
        "inspect",
        "install",
        "list",
        "lock",
        "search",
        "show",
        "uninstall",
        "wheel",
    ]
)
_INLINE = re.compile(r"[ \t]+(#|;)[^\r\n]*")


def check_pip_file(place: Place, target: Target) -> Iterator[Finding]:
    """Findings in one file; one that pip refuses has that finding only."""
    data = place.read(target.path)
    if data is None:
        return
    try:
        pip.read(data, target.path)
    except ConfigSyntax as error:
        yield _refused(place, target.path, data, error)
        return
    text = data.decode("utf-8", "surrogateescape")
    parsed = ini.parse(text, pip.normal)
    for section in parsed.sections:
        yield from _section(target.path, text, section)
        for option in section.options:
            yield from _option(place, target.path, text, section.name, option)


def _refused(place: Place, path: Path, data: bytes, error: ConfigSyntax) -> Finding:
    """Two spellings of one key, which pip accepted before 26.3, can be repaired: the last one counted."""
    try:
        ini.read(data, path)
    except ConfigSyntax:
        return Finding(
            "unreadable", "error", path, error.line, f"pip refuses the file: {error.reason}", error.hint
        )
    edit = Edit(_LENIENT, _without_first_spellings, lambda old: old)
    text = f"{error.reason}, spelled differently: pip 26.3 refuses the file"
    advice = "keep the last one, which is the one that counted"
    spelled = FileEdit(path, (_Forced(edit.format, edit.change, edit.expect),))
    return Finding("two-spellings", "error", path, error.line, text, advice, spelled, place)


def _read_lenient(data: bytes, path: Path) -> dict[str, dict[str, str]]:
    """What pip before 26.3 made of it: of two spellings the last counts."""
    sections = ini.read(data, path)
    return {name: {pip.normal(key): value for key, value in keys.items()} for name, keys in sections.items()}


_LENIENT: Format[dict[str, dict[str, str]]] = Format("pip", _read_lenient)


class _Forced(Edit[dict[str, dict[str, str]]]):
    """An edit that keeps the meaning and changes the text all the same."""

    def apply(self, data: bytes, path: Path) -> bytes:
        text = self.format.decode(data)
        after = text.encode(self.change(text.text))
        if self.format.read(after, path) != self.format.read(data, path):
            raise ConfigSyntax(path, 0, "the spellings could not be told apart")
        return after


def _without_first_spellings(text: str) -> str:
    parsed = ini.parse(text, pip.normal)
    splices = [
        (line.start, line.stop, "")
        for section in parsed.sections
        for option in section.options
        if section.find(option.key) is not option
        for line in option.lines
    ]
    return ini.splice(text, splices)


def _section(path: Path, text: str, section: ini.Section) -> Iterator[Finding]:
    meant = section.name.strip().lower()
    if section.name not in COMMANDS and meant in COMMANDS:
        line = line_number(text, section.header.start)
        yield Finding(
            "wrong-section", "error", path, line, f"pip ignores [{section.name}]", f"write [{meant}]"
        )


def _option(place: Place, path: Path, text: str, section: str, option: ini.Option) -> Iterator[Finding]:
    line = line_number(text, option.lines[0].start)
    for other in option.lines[1:]:
        found = ini.SWALLOWED.match(other.text.strip())
        if found:
            yield Finding(
                "swallowed",
                "error",
                path,
                line_number(text, other.start),
                f"the indented line is part of {option.key}, {found['key']} is not set",
                "remove its indentation",
            )
    if option.key not in INDEX_KEYS + LIST_KEYS:
        return
    value = "\n".join(text[slice(*span)] for span in option.spans(text))
    if VARIABLE.search(value):
        yield Finding(
            "reference", "error", path, line, "pip does not expand ${…} in pip.conf", "use netrc or a keyring"
        )
    if any(_INLINE.search(text, start - 1, stop) for start, stop in option.spans(text) if start < stop):
        fix = FileEdit(path, (_comment_moved(section, option.key),))
        advice = "put the comment on a line of its own"
        text_ = f"{option.key} has no inline comments: what follows is part of its value"
        yield Finding("inline-comment", "error", path, line, text_, advice, fix, place)
    elif re.search(r"[,'\"]", value):
        yield Finding(
            "separator",
            "error",
            path,
            line,
            f"quotes and commas are part of {option.key}",
            "divide by blanks",
        )
    for word in value.split():
        if option.key != "trusted-host" and needs_trust(word):
            yield Finding(
                "http", "warning", path, line, f"{word} can be read and replaced on the way", "use https"
            )


def _comment_moved(section: str, key: str) -> Edit[pip.Reading]:
    """The inline comments cut out of the value and put before the option, where they are comments."""

    def change(text: str) -> str:
        option = ini.parse(text, pip.normal).option(section, key)
        if option is None:
            return text
        first = option.lines[0]
        splices: list[ini.Splice] = []
        comments = ""
        for start, stop in option.spans(text):
            found = _INLINE.search(text, start - 1, stop)
            if found and found.start() >= start - 1:
                splices.append((max(start, found.start()), stop, ""))
                comments += first.indent + found[0].strip() + (first.break_ or "\n")
        return ini.splice(text, [*splices, (first.start, first.start, comments)])

    def expect(old: pip.Reading) -> pip.Reading:
        value = old[section][key]
        if isinstance(value, tuple):
            bare: str | tuple[str, ...] = _words_before_comment(value)
        else:
            bare = "\n".join(_INLINE.split(" " + line)[0].strip() for line in value.split("\n"))
        return {**old, section: {**old[section], key: bare}}

    return Edit(pip.FORMAT, change, expect)


def _words_before_comment(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words that look like URLs or hosts; a comment on each line is told by its sign."""
    kept: list[str] = []
    in_comment = False
    for word in words:
        in_comment = word[0] in "#;" or (in_comment and "://" not in word)
        if not in_comment:
            kept.append(word)
    return tuple(kept)


def check_trust(place: Place, target: Target) -> Iterator[Finding]:
    """Hosts that are trusted although no http index needs it: their certificates are not checked."""
    data = place.read(target.path)
    try:
        reading = pip.read(data or b"", target.path)
    except ConfigSyntax:
        return
    urls = [str(keys[key]) for keys in reading.values() for key in INDEX_KEYS if key in keys]
    urls += [url for keys in reading.values() for key in LIST_KEYS[:2] for url in keys.get(key, ())]
    needed = {part for url in urls if needs_trust(url) for part in (host_of(url), netloc_of(url))}
    text = (data or b"").decode("utf-8", "surrogateescape")
    parsed = ini.parse(text, pip.normal)
    for section, keys in reading.items():
        option = parsed.option(section, "trusted-host")
        for host in keys.get("trusted-host", ()):
            if host.lower() not in needed:
                line = line_number(text, option.lines[0].start) if option else 0
                what = f"{host} is trusted without a certificate, and no http index needs it"
                yield Finding("trusted-host", "warning", target.path, line, what, "remove it")
