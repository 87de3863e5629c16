from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pkginfo
import pytest

from pocketrepo.archive import inspect
from pocketrepo.archive.metadata import parse_metadata
from pocketrepo.errors import BadUpload
from tests.distributions import core_metadata, make_wheel

EVERY_FIELD: dict[str, str | Iterable[str] | None] = {
    "Metadata-Version": "2.5",
    "Platform": ["any"],
    "Supported-Platform": ["plan9"],
    "Keywords": "greeting,pocket",
    "Home-page": "https://example.org",
    "Download-URL": "https://example.org/download",
    "Author": "Ada",
    "Author-email": "ada@example.org",
    "Maintainer": "Grace",
    "Maintainer-email": "grace@example.org",
    "License-Expression": "MIT OR Apache-2.0",
    "License-File": ["LICENSE", "licenses/NOTICE"],
    "Classifier": ["Private :: Do Not Upload", "Made Up :: Entirely"],
    "Requires-Dist": ["flask>=3; extra == 'web'", "local @ https://example.org/local.zip"],
    "Requires-External": ["C"],
    "Project-URL": ["Docs, https://example.org/docs"],
    "Provides-Extra": ["web"],
    "Provides-Dist": ["greeting"],
    "Obsoletes-Dist": ["hello"],
    "Description-Content-Type": "text/markdown; variant=GFM",
    "Dynamic": ["Summary"],
    "Import-Name": ["hello_pocket"],
    "Import-Namespace": ["hello"],
}


def test_every_field_comes_out_under_the_upload_forms_name() -> None:
    data = core_metadata("Hello.Pocket", "1.0+local", headers=EVERY_FIELD, description="# Hi\n")
    metadata = parse_metadata(data)
    assert metadata.fields == {
        "metadata_version": "2.5",
        "name": "Hello.Pocket",
        "version": "1.0+local",
        "summary": "A greeting that fits in a pocket",
        "description": "# Hi\n",
        "platform": ["any"],
        "supported_platform": ["plan9"],
        "keywords": "greeting,pocket",
        "home_page": "https://example.org",
        "download_url": "https://example.org/download",
        "author": "Ada",
        "author_email": "ada@example.org",
        "maintainer": "Grace",
        "maintainer_email": "grace@example.org",
        "license_expression": "MIT OR Apache-2.0",
        "license_files": ["LICENSE", "licenses/NOTICE"],
        "classifiers": ["Private :: Do Not Upload", "Made Up :: Entirely"],
        "requires_dist": ["flask>=3; extra == 'web'", "local @ https://example.org/local.zip"],
        "requires_python": ">=3.8",
        "requires_external": ["C"],
        "project_urls": ["Docs, https://example.org/docs"],
        "provides_extra": ["web"],
        "provides_dist": ["greeting"],
        "obsoletes_dist": ["hello"],
        "description_content_type": "text/markdown; variant=GFM",
        "dynamic": ["Summary"],
        "import_names": ["hello_pocket"],
        "import_namespaces": ["hello"],
    }


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_fields_and_description_are_those_that_pkginfo_reads_from_the_whole_file(newline: str) -> None:
    text = core_metadata(description="one\n\ntwo: three\n four\n", headers={"Author": "Ada\n  Lovelace"})
    data = text.replace(b"\n", newline.encode())
    whole = pkginfo.Distribution()
    whole.parse(data)
    fields = parse_metadata(data).fields
    assert fields["description"] == whole.description
    assert fields["author"] == whole.author
    assert fields["summary"] == whole.summary


def test_mime_means_nothing_in_metadata() -> None:
    data = core_metadata(
        headers={"Content-Type": "multipart/mixed; boundary=x"}, description="--x\n\nhello\n--x--\n"
    )
    assert parse_metadata(data).fields["description"] == "--x\n\nhello\n--x--\n"


