"""Which file speaks for a release, and what its metadata says."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from packaging.utils import NormalizedName

from pocketrepo.details import Details, details_of
from pocketrepo.errors import BadUpload, NotFound
from pocketrepo.model import METADATA_SUFFIX, File, Release
from pocketrepo.repository import Repository


def representative(release: Release) -> File:
    """The file whose metadata speaks for a release: a wheel's is final, an sdist's may change in a build."""
    return min(release.files, key=lambda file: (not file.is_wheel, not file.metadata_sha256, file.filename))


def read_details(repository: Repository, name: NormalizedName, file: File) -> Details:
    """What is known of a listed file; empty where its metadata is not at hand."""
    record = repository.hosted.upload_record(name, file.key)
    fields = record.get("metadata")
    return details_of(fields if isinstance(fields, dict) else _fields(repository, name, file))


def _fields(repository: Repository, name: NormalizedName, file: File) -> dict[str, Any]:
    from pocketrepo.archive.metadata import parse_metadata

    with suppress(NotFound, OSError, BadUpload):
        blob = repository.index.file(name, file.key, file.filename + METADATA_SUFFIX)
        data = Path(blob.path).read_bytes() if blob.data is None else blob.data
        return dict(parse_metadata(data).fields)
    return {}
