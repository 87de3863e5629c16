"""A throw-away virtual environment that installs from one repository alone."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import venv
import weakref
from pathlib import Path
from types import TracebackType

from pocketrepo.config.url import is_loopback
from pocketrepo.display import Piece, Shown, card, code, facts, phrase, strong, text
from pocketrepo.environment import Address, changed, reading
from pocketrepo.environment.failure import reason
from pocketrepo.errors import CommandFailed, InstallFailed, ServerError

NOWHERE = "http://127.0.0.1:9/"
"""A proxy that is not there: the discard port."""
_FOREIGN = (
    "PIP_",
    "UV_",
    "TWINE_",
    "PYTHON",
    "VIRTUAL_ENV",
    "CONDA_",
    "XDG_",
    "NETRC",
    "FORCE_COLOR",
    "CLICOLOR",
)
"""Beginnings of variables that would bring something of the outside in. A notebook's kernel has colours forced, which
no program could read in what pip and uv print."""

Done = subprocess.CompletedProcess[str]


class Sandbox(Shown):
    """A virtual environment of this Python, in a folder of its own that is removed at the end.

    It sees no setting, cache or package of the outside. Where the repository is on this machine, nothing in it
    reaches another.
    """

    def __init__(self, address: Address) -> None:
        self.index_url = address.index_url
        self._address = address
        self.path = Path(tempfile.mkdtemp(prefix="pocketrepo-sandbox-")).resolve()
        self._remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)
        try:
            venv.EnvBuilder(symlinks=os.name != "nt").create(self.path / "venv")
        except (OSError, subprocess.CalledProcessError) as error:
            self.close()
            raise ServerError(f"no virtual environment can be made: {error}") from None

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self._programs / ("python.exe" if os.name == "nt" else "python")

    @property
    def _programs(self) -> Path:
        return self.path / "venv" / ("Scripts" if os.name == "nt" else "bin")

    @property
    def closed(self) -> bool:
        """Whether it was removed."""
        return not self._remove.alive

    def pip(self, *arguments: str, check: bool = True) -> Done:
        """Run pip for it, as ``.pip("install", "hello-pocket")``: this interpreter's, or uv's where there is none.

        Raises CommandFailed with the last line it said, unless ``check`` is false.
        """
        if importlib.util.find_spec("pip") is not None:
            command = [sys.executable, "-m", "pip", "--python", str(self.python), *arguments]
            return self._run("pip", command, check)
        return self.uv("pip", *arguments, check=check)

    def uv(self, *arguments: str, check: bool = True) -> Done:
        """Run uv for it, as ``.uv("pip", "install", "hello-pocket")``. Raises CommandFailed; InstallFailed where
        uv is not installed."""
        uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
        if uv is None:
            raise InstallFailed("uv is not installed here", hint="pip install uv")
        return self._run("uv", [uv, *arguments], check)

    def run(self, *command: str | Path, check: bool = True) -> Done:
        """Run a program: one of its own by name, as ``.run("python", "-c", …)``, or any other.

        Raises CommandFailed if it ends with another status than 0, unless ``check`` is false.
        """
        words = [str(word) for word in command]
        found = shutil.which(words[0], path=self._environment()["PATH"])
        return self._run(words[0], [found or words[0], *words[1:]], check)

    def freeze(self) -> list[str]:
        """What is installed in it, as ``name==version``, in order."""
        self._require_open()
        folders = [str(folder) for folder in (self.path / "venv").glob("[Ll]ib/**/site-packages")]
        found = importlib.metadata.distributions(path=folders)
        return sorted(f"{one.name}=={one.version}" for one in found)

    def close(self) -> None:
        """Remove it."""
        self._remove()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<pocketrepo.Sandbox {'removed' if self.closed else self.python}>"

    def _piece(self) -> Piece:
        if self.closed:
            return card(phrase(strong("Sandbox"), text("removed")))
        return card(
            phrase(
                strong("Sandbox"), text("a throw-away environment that installs from"), code(self.index_url)
            ),
            facts(
                [
                    ("python", code(str(self.python))),
                    ("holds", text(", ".join(self.freeze()) or "nothing yet")),
                    ("install", code('.pip("install", "PACKAGE")')),
                    ("run", code('.run("python", "-c", "import PACKAGE")')),
                ]
            ),
        )

    def _require_open(self) -> None:
        if self.closed:
            raise ServerError("this sandbox was removed", hint="make another with sandbox()")

    def _run(self, called: str, command: list[str], check: bool) -> Done:
        self._require_open()
        try:
            done = subprocess.run(
                command,
                env=self._environment(),
                cwd=self.path,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
        except OSError as error:
            raise CommandFailed(f"{called} cannot be run: {error.strerror}", output="") from None
        if check and done.returncode:
            output = done.stdout + done.stderr
            why = reason(output.splitlines())
            raise CommandFailed(f"{called} ended with status {done.returncode}: {why}", output=output)
        return done

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        kept["PATH"] = os.pathsep.join([str(self._programs), kept.get("PATH", os.defpath)])
        kept |= {"VIRTUAL_ENV": str(self.path / "venv"), "HOME": str(self.path), "PYTHONNOUSERSITE": "1"}
        kept |= {
            "PIP_CACHE_DIR": str(self.path / "pip-cache"),
            "UV_CACHE_DIR": str(self.path / "uv-cache"),
            "UV_PYTHON_DOWNLOADS": "never",
        }
        if is_loopback(self.index_url):
            for name in ("http_proxy", "https_proxy", "all_proxy"):
                kept |= {name: NOWHERE, name.upper(): NOWHERE}
            kept |= {"no_proxy": "", "NO_PROXY": ""}
        return changed(kept, reading(self._address, kept))
