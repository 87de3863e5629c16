"""``%load_ext pocketrepo``: the line magic ``%pocket`` and the cell magic ``%%package``."""

from __future__ import annotations

from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from pocketrepo.magics.completion import complete
from pocketrepo.magics.package import PackageMagic
from pocketrepo.magics.pocket import PocketMagic
from pocketrepo.magics.target import Targets

__all__ = ["load_ipython_extension"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Called by ``%load_ext pocketrepo``."""
    targets = Targets(shell)
    register: Any = shell.register_magic_function  # is annotated as if it were not yet bound
    register(PocketMagic(shell, targets).pocket, "line", "pocket")
    register(PackageMagic(shell, targets).package, "cell", "package")
    shell.set_hook("complete_command", complete, str_key="%pocket")  # type: ignore[no-untyped-call]