@pytest.mark.parametrize(
    ("headers", "field", "reason"),
    [
        ({"Metadata-Version": None}, "metadata_version", "no Metadata-Version"),
        ({"Metadata-Version": "9.9"}, "metadata_version", "'9.9' is not known"),
        ({"Metadata-Version": "banana"}, "metadata_version", "'banana' is not known"),
        ({"Metadata-Version": ["2.1", "2.1"]}, "metadata_version", "more than one Metadata-Version"),
        ({"Name": None}, "name", "required field"),
        ({"Name": "UNKNOWN"}, "name", "required field"),
        ({"Name": "-hello"}, "name", "'-hello' is invalid"),
        ({"Name": "<b>hello</b>"}, "name", "is invalid"),
        ({"Name": ["hello", "world"]}, "name", "more than one Name"),
        ({"Name": "a" * 201}, "name", "longer than 200"),
        ({"Summary": "x\rName: world"}, "name", "more than one Name"),
        ({"Version": None}, "version", "required field"),
        ({"Version": "one"}, "version", "'one' is invalid"),
        ({"Version": ["1.0", "1.0"]}, "version", "more than one Version"),
        ({"Requires-Python": "3.8 or so"}, "requires_python", "'3.8 or so' is invalid"),
        ({"Requires-Python": ">=3.8.*"}, "requires_python", "is invalid"),
        ({"Requires-Python": [">=3.8", ">=3.9"]}, "requires_python", "more than one Requires-Python"),
        ({"Requires-Dist": ["flask >= three"]}, "requires_dist", "is invalid"),
        ({"Requires-Dist": ["a; " + "(" * 100_000]}, "requires_dist|metadata", "invalid"),
        ({"Requires-Dist": ["a" * 300_000]}, "requires_dist", "longer than 262144"),
        ({"License-Expression": "My Own"}, "license_expression", "'My Own' is invalid"),
        ({"License-Expression": "(" * 900}, "license_expression", "is invalid"),
        ({"License-File": ["../LICENSE"]}, "license_files", "parent directory"),
        ({"Description-Content-Type": "text/html"}, "description_content_type", "text/html"),
        ({"Provides-Extra": ["-"]}, "provides_extra", "is invalid"),
        ({"Dynamic": ["Version"]}, "dynamic", "not allowed as a dynamic field"),
        ({"Description": "in a field"}, "description", "two descriptions"),
        ({"Summary": "x\nand this is no field"}, "metadata", "'and this is no field' in the metadata"),
    ],
)
def test_invalid_metadata_is_refused_by_the_name_of_its_field(
    headers: dict[str, str | list[str] | None], field: str, reason: str
) -> None:
    with pytest.raises(BadUpload, match=reason) as refusal:
        parse_metadata(core_metadata(headers=headers, description="described"))
    assert refusal.value.field in field.split("|")
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbfMetadata-Version: 2.1\nName: a\nVersion: 1\n"])
def test_metadata_without_fields_is_refused(data: bytes) -> None:
    with pytest.raises(BadUpload, match="no Metadata-Version"):
        parse_metadata(data)


def test_metadata_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(BadUpload, match="not UTF-8 at byte"):
        parse_metadata(core_metadata(description="é").decode().encode("latin-1"))


@pytest.mark.parametrize("head", [b"x:\n" * 10_001, b"Summary: x\n" + b" y\n" * 400_000])
def test_endless_fields_are_too_large(head: bytes) -> None:
    with pytest.raises(BadUpload, match="of fields"):
        parse_metadata(b"Metadata-Version: 2.1\n" + head)


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "2.0"])
def test_old_metadata_may_have_what_was_valid_then(version: str) -> None:
    data = core_metadata(
        metadata_version=version,
        requires_python=None,
        headers={
            "Requires-Dist": "pytz (>dev)",
            "Description": "in a field",
            "License-Expression": "not known then",
            "Summary": "x\nand this is no field",
        },
    )
    metadata = parse_metadata(data)
    assert (metadata.name, metadata.metadata_version) == ("hello-pocket", version)
    assert "license_expression" not in metadata.fields


def test_old_metadata_still_needs_a_version_and_python_that_mean_something() -> None:
    for headers in ({"Version": "one"}, {"Requires-Python": "three"}):
        with pytest.raises(BadUpload, match="is invalid"):
            parse_metadata(core_metadata(metadata_version="1.2", headers=headers))


@pytest.mark.parametrize(
    ("version", "dynamic", "static"),
    [
        ("2.1", [], False),
        ("2.2", [], True),
        ("2.4", ["Summary", "License-File"], True),
        ("2.4", ["Requires-Dist"], False),
        ("2.4", ["requires-python"], False),
        ("2.4", ["Provides-Extra"], False),
    ],
)
def test_metadata_is_static_from_2_2_on_unless_dependencies_are_dynamic(
    version: str, dynamic: list[str], static: bool
) -> None:
    headers = {"Dynamic": dynamic} if dynamic else {}
    assert parse_metadata(core_metadata(metadata_version=version, headers=headers)).is_static is static


def test_metadata_is_kept_byte_for_byte(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, description="one\r\ntwo\r\n\N{SNOWMAN}")
    assert inspect(path).metadata.endswith(b"one\r\ntwo\r\n\xe2\x98\x83")
