"""Valid distributions for tests, made in a millisecond: no build backend, and the same bytes for the same
arguments.

``make_wheel`` and ``make_sdist`` write files; ``wheel_members`` and ``sdist_members`` give what goes in, for
tests that want to spoil it before ``zip_bytes`` or ``tar_bytes`` packs it. It is `pocketrepo.testing.distribution`
with a sample project for everything that a test does not care about.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pocketrepo.testing import distribution
from pocketrepo.testing.distribution import Contents, Members, as_bytes, escaped, record, tar_bytes, zip_bytes

__all__ = [
    "Members",
    "core_metadata",
    "make_sdist",
    "make_wheel",
    "record",
    "sdist_members",
    "tar_bytes",
    "wheel_members",
    "zip_bytes",
]

SAMPLE = {"summary": "A greeting that fits in a pocket", "requires_python": ">=3.8"}


def core_metadata(name: str = "hello-pocket", version: str = "1.0", **fields: Any) -> bytes:
    """METADATA. The fields are those of `distribution.core_metadata`."""
    return distribution.core_metadata(name, version, **{**SAMPLE, **fields})


def wheel_members(
    name: str = "hello-pocket",
    version: str = "1.0",
    *,
    tag: str = "py3-none-any",
    metadata: bytes | None = None,
    files: Contents | None = None,
) -> Members:
    """The files of a wheel: a module called like the project unless ``files`` are given, and its dist-info."""
    return distribution.wheel_members(
        name,
        version,
        tag=tag,
        metadata=core_metadata(name, version) if metadata is None else metadata,
        files=_module(name, version) if files is None else files,
    )


def sdist_members(
    name: str = "hello-pocket",
    version: str = "1.0",
    *,
    metadata: bytes | None = None,
    files: Contents | None = None,
) -> Members:
    """The files of an sdist, which flit's backend can build."""
    pyproject = (
        '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n\n'
        f'[project]\nname = "{name}"\nversion = "{version}"\ndescription = "made for tests"\n'
    )
    contents = {
        "pyproject.toml": pyproject,
        **_module(name, version),
        **(files or {}),
        "PKG-INFO": core_metadata(name, version) if metadata is None else metadata,
    }
    return {f"{escaped(name)}-{version}/{path}": content for path, content in as_bytes(contents).items()}


def make_wheel(
    folder: Path,
    name: str = "hello-pocket",
    version: str = "1.0",
    *,
    build: str = "",
    tag: str = "py3-none-any",
    files: Contents | None = None,
    **fields: Any,
) -> Path:
    """A wheel in ``folder``, with a right RECORD. The fields are those of ``core_metadata``."""
    metadata = core_metadata(name, version, **fields)
    release = f"{escaped(name)}-{version}" + (f"-{build}" if build else "")
    path = folder / f"{release}-{tag}.whl"
    path.write_bytes(zip_bytes(wheel_members(name, version, tag=tag, metadata=metadata, files=files)))
    return path


def make_sdist(
    folder: Path,
    name: str = "hello-pocket",
    version: str = "1.0",
    *,
    format: str = "tar.gz",
    files: Contents | None = None,
    **fields: Any,
) -> Path:
    """An sdist in ``folder``, as ``tar.gz`` or ``zip``. The fields are those of ``core_metadata``."""
    members = sdist_members(name, version, metadata=core_metadata(name, version, **fields), files=files)
    path = folder / f"{escaped(name)}-{version}.{format}"
    path.write_bytes(zip_bytes(members) if format == "zip" else tar_bytes(members))
    return path


def _module(name: str, version: str) -> dict[str, bytes | str]:
    return {f"{escaped(name)}/__init__.py": f'__version__ = "{version}"\n'}
