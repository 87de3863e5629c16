"""Where tools look: the variables, folders and files that count, weakest first."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pocketrepo.config.errors import ConfigSyntax
from pocketrepo.errors import UsageError

LEVELS = ("global", "user", "site", "env", "project", "file")


@dataclass(frozen=True)
class Place:
    """Where a tool would be run: everything outside the files that decides what it reads.

    ``prefix`` is the ``sys.prefix`` of the Python whose pip is meant; ``in_environment`` says whether that is
    a virtual or conda environment; ``platform`` is a ``sys.platform``.
    """

    env: Mapping[str, str] = field(repr=False)
    cwd: Path
    home: Path
    prefix: Path
    in_environment: bool = False
    platform: str = "linux"
    overlay: Mapping[Path, bytes | None] = field(default_factory=dict, repr=False)

    @classmethod
    def current(cls) -> Place:
        """This process's own surroundings; an activated environment counts before the running Python's."""
        active = os.environ.get("VIRTUAL_ENV") or os.environ.get("CONDA_PREFIX")
        return cls(
            env=dict(os.environ),
            cwd=Path.cwd(),
            home=Path.home(),
            prefix=Path(active or sys.prefix),
            in_environment=bool(active) or sys.prefix != sys.base_prefix,
            platform=sys.platform,
        )

    def read(self, path: Path) -> bytes | None:
        """The file's bytes, or None if there is no such file; ``overlay`` shows files as they would be."""
        if path in self.overlay:
            return self.overlay[path]
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except PermissionError:
            raise ConfigSyntax(path, 0, "cannot be read", hint="check its permissions") from None

    def folder(self, variable: str, default: Path) -> Path:
        return Path(self.env.get(variable) or default)

    @property
    def user_config(self) -> Path:
        if self.platform == "win32":
            return self.folder("APPDATA", self.home / "AppData" / "Roaming")
        return self.folder("XDG_CONFIG_HOME", self.home / ".config")

    @property
    def state(self) -> Path:
        """Where locks, backups and the history of changes are kept, for this user alone."""
        if self.platform == "win32":
            base = self.folder("LOCALAPPDATA", self.home / "AppData" / "Local")
        elif self.platform == "darwin":
            base = self.home / "Library" / "Application Support"
        else:
            base = self.folder("XDG_STATE_HOME", self.home / ".local" / "state")
        return base / "pocketrepo" / "config"

    def with_files(self, files: Mapping[Path, bytes | None]) -> Place:
        """The same place, with some files as they would be."""
        return replace(self, overlay={**self.overlay, **files})

    def with_variables(self, **variables: str) -> Place:
        return replace(self, env={**self.env, **variables})

    def below(self, path: str | Path) -> Path:
        """``path`` made absolute from the folder where the tool would run; ``~`` is the home."""
        text = str(path)
        if text == "~" or text.startswith("~/"):
            return self.home / text[2:]
        return Path(os.path.normpath(self.cwd / path))


@dataclass(frozen=True)
class Target:
    """A file that a tool reads, whether or not it exists: ``kind`` names its format, ``level`` its rank."""

    tool: str
    level: str
    path: Path
    kind: str

    @property
    def exists(self) -> bool:
        return self.path.exists()


def pip_files(place: Place, *, isolated: bool = False) -> list[Target]:
    """The configuration files that pip reads here, weakest first (pip's ``get_configuration_files``).

    A ``PIP_CONFIG_FILE`` that exists replaces the user files; the null device switches all files off.
    """
    special = place.env.get("PIP_CONFIG_FILE")
    if special == os.devnull:
        return []
    user = [] if isolated or (special and place.below(special).exists()) else _pip_user(place)
    found = [("global", path) for path in _pip_global(place)]
    found += [("user", path) for path in user]
    found.append(("site", place.prefix / _pip_name(place)))
    if special:
        found.append(("env", place.below(special)))
    return [Target("pip", level, path, "pip") for level, path in found]


def pip_hidden_files(place: Place) -> list[Path]:
    """The user files that exist and are not read because ``PIP_CONFIG_FILE`` takes their place."""
    read = {target.path for target in pip_files(place)}
    return [path for path in _pip_user(place) if path.exists() and path not in read]


def _pip_name(place: Place) -> str:
    return "pip.ini" if place.platform == "win32" else "pip.conf"


