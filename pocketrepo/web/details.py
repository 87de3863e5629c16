"""Which file speaks for a release, and what its metadata says."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from packaging.utils import NormalizedName

from pocketrepo.details import Details, details_of
from pocketrepo.errors import BadUpload, NotFound
from pocketrepo.model import METADATA_SUFFIX, File, Json, Release
from pocketrepo.repository import Repository


def representative(release: Release) -> File:
    """The file whose metadata speaks for a release: a wheel's is final, an sdist's may change in a build."""
    return min(release.files, key=lambda file: (not file.is_wheel, not file.metadata_sha256, file.filename))


def read_details(repository: Repository, name: NormalizedName, file: File) -> Details:
    """What is known of a listed file; empty where its metadata is not at hand."""
    return details_of(fields_of(repository, name, file, repository.hosted.upload_record(name, file.key)))


def fields_of(repository: Repository, name: NormalizedName, file: File, record: Json) -> Json:
    """Its core metadata, named as in the upload form: from the record of its upload, or else from its file."""
    from pocketrepo.archive.metadata import parse_metadata

    fields = record.get("metadata")
    if isinstance(fields, dict):
        return fields
    with suppress(NotFound, OSError, BadUpload):
        blob = repository.index.file(name, file.key, file.filename + METADATA_SUFFIX)
        data = Path(blob.path).read_bytes() if blob.data is None else blob.data
        return dict(parse_metadata(data).fields)
    return {}
