"""Requirements files as pip reads them, each option with its place in the text.

pip's order: decode, split lines, join continuations, cut comments, expand variables, split options.
"""

from __future__ import annotations

import codecs
import locale
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pocketrepo.config.errors import ConfigSyntax
from pocketrepo.config.guard import Text

_COMMENT = re.compile(r"(^|\s+)#.*$")
_CODING = re.compile(rb"coding[:=]\s*([-\w.]+)")
VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# Spelling -> (what it is, whether it takes a value): pip's SUPPORTED_OPTIONS and SUPPORTED_OPTIONS_REQ.
OPTIONS: dict[str, tuple[str, bool]] = {
    "-i": ("index-url", True),
    "--index-url": ("index-url", True),
    "--pypi-url": ("index-url", True),
    "--extra-index-url": ("extra-index-url", True),
    "--no-index": ("no-index", False),
    "-c": ("constraint", True),
    "--constraint": ("constraint", True),
    "-r": ("requirement", True),
    "--requirement": ("requirement", True),
    "-e": ("editable", True),
    "--editable": ("editable", True),
    "-f": ("find-links", True),
    "--find-links": ("find-links", True),
    "--no-binary": ("no-binary", True),
    "--only-binary": ("only-binary", True),
    "--prefer-binary": ("prefer-binary", False),
    "--require-hashes": ("require-hashes", False),
    "--no-require-hashes": ("no-require-hashes", False),
    "--pre": ("pre", False),
    "--all-releases": ("all-releases", True),
    "--only-final": ("only-final", True),
    "--trusted-host": ("trusted-host", True),
    "--use-feature": ("use-feature", True),
    "--hash": ("hash", True),
    "-C": ("config-settings", True),
    "--config-setting": ("config-settings", True),
    "--config-settings": ("config-settings", True),
    "--global-option": ("global-option", True),
}


@dataclass(frozen=True)
class Token:
    """A word of a logical line, unquoted, and the offsets in the text between which it stands."""

    text: str
    start: int
    stop: int


@dataclass(frozen=True)
class ReqOption:
    """One option: ``start`` to ``stop`` is all of it, ``value_start`` to ``stop`` its value as written."""

    name: str
    value: str
    start: int
    value_start: int
    stop: int


@dataclass
class ReqLine:
    """One logical line. ``requirement`` is empty for a line of options; ``stray`` words are ignored by pip.

    ``start`` and ``stop`` bound its physical lines, the last line break included.
    """

    number: int
    start: int
    stop: int
    requirement: str
    options: list[ReqOption] = field(default_factory=list)
    stray: list[Token] = field(default_factory=list)

    @property
    def nested(self) -> ReqOption | None:
        """The ``-r`` or ``-c`` that the line is; whatever else stands on it is ignored."""
        if self.is_requirement:
            return None
        for name in ("requirement", "constraint"):
            if found := [option for option in self.options if option.name == name]:
                return found[0]
        return None

    @property
    def is_requirement(self) -> bool:
        return bool(self.requirement) or any(option.name == "editable" for option in self.options)

    @property
    def acts(self) -> bool:
        """Whether index options on this line have an effect."""
        return not self.is_requirement and self.nested is None


def decode(data: bytes) -> Text:
    """pip's choice of encoding: byte order mark, PEP 263 cookie in the first two lines, UTF-8, the locale's.

    Raises: LookupError, UnicodeDecodeError.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return Text(data[len(bom) :].decode(encoding), bom, encoding)
    for line in data.split(b"\n")[:2]:
        if line.startswith(b"#") and (cookie := _CODING.search(line)):
            encoding = cookie[1].decode("ascii")
            return Text(data.decode(encoding), b"", encoding)
    try:
        return Text(data.decode("utf-8"))
    except UnicodeDecodeError:
        return Text(data.decode(locale.getencoding()), b"", locale.getencoding())


def parse(text: str, path: Path | str = "") -> list[ReqLine]:
    """The logical lines with their options.

    Raises: ConfigSyntax where pip's option parser would give up.
    """
    return [_parsed(logical, path) for logical in _logical_lines(text)]


@dataclass
class _Logical:
    number: int
    start: int
    stop: int
    text: str = ""
    offsets: list[int] = field(default_factory=list)

    def add(self, text: str, offset: int) -> None:
        self.text += text
        self.offsets += range(offset, offset + len(text))

    def cut(self, start: int, stop: int) -> None:
        self.text, self.offsets = self.text[start:stop], self.offsets[start:stop]


def _logical_lines(text: str) -> Iterator[_Logical]:
    """pip's ``join_lines`` and ``ignore_comments``, every character with its offset."""
    current: _Logical | None = None
    position = 0
    for number, raw in enumerate(text.splitlines(keepends=True), start=1):
        line = raw.splitlines()[0] if raw else raw
        start, position = position, position + len(raw)
        current = current or _Logical(number, start, start)
        current.stop = position
        is_comment = bool(_COMMENT.match(line))
        if line.endswith("\\") and not is_comment:
            current.add(line.strip("\\"), start + len(line) - len(line.lstrip("\\")))
            continue
        if is_comment:
            current.add(" ", start)  # so that a comment inside a continuation is one, too
        current.add(line, start)
        if _stripped(current):
            yield current
        current = None
    if current and _stripped(current):
        yield current


