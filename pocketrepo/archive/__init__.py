"""What is inside a wheel or an sdist, read without trusting it.

``inspect`` is all that uploads, clients and folders of distributions need. It unpacks nothing to disk, reads
in bounded memory, and lets through only an archive of which every installer makes the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name

from pocketrepo.archive.filename import (
    Filename,
    Kind,
    check_filename,
    names_release,
    parse_filename,
)
from pocketrepo.archive.limits import DEFAULT, Limits
from pocketrepo.archive.members import shown
from pocketrepo.archive.metadata import CoreMetadata, Fields, parse_metadata
from pocketrepo.archive.sdist import read_sdist
from pocketrepo.archive.wheel import read_wheel
from pocketrepo.errors import BadUpload

__all__ = ["Distribution", "Filename", "Limits", "inspect", "parse_filename", "parse_metadata"]


@dataclass(frozen=True, slots=True)
class Distribution:
    """A wheel or sdist whose filename, archive and metadata agree.

    ``display_name`` is the name as the metadata spells it, ``version`` is normalized (PEP 440).
    ``python_tag`` is the filename's, or ``source``. ``metadata`` is METADATA or PKG-INFO byte for byte, and
    ``serve_metadata`` whether an index may offer it beside the file: always for a wheel (PEP 658), for an
    sdist if no build can change what it requires (PEP 643). ``fields`` is the core metadata under the names
    of the upload API's form, multiple-use fields as lists.
    """

    filename: str
    name: NormalizedName
    display_name: str
    version: str
    kind: Kind
    python_tag: str
    requires_python: str | None
    metadata: bytes
    metadata_version: str
    serve_metadata: bool
    fields: Fields


def inspect(path: Path, filename: str | None = None, *, limits: Limits = DEFAULT) -> Distribution:
    """Read the distribution at ``path``, which will be called ``filename`` (as the path is, unless given).

    Raises BadUpload, whose ``field`` names what is wrong, also for what is beyond ``limits``, and OSError if the
    file cannot be read.
    """
    filename = path.name if filename is None else filename
    check_filename(filename)
    if filename.endswith(".whl"):
        return _inspect_wheel(path, parse_filename(filename), limits)
    return _inspect_sdist(path, filename, limits)


def _inspect_wheel(path: Path, filename: Filename, limits: Limits) -> Distribution:
    with path.open("rb") as file:
        data = read_wheel(file, filename, limits)
    return _agreed(filename, parse_metadata(data), data)


def _inspect_sdist(path: Path, text: str, limits: Limits) -> Distribution:
    with path.open("rb") as file:
        folder, data = read_sdist(file, text, limits)
    metadata = parse_metadata(data)
    filename = parse_filename(text, name=canonicalize_name(metadata.name))
    if not names_release(folder, filename.name, filename.version):
        raise BadUpload(f"the sdist's folder {shown(folder)} does not match its filename, {text}")
    return _agreed(filename, metadata, data)


def _agreed(filename: Filename, metadata: CoreMetadata, data: bytes) -> Distribution:
    if canonicalize_name(metadata.name) != filename.name:
        raise BadUpload(f"{filename.text} has the metadata of another project, {metadata.name}", field="name")
    if metadata.version != filename.version:
        raise BadUpload(
            f"{filename.text} has the metadata of another version, {metadata.version}", field="version"
        )
    return Distribution(
        filename=filename.text,
        name=filename.name,
        display_name=metadata.name,
        version=str(metadata.version),
        kind=filename.kind,
        python_tag=filename.python_tag,
        requires_python=metadata.requires_python,
        metadata=data,
        metadata_version=metadata.metadata_version,
        serve_metadata=filename.kind == "bdist_wheel" or metadata.is_static,
        fields=metadata.fields,
    )
