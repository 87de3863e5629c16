"""A virtual environment that installs from the index of a test."""

from __future__ import annotations

import os
from collections.abc import Callable

from pocketrepo.environment import Address
from pocketrepo.environment.sandbox import Sandbox


class Venv(Sandbox):
    """`Sandbox` with the variables, home and caches of an index of a test: ``.pip()``, ``.uv()``, ``.run()`` and
    ``.freeze()``."""

    def __init__(self, address: Address, environ: Callable[[], dict[str, str]]) -> None:
        self._environ = environ
        super().__init__(address)

    def _environment(self) -> dict[str, str]:
        environ = self._environ()
        path = os.pathsep.join([str(self._programs), environ.get("PATH", os.defpath)])
        return {**environ, "PATH": path, "VIRTUAL_ENV": str(self.path / "venv")}
