"""INI files with their bytes kept: where ``configparser`` sees an option, and splices of just its lines."""

from __future__ import annotations

import configparser
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pocketrepo.config.errors import ConfigSyntax

_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")
_OPTION = re.compile(r"(?P<key>.*?)\s*(?:[=:])\s*(?P<value>.*)\Z", re.DOTALL)
# A continuation line that reads like an option of its own.
SWALLOWED = re.compile(r"(?P<key>[A-Za-z][A-Za-z_\-]{2,}(?=[ \t]*(?:=|:(?!//)))|\[[^\]]+\])")
_WORD = re.compile(r"\S+")

Splice = tuple[int, int, str]
Reading = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Line:
    """Offsets of one line: ``start`` to ``end`` its text, to ``stop`` with its line break."""

    start: int
    end: int
    stop: int
    text: str
    break_: str

    @property
    def indent(self) -> str:
        return self.text[: len(self.text) - len(self.text.lstrip())]


@dataclass
class Option:
    """A key and its value lines. Comments and blank lines within the value are not among ``lines``."""

    key: str
    value: int
    lines: list[Line]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where the value stands on each of its lines, blanks around it left out."""
        first, *rest = self.lines
        spans = [(self.value, self.value + len(text[self.value : first.end].rstrip()))]
        for line in rest:
            start = line.start + len(line.indent)
            spans.append((start, start + len(text[start : line.end].rstrip())))
        return spans


@dataclass
class Section:
    name: str
    header: Line
    options: list[Option] = field(default_factory=list)

    def find(self, key: str) -> Option | None:
        """The last option of that key: the one that counts where a tool allows two."""
        return next((option for option in reversed(self.options) if option.key == key), None)

    @property
    def last(self) -> Line:
        return self.options[-1].lines[-1] if self.options else self.header


@dataclass
class Ini:
    """A parsed text; every edit answers a new text."""

    text: str
    lines: list[Line]
    sections: list[Section]

    @property
    def line_break(self) -> str:
        return next((line.break_ for line in self.lines if line.break_), "\n")

    def find(self, section: str) -> Section | None:
        return next((found for found in self.sections if found.name == section), None)

    def option(self, section: str, key: str) -> Option | None:
        found = self.find(section)
        return found.find(key) if found else None

    def set(self, section: str, key: str, value: str) -> str:
        """``key = value`` in that section: in its old place, else after the section's last option."""
        option = self.option(section, key)
        return self._replace(option, value) if option else self._add(section, key, value)

    def add_word(self, section: str, key: str, word: str) -> str:
        """One more word in a list value: on a line of its own, unless several share one line already."""
        option = self.option(section, key)
        if option is None:
            return self._add(section, key, word)
        spans = [span for span in option.spans(self.text) if span[0] < span[1]]
        if not spans:
            return self._replace(option, word)
        first, last = option.lines[0], option.lines[-1]
        words = self.text[slice(*spans[0])].split()
        if len(option.lines) == 1 and len(words) > 1 and not any(w[0] in "#;" for w in words):
            return splice(self.text, [(spans[0][1], spans[0][1], f" {word}")])
        deeper = "\t" if first.indent.endswith("\t") else "    "
        indent = last.indent if last is not first else first.indent + deeper
        return self._insert_after(last, [indent + word])

    def add_list(self, section: str, key: str, words: list[str]) -> str:
        """A new list value, one word a line."""
        return self._add_lines(section, [f"{key} =", *(f"    {word}" for word in words)])

    def remove_words(self, section: str, key: str, unwanted: Callable[[str], bool]) -> str:
        """The list without those words; lines that become empty go, and the option with its last word."""
        option = self.option(section, key)
        if option is None:
            return self.text
        splices: list[Splice] = []
        kept_any = False
        for line, (start, stop) in zip(option.lines, option.spans(self.text), strict=True):
            words = [(m.start(), m.end()) for m in _WORD.finditer(self.text, start, stop)]
            kept = [span for span in words if not unwanted(self.text[slice(*span)])]
            kept_any = kept_any or bool(kept)
            if words and not kept:
                first = line is option.lines[0]
                blank = start - len(self.text[:start].rstrip(" \t"))
                splices.append((start - blank, stop, "") if first else (line.start, line.stop, ""))
            else:
                splices += _word_splices(words, kept)
        return splice(self.text, splices) if kept_any else self._remove(option)

    def remove(self, section: str, key: str) -> str:
        option = self.option(section, key)
        return self._remove(option) if option else self.text

    def remove_section(self, name: str) -> str:
        """Without the header and the options; comments stay, they may speak of something else."""
        found = self.find(name)
        if not found:
            return self.text
        lines = [found.header, *(line for option in found.options for line in option.lines)]
        return splice(self.text, [(line.start, line.stop, "") for line in lines])

    def _remove(self, option: Option) -> str:
        self._check_whole(option)
        return splice(self.text, [(line.start, line.stop, "") for line in option.lines])

    def _replace(self, option: Option, value: str) -> str:
        self._check_whole(option)
        (start, stop), *_ = option.spans(self.text)
        space = " " if start == stop and self.text[start - 1] in "=:" and _spaced(self.text, start) else ""
        rest = [(line.start, line.stop, "") for line in option.lines[1:]]
        if rest and not option.lines[-1].break_ and self.lines[-len(option.lines) :] == option.lines:
            first = option.lines[0]
            rest.append((first.end, first.stop, ""))
        return splice(self.text, [(start, stop, space + value), *rest])

    def _check_whole(self, option: Option) -> None:
        """Raises: ConfigSyntax if the value has swallowed what was meant to be an option: it would be lost."""
        for line in option.lines[1:]:
            if swallowed := SWALLOWED.match(line.text.strip()):
                number = self.lines.index(line) + 1
                reason = f"the indented line is part of {option.key}, {swallowed['key']} is not set"
                raise ConfigSyntax("", number, reason, hint="remove its indentation first")

    def _add(self, section: str, key: str, value: str) -> str:
        return self._add_lines(section, [f"{key} = {value}"])

    def _add_lines(self, section: str, lines: list[str]) -> str:
        found = self.find(section)
        if found is None:
            blank = [""] if self.text.strip() and self.lines[-1].text.strip() else []
            return self._append([*blank, f"[{section}]", *lines])
        after = found.last
        indent = found.options[-1].lines[0].indent if found.options else self._indent_below(found.header)
        return self._insert_after(after, [indent + line for line in lines])

    def _indent_below(self, header: Line) -> str:
        """Deep enough that what follows the header is not taken for a continuation of the new option."""
        following = (
            line for line in self.lines if line.start > header.start and not _is_comment_or_blank(line.text)
        )
        return max(header.indent, next((line.indent for line in following), ""), key=len)

    def _insert_after(self, line: Line, new: list[str]) -> str:
        if line.break_:
            return splice(self.text, [(line.stop, line.stop, "".join(text + line.break_ for text in new))])
        return splice(self.text, [(line.stop, line.stop, "".join(self.line_break + text for text in new))])

    def _append(self, new: list[str]) -> str:
        if not self.text or self.lines[-1].break_:
            return self.text + "".join(text + self.line_break for text in new)
        return self.text + "".join(self.line_break + text for text in new)


