"""What inspect says about wheels and sdists, and that everything in them has to agree."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pocketrepo.archive import Distribution, Limits, inspect
from pocketrepo.errors import BadUpload
from tests.distributions import (
    core_metadata,
    make_sdist,
    make_wheel,
    record,
    sdist_members,
    tar_bytes,
    wheel_members,
    zip_bytes,
)

WHEEL = "hello_pocket-1.0-py3-none-any.whl"
SDIST = "hello_pocket-1.0.tar.gz"
DIST_INFO = "hello_pocket-1.0.dist-info"
MODULE = "hello_pocket/__init__.py"


def inspect_wheel(
    tmp_path: Path, members: Mapping[str, bytes], filename: str = WHEEL, **kwargs: Any
) -> Distribution:
    path = tmp_path / "staged"
    path.write_bytes(zip_bytes(members))
    return inspect(path, filename, **kwargs)


def recorded(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """``members`` with a RECORD that is right again."""
    rest = {name: content for name, content in members.items() if name != f"{DIST_INFO}/RECORD"}
    return {**rest, f"{DIST_INFO}/RECORD": record(rest, f"{DIST_INFO}/RECORD")}


def test_a_wheel(tmp_path: Path) -> None:
    path = make_wheel(
        tmp_path, "Hello.Pocket", "1.0", tag="cp311-cp311-linux_x86_64", build="3", requires=["flask"]
    )
    assert path.name == "hello_pocket-1.0-3-cp311-cp311-linux_x86_64.whl"
    dist = inspect(path)
    assert dist == Distribution(
        filename=path.name,
        name=dist.name,
        display_name="Hello.Pocket",
        version="1.0",
        kind="bdist_wheel",
        python_tag="cp311",
        requires_python=">=3.8",
        metadata=core_metadata("Hello.Pocket", "1.0", requires=["flask"]),
        metadata_version="2.4",
        serve_metadata=True,
        fields={
            "metadata_version": "2.4",
            "name": "Hello.Pocket",
            "version": "1.0",
            "summary": "A greeting that fits in a pocket",
            "requires_python": ">=3.8",
            "requires_dist": ["flask"],
        },
    )
    assert dist.name == "hello-pocket"


@pytest.mark.parametrize("format", ["tar.gz", "zip"])
def test_an_sdist(tmp_path: Path, format: str) -> None:
    dist = inspect(make_sdist(tmp_path, "Hello.Pocket", "1.0", format=format, requires_python=None))
    assert (dist.name, dist.version, dist.kind, dist.python_tag) == ("hello-pocket", "1.0", "sdist", "source")
    assert dist.metadata == core_metadata("Hello.Pocket", "1.0", requires_python=None)
    assert dist.requires_python is None
    assert dist.serve_metadata


def test_an_sdists_metadata_is_served_only_if_no_build_changes_it(tmp_path: Path) -> None:
    assert not inspect(make_sdist(tmp_path, metadata_version="2.1")).serve_metadata
    assert not inspect(make_sdist(tmp_path, headers={"Dynamic": "Requires-Dist"})).serve_metadata
    assert inspect(make_wheel(tmp_path, metadata_version="2.1")).serve_metadata


def test_the_version_is_normalized_and_may_be_spelled_in_several_ways(tmp_path: Path) -> None:
    members = wheel_members(version="1.0.0", metadata=core_metadata(version="v1.0-RC1"))
    renamed = {name.replace("-1.0.0.", "-1.0RC1."): content for name, content in members.items()}
    path = f"{DIST_INFO.replace('1.0', '1.0RC1')}/RECORD"
    rest = {name: content for name, content in renamed.items() if name != path}
    dist = inspect_wheel(
        tmp_path, {**rest, path: record(rest, path)}, "hello_pocket-1.0.0rc1-py3-none-any.whl"
    )
    assert dist.version == "1.0rc1"


def test_old_sdists_with_other_spellings_are_accepted(tmp_path: Path) -> None:
    for folder, filename in [
        ("Hello.Pocket-1.0", "Hello.Pocket-1.0.tar.gz"),
        ("hello-pocket-1.0", "hello-pocket-1.0.tar.gz"),
        ("hello_pocket-1.0", "Hello-Pocket-1.0.tar.gz"),
        ("Hello-Pocket-1.0.0", "hello.pocket-1.0.tar.gz"),
    ]:
        path = tmp_path / filename
        path.write_bytes(tar_bytes({f"{folder}/PKG-INFO": core_metadata("Hello_Pocket")}))
        assert inspect(path).name == "hello-pocket"


def test_an_old_sdist_with_a_dash_in_its_version_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "pytz-2004b-2.tar.gz"
    path.write_bytes(
        tar_bytes({"pytz-2004b-2/PKG-INFO": core_metadata("pytz", "2004b-2", metadata_version="1.0")})
    )
    assert inspect(path).version == "2004b2"


def test_vendored_distributions_do_not_count(tmp_path: Path) -> None:
    vendored = {
        "hello_pocket/_vendor/tomli-2.0.dist-info/METADATA": core_metadata("tomli", "2.0"),
        f"hello_pocket/{DIST_INFO}/METADATA": core_metadata("other", "1.0"),
        MODULE: b"",
    }
    assert inspect_wheel(tmp_path, wheel_members(files=vendored)).name == "hello-pocket"
    sdist = tmp_path / SDIST
    sdist.write_bytes(
        tar_bytes(sdist_members(files={"hello_pocket.egg-info/PKG-INFO": core_metadata("other", "2")}))
    )
    assert inspect(sdist).name == "hello-pocket"


@pytest.mark.parametrize(
    ("filename", "field", "reason"),
    [
        ("world-1.0-py3-none-any.whl", "content", "does not match its filename"),
        ("hello_pocket-2.0-py3-none-any.whl", "content", "does not match its filename"),
        ("hello_pocket-1.0.zip", "content", "one folder at its top level"),
        ("hello_pocket-1.0.tar.gz", "content", "not a gzip file"),
        ("hello_pocket-1.0.exe", "filename", "neither a wheel nor an sdist"),
    ],
)
def test_a_wheel_under_another_name_is_refused(
    tmp_path: Path, filename: str, field: str, reason: str
) -> None:
    with pytest.raises(BadUpload, match=reason) as refusal:
        inspect_wheel(tmp_path, wheel_members(), filename)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("metadata", "field", "reason"),
    [
        (core_metadata("world"), "name", "metadata of another project, world"),
        (core_metadata(version="2.0"), "version", "metadata of another version, 2.0"),
        (core_metadata(version="1.0+local"), "version", "metadata of another version"),
        (core_metadata(description="x" * (5 << 20)), "content", "METADATA' is larger than 5 MiB"),
        (core_metadata(description="é").decode().encode("latin-1"), "metadata", "not UTF-8"),
        (core_metadata(headers={"License-Expression": "Mine"}), "license_expression", "'Mine' is invalid"),
    ],
)
def test_a_wheel_with_wrong_metadata_is_refused(
    tmp_path: Path, metadata: bytes, field: str, reason: str
) -> None:
    with pytest.raises(BadUpload, match=reason) as refusal:
        inspect_wheel(tmp_path, wheel_members(metadata=metadata))
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("filename", "folder", "metadata", "field", "reason"),
    [
        ("world-1.0.tar.gz", "world-1.0", core_metadata(), "name", "not named after its project"),
        (
            "hello_pocket-2.0.tar.gz",
            "hello_pocket-2.0",
            core_metadata(),
            "version",
            "of another version, 1.0",
        ),
        (SDIST, "hello_pocket-2.0", core_metadata(), "content", "does not match its filename"),
        (SDIST, "world-1.0", core_metadata(), "content", "does not match its filename"),
        (SDIST, "hello_pocket", core_metadata(), "content", "does not match its filename"),
    ],
)
def test_an_sdist_that_disagrees_with_itself_is_refused(
    tmp_path: Path, filename: str, folder: str, metadata: bytes, field: str, reason: str
) -> None:
    path = tmp_path / filename
    path.write_bytes(tar_bytes({f"{folder}/PKG-INFO": metadata}))
    with pytest.raises(BadUpload, match=reason) as refusal:
        inspect(path)
    assert refusal.value.field == field


@pytest.mark.parametrize("missing", ["METADATA", "WHEEL", "RECORD"])
def test_a_wheel_without_its_dist_info_files_is_refused(tmp_path: Path, missing: str) -> None:
    members = wheel_members()
    del members[f"{DIST_INFO}/{missing}"]
    members = members if missing == "RECORD" else recorded(members)
    with pytest.raises(BadUpload, match=f"has no '{DIST_INFO}/{missing}'"):
        inspect_wheel(tmp_path, members)


@pytest.mark.parametrize(
    "other",
    [
        "Hello_Pocket-1.0.dist-info",
        "hello_pocket-1.0.0.dist-info",
        "a-1.dist-info",
        "hello_pocket-1.0.DIST-INFO",
    ],
)
def test_a_wheel_with_two_dist_infos_is_refused(tmp_path: Path, other: str) -> None:
    with pytest.raises(BadUpload, match=r"exactly one \.dist-info folder at its top level, this one has 2"):
        inspect_wheel(tmp_path, recorded({**wheel_members(), f"{other}/METADATA": core_metadata()}))


@pytest.mark.parametrize("name", ["METADATA", "WHEEL", "RECORD"])
def test_a_wheel_with_a_second_spelling_of_a_dist_info_file_is_refused(tmp_path: Path, name: str) -> None:
    members = recorded({**wheel_members(), f"{DIST_INFO}/{name.title()}": core_metadata()})
    with pytest.raises(BadUpload, match=f"{name}' is in the wheel twice, in upper and lower case"):
        inspect_wheel(tmp_path, members)


@pytest.mark.parametrize("scheme", ["purelib", "platlib"])
def test_a_wheel_that_would_unpack_a_second_dist_info_is_refused(tmp_path: Path, scheme: str) -> None:
    members = {
        **wheel_members(),
        f"hello_pocket-1.0.data/{scheme}/{DIST_INFO}/METADATA": core_metadata("other"),
    }
    with pytest.raises(BadUpload, match=r"would be installed as a second \.dist-info folder"):
        inspect_wheel(tmp_path, recorded(members))
    kept = {**wheel_members(), f"hello_pocket-1.0.data/data/share/{DIST_INFO}/METADATA": b""}
    assert inspect_wheel(tmp_path, recorded(kept)).name == "hello-pocket"


def with_record(change: Any) -> dict[str, bytes]:
    """A wheel whose RECORD went through ``change``."""
    members = wheel_members()
    return {**members, f"{DIST_INFO}/RECORD": change(members[f"{DIST_INFO}/RECORD"])}


def line_of(data: bytes, path: str) -> bytes:
    return next(line for line in data.splitlines(keepends=True) if line.startswith(path.encode()))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: b"", "is in the wheel, but not in its RECORD"),
        (lambda data: data.replace(line_of(data, MODULE), b""), f"'{MODULE}' is in the wheel, but not"),
        (lambda data: data.replace(line_of(data, f"{DIST_INFO}/METADATA"), b""), "METADATA' is in the wheel"),
        (lambda data: data + b"hello_pocket/gone.py,,\n", "lists 'hello_pocket/gone.py', which is not"),
        (lambda data: data + b"../../evil.py,,\n", "which is not in the wheel"),
        (lambda data: data + line_of(data, MODULE), "twice"),
        (lambda data: data.replace(b",20\n", b",21\n"), "a size of '21', it has 20 bytes"),
        (lambda data: data.replace(b"sha256=", b"sha256=A", 1), "does not have the hash"),
        (lambda data: data.replace(b"sha256=", b"md5=", 1), "hash of an unknown kind"),
        (lambda data: data.replace(b",20\n", b"\n"), "not a list of path, hash and size"),
        (lambda data: data + b"\xff,,\n", "not a list of path, hash and size"),
        (lambda data: data + b'"' + b"x" * 200_000, "not a list of path, hash and size"),
    ],
)
def test_a_wheel_whose_record_is_wrong_is_refused(tmp_path: Path, change: Any, reason: str) -> None:
    with pytest.raises(BadUpload, match=reason):
        inspect_wheel(tmp_path, with_record(change))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda data: data.replace(b"\n", b"\r\n") + b"\r\n", id="CRLF and an empty line"),
        pytest.param(
            lambda data: data.replace(line_of(data, f"{DIST_INFO}/RECORD"), b""), id="RECORD not in itself"
        ),
        pytest.param(
            lambda data: data.replace(line_of(data, MODULE), f'"{MODULE}",,\n'.encode()),
            id="no hash, no size",
        ),
        pytest.param(lambda data: data + f"{DIST_INFO}/RECORD.jws,,\n".encode(), id="a signature's name"),
    ],
)
def test_a_record_that_says_less_is_accepted(tmp_path: Path, change: Any) -> None:
    assert inspect_wheel(tmp_path, with_record(change)).name == "hello-pocket"


def test_record_does_not_list_its_signatures(tmp_path: Path) -> None:
    signed = {**wheel_members(), f"{DIST_INFO}/RECORD.jws": b"{}", f"{DIST_INFO}/RECORD.p7s": b""}
    assert inspect_wheel(tmp_path, signed).name == "hello-pocket"


def test_of_a_large_wheel_only_metadata_is_hashed(tmp_path: Path) -> None:
    changed = {**wheel_members(), MODULE: b'__version__ = "6.6"\n'}
    with pytest.raises(BadUpload, match=f"'{MODULE}' does not have the hash"):
        inspect_wheel(tmp_path, changed)
    limits = Limits(verified_size=100)
    assert inspect_wheel(tmp_path, changed, limits=limits).name == "hello-pocket"
    changed[f"{DIST_INFO}/METADATA"] = core_metadata(summary="A greeting that fits in a socket")
    with pytest.raises(BadUpload, match="METADATA' does not have the hash"):
        inspect_wheel(tmp_path, changed, limits=limits)


def test_a_file_that_is_not_there_is_the_callers_matter(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        inspect(tmp_path / WHEEL)


def test_importing_the_archive_module_loads_no_parser_of_metadata() -> None:
    code = "import sys, pocketrepo.archive; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"pkginfo", "packaging.metadata", "email.parser", "zipfile", "tarfile"} & set(loaded)
