"""What can be wrong with the whole: mixed trust, shadowed settings, files never read, secrets in the open."""

from __future__ import annotations

import re
import socket
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pocketrepo.config import locate
from pocketrepo.config.advice import mixes
from pocketrepo.config.credentials import is_tracked
from pocketrepo.config.edit import FileEdit
from pocketrepo.config.finding import Finding
from pocketrepo.config.locate import Place
from pocketrepo.config.pip_view import pip_view
from pocketrepo.config.url import canonical, has_secret, is_loopback, is_public, mask
from pocketrepo.config.uv_view import uv_view
from pocketrepo.config.view import Index, Origin, View

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^\s\"',]+")
_PASSWORD = re.compile(r"(?im)^\s*(?:password|token)\s*[=:]\s*(?!\$\{)\S|^[^#\n]*\bpassword[ \t]+(?![=:])\S")
_UV_TABLES = re.compile(rb"(?m)^\s*\[{1,2}tool\.uv\.(index|pip)\b|^\s*\[tool\.uv\]")
_REACH_SECONDS = 2.0


def check_effect(place: Place, *, online: bool = False) -> Iterator[Finding]:
    """Findings about what pip and uv would do here, whatever the file they come from."""
    pip, uv = pip_view(place), uv_view(place)
    yield from _confusion(place, pip, uv)
    for view in (pip, uv):
        yield from _duplicates(view)
        yield from _dead(view, online)
    yield from _shadowed(pip)
    yield from _divided(pip, uv)
    yield from _unread(place)
    yield from _variables(place)


def _confusion(place: Place, pip: View, uv: View) -> Iterator[Finding]:
    if mixes(pip):
        private = next(index for index in pip.indexes if not is_public(index.url))
        extra = next((index for index in pip.indexes if index.role == "extra"), private)
        path, line = _place_of(extra.origin)
        text = f"pip asks {private.shown} and PyPI alike; the highest version wins, whoever published it"
        advice = "use one index that has PyPI as its upstream: set-index"
        yield Finding("confusion", "error", path, line, text, advice)
    public = [number for number, index in enumerate(uv.indexes) if is_public(index.url)]
    if mixes(uv) and (uv.strategy.startswith("unsafe") or public[0] < len(uv.indexes) - 1):
        path, line = _place_of(uv.indexes[public[0]].origin)
        text = f"uv asks PyPI before or together with a private index ({uv.strategy})"
        yield Finding("confusion", "error", path, line, text, "make the private index the default one")


def _duplicates(view: View) -> Iterator[Finding]:
    counts = Counter(canonical(index.url) for index in view.indexes)
    for url, count in counts.items():
        if count > 1:
            last = [index for index in view.indexes if canonical(index.url) == url][-1]
            path, line = _place_of(last.origin)
            text = f"{view.tool} asks {mask(url)} {count} times"
            yield Finding("duplicate", "warning", path, line, text, "remove one of them")


def _dead(view: View, online: bool) -> Iterator[Finding]:
    """Loopback servers are always tried; others only when asked for, since it takes the network."""
    for index in view.indexes:
        if index.origin.level != "default" and (online or is_loopback(index.url)) and not _answers(index):
            path, line = _place_of(index.origin)
            yield Finding(
                "dead", "error", path, line, f"{index.shown} does not answer", "start it, or remove it"
            )


def _answers(index: Index) -> bool:
    parts = urlsplit(index.url)
    if parts.scheme == "file":
        return Path(parts.path).exists()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=_REACH_SECONDS):
            return True
    except OSError:
        return False


def _shadowed(view: View) -> Iterator[Finding]:
    for setting in view.settings:
        key = setting.key.rpartition(".")[2]
        loses = setting.overridden_by and not setting.overridden_by.startswith("only for")
        if key in ("index-url", "pypi-url", "extra-index-url", "find-links", "no-index") and loses:
            path, line = _place_of(setting.origin)
            what = f"{setting.key} = {setting.shown} is not in force: {setting.overridden_by}"
            yield Finding("shadowed", "warning", path, line, what, "remove one of the two")