def _stripped(logical: _Logical) -> bool:
    comment = _COMMENT.search(logical.text)
    if comment:
        logical.cut(0, comment.start())
    left = len(logical.text) - len(logical.text.lstrip())
    logical.cut(left, max(left, len(logical.text.rstrip())))
    return bool(logical.text)


def _parsed(logical: _Logical, path: Path | str) -> ReqLine:
    words = logical.text.split(" ")
    dash = next((number for number, word in enumerate(words) if word.startswith("-")), len(words))
    requirement = " ".join(words[:dash])
    line = ReqLine(logical.number, logical.start, logical.stop, requirement.strip())
    begin = len(requirement) + (1 if dash else 0)
    try:
        tokens = list(_shell_words(logical, begin))
    except ValueError as error:
        raise ConfigSyntax(path, logical.number, f"could not be split: {error}") from None
    _take_options(line, tokens, path)
    return line


def _take_options(line: ReqLine, tokens: list[Token], path: Path | str) -> None:
    """What ``optparse`` makes of the words: ``--name=value``, ``-ivalue``, abbreviations; or stray ones."""
    rest = iter(tokens)
    for token in rest:
        if token.text == "--":
            line.stray += rest
        elif token.text.startswith("--"):
            word, equals, value = token.text.partition("=")
            name, takes_value = _long_option(word, line.number, path)
            _add_option(line, rest, token, name, takes_value, value if equals else None, path)
        elif token.text.startswith("-") and len(token.text) > 1:
            found = OPTIONS.get(token.text[:2])
            if found is None:
                raise ConfigSyntax(path, line.number, f"no such option: {token.text[:2]}")
            _add_option(line, rest, token, found[0], True, token.text[2:] or None, path)
        else:
            line.stray.append(token)


def _add_option(
    line: ReqLine,
    rest: Iterator[Token],
    token: Token,
    name: str,
    takes_value: bool,
    value: str | None,
    path: Path | str,
) -> None:
    if not takes_value:
        if value is not None:
            raise ConfigSyntax(path, line.number, f"--{name} does not take a value")
        line.options.append(ReqOption(name, "", token.start, token.stop, token.stop))
    elif value is not None:
        start = token.stop - len(value)  # true unless quoted; a quoted token is replaced as a whole
        line.options.append(ReqOption(name, value, token.start, start, token.stop))
    else:
        following = next(rest, None)
        if following is None:
            raise ConfigSyntax(path, line.number, f"--{name} needs a value")
        line.options.append(ReqOption(name, following.text, token.start, following.start, following.stop))


def _long_option(word: str, number: int, path: Path | str) -> tuple[str, bool]:
    """The option of that spelling, or the only one that it abbreviates (``optparse``)."""
    if word in OPTIONS:
        return OPTIONS[word]
    candidates = [spelling for spelling in OPTIONS if spelling.startswith(word)]
    if len(candidates) != 1:
        what = "no such option" if not candidates else "ambiguous option"
        raise ConfigSyntax(path, number, f"{what}: {word}")
    return OPTIONS[candidates[0]]


def _shell_words(logical: _Logical, begin: int) -> Iterator[Token]:
    """``shlex.split`` with offsets: blanks divide, quotes group, a backslash takes the next character."""
    text, offsets = logical.text, logical.offsets
    index = begin
    while index < len(text):
        if text[index] in " \t\r\n":
            index += 1
            continue
        start, word = index, ""
        while index < len(text) and text[index] not in " \t\r\n":
            if text[index] in "\"'":
                piece, index = _quoted(text, index)
                word += piece
            elif text[index] == "\\":
                if index + 1 == len(text):
                    raise ValueError("No escaped character")
                word += text[index + 1]
                index += 2
            else:
                word += text[index]
                index += 1
        yield Token(word, offsets[start], offsets[index - 1] + 1)


def _quoted(text: str, index: int) -> tuple[str, int]:
    quote = text[index]
    index += 1
    word = ""
    while index < len(text) and text[index] != quote:
        if quote == '"' and text[index] == "\\" and index + 1 < len(text):
            if text[index + 1] not in '"\\':
                word += "\\"
            index += 1
        word += text[index]
        index += 1
    if index == len(text):
        raise ValueError("No closing quotation")
    return word, index + 1


def expanded(value: str, env: Mapping[str, str]) -> str:
    """``${NAME}`` replaced where the variable is set and not empty; pip leaves the others as they are."""
    return VARIABLE.sub(lambda match: env.get(match[1]) or match[0], value)
