"""Install from a repository into this interpreter's environment, with pip, or uv where pip is missing."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from pocketrepo.display import Listing, Piece, Shown, card, running_cell, show, strong, table, text
from pocketrepo.environment import Address, changed, loaded, reading
from pocketrepo.environment.failure import reason
from pocketrepo.environment.loaded import Distribution
from pocketrepo.errors import InstallFailed, UsageError
from pocketrepo.model import normalize

_MISSING = re.compile(r"from versions: none|was not found in the package registry|there are no versions of")


@dataclass(frozen=True)
class Installed(Shown):
    """A distribution, its version now and the one before.

    ``reloaded`` are its modules that were imported and are forgotten, so that the next ``import`` takes the new
    ones; ``stale_modules`` those that stay the old ones until the kernel is restarted.
    """

    name: str
    version: str
    before: str | None
    reloaded: tuple[str, ...] = ()
    stale_modules: tuple[str, ...] = ()

    @property
    def change(self) -> str:
        """What happened to its version."""
        if self.before == self.version:
            return f"{self.version} was installed already"
        return f"{self.before} -> {self.version}" if self.before else self.version

    @property
    def advice(self) -> str:
        """What is left to do; empty for nothing."""
        if self.stale_modules:
            return f"restart the kernel: {', '.join(self.stale_modules)} cannot be loaded anew"
        return f"import {', '.join(self.reloaded)} again" if self.reloaded else ""

    def __str__(self) -> str:
        verb = "" if self.before == self.version else "reloaded " if self.reloaded else "installed "
        return f"{verb}{self.name} {self.change}" + (f"; {self.advice}" if self.advice else "")

    def _piece(self) -> Piece:
        return Piece(str(self), card(_table([self])).html)


class Installations(Listing[Installed]):
    """What an install did: a row for each requirement, and for each other distribution that changed."""

    def __init__(self, rows: Iterable[Installed]) -> None:
        super().__init__(rows)
        self._printed_in = running_cell()

    def _records(self) -> dict[str, list[Any]]:
        names = ("name", "version", "before", "reloaded", "stale_modules")
        return {name: [getattr(row, name) for row in self] for name in names}

    def __str__(self) -> str:
        return "\n".join(map(str, self))

    def _piece(self) -> Piece:
        return Piece(str(self), card(_table(self)).html)

    def _ipython_display_(self) -> None:
        """Nothing in the cell that has printed it already."""
        if self._printed_in != running_cell():
            show(self)


def _table(rows: Iterable[Installed]) -> Piece:
    shown = [
        (text(row.name), text(row.change), strong(row.advice) if row.stale_modules else text(row.advice))
        for row in rows
    ]
    return table(["installed", "version", "to do"], shown)


def install(
    requirements: Sequence[str],
    address: Address,
    *,
    extra_index_urls: Sequence[str] = (),
    options: Sequence[str] = (),
    say: Callable[[str], None] = print,
) -> Installations:
    """Install into the running interpreter, from one repository alone unless extra indexes are given.

    The installer's output goes to ``say`` line by line. Modules of replaced distributions are forgotten, unless
    this kernel could not load them twice. Raises InstallFailed with the installer's last error line.
    """
    if not requirements:
        raise UsageError("nothing to install is named", hint="for example: hello-pocket")
    names = [_name_of(requirement) for requirement in requirements]
    before = loaded.distributions()
    command = _installer()
    # The environment is isolated already, and tells the index to an installer that does not ignore it.
    command += [option for option in options if option != "--isolated"]
    if not address.private:
        command += ["--index-url", address.index_url]
    for url in extra_index_urls:
        command += ["--extra-index-url", url]
    lines = _run([*command, *requirements], changed(os.environ, reading(address, os.environ)), say)
    if lines is not None:
        raise _failure(" ".join(requirements), lines, address, extra_index_urls)
    importlib.invalidate_caches()
    return Installations(_outcome(names, before, loaded.distributions()))


def _outcome(
    names: Sequence[str], before: dict[str, Distribution], after: dict[str, Distribution]
) -> Iterable[Installed]:
    others = sorted(
        name for name, one in after.items() if name not in before or before[name].version != one.version
    )
    for name in dict.fromkeys([*names, *others]):
        old, new = before.get(name), after.get(name)
        version = new.version if new else "?"
        if old is None or old.version == version:
            yield Installed(name, version, old.version if old else None)
        else:
            yield Installed(name, version, old.version, *loaded.forget(old))


def _installer() -> list[str]:
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    uv = shutil.which("uv")
    if uv is None:
        raise InstallFailed("this environment has neither pip nor uv", hint="install one of them")
    return [uv, "pip", "install", "--python", sys.executable, "--no-config"]


def _run(command: list[str], environ: dict[str, str], say: Callable[[str], None]) -> list[str] | None:
    """None if it went well, else what was printed."""
    lines = []
    with subprocess.Popen(
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            say(line.rstrip())
    return lines if process.returncode else None


def _name_of(requirement: str) -> str:
    try:
        return normalize(Requirement(requirement).name)
    except InvalidRequirement:
        raise UsageError(
            f"{requirement!r} names no package", hint="for example: hello-pocket or hello-pocket==1.0"
        ) from None


def _failure(
    wanted: str, lines: list[str], address: Address, extra_index_urls: Sequence[str]
) -> InstallFailed:
    hint = ""
    if not extra_index_urls and any(map(_MISSING.search, lines)):
        hint = f"only {address.index_url} was asked; extra_index_urls adds others"
    return InstallFailed(f"{wanted} could not be installed: {reason(lines)}", hint=hint)