def _divided(pip: View, uv: View) -> Iterator[Finding]:
    """uv does not read pip's files, nor pip uv's; each only if it is set up at all."""
    ours = {canonical(index.url): index for index in pip.indexes if not is_public(index.url)}
    theirs = {canonical(index.url): index for index in uv.indexes if not is_public(index.url)}
    for one, other, name in ((ours, theirs, "uv"), (theirs, ours, "pip")):
        for url, index in one.items():
            if url not in other:
                path, line = _place_of(index.origin)
                text = f"{index.shown} is asked by {'pip' if name == 'uv' else 'uv'}, not by {name}"
                yield Finding(
                    "divided", "warning", path, line, text, f"set it for {name} too if {name} is used here"
                )


def _unread(place: Place) -> Iterator[Finding]:
    for path in locate.pip_hidden_files(place):
        yield Finding(
            "never-read", "warning", path, 0, "PIP_CONFIG_FILE is read instead", "merge them, or unset it"
        )
    strays = [place.home / "pip.conf", place.home / ".pip.conf", place.cwd / "pip.conf"]
    if place.platform != "win32":
        strays += [place.home / ".pip" / "pip.ini", place.user_config / "pip" / "pip.ini"]
    read = {target.path for target in locate.pip_files(place)}
    for path in strays:
        if path not in read and path.is_file():
            yield Finding("never-read", "warning", path, 0, "pip does not look there", "see: show")
    user = [target.path for target in locate.pip_files(place) if target.level == "user" and target.exists]
    if len(user) > 1:
        text = f"{user[1]} is read as well, and wins key by key"
        yield Finding("two-user-files", "warning", user[0], 0, text, "keep one of them")
    yield from _hidden_project(place)


def _hidden_project(place: Place) -> Iterator[Finding]:
    project = locate.uv_project(place)
    beside = project.with_name("pyproject.toml") if project and project.name == "uv.toml" else None
    if project and beside and beside.is_file() and _UV_TABLES.search(beside.read_bytes()):
        text = f"{project.name} beside it hides its [tool.uv] settings"
        yield Finding("never-read", "warning", beside, 0, text, "keep them in one of the two")


def _variables(place: Place) -> Iterator[Finding]:
    for name in place.env:
        if name.startswith("pip_") and name.lower().replace("-", "_") in (
            "pip_index_url",
            "pip_extra_index_url",
        ):
            text = f"pip ignores {name}: its variables are in capitals"
            yield Finding("wrong-case", "error", name, 0, text, f"write {name.upper().replace('-', '_')}")


def check_secrets(place: Place, path: Path) -> Iterator[Finding]:
    """A secret in a file that others can read, or that git would publish."""
    data = place.read(path)
    if not data or path in place.overlay:
        return
    text = data.decode("utf-8", "replace")
    urls = [match for match in _URL.finditer(text) if has_secret(match[0])]
    password = _PASSWORD.search(text) if path.name.endswith(("pypirc", "netrc")) else None
    if not urls and not password:
        return
    line = text.count("\n", 0, urls[0].start() if urls else password.start() if password else 0) + 1
    if is_tracked(path):
        advice = "take it out and revoke it: it is in the history of the repository"
        yield Finding("secret-tracked", "error", path, line, "a secret in a file that git tracks", advice)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        fix = FileEdit(path, (), private=True)
        text = f"a secret in a file that others can read ({mode:04o})"
        yield Finding("secret-readable", "error", path, line, text, f"chmod 600 {path}", fix, place)


def _place_of(origin: Origin) -> tuple[Path | str, int]:
    path, colon, line = origin.where.rpartition(":")
    return (Path(path), int(line)) if colon and line.isdigit() else (origin.where, 0)
