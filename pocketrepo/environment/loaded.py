"""Modules that this interpreter has imported, and the distributions that they came from."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from contextlib import suppress
from importlib.machinery import EXTENSION_SUFFIXES
from typing import NamedTuple

from packaging.requirements import InvalidRequirement, Requirement

from pocketrepo.model import normalize

KERNEL = ("pocketrepo", "ipykernel", "ipython", "ipywidgets")
"""Distributions that run the notebook, with those that they need: their modules are never forgotten."""


class Distribution(NamedTuple):
    """An installed distribution; ``record`` lists its files below ``folder``, as a wheel's RECORD does."""

    name: str
    version: str
    folder: str
    record: str


def distributions() -> dict[str, Distribution]:
    """What is installed, by normalized name. Records are read, and looked into only by `forget`: an installer
    removes those of what it replaces."""
    found: dict[str, Distribution] = {}
    for one in importlib.metadata.distributions():
        with suppress(OSError, KeyError, TypeError, ValueError):  # a folder that is no distribution
            name = normalize(one.name)
            if name not in found:
                folder = str(one.locate_file(""))
                found[name] = Distribution(name, one.version, folder, one.read_text("RECORD") or "")
    return found


def forget(distribution: Distribution) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Drop the imported modules of a distribution that was replaced, so that the next ``import`` loads anew.

    Returns the top-level modules that were dropped, and those that cannot be: compiled ones are loaded once for a
    process, and the kernel's own are in use.
    """
    modules = _imported(distribution)
    tops = tuple(sorted({name.partition(".")[0] for name in modules}))
    compiled = any(file.endswith(tuple(EXTENSION_SUFFIXES)) for file in modules.values())
    if compiled or distribution.name in _kernels_own():
        return (), tops
    for name in modules:
        sys.modules.pop(name, None)
    return tops, ()


def _imported(distribution: Distribution) -> dict[str, str]:
    """Modules of the distribution -> their files."""
    folder = os.path.realpath(distribution.folder)
    recorded = {
        line.rpartition(",")[0].rpartition(",")[0].strip('"') for line in distribution.record.splitlines()
    }
    files = {os.path.normpath(os.path.join(folder, name)) for name in recorded}  # noqa: PTH118
    found = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and os.path.realpath(file) in files:
            found[name] = file
    return found


def _kernels_own() -> set[str]:
    own: set[str] = set(KERNEL)
    for name in KERNEL:
        with suppress(importlib.metadata.PackageNotFoundError):
            own |= {_required(text) for text in importlib.metadata.requires(name) or ()}
    return own


def _required(text: str) -> str:
    with suppress(InvalidRequirement):
        return normalize(Requirement(text).name)
    return ""
