"""Which indexes ``pip install`` asks here: files, variables, command line, requirements files, in that order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from packaging.version import Version

from pocketrepo.config.errors import ConfigSyntax
from pocketrepo.config.locate import Place
from pocketrepo.config.pip_options import PipOptions, pip_options
from pocketrepo.config.pypi import simple_url
from pocketrepo.config.reqfile import OPTIONS, ReqLine, decode, expanded, parse
from pocketrepo.config.view import DEFAULT, Dropped, Index, Origin, View
from pocketrepo.errors import UsageError

_TRUE, _FALSE = ("y", "yes", "t", "true", "on", "1"), ("n", "no", "f", "false", "off", "0")
_COMMAND_LINE = "command line"


def pip_view(
    place: Place, args: Sequence[str] = (), *, command: str = "install", pip: Version | None = None
) -> View:
    """What ``pip COMMAND ARGS`` would ask here; ``pip`` is its version (default: the environment's).

    Raises: UsageError for arguments that pip would not take.
    """
    given = _arguments(args)
    options = pip_options(place, command=command, isolated=bool(given["isolated"]), pip=pip)
    search = _Search(place, options, given)
    search.read_files()
    return View(
        "pip",
        tuple(search.indexes),
        tuple(search.dropped),
        tuple(options.settings),
        tuple(search.find_links),
        tuple(search.trusted),
        "best version",
        notes=tuple(search.notes),
        errors=(*options.errors, *search.errors),
    )


def _arguments(args: Sequence[str]) -> dict[str, list[str]]:
    """The options that matter here, by name; ``optparse`` spelling, abbreviations of index options included."""
    found: dict[str, list[str]] = {"isolated": []}
    rest = iter(args)
    for arg in rest:
        word, equals, value = arg.partition("=") if arg.startswith("--") else (arg[:2], arg[2:], arg[2:])
        name, takes_value = _argument(word)
        if not name:
            continue
        if takes_value and not equals:
            following = next(rest, None)
            if following is None:
                raise UsageError(f"{word} needs a value")
            value = following
        found.setdefault(name, []).append(value)
    return found


def _argument(word: str) -> tuple[str, bool]:
    if word == "--isolated":
        return "isolated", False
    if word in OPTIONS:
        return OPTIONS[word]
    if word.startswith(("--index", "--extra-")):
        candidates = {OPTIONS[spelling] for spelling in OPTIONS if spelling.startswith(word)}
        return candidates.pop() if len(candidates) == 1 else ("", False)
    return "", False


class _Search:
    """pip's search scope while the requirements files are read, each change remembered."""

    def __init__(self, place: Place, options: PipOptions, given: dict[str, list[str]]) -> None:
        self.place = place
        self.options = options
        self.given = given
        self.dropped: list[Dropped] = []
        self.errors: list[str] = []
        self.notes: list[str] = []
        self.find_links = [word for word, _ in options.words("find-links")] + given.get("find-links", [])
        self.trusted = [word for word, _ in options.words("trusted-host")] + given.get("trusted-host", [])
        self.no_index = self._no_index()
        self.indexes = [self._index(), *self._extras()]
        self._drop_losers()
        if self.no_index:
            self._wipe(f"no index is asked: {self.no_index}")

    def _index(self) -> Index:
        if urls := self.given.get("index-url"):
            return Index(urls[-1], "index", Origin(_COMMAND_LINE, "--index-url"))
        value = self.options.values.get("index-url")
        return Index(value.text, "index", value.origin) if value else Index(simple_url(), "index", DEFAULT)

    def _extras(self) -> list[Index]:
        configured = [Index(url, "extra", origin) for url, origin in self.options.words("extra-index-url")]
        origin = Origin(_COMMAND_LINE, "--extra-index-url")
        return configured + [Index(url, "extra", origin) for url in self.given.get("extra-index-url", [])]

    def _no_index(self) -> str:
        """Where ``no-index`` is set; empty where it is not."""
        if "no-index" in self.given:
            return "--no-index"
        value = self.options.values.get("no-index")
        if value is None or value.text.lower() in _FALSE:
            return ""
        if value.text.lower() not in _TRUE:
            self.errors.append(
                f"{value.origin}: {value.text} is not a valid value for no-index, use yes or no"
            )
        return value.origin.where

    def _drop_losers(self) -> None:
        """Indexes in settings of lower rank, which are replaced as a whole."""
        for setting in self.options.settings:
            key = setting.key.rpartition(".")[2]
            kept = key in ("index-url", "pypi-url", "extra-index-url")
            lost = setting.overridden_by or (
                "--index-url" if key in ("index-url", "pypi-url") and "index-url" in self.given else ""
            )
            if kept and lost and setting.value:
                why = lost if lost.startswith(("only for", "cancelled")) else f"overridden by {lost}"
                self.dropped += [Dropped(url, setting.origin, why) for url in setting.value.split()]

    def _wipe(self, why: str) -> None:
        self.dropped += [Dropped(index.url, index.origin, why) for index in self.indexes]
        self.indexes = []

    def read_files(self) -> None:
        """All constraints files first, then all requirements files, nested ones where they are met."""
        for key in ("constraint", "requirement"):
            configured = [word for word, _ in self.options.words(key)]
            for name in [*configured, *self.given.get(key, [])]:
                self._read(name, self.place.cwd, ())

    def _read(self, name: str, folder: Path, above: tuple[Path, ...]) -> None:
        if "://" in name:
            self.notes.append(f"{name} is not read here; its options count for pip")
            return
        path = self.place.below(folder / name)
        if path in above:
            self.errors.append(f"{path} references itself")
            return
        data = self.place.read(path)
        if data is None:
            self.errors.append(f"{path} could not be opened")
            return
        try:
            lines = parse(decode(data).text, path)
        except (ConfigSyntax, UnicodeDecodeError, LookupError) as error:
            self.errors.append(str(error.args[0]) if isinstance(error, ConfigSyntax) else f"{path}: {error}")
            return
        for line in lines:
            if line.nested:
                self._read(expanded(line.nested.value, self.place.env), path.parent, (*above, path))
            elif line.acts:
                self._apply(line, path)

    def _apply(self, line: ReqLine, path: Path) -> None:
        """One line's options together, as pip's ``handle_option_line`` has it."""
        origin = Origin("requirements", f"{path}:{line.number}")
        values: dict[str, list[str]] = {}
        for option in line.options:
            values.setdefault(option.name, []).append(expanded(option.value, self.place.env))
        if "no-index" in values and not self.no_index:
            self.no_index = origin.where
            self._wipe(f"no index is asked: {origin}")
        for url in values.get("index-url", [])[-1:]:
            if self.no_index:
                self.dropped.append(Dropped(url, origin, f"no index is asked: {self.no_index}"))
            else:
                self._wipe(f"wiped by {origin}")
                self.indexes = [Index(url, "index", origin)]
        for url in values.get("extra-index-url", []):
            if self.no_index:
                self.dropped.append(Dropped(url, origin, f"no index is asked: {self.no_index}"))
            else:
                self.indexes.append(Index(url, "extra", origin))
        self.find_links += values.get("find-links", [])[:1]
        self.trusted += values.get("trusted-host", [])
