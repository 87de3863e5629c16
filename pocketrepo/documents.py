"""The shapes of what is stored: a project's document, its list, and the record of an upload.

``project.json``: ``name``, ``display_name``, ``files`` (each the fields of `File` that are set), ``deleted``
(tombstones: filename, sha256, key, time), and ``standing``, what of the project's `Standing` is not as usual.
``names.json``: ``names``, normalized -> display, and ``reserved``, those of new projects that are not listed yet ->
the time at which that ends. ``upload.json``: the listed file together with everything that was
known when it came in, enough to make the others again.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal

from packaging.utils import NormalizedName

from pocketrepo.archive import Distribution
from pocketrepo.clock import now
from pocketrepo.model import COMPANIONS, METADATA_SUFFIX, File, Json, Project, ProjectList
from pocketrepo.standing import Standing


@dataclass(frozen=True, kw_only=True)
class Upload:
    """An inspected file in staging, not yet admitted. ``form`` holds the fields that the client sent along,
    ``companions`` what came to be served beside it: suffix -> bytes."""

    distribution: Distribution
    staged: Path
    size: int
    sha256: str
    actor: str
    form: Json = field(default_factory=dict)
    companions: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Admitted:
    """The listed file, and whether this upload made it, in place of another or not, or the same bytes were there
    already."""

    project: NormalizedName
    file: File
    result: Literal["new", "same", "replaced"]


def new_document(name: NormalizedName, display_name: str) -> Json:
    return {"name": name, "display_name": display_name, "files": [], "deleted": []}


def project_from(document: Json) -> Project:
    files = tuple(File(**entry) for entry in document["files"])
    standing = Standing.of(document)
    quarantined = standing.status == "quarantined"
    return Project(
        NormalizedName(document["name"]),
        document["display_name"],
        () if quarantined else files,
        status=standing.status,
        status_reason=standing.status_reason,
        tracks=standing.tracks,
        alternate_locations=standing.alternate_locations,
        withheld=files if quarantined else (),
    )


def project_list_from(document: Json) -> ProjectList:
    return ProjectList(dict(sorted(document["names"].items())))


def file_of(upload: Upload) -> File:
    found = upload.distribution
    return File(
        filename=found.filename,
        version=found.version,
        key=secrets.token_hex(8),
        size=upload.size,
        sha256=upload.sha256,
        upload_time=now(),
        requires_python=found.requires_python,
        **{
            COMPANIONS[suffix]: hashlib.sha256(data).hexdigest()
            for suffix, data in companions_of(upload).items()
        },
    )


def companions_of(upload: Upload) -> dict[str, bytes]:
    """Everything that is stored and served beside the file: suffix -> bytes."""
    found = upload.distribution
    return {**({METADATA_SUFFIX: found.metadata} if found.serve_metadata else {}), **upload.companions}


def upload_record(file: File, upload: Upload) -> Json:
    found = upload.distribution
    return {
        "schema": 1,
        "project": found.name,
        "display_name": found.display_name,
        "file": entry_of(file),
        "kind": found.kind,
        "python_tag": found.python_tag,
        "metadata": found.fields,
        "form": upload.form,
        "actor": upload.actor,
    }


def tombstone(file: File) -> Json:
    return {"filename": file.filename, "sha256": file.sha256, "key": file.key, "time": now()}


def entry_of(file: File) -> Json:
    """A file as project documents, upload records and events hold it; what is not set is left out."""
    return {name: value for name in _OF_A_FILE if (value := getattr(file, name)) is not None}


_OF_A_FILE = [each.name for each in fields(File)]
