"""A source tree in memory: what becomes of it on disk, and as an sdist and a wheel of one version."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pocketrepo.errors import AlreadyExists, BuildFailed
from pocketrepo.sourcetree.versions import FIRST, next_patch, same_version, versions_in

BACKEND = "flit_core>=3.11,<5"
_WHEN = 1451606400
"""Modification time of every file, seconds since 1970: the same sources are built into the same bytes."""

Listed = Mapping[str, str | None]
"""Files of one project on an index: filename -> sha256, None where the index does not tell."""


@dataclass(frozen=True)
class Release:
    """A source tree built for one version."""

    version: str
    pyproject: str
    sdist: Path
    wheel: Path
    listed: int
    """How many of the two the index has already, byte for byte."""

    @property
    def new(self) -> bool:
        """Whether there is something to push: the other half of an upload that broke off counts."""
        return self.listed < 2


@dataclass(frozen=True)
class SourceTree:
    """``project`` is the distribution's name and ``module`` what is imported. ``files`` maps a path below the
    tree's folder to text, or to a file to copy. ``version`` None leaves it to the index. ``dependencies`` are
    requirements (PEP 508), ``requires_python`` is a version specifier (PEP 440)."""

    project: str
    module: str
    files: Mapping[str, str | Path]
    requires_python: str
    version: str | None = None
    summary: str = ""
    dependencies: tuple[str, ...] = ()

    def pyproject(self, version: str) -> str:
        """``pyproject.toml`` for a version."""
        lines = [
            "[build-system]",
            f"requires = [{_string(BACKEND)}]",
            'build-backend = "flit_core.buildapi"',
            "",
            "[project]",
            f"name = {_string(self.project)}",
            f"version = {_string(version)}",
            f"description = {_string(self.summary)}",
            # Without it, a wheel of flit's is tagged for Python 2 as well.
            f"requires-python = {_string(self.requires_python)}",
        ]
        if self.dependencies:
            lines += ["dependencies = [", *(f"  {_string(one)}," for one in self.dependencies), "]"]
        if self.module != self.project.replace("-", "_"):
            lines += ["", "[tool.flit.module]", f"name = {_string(self.module)}"]
        return "\n".join([*lines, ""])

    def write(self, folder: Path, version: str) -> Path:
        """Put the tree into ``folder``, over what is there of it; returns the path of its pyproject.toml."""
        for name, content in {**self.files, "pyproject.toml": self.pyproject(version)}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str):
                path.write_text(content, "utf-8", newline="")
            else:
                shutil.copyfile(content, path)
        return folder / "pyproject.toml"

    def release(self, listed: Listed, scratch: Path) -> Release:
        """The tree built in folder ``scratch``, in this process, as the version that it is to have.

        Without a version of its own that is the newest on the index if these files are what it has, else the
        patch after it. Raises AlreadyExists if the index has other files of the version, BuildFailed.
        """
        there = versions_in(listed)
        version = self.version or (there[-1] if there else FIRST)
        built = self._build(version, listed, scratch / "this")
        if built.listed or not any(same_version(version, other) for other in there):
            return built
        following = next_patch(version, there)
        if self.version is None:
            return self._build(following, listed, scratch / "next")
        raise AlreadyExists(
            f"{self.project} {version} is taken: versions are immutable, and this is not what was pushed",
            hint=f"next: {following}",
        )

    def _build(self, version: str, listed: Listed, scratch: Path) -> Release:
        from flit_core.config import ConfigError
        from flit_core.sdist import SdistBuilder
        from flit_core.wheel import make_wheel_in

        tree, dist = scratch / "tree", scratch / "dist"
        pyproject = self.write(tree, version)
        for path in tree.rglob("*"):
            os.utime(path, (_WHEN, _WHEN))
        dist.mkdir()
        try:
            # Not by flit's hooks: these want the tree as current folder, which all threads of a kernel share.
            sdist = SdistBuilder.from_ini_path(pyproject).build(dist)
            wheel = make_wheel_in(pyproject, dist).file
        except ConfigError as error:
            raise BuildFailed(f"{self.project} cannot be built: {error}") from None
        there = sum(listed.get(path.name) == _sha256(path) for path in (sdist, wheel))
        return Release(version, pyproject.read_text("utf-8"), sdist, wheel, there)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _string(text: str) -> str:
    """A TOML basic string: JSON's, but for one control character that JSON lets pass."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
