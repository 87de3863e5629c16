"""The server's own settings: one table, from which flags, environment, TOML and documentation all come.

Strongest first: an argument or flag, ``POCKETREPO_<NAME>`` in the environment, ``pocketrepo.toml`` in the root,
the default.
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pocketrepo.errors import UsageError
from pocketrepo.model import RepositoryName

MIB = 1024 * 1024


def default_root() -> Path:
    """Where data lives unless told otherwise: the platform's folder for a user's application data."""
    from platformdirs import user_data_path

    return user_data_path("pocketrepo", appauthor=False)


def _setting(default: Any, help: str, **more: Any) -> Any:
    return field(default=default, metadata={"help": help, **more})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a server runs. Sizes are in bytes, times in seconds."""

    root: Path = field(default_factory=default_root, metadata={"help": "folder that holds all data"})
    host: str = _setting("127.0.0.1", "address to listen on")
    port: int = _setting(8080, "port to listen on; 0 takes a free one")
    default: str | None = _setting(
        None, "repository served at the root of the address, OWNER/REPO; fixed when the root is made"
    )
    public_url: str | None = _setting(
        None, "address that others use for this server, where a standard wants absolute URLs"
    )
    allowed_hosts: tuple[str, ...] = _setting(
        (), "host names, beside loopback and IP addresses, that requests may be addressed to; * for any"
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (), "addresses or networks of proxies whose X-Forwarded-For counts for limits and logs"
    )
    access_log: bool = _setting(False, "print one line for each request")
    max_upload_size: int = _setting(10 * 1024 * MIB, "largest file accepted")
    max_uploads: int = _setting(16, "uploads received at the same time; more are asked to come back")
    idle_timeout: float = _setting(30.0, "an upload without progress for this long is cut")
    stop_timeout: float = _setting(10.0, "requests in flight get this long when the server stops")
    memory: int = _setting(32 * MIB, "rendered pages kept in memory")

    @property
    def default_repository(self) -> RepositoryName | None:
        return RepositoryName.parse(self.default) if self.default else None

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, **given: Any) -> Settings:
        """Settings from all sources; ``given`` holds what was said in code or flags, None for not said.

        Raises UsageError naming the source of a value that does not fit.
        """
        environ = os.environ if environ is None else environ
        said = {name: value for name, value in given.items() if value is not None}
        values: dict[str, Any] = {}
        for name, text in _from_environment(environ).items():
            values[name] = _convert(name, text, f"POCKETREPO_{name.upper()}")
        root = Path(said.get("root") or values.get("root") or default_root()).expanduser().absolute()
        file = root / "pocketrepo.toml"
        from_file = {name: _convert(name, value, str(file)) for name, value in _from_toml(file).items()}
        return cls(**{**from_file, **values, **said, "root": root})


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    names = {item.name for item in fields(Settings)}
    found = {key.removeprefix("POCKETREPO_").lower(): value for key, value in environ.items()
             if key.startswith("POCKETREPO_")}  # fmt: skip
    return {name: value for name, value in found.items() if name in names and value}


def _from_toml(file: Path) -> dict[str, Any]:
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from None
    known = {item.name for item in fields(Settings)} - {"root"}
    for name in data:
        if name not in known:
            raise UsageError(
                f"{file}: unknown setting {name!r}", hint=f"known are {', '.join(sorted(known))}"
            )
    return data


_TYPES = {item.name: str(item.type).removesuffix(" | None") for item in fields(Settings)}
_WORDS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_KINDS: dict[str, tuple[str, Callable[[Any], Any], tuple[type, ...]]] = {
    "int": ("a whole number of 0 or more", int, (int,)),
    "float": ("a number of 0 or more", float, (int, float)),
    "bool": ("true or false", lambda value: _WORDS[str(value).lower()], (bool,)),
    "str": ("text", str, ()),
    "Path": ("a path", Path, ()),
    "tuple[str, ...]": ("a list of names", lambda value: tuple(map(str, _words(value))), (list,)),
}
"""For each type: what it is called, how it is made from text, and what TOML may give instead of text."""


def _words(value: str | list[Any]) -> list[Any]:
    return value.replace(",", " ").split() if isinstance(value, str) else value


def _convert(name: str, value: Any, source: str) -> Any:
    """A value from text or TOML as the setting's type."""
    called, convert, types = _KINDS[_TYPES[name]]
    wrong = UsageError(f"{source}: {name} = {value!r} is not {called}")
    if type(value) not in (str, *types):
        raise wrong
    try:
        converted = convert(value)
    except (KeyError, ValueError):
        raise wrong from None
    if isinstance(converted, int | float) and not 0 <= converted < math.inf:
        raise wrong
    return converted
