"""Real tools for the journeys: throw-away environments with pip, uv and others, away from this machine's settings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pocketrepo.config.locate import Place
from tests.config.indexes import Indexes

LETTERS = "abcdefgh"


def environment(folder: Path, *packages: str) -> Path:
    """A virtual environment with those packages from the configured index; skips where that is out of reach."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    if packages:
        command = [str(folder / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", *packages]
        installed = subprocess.run(command, capture_output=True, text=True)
        if installed.returncode:
            pytest.skip(f"{' '.join(packages)} cannot be installed here: {installed.stderr.strip()[-300:]}")
    return folder


def uv_binary() -> str:
    found = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip("no uv here to compare with: pip install uv")
    return found


@dataclass
class Scene:
    """A home, a project in it and an environment, where tools run without this machine's own configuration."""

    home: Path
    prefix: Path
    indexes: Indexes

    @property
    def cwd(self) -> Path:
        return self.home / "proj"

    def filled(self, text: str) -> str:
        """``<a>`` to ``<h>`` are the URLs of the throw-away indexes."""
        return re.sub(r"<([a-h])>", lambda match: self.indexes.url(match[1]), text)

    def write(self, files: Mapping[str, str]) -> None:
        """``site/…`` is the environment; all else is below the home."""
        self.cwd.mkdir(parents=True, exist_ok=True)
        (self.prefix / "pip.conf").unlink(missing_ok=True)
        for name, text in files.items():
            path = self.prefix / name[5:] if name.startswith("site/") else self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.filled(text).encode())

    def env(self, more: Mapping[str, str]) -> dict[str, str]:
        base = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_CONFIG_DIRS": str(self.home / "etc"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "UV_CACHE_DIR": str(self.home / "cache" / "uv"),
            "UV_PYTHON": sys.executable,
            "UV_HTTP_RETRIES": "0",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_RETRIES": "0",
            "PIP_NO_INPUT": "1",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }
        return base | {name: self.filled(value) for name, value in more.items()}

    def place(self, more: Mapping[str, str]) -> Place:
        return Place(self.env(more), self.cwd, self.home, self.prefix, True, sys.platform)

    def run(
        self, command: Sequence[str], more: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        filled = [self.filled(word) for word in command]
        return subprocess.run(
            filled, cwd=self.cwd, env=self.env(more or {}), capture_output=True, text=True, timeout=120
        )

    def asked(self, command: Sequence[str], more: Mapping[str, str] | None = None) -> list[str]:
        """The indexes that the command asked for the project ``demo``, which none of them has."""
        self.indexes.asked.clear()
        self.run(command, more)
        return self.indexes.asked_for("demo")
