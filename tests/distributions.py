"""Valid distributions for tests, made in a millisecond: no build backend, and the same bytes for the same
arguments.

``make_wheel`` and ``make_sdist`` write files; ``wheel_members`` and ``sdist_members`` give what goes in, for
tests that want to spoil it before ``zip_bytes`` or ``tar_bytes`` packs it.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.utils import canonicalize_name

Members = dict[str, bytes]
Headers = Mapping[str, str | Iterable[str] | None]


def core_metadata(
    name: str = "hello-pocket",
    version: str = "1.0",
    *,
    metadata_version: str = "2.4",
    summary: str | None = "A greeting that fits in a pocket",
    description: str = "",
    requires: Iterable[str] = (),
    requires_python: str | None = ">=3.8",
    headers: Headers | None = None,
) -> bytes:
    """METADATA. ``headers`` adds to or replaces its fields: a list repeats one, None leaves it out."""
    fields: dict[str, str | Iterable[str] | None] = {
        "Metadata-Version": metadata_version,
        "Name": name,
        "Version": version,
        "Summary": summary,
        "Requires-Python": requires_python,
        "Requires-Dist": list(requires),
        **(headers or {}),
    }
    lines = []
    for field, value in fields.items():
        values = [value] if isinstance(value, str) else value or ()
        lines += [f"{field}: {each}\n" for each in values]
    return "".join([*lines, "\n", description]).encode()


def record(members: Members, path: str) -> bytes:
    """RECORD for ``members``, to be put at ``path`` beside them."""
    rows = [
        f"{name},sha256={urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()},{len(content)}\n"
        for name, content in members.items()
        if not name.endswith("/")
    ]
    return "".join([*rows, f"{path},,\n"]).encode()


def wheel_members(
    name: str = "hello-pocket",
    version: str = "1.0",
    *,
    tag: str = "py3-none-any",
    metadata: bytes | None = None,
    files: Mapping[str, bytes | str] | None = None,
) -> Members:
    """The files of a wheel: a module called like the project unless ``files`` are given, and its dist-info."""
    module = _escaped(name)
    dist_info = f"{module}-{version}.dist-info"
    members = _as_bytes(
        files if files is not None else {f"{module}/__init__.py": f'__version__ = "{version}"\n'}
    )
    members[f"{dist_info}/METADATA"] = core_metadata(name, version) if metadata is None else metadata
    members[f"{dist_info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n".encode()
    )
    members[f"{dist_info}/RECORD"] = record(members, f"{dist_info}/RECORD")
    return members


def sdist_members(
    name: str = "hello-pocket",
    version: str = "1.0",
    *,
    metadata: bytes | None = None,
    files: Mapping[str, bytes | str] | None = None,
) -> Members:
    """The files of an sdist, which flit's backend can build."""
    module = _escaped(name)
    pyproject = (
        '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n\n'
        f'[project]\nname = "{name}"\nversion = "{version}"\ndescription = "made for tests"\n'
    )
    contents: dict[str, bytes | str] = {
        "pyproject.toml": pyproject,
        f"{module}/__init__.py": f'__version__ = "{version}"\n',
        **(files or {}),
        "PKG-INFO": core_metadata(name, version) if metadata is None else metadata,
    }
    return {f"{module}-{version}/{path}": content for path, content in _as_bytes(contents).items()}


def make_wheel(
    folder: Path,
    name: str = "hello-pocket",
    version: str = "1.0",
    *,
    build: str = "",
    tag: str = "py3-none-any",
    files: Mapping[str, bytes | str] | None = None,
    metadata_version: str = "2.4",
    summary: str | None = "A greeting that fits in a pocket",
    description: str = "",
    requires: Iterable[str] = (),
    requires_python: str | None = ">=3.8",
    headers: Headers | None = None,
) -> Path:
    """A wheel in ``folder``, with a right RECORD. The fields are those of ``core_metadata``."""
    metadata = core_metadata(
        name,
        version,
        metadata_version=metadata_version,
        summary=summary,
        description=description,
        requires=requires,
        requires_python=requires_python,
        headers=headers,
    )
    release = f"{_escaped(name)}-{version}" + (f"-{build}" if build else "")
    path = folder / f"{release}-{tag}.whl"
    path.write_bytes(zip_bytes(wheel_members(name, version, tag=tag, metadata=metadata, files=files)))
    return path


def make_sdist(
    folder: Path,
    name: str = "hello-pocket",
    version: str = "1.0",
    *,
    format: str = "tar.gz",
    files: Mapping[str, bytes | str] | None = None,
    metadata_version: str = "2.4",
    summary: str | None = "A greeting that fits in a pocket",
    description: str = "",
    requires: Iterable[str] = (),
    requires_python: str | None = ">=3.8",
    headers: Headers | None = None,
) -> Path:
    """An sdist in ``folder``, as ``tar.gz`` or ``zip``. The fields are those of ``core_metadata``."""
    metadata = core_metadata(
        name,
        version,
        metadata_version=metadata_version,
        summary=summary,
        description=description,
        requires=requires,
        requires_python=requires_python,
        headers=headers,
    )
    members = sdist_members(name, version, metadata=metadata, files=files)
    path = folder / f"{_escaped(name)}-{version}.{format}"
    path.write_bytes(zip_bytes(members) if format == "zip" else tar_bytes(members))
    return path


def zip_bytes(members: Mapping[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive; a name that ends in ``/`` is a folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o40755 if name.endswith("/") else 0o100644) << 16
            info.compress_type = compression
            archive.writestr(info, content)
    return buffer.getvalue()


def tar_bytes(members: Mapping[str, bytes | tarfile.TarInfo]) -> bytes:
    """A gzipped tar archive; a TarInfo in place of content is added as it is, without content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), mtime=0)


def _escaped(name: str) -> str:
    return canonicalize_name(name).replace("-", "_")


def _as_bytes(contents: Mapping[str, bytes | str]) -> Members:
    return {
        path: content.encode() if isinstance(content, str) else content for path, content in contents.items()
    }
