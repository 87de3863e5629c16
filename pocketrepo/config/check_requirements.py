"""What can be wrong with the index options of a requirements file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pocketrepo.config.errors import ConfigSyntax
from pocketrepo.config.finding import Finding
from pocketrepo.config.locate import Place
from pocketrepo.config.reqfile import VARIABLE, ReqLine, decode, parse
from pocketrepo.config.requirements import INDEX_OPTIONS
from pocketrepo.config.url import needs_trust


def check_requirements_file(place: Place, path: Path) -> Iterator[Finding]:
    """Findings in one file; one that pip refuses has that finding only."""
    data = place.read(path)
    if data is None:
        return
    try:
        lines = parse(decode(data).text, path)
    except ConfigSyntax as error:
        yield Finding("unreadable", "error", path, error.line, f"pip refuses the file: {error.reason}")
        return
    except (UnicodeDecodeError, LookupError) as error:
        yield Finding("unreadable", "error", path, 0, f"cannot be decoded: {error}")
        return
    for line in lines:
        yield from _line(place, path, line)
    yield from _wiped(path, lines)


def _line(place: Place, path: Path, line: ReqLine) -> Iterator[Finding]:
    options = [option for option in line.options if option.name in INDEX_OPTIONS]
    for option in options:
        if option.value == "=":
            text = f"--{option.name} = …: the index is the text '='"
            yield Finding("index-equals", "error", path, line.number, text, "write no blanks around =")
        if not line.acts:
            text = f"pip ignores --{option.name} on a line with a requirement or another file"
            yield Finding("ignored-option", "error", path, line.number, text, "put it on a line of its own")
        for name in VARIABLE.findall(option.value):
            if not place.env.get(name):
                text = f"{name} is not set, so the URL goes out with ${{{name}}} in it"
                yield Finding("unset-variable", "warning", path, line.number, text, f"set {name}")
        if needs_trust(option.value):
            yield Finding(
                "http",
                "warning",
                path,
                line.number,
                f"{option.value} can be replaced on the way",
                "use https",
            )
    if options and line.stray:
        text = f"pip drops {' '.join(token.text for token in line.stray)}"
        yield Finding("second-url", "error", path, line.number, text, "one URL an option: repeat the option")


def _wiped(path: Path, lines: list[ReqLine]) -> Iterator[Finding]:
    """Every ``-i`` wipes the indexes before it, those of the command line included."""
    acting = [(line, option) for line in lines if line.acts for option in line.options]
    last = max((line.number for line, option in acting if option.name == "index-url"), default=0)
    for line, option in acting:
        if line.number < last and option.name in ("index-url", "extra-index-url"):
            text = f"--index-url in line {last} wipes this index"
            yield Finding("wiped", "error", path, line.number, text, f"put it after line {last}")
