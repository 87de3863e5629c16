"""What can be wrong with uv's, Poetry's and PDM's indexes, and with .pypirc and netrc."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pocketrepo.config import ini, netrc, pypirc, sources, toml, uv
from pocketrepo.config.edit import FileEdit
from pocketrepo.config.errors import ConfigSyntax
from pocketrepo.config.finding import Finding
from pocketrepo.config.locate import Place, Target
from pocketrepo.config.pip_options import line_number
from pocketrepo.config.url import needs_trust


def check_toml_file(place: Place, target: Target) -> Iterator[Finding]:
    """Findings in a uv.toml or a pyproject.toml, as the target's tool reads it."""
    data = place.read(target.path)
    if data is None:
        return
    try:
        tables = toml.FORMAT.read(data, target.path)
    except ConfigSyntax as error:
        yield Finding("unreadable", "error", target.path, error.line, f"not TOML: {error.reason}", error.hint)
        return
    if target.tool == "uv":
        root = uv.ROOTS[target.kind]
        listed, pins = toml.entries(tables, (*root, "index")), uv.pins(tables)
    else:
        listed = toml.entries(tables, sources.ROOTS[target.tool])
        pins = sources.pins(tables) if target.tool == "poetry" else []
    text = data.decode("utf-8")
    names = [str(entry.get("name", "")) for entry in listed]
    for package, name in pins:
        if name not in names:
            line = line_number(text, max(text.find(f'"{name}"'), 0))
            what = f"{package} is taken from {name!r}, and no index has that name"
            yield Finding(
                "dangling-name", "error", target.path, line, what, "name the index, or drop the line"
            )
    for number, entry in enumerate(listed):
        url = str(entry.get("url", ""))
        line = line_number(text, max(text.find(url), 0))
        if needs_trust(url):
            yield Finding(
                "http", "warning", target.path, line, f"{url} can be replaced on the way", "use https"
            )
        if names[number] and names[number] in names[:number]:
            what = f"a second index is named {names[number]!r}"
            yield Finding("duplicate", "error", target.path, line, what, "name every index differently")


def check_pypirc(place: Place, path: Path) -> Iterator[Finding]:
    data = place.read(path)
    if data is None:
        return
    try:
        reading = pypirc.read(data, path)
    except ConfigSyntax as error:
        yield Finding(
            "unreadable", "error", path, error.line, f"twine refuses the file: {error.reason}", error.hint
        )
        return
    text = data.decode("utf-8")
    known = pypirc.servers(reading)
    for section in ini.parse(text).sections:
        keys = reading.get(section.name, {})
        if (
            section.name != "distutils"
            and section.name not in known
            and ("repository" in keys or "username" in keys)
        ):
            line = line_number(text, section.header.start)
            fix = FileEdit(path, (pypirc.list_server(section.name),))
            what = f"twine does not know {section.name}: it is not among index-servers"
            yield Finding("unlisted", "error", path, line, what, "list it", fix, place)


def check_netrc(place: Place, path: Path) -> Iterator[Finding]:
    data = place.read(path)
    if data is None:
        return
    try:
        netrc.read(data, path)
    except ConfigSyntax as error:
        yield Finding("unreadable", "error", path, error.line, f"pip cannot read it: {error.reason}")
        return
    text = data.decode("utf-8")
    default = None
    for entry in netrc.parse(text):
        if default is not None and entry.host != "default":
            line = line_number(text, entry.start)
            what = f"the login for {entry.host} comes after default, and most tools stop there"
            yield Finding("netrc-default", "warning", path, line, what, "move default to the end")
        default = entry if entry.host == "default" else default
