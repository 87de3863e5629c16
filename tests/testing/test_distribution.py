"""Distributions made without a build backend, and the backend that their sdists carry."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import zipfile
from email.parser import BytesParser
from pathlib import Path

import pytest

from pocketrepo.archive import inspect
from pocketrepo.testing.distribution import core_metadata, sdist_members, tar_bytes, wheel_members, zip_bytes

METADATA = core_metadata("My.App", "1.0", requires=["lib"], requires_python=">=3.9")
WHEEL = wheel_members(
    "My.App", "1.0", metadata=METADATA, files={"my_app.py": "x = 1\n"}, scripts={"app": "my_app:main"}
)


def test_the_same_arguments_make_the_same_bytes() -> None:
    sdist = sdist_members("My.App", "1.0", metadata=METADATA, wheel=WHEEL)
    assert zip_bytes(WHEEL) == zip_bytes(dict(WHEEL))
    assert tar_bytes(sdist) == tar_bytes(dict(sdist))


def test_a_wheel_holds_what_the_specification_asks_for() -> None:
    assert list(WHEEL) == [
        "my_app.py",
        "my_app-1.0.dist-info/METADATA",
        "my_app-1.0.dist-info/WHEEL",
        "my_app-1.0.dist-info/entry_points.txt",
        "my_app-1.0.dist-info/RECORD",
    ]
    assert WHEEL["my_app-1.0.dist-info/entry_points.txt"] == b"[console_scripts]\napp = my_app:main\n"


@pytest.mark.parametrize(("tag", "pure"), [("py3-none-any", "true"), ("cp311-cp311-linux_x86_64", "false")])
def test_a_wheel_for_a_platform_is_not_pure(tag: str, pure: str) -> None:
    members = wheel_members("lib", "1", metadata=METADATA, files={}, tag=tag)
    assert BytesParser().parsebytes(members["lib-1.dist-info/WHEEL"])["Root-Is-Purelib"] == pure


def test_an_sdist_builds_into_the_same_wheel_with_nothing_but_python(tmp_path: Path) -> None:
    data = tar_bytes(sdist_members("My.App", "1.0", metadata=METADATA, wheel=WHEEL))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(tmp_path, filter="data")
    code = "import sdist_backend as b; print(b.prepare_metadata_for_build_wheel('..'), b.build_wheel('..'))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=tmp_path / "my_app-1.0",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["my_app-1.0.dist-info", "my_app-1.0-py3-none-any.whl"]
    assert (tmp_path / "my_app-1.0.dist-info" / "METADATA").read_bytes() == METADATA
    built = tmp_path / "my_app-1.0-py3-none-any.whl"
    with zipfile.ZipFile(built) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == WHEEL
    assert inspect(built).display_name == "My.App"
