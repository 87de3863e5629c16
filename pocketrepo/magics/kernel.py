"""What this kernel has of a package: installed, imported, and named in the session."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution
from pathlib import Path
from types import ModuleType
from typing import Any

from pocketrepo.errors import UsageError
from pocketrepo.model import normalize
from pocketrepo.sourcetree import SourceTree

_SOMEBODYS = (
    "Author",
    "Author-email",
    "Classifier",
    "Home-page",
    "License",
    "License-Expression",
    "Maintainer",
    "Maintainer-email",
    "Project-URL",
)
"""Fields of metadata that a cell's package does not have."""


def installed(project: str) -> Distribution | None:
    """The installed distribution of a project."""
    try:
        return importlib.metadata.distribution(project)
    except importlib.metadata.PackageNotFoundError:
        return None


def installed_version(project: str) -> str | None:
    there = installed(project)
    return there.version if there else None


def check_replaceable(tree: SourceTree, versions: Iterable[str]) -> None:
    """Refuse to install over what is not the cell's: a module of another project, or a project of the same name from
    elsewhere, with none of the index's ``versions``. Raises UsageError."""
    hint = "choose another name, or add --no-install"
    for owner in importlib.metadata.packages_distributions().get(tree.module, ()):
        if normalize(owner) != normalize(tree.project):
            raise UsageError(f"{tree.module} is a module of {owner}, which is installed here", hint=hint)
    there = installed(tree.project)
    if (
        there is not None
        and there.version not in versions
        and any(there.metadata[name] for name in _SOMEBODYS)
    ):
        raise UsageError(f"{tree.project} {there.version} from elsewhere is installed here", hint=hint)


def is_installed(tree: SourceTree, version: str) -> bool:
    """Whether this very code is: another index may have had other code under the same version."""
    there = installed(tree.project)
    if there is None or there.version != version:
        return False
    return all(
        _same(Path(str(there.locate_file(name))), content)
        for name, content in tree.files.items()
        if isinstance(content, str)
    )


def _same(path: Path, content: str) -> bool:
    try:
        return path.read_bytes() == content.encode()
    except OSError:
        return False


def import_anew(module: str) -> ModuleType:
    """Forget a module and its submodules, and import what is installed now."""
    for name in _with_submodules(module):
        del sys.modules[name]
    importlib.invalidate_caches()
    return importlib.import_module(module)


def _with_submodules(module: str) -> list[str]:
    return [name for name in sys.modules if name == module or name.startswith(f"{module}.")]


def hidden_by(module: ModuleType, project: str) -> Path | None:
    """The file that was imported in place of the installed one, because it comes first on ``sys.path``."""
    there = installed(project)
    file = getattr(module, "__file__", None)
    if there is None or file is None:
        return None
    ours = [Path(str(there.locate_file(path))).resolve() for path in there.files or ()]
    return None if Path(file).resolve() in ours else Path(file)


def old_names(namespace: Mapping[str, Any], module: str) -> list[str]:
    """Names of the session for what came from the module as it was before, say by ``from module import name``."""
    current = {id(value) for name in _with_submodules(module) for value in vars(sys.modules[name]).values()}
    return sorted(
        name
        for name, value in namespace.items()
        if not name.startswith("_") and _home(value).partition(".")[0] == module and id(value) not in current
    )


def _home(value: object) -> str:
    home = getattr(value, "__module__", None)
    return home if isinstance(home, str) and callable(value) else ""
