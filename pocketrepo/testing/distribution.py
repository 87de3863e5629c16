"""Wheels and sdists made in a millisecond: no build backend, and the same bytes for the same arguments.

What goes in is a mapping of member names to bytes, so that it can be altered before it is packed.
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

from packaging.requirements import InvalidRequirement, Requirement

from pocketrepo.errors import UsageError
from pocketrepo.model import normalize

Contents = Mapping[str, bytes | str]
Members = dict[str, bytes]
Headers = Mapping[str, str | Iterable[str] | None]

BACKEND = Path(__file__).with_name("sdist_backend.py")
PYPROJECT = """\
[build-system]
requires = []
build-backend = "sdist_backend"
backend-path = ["."]
"""


def core_metadata(
    name: str,
    version: str,
    *,
    metadata_version: str = "2.4",
    summary: str | None = None,
    description: str = "",
    requires: Iterable[str] = (),
    extras: Mapping[str, Iterable[str]] | None = None,
    requires_python: str | None = None,
    headers: Headers | None = None,
) -> bytes:
    """METADATA (core metadata specification). ``headers`` adds to or replaces its fields: a list repeats one,
    None leaves it out."""
    extras = extras or {}
    fields: dict[str, str | Iterable[str] | None] = {
        "Metadata-Version": metadata_version,
        "Name": name,
        "Version": version,
        "Summary": summary,
        "Requires-Python": requires_python,
        "Provides-Extra": list(extras),
        "Requires-Dist": [
            *requires,
            *(_for_extra(requirement, extra) for extra in extras for requirement in extras[extra]),
        ],
        **(headers or {}),
    }
    lines = []
    for field, value in fields.items():
        values = [value] if isinstance(value, str) else value or ()
        lines += [f"{field}: {each}\n" for each in values]
    return "".join([*lines, "\n", description]).encode()


def _for_extra(requirement: str, extra: str) -> str:
    wanted, _, marker = requirement.partition(";")
    conditions = [*([f"({marker.strip()})"] if marker.strip() else []), f'extra == "{extra}"']
    return f"{wanted.strip()}; {' and '.join(conditions)}"


def record(members: Members, path: str) -> bytes:
    """RECORD for ``members``, to be put at ``path`` beside them."""
    rows = [
        f"{name},sha256={urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()},{len(content)}\n"
        for name, content in members.items()
        if not name.endswith("/")
    ]
    return "".join([*rows, f"{path},,\n"]).encode()


def wheel_members(
    name: str,
    version: str,
    *,
    metadata: bytes,
    files: Contents,
    tag: str = "py3-none-any",
    scripts: Mapping[str, str] | None = None,
) -> Members:
    """The files of a wheel: ``files``, and their dist-info with a right RECORD."""
    dist_info = f"{escaped(name)}-{version}.dist-info"
    pure = str(tag.endswith("-none-any")).lower()
    members = as_bytes(files)
    members[f"{dist_info}/METADATA"] = metadata
    members[f"{dist_info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: pocketrepo\nRoot-Is-Purelib: {pure}\nTag: {tag}\n".encode()
    )
    if scripts:
        lines = [f"{script} = {target}\n" for script, target in scripts.items()]
        members[f"{dist_info}/entry_points.txt"] = "".join(["[console_scripts]\n", *lines]).encode()
    members[f"{dist_info}/RECORD"] = record(members, f"{dist_info}/RECORD")
    return members


def sdist_members(name: str, version: str, *, metadata: bytes, wheel: Members) -> Members:
    """The files of an sdist that installers build with nothing but Python: it carries its backend (PEP 517,
    ``backend-path``), which packs ``wheel``."""
    contents: dict[str, bytes | str] = {
        "pyproject.toml": PYPROJECT,
        "PKG-INFO": metadata,
        BACKEND.name: BACKEND.read_bytes(),
        **{f"wheel/{path}": content for path, content in wheel.items()},
    }
    return {f"{escaped(name)}-{version}/{path}": content for path, content in as_bytes(contents).items()}


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


def parse_release(text: str) -> tuple[str, str]:
    """Name and version of ``app==2.0``. Raises UsageError for anything else."""
    wrong = UsageError(f"{text!r} names no release", hint="for example: app==2.0")
    try:
        wanted = Requirement(text)
    except InvalidRequirement:
        raise wrong from None
    [*specifiers] = wanted.specifier
    if len(specifiers) != 1 or wanted.extras or wanted.marker or wanted.url:
        raise wrong
    if specifiers[0].operator != "==" or specifiers[0].version.endswith(".*"):
        raise wrong
    return wanted.name, specifiers[0].version


def escaped(name: str) -> str:
    """A project's name as file names hold it (PEP 427, 625)."""
    return normalize(name).replace("-", "_")


def as_bytes(contents: Contents) -> Members:
    return {
        path: content.encode() if isinstance(content, str) else content for path, content in contents.items()
    }