def _pip_global(place: Place) -> list[Path]:
    name = _pip_name(place)
    if place.platform == "win32":
        return [place.folder("PROGRAMDATA", Path("C:/ProgramData")) / "pip" / name]
    if place.platform == "darwin":
        return [Path("/Library/Application Support/pip") / name]
    folders = (place.env.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
    return [Path(folder).expanduser() / "pip" / name for folder in folders if folder] + [Path("/etc") / name]


def _pip_user(place: Place) -> list[Path]:
    name = _pip_name(place)
    if place.platform == "win32":
        return [place.home / "pip" / name, place.user_config / "pip" / name]
    modern = place.user_config / "pip" / name
    if place.platform == "darwin":
        library = place.home / "Library" / "Application Support" / "pip"
        modern = library / name if library.is_dir() else place.home / ".config" / "pip" / name
    return [place.home / ".pip" / name, modern]


def uv_files(place: Place) -> list[Target]:
    """The configuration files that uv reads here, weakest first.

    ``uv.toml`` beside ``pyproject.toml`` hides its ``[tool.uv]``; ``UV_CONFIG_FILE`` and ``UV_NO_CONFIG``
    switch discovery off.
    """
    special = place.env.get("UV_CONFIG_FILE")
    if special:
        return [Target("uv", "env", place.below(special), "uv")]
    if place.env.get("UV_NO_CONFIG", "").lower() in ("1", "true", "yes", "on", "y", "t"):
        return []
    found = [("global", path, "uv") for path in _uv_global(place)[:1]]
    found.append(("user", place.user_config / "uv" / "uv.toml", "uv"))
    project = uv_project(place)
    if project:
        found.append(("project", project, "uv" if project.name == "uv.toml" else "pyproject"))
    return [Target("uv", level, path, kind) for level, path, kind in found]


def _uv_global(place: Place) -> list[Path]:
    """uv takes the first that exists."""
    if place.platform == "win32":
        return [place.folder("PROGRAMDATA", Path("C:/ProgramData")) / "uv" / "uv.toml"]
    folders = (place.env.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
    paths = [Path(folder) / "uv" / "uv.toml" for folder in folders if folder] + [Path("/etc/uv/uv.toml")]
    return [path for path in paths if path.exists()] or paths[-1:]


def uv_project(place: Place) -> Path | None:
    """The nearest ``uv.toml``, or ``pyproject.toml`` with a ``[tool.uv]`` table, from the folder upwards."""
    for folder in (place.cwd, *place.cwd.parents):
        if (folder / "uv.toml").is_file():
            return folder / "uv.toml"
        pyproject = folder / "pyproject.toml"
        if pyproject.is_file() and b"tool" in (data := pyproject.read_bytes()) and b"uv" in data:
            return pyproject
    return None


def project_file(place: Place) -> Path | None:
    """The nearest ``pyproject.toml``, from the folder upwards."""
    for folder in (place.cwd, *place.cwd.parents):
        if (folder / "pyproject.toml").is_file():
            return folder / "pyproject.toml"
    return None


def pypirc_file(place: Place) -> Path:
    return place.home / ".pypirc"


def netrc_file(place: Place) -> Path:
    """The netrc file that pip and uv read: ``NETRC``, else ``~/.netrc``, else ``~/_netrc``."""
    if place.env.get("NETRC"):
        return place.below(place.env["NETRC"])
    usual, other = place.home / ".netrc", place.home / "_netrc"
    return other if other.exists() and not usual.exists() else usual


def kind_of(path: Path) -> str:
    """The format of a file, told by its name.

    Raises: UsageError when the name says nothing.
    """
    name = path.name.lower()
    if name in ("pip.conf", "pip.ini") or (name.endswith((".conf", ".ini", ".cfg")) and "pip" in name):
        return "pip"
    if name == "uv.toml" or (name.endswith(".toml") and "uv" in name):
        return "uv"
    if name == "pyproject.toml":
        return "pyproject"
    if name.endswith(("pypirc", ".pypirc")):
        return "pypirc"
    if name in (".netrc", "_netrc", "netrc"):
        return "netrc"
    if name.endswith((".txt", ".in", ".pip")):
        return "requirements"
    raise UsageError(
        f"{path} is no configuration file by its name",
        hint="pip.conf, uv.toml, pyproject.toml, .pypirc, netrc or a requirements .txt",
    )


@contextlib.contextmanager
def variables(changes: Mapping[str, str | None]) -> Iterator[None]:
    """This process's environment with those variables set, or unset where None, until the block ends."""
    before = {name: os.environ.get(name) for name in changes}
    _set_variables(changes)
    try:
        yield
    finally:
        _set_variables(before)


def _set_variables(changes: Mapping[str, str | None]) -> None:
    for name, value in changes.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
