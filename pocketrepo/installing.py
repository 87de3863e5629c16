"""Install from a repository into this interpreter's environment, with pip, or uv where pip is missing."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement

from pocketrepo.errors import InstallFailed, UsageError
from pocketrepo.model import normalize

OTHER_SOURCES = frozenset(
    {
        "PIP_EXTRA_INDEX_URL",
        "PIP_FIND_LINKS",
        "PIP_INDEX_URL",
        "PIP_NO_INDEX",
        "UV_DEFAULT_INDEX",
        "UV_EXTRA_INDEX_URL",
        "UV_FIND_LINKS",
        "UV_INDEX",
        "UV_INDEX_URL",
    }
)
_ERROR = re.compile(r"(?:ERROR:|error:|  \N{MULTIPLICATION SIGN} )(.*)")
_CAUSE = re.compile(r"  (?:cause:|\W+ )(.*)")


@dataclass(frozen=True)
class Installed:
    """What was asked for, the version there now and the one before, and modules that still are the old ones."""

    name: str
    version: str
    before: str | None
    stale_modules: tuple[str, ...]

    def __str__(self) -> str:
        if self.before == self.version:
            return f"{self.name} {self.version} was installed already"
        change = f"{self.before} -> {self.version}" if self.before else self.version
        line = f"installed {self.name} {change}"
        if self.stale_modules:
            names = ", ".join(self.stale_modules)
            line += f"; {names} is already imported: restart the kernel, or importlib.reload it, to use the new one"
        return line


class Installations(list[Installed]):
    """What an install did, one row a requirement."""

    def _ipython_display_(self) -> None:
        """Nothing: it was printed when it happened."""


def install(
    requirements: Sequence[str],
    index_url: str,
    *,
    extra_index_urls: Sequence[str] = (),
    options: Sequence[str] = (),
    show: Callable[[str], None] = print,
) -> Installations:
    """Install into the running interpreter, from ``index_url`` alone unless extra ones are given.

    The installer's output goes to ``show`` line by line. Raises InstallFailed with its last error line.
    """
    if not requirements:
        raise UsageError("nothing to install is named", hint="for example: hello-pocket")
    names = [_name_of(requirement) for requirement in requirements]
    before = {name: _version(name) for name in names}
    command = [*_installer(), *options, "--index-url", index_url]
    for url in extra_index_urls:
        command += ["--extra-index-url", url]
    host = urlsplit(index_url).hostname or ""
    lines = _run([*command, *requirements], host, show)
    if lines is not None:
        raise InstallFailed(f"{' '.join(requirements)} could not be installed: {_reason(lines)}")
    importlib.invalidate_caches()
    return Installations(
        Installed(name, _version(name) or "?", before[name], _stale(name, before[name])) for name in names
    )


def _installer() -> list[str]:
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    uv = shutil.which("uv")
    if uv is None:
        raise InstallFailed("this environment has neither pip nor uv", hint="install one of them")
    return [uv, "pip", "install", "--python", sys.executable, "--no-config"]


def _run(command: list[str], host: str, show: Callable[[str], None]) -> list[str] | None:
    """None if it went well, else what was printed."""
    lines = []
    with subprocess.Popen(
        command,
        env=_environment(host),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            show(line.rstrip())
    return lines if process.returncode else None


def _environment(host: str) -> dict[str, str]:
    """Without other sources that a user's or a machine's settings would mix in."""
    environ = {key: value for key, value in os.environ.items() if key not in OTHER_SOURCES}
    environ["PIP_CONFIG_FILE"] = os.devnull
    if host in ("127.0.0.1", "localhost", "::1"):
        without = environ.get("no_proxy") or environ.get("NO_PROXY", "")
        environ["NO_PROXY"] = environ["no_proxy"] = f"{without},{host}".strip(",")
    return environ


def _name_of(requirement: str) -> str:
    try:
        return normalize(Requirement(requirement).name)
    except InvalidRequirement:
        raise UsageError(
            f"{requirement!r} names no package", hint="for example: hello-pocket or hello-pocket==1.0"
        ) from None


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _stale(name: str, before: str | None) -> tuple[str, ...]:
    """Top-level modules of a distribution that this interpreter imported before it was replaced."""
    if before is None or before == _version(name):
        return ()
    top = {str(file).split("/")[0].removesuffix(".py") for file in importlib.metadata.files(name) or []}
    return tuple(sorted(module for module in top if module in sys.modules))


def _reason(lines: list[str]) -> str:
    """What the installer calls an error, with the cause that uv puts below it; else its last words."""
    for line, below in zip(lines, [*lines[1:], ""], strict=False):
        found, cause = _ERROR.match(line), _CAUSE.match(below)
        if found is not None:
            return " ".join([found[1].strip(), *([cause[1].strip()] if cause else [])])
    return next((line.strip() for line in reversed(lines) if line.strip()), "no reason given")
