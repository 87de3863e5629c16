"""Source distributions: one folder, ``{name}-{version}``, with PKG-INFO in it (PEP 625, 643)."""

from __future__ import annotations

from typing import BinaryIO

from pocketrepo.archive.limits import Limits
from pocketrepo.archive.members import Members, shown
from pocketrepo.archive.tar import Tar, TarMember
from pocketrepo.archive.zip import Zip
from pocketrepo.errors import BadUpload


def read_sdist(file: BinaryIO, filename: str, limits: Limits) -> tuple[str, bytes]:
    """The name of the sdist's folder, and its PKG-INFO byte for byte.

    Raises BadUpload for an archive that is not one, not safe to unpack, or beyond ``limits``.
    """
    if filename.endswith(".zip"):
        return _read_zip(Zip(file, limits), limits)
    return _read_tar(Tar(file, limits), limits)


def _read_zip(archive: Zip, limits: Limits) -> tuple[str, bytes]:
    folder = _only_folder(archive.members)
    pkg_info = f"{folder}/PKG-INFO"
    if pkg_info not in archive.files:
        raise _no_pkg_info(folder)
    return folder, archive.read(pkg_info, limits.metadata_size)


def _read_tar(archive: Tar, limits: Limits) -> tuple[str, bytes]:
    members = Members(limits)
    pkg_info = None
    for member in archive:
        members.add(
            member.name,
            size=member.size,
            folder=member.type == "folder",
            link=member.type == "symlink",
        )
        if member.type == "symlink":
            members.check_symlink(member.name, member.target)
        elif member.type == "hardlink":
            members.check_hardlink(member.name, member.target)
        if _is_pkg_info(member):
            pkg_info = archive.read(limits.metadata_size)
    folder = _only_folder(members)
    if pkg_info is None:
        raise _no_pkg_info(folder)
    return folder, pkg_info


def _is_pkg_info(member: TarMember) -> bool:
    return member.type == "file" and member.name.count("/") == 1 and member.name.endswith("/PKG-INFO")


def _only_folder(members: Members) -> str:
    top_level = members.top_level
    if len(top_level) != 1:
        raise BadUpload(
            f"an sdist has exactly one folder at its top level, this one has {len(top_level)} names"
        )
    return top_level[0]


def _no_pkg_info(folder: str) -> BadUpload:
    return BadUpload(f"the sdist has no {shown(f'{folder}/PKG-INFO')}")