def parse(text: str, normal: Callable[[str], str] = str.lower) -> Ini:
    """Where ``configparser.RawConfigParser`` sees sections, options and continuation lines.

    ``normal`` is its ``optionxform``. The text is one that it accepts; what it refuses is found by ``read``.
    """
    lines = list(_lines(text))
    sections: list[Section] = []
    option: Option | None = None
    indent = 0
    for line in lines:
        if _is_comment_or_blank(line.text):
            continue
        stripped = line.text.strip()
        depth = len(line.indent)
        if sections and option and depth > indent:
            option.lines.append(line)
            continue
        indent = depth
        if header := configparser.RawConfigParser.SECTCRE.match(stripped):
            sections.append(Section(header["header"], line))
            option = None
        elif sections and (match := _OPTION.match(line.text)):
            option = Option(normal(match["key"].strip()), line.start + match.start("value"), [line])
            sections[-1].options.append(option)
    return Ini(text, lines, sections)


def read(
    data: bytes, path: Path, *, encoding: str = "utf-8", normal: Callable[[str], str] = str.lower
) -> Reading:
    """Sections and options as ``configparser.RawConfigParser`` has them, defaults leaking into every section.

    Raises: ConfigSyntax with the line for everything that it refuses.
    """
    text = _decode(data, path, encoding)
    parser = configparser.RawConfigParser()
    parser.optionxform = normal  # type: ignore[method-assign,assignment]
    try:
        parser.read_file(io.StringIO(text, newline=None), str(path))
    except configparser.Error as error:
        raise _syntax(error, path, text) from None
    return {section: dict(parser.items(section)) for section in parser.sections()}


def _decode(data: bytes, path: Path, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigSyntax(path, line, f"contains bytes that are not {encoding}") from None


def _syntax(error: configparser.Error, path: Path, text: str) -> ConfigSyntax:
    if text.startswith("\ufeff"):
        return ConfigSyntax(path, 1, "starts with a byte order mark", hint="save it without one")
    if isinstance(error, configparser.DuplicateSectionError):
        return ConfigSyntax(
            path, error.lineno or 0, f"a second [{error.section}]", hint="merge the two sections"
        )
    if isinstance(error, configparser.DuplicateOptionError):
        reason = f"a second {error.option} in [{error.section}]"
        return ConfigSyntax(path, error.lineno or 0, reason, hint="delete one of the two")
    if isinstance(error, configparser.MissingSectionHeaderError):
        return ConfigSyntax(path, error.lineno, "text before the first [section]")
    errors = getattr(error, "errors", [])
    line = errors[0][0] if errors else getattr(error, "lineno", 0)
    return ConfigSyntax(path, line, "neither 'key = value' nor [section]")


def splice(text: str, splices: Iterable[Splice]) -> str:
    """``text`` with each ``start`` to ``stop`` replaced; the spans do not overlap."""
    for start, stop, new in sorted(splices, reverse=True):
        text = text[:start] + new + text[stop:]
    return text


def _lines(text: str) -> Iterable[Line]:
    for match in _LINE.finditer(text):
        if match.start() < len(text):
            yield Line(match.start(), match.end(1), match.end(), match[1], match[2])


def _is_comment_or_blank(text: str) -> bool:
    stripped = text.strip()
    return not stripped or stripped.startswith(("#", ";"))


def _spaced(text: str, value: int) -> bool:
    """Whether the key is written with a blank before its ``=``."""
    return value >= 2 and text[value - 2] in " \t"


def _word_splices(words: list[tuple[int, int]], kept: list[tuple[int, int]]) -> list[Splice]:
    """Cut the words that are not kept, each with the blank that divided it from its neighbour."""
    splices: list[Splice] = []
    for number, (start, stop) in enumerate(words):
        if (start, stop) in kept:
            continue
        if number + 1 < len(words) and not any(span in kept for span in words[:number]):
            splices.append((start, words[number + 1][0], ""))
        else:
            splices.append((words[number - 1][1], stop, ""))
    return splices
