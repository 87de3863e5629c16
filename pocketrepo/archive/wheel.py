"""Wheels: the metadata of the one distribution that they are, and whether RECORD tells the truth.

Everything here is the binary distribution format (PEP 427) and the recording of installed projects (PEP 376).
"""

from __future__ import annotations

import re
from collections import Counter
from typing import BinaryIO

from pocketrepo.archive.filename import Filename, names_release
from pocketrepo.archive.limits import Limits
from pocketrepo.archive.members import shown
from pocketrepo.archive.record import Record
from pocketrepo.archive.zip import Zip
from pocketrepo.errors import BadUpload

_DIST_INFO = ".dist-info"
_UNPACKED_BESIDE = re.compile(r"[^/]+\.data/(?:purelib|platlib)/[^/]+\.dist-info/", re.IGNORECASE)


def read_wheel(file: BinaryIO, filename: Filename, limits: Limits) -> bytes:
    """The wheel's METADATA byte for byte.

    Raises BadUpload for an archive that is not a wheel, not the one its filename says, that disagrees with its
    own RECORD, or that is beyond ``limits``.
    """
    wheel = Zip(file, limits)
    dist_info = _find_dist_info(wheel, filename)
    spellings = Counter(name.lower() for name in wheel.files if name.startswith(f"{dist_info}/"))
    for required in (f"{dist_info}/METADATA", f"{dist_info}/WHEEL", f"{dist_info}/RECORD"):
        if required not in wheel.files:
            raise BadUpload(f"the wheel has no {shown(required)}")
        if spellings[required.lower()] > 1:
            raise BadUpload(f"{shown(required)} is in the wheel twice, in upper and lower case")
    record = Record(wheel.read(f"{dist_info}/RECORD", limits.record_size), dist_info)
    record.compare({name: entry.size for name, entry in wheel.files.items()})
    metadata = wheel.read(f"{dist_info}/METADATA", limits.metadata_size)
    record.verify(f"{dist_info}/METADATA", [metadata])
    if wheel.members.unpacked_size <= limits.verified_size:
        for name in record.hashed:
            record.verify(name, wheel.chunks(name))
    return metadata


def _find_dist_info(wheel: Zip, filename: Filename) -> str:
    """The top-level ``.dist-info`` folder; those deeper down belong to vendored distributions, unless an
    installer would move them up. On some disks upper and lower case are the same."""
    found = [name for name in wheel.members.top_level if name.lower().endswith(_DIST_INFO)]
    if len(found) != 1:
        raise BadUpload(
            f"a wheel has exactly one .dist-info folder at its top level, this one has {len(found)}"
        )
    for name in wheel.files:
        if _UNPACKED_BESIDE.match(name):
            raise BadUpload(f"{shown(name)} would be installed as a second .dist-info folder")
    if not names_release(found[0].removesuffix(_DIST_INFO), filename.name, filename.version):
        raise BadUpload(f"the wheel's {shown(found[0])} does not match its filename, {filename.text}")
    return found[0]
