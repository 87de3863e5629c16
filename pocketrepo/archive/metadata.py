"""Core metadata: what METADATA or PKG-INFO says, and whether it may say so.

``pkginfo`` reads the fields that the file's own Metadata-Version knows, ``packaging`` judges them. What a
public index refuses only because it is public is fine here: unknown and ``Private ::`` classifiers, local
versions, direct URLs. Both libraries are imported on first use: they take longer than the rest together.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from packaging.version import Version

from pocketrepo.archive.limits import megabytes
from pocketrepo.archive.members import shown
from pocketrepo.errors import BadUpload

if TYPE_CHECKING:
    from packaging.metadata import RawMetadata

Fields = dict[str, str | list[str]]

_HEAD = re.compile(rb"(?:(?:[!-9;-~]+:|[ \t])[^\r\n]*+(?:\r\n?|\n|\Z))*+")
_FIELD_NAME = re.compile(rb"(?<![^\r\n])([!-9;-~]+):")
_METADATA_VERSION = re.compile(rb"(?<![^\r\n])metadata-version:[ \t]*([^\s]*)", re.IGNORECASE)
_NEWLINE = re.compile(rb"\r\n?|\n")

_HEAD_SIZE = 1024 * 1024
_HEAD_FIELDS = 10_000
_LONGEST = {
    "name": 200,
    "version": 200,
    "requires_python": 1_000,
    "license_expression": 1_000,
    "description_content_type": 200,
    "requires_dist": 256 * 1024,
}

_FORM_NAMES = {
    "platforms": "platform",
    "supported_platforms": "supported_platform",
    "provides_extras": "provides_extra",
    "license_file": "license_files",
}
_RAW_NAMES = {"platform": "platforms", "supported_platform": "supported_platforms"}
_ALWAYS_JUDGED = ("name", "version", "requires_python")
_FIELDS_AT_FAULT = {
    "license-file": "license_files",
    "import-name": "import_names",
    "import-namespace": "import_namespaces",
}
_RESOLUTION = frozenset(("requires-dist", "requires-python", "provides-extra"))


@dataclass(frozen=True, slots=True)
class CoreMetadata:
    """Judged core metadata. ``fields`` has all of it under the upload form's names, multiple-use fields as
    lists; ``requires_python`` and ``name`` are as they were spelled."""

    name: str
    version: Version
    metadata_version: str
    requires_python: str | None
    fields: Fields

    @property
    def is_static(self) -> bool:
        """Whether a wheel built from this will have the same dependencies (PEP 643)."""
        dynamic = {field.lower() for field in self.fields.get("dynamic", ())}
        return _ordered(self.metadata_version) >= (2, 2) and not dynamic & _RESOLUTION


def parse_metadata(data: bytes) -> CoreMetadata:
    """The core metadata in ``data``, the bytes of a METADATA or PKG-INFO.

    Any Metadata-Version will do that ``pkginfo`` knows. Old versions (1.0 to 2.0) are read as they are,
    except for what an index depends on: name, version and Requires-Python. Raises BadUpload, whose ``field``
    is the form's name of the field at fault, also for endless fields.
    """
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadUpload(f"the metadata is not UTF-8 at byte {error.start}", field="metadata") from None
    head, body = _split(data)
    metadata_version = _metadata_version(head)
    fields = _read_fields(head, metadata_version)
    if body:
        _add_description(fields, body, metadata_version)
    _check_lengths(fields)
    name, version = _judge(fields, metadata_version)
    requires_python = fields.get("requires_python")
    assert not isinstance(requires_python, list)
    return CoreMetadata(name, version, metadata_version, requires_python, fields)


def _split(data: bytes) -> tuple[bytes, bytes]:
    """The fields, and whatever follows them, as ``email.parser`` would draw the line.

    That parser gets the fields alone: MIME means nothing here, and a description need not be held in lines.
    """
    head = cast(re.Match[bytes], _HEAD.match(data)).group()
    if len(head) > _HEAD_SIZE or len(_FIELD_NAME.findall(head)) > _HEAD_FIELDS:
        raise BadUpload(
            f"the metadata has more than {megabytes(_HEAD_SIZE)} or {_HEAD_FIELDS} lines of fields"
        )
    return head, data[len(head) :]


def _add_description(fields: Fields, body: bytes, metadata_version: str) -> None:
    newline = _NEWLINE.match(body)
    if not _is_old(metadata_version):
        if newline is None:
            line = body[:80].splitlines()[0].decode("utf-8", "ignore")
            raise BadUpload(f"{shown(line)} in the metadata is not a field", field="metadata")
        if "description" in fields:
            raise BadUpload("the metadata has two descriptions", field="description")
    description = body[newline.end() if newline else 0 :].decode("utf-8")
    if description:
        fields["description"] = description


def _check_lengths(fields: Fields) -> None:
    for field, longest in _LONGEST.items():
        value = fields.get(field, "")
        if sum(map(len, value)) > longest:
            raise BadUpload(f"the metadata's {field} is longer than {longest} characters", field=field)


def _metadata_version(head: bytes) -> str:
    from pkginfo.distribution import HEADER_ATTRS

    found = _METADATA_VERSION.search(head)
    if found is None:
        raise BadUpload("the metadata has no Metadata-Version", field="metadata_version")
    version = found[1].decode()
    if version not in HEADER_ATTRS:
        raise BadUpload(
            f"Metadata-Version {shown(version)} is not known here",
            field="metadata_version",
            hint=f"the newest is {list(HEADER_ATTRS)[-1]}",
        )
    return version


def _read_fields(head: bytes, metadata_version: str) -> Fields:
    """Every field that has a value, under its name in the upload form."""
    import pkginfo
    from pkginfo.distribution import HEADER_ATTRS, MAX_METADATA_VERSION_STR

    times = Counter(name.decode().lower() for name in _FIELD_NAME.findall(head))
    for header, attribute, multiple in HEADER_ATTRS[MAX_METADATA_VERSION_STR]:
        if times[header.lower()] > 1 and not multiple:
            raise BadUpload(f"the metadata has more than one {header}", field=attribute)
    info = pkginfo.Distribution()
    info.metadata_version = metadata_version
    info.parse(head)
    values = {attribute: getattr(info, attribute) for attribute in info}
    return {
        _FORM_NAMES.get(attribute, attribute): value if isinstance(value, str) else list(value)
        for attribute, value in values.items()
        if value
    }


def _judge(fields: Fields, metadata_version: str) -> tuple[str, Version]:
    """The name and the version, after ``packaging`` found nothing wrong with any field."""
    from packaging.metadata import Metadata

    try:
        metadata = Metadata.from_raw(_raw(fields, metadata_version))
        return metadata.name, metadata.version
    except ExceptionGroup as group:
        field, message = min((getattr(error, "field", ""), str(error)) for error in group.exceptions)
    except (ValueError, RecursionError):
        field, message = "metadata", "a field is too long or too deeply nested to be understood"
    raise BadUpload(
        f"the metadata is invalid: {_one_line(message)}",
        field=_FIELDS_AT_FAULT.get(field, field.replace("-", "_")),
    )


def _raw(fields: Fields, metadata_version: str) -> RawMetadata:
    """``fields`` as ``packaging`` takes them; of an old version only those that are always judged."""
    raw: dict[str, object] = {_RAW_NAMES.get(name, name): value for name, value in fields.items()}
    if _is_old(metadata_version):
        raw = {name: raw[name] for name in _ALWAYS_JUDGED if name in raw} | {"metadata_version": "2.1"}
    if "keywords" in raw:
        raw["keywords"] = str(raw["keywords"]).split(",")
    if "project_urls" in fields:
        pairs = (pair.partition(",") for pair in fields["project_urls"])
        raw["project_urls"] = {label.strip(): url.strip() for label, _, url in pairs}
    return cast("RawMetadata", raw)


def _is_old(metadata_version: str) -> bool:
    return _ordered(metadata_version) < (2, 1)


def _ordered(metadata_version: str) -> tuple[int, ...]:
    return tuple(map(int, metadata_version.split(".")))


def _one_line(text: str) -> str:
    """``text`` without line breaks and, if it is long, without its middle."""
    text = " ".join(text.split())
    return text if len(text) <= 200 else f"{text[:120]}...{text[-60:]}"
