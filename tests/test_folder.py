"""A folder of distributions, offered as it lies there."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from packaging.utils import NormalizedName

from pocketrepo.errors import NoSuchFile, NoSuchProject, UsageError
from pocketrepo.folder import Folder, open_folders
from pocketrepo.index import Layered
from pocketrepo.repository import Root
from pocketrepo.snapshot import Memo
from tests.distributions import make_sdist, make_wheel
from tests.uploads import admit

HELLO = NormalizedName("hello-pocket")


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    folder.mkdir()
    return folder


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def index(dist: Path, told: list[str]) -> Folder:
    return Folder(dist, report=told.append)


def age(path: Path, seconds: float = 60) -> Path:
    """Make a file look as if it had been complete for a while."""
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def versions(index: Folder) -> tuple[str, ...]:
    return index.project(HELLO).value.versions


def test_what_lies_there_is_offered_at_once(index: Folder, dist: Path) -> None:
    wheel, sdist = make_wheel(dist), make_sdist(dist)
    (dist / "notes.txt").write_text("not a distribution")
    project = index.project(HELLO).value
    assert sorted(file.filename for file in project.files) == sorted([wheel.name, sdist.name])
    assert index.projects().value.names == {"hello-pocket": "hello-pocket"}
    for file in project.files:
        assert Path(index.file(HELLO, file.key, file.filename).path).stat().st_size == file.size
    with pytest.raises(NoSuchProject):
        index.project(NormalizedName("other"))


def test_metadata_is_offered_from_memory(index: Folder, dist: Path) -> None:
    make_wheel(dist)
    [file] = index.project(HELLO).value.files
    blob = index.file(HELLO, file.key, f"{file.filename}.metadata")
    assert blob.data is not None
    assert blob.data.startswith(b"Metadata-Version")
    assert blob.size == len(blob.data)


def test_files_that_come_and_go_are_seen(index: Folder, dist: Path) -> None:
    first = make_wheel(dist, version="1.0")
    assert versions(index) == ("1.0",)
    make_wheel(dist, version="2.0")
    assert versions(index) == ("1.0", "2.0")
    first.unlink()
    assert versions(index) == ("2.0",)


def test_a_file_that_was_replaced_is_hashed_again_before_it_is_listed(index: Folder, dist: Path) -> None:
    wheel = age(make_wheel(dist))
    [before] = index.project(HELLO).value.files
    wheel.write_bytes(make_wheel(dist.parent, files={"hello_pocket/__init__.py": "# new\n"}).read_bytes())
    with pytest.raises(NoSuchFile):
        index.file(HELLO, before.key, before.filename)
    [after] = index.project(HELLO).value.files
    assert after.sha256 != before.sha256
    assert Path(index.file(HELLO, after.key, after.filename).path).read_bytes() == wheel.read_bytes()


def test_a_file_that_is_still_being_copied_appears_when_it_is_whole(
    index: Folder, dist: Path, told: list[str]
) -> None:
    whole = make_wheel(dist.parent).read_bytes()
    growing = dist / "hello_pocket-1.0-py3-none-any.whl"
    growing.write_bytes(whole[:200])
    with pytest.raises(NoSuchProject):
        index.project(HELLO)
    with growing.open("ab") as file:
        file.write(whole[200:])
    assert versions(index) == ("1.0",)
    assert told == []


def test_a_broken_file_is_reported_once_and_left_out(index: Folder, dist: Path, told: list[str]) -> None:
    make_wheel(dist, version="1.0")
    age(dist / "hello_pocket-1.0-py3-none-any.whl")
    broken = dist / "hello_pocket-2.0-py3-none-any.whl"
    broken.write_bytes(b"not a zip")
    age(broken)
    for _ in range(3):
        assert versions(index) == ("1.0",)
        (dist / "touch").touch()
        (dist / "touch").unlink()
    [line] = told
    assert str(broken) in line
    assert "\n" not in line


def test_a_settled_folder_costs_one_stat_a_question(
    index: Folder, dist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        age(make_wheel(dist, version=f"1.{number}"))
    index.project(HELLO)
    looked: list[Path] = []
    original = Path.stat

    def counted(path: Path, **options: bool) -> os.stat_result:
        looked.append(path)
        return original(path, **options)

    monkeypatch.setattr(Path, "stat", counted)
    index.project(HELLO)
    assert looked == [dist]
    assert index.resident(HELLO) is not None
    assert index.resident_projects() is not None


def test_a_change_makes_the_answer_wait_for_a_new_look(index: Folder, dist: Path) -> None:
    age(make_wheel(dist, version="1.0"))
    index.project(HELLO)
    age(make_wheel(dist, version="2.0"))
    assert index.resident(HELLO) is None
    assert versions(index) == ("1.0", "2.0")
    assert index.resident(HELLO) is not None


def test_a_folder_that_vanishes_offers_nothing_and_is_reported(
    index: Folder, dist: Path, told: list[str]
) -> None:
    make_wheel(dist).unlink()
    dist.rmdir()
    assert index.projects().value.names == {}
    assert len(told) == 1


def test_single_files_are_offered_alone(dist: Path) -> None:
    wheel = make_wheel(dist, version="1.0")
    make_wheel(dist, version="2.0")
    [index] = open_folders([wheel])
    assert index.project(HELLO).value.versions == ("1.0",)


def test_what_is_neither_folder_nor_distribution_is_refused(dist: Path) -> None:
    with pytest.raises(UsageError, match="neither a folder nor a wheel or sdist"):
        open_folders([dist / "missing.whl"])


def test_hosted_files_win_over_the_folder_and_the_rest_is_joined(
    root: Root, index: Folder, dist: Path, tmp_path: Path
) -> None:
    make_wheel(dist, version="1.0")
    make_wheel(dist, version="2.0")
    make_wheel(dist, "only-here", "1.0")
    mine = make_wheel(tmp_path, version="1.0", files={"hello_pocket/__init__.py": "# mine\n"})
    admit(root, mine)
    root.offer([index])
    joined = root.repository(root.default).index
    assert isinstance(joined, Layered)
    project = joined.project(HELLO).value
    assert project.versions == ("1.0", "2.0")
    hosted_file = next(file for file in project.files if file.version == "1.0")
    path = joined.file(HELLO, hosted_file.key, hosted_file.filename).path
    assert Path(path).read_bytes() == mine.read_bytes()
    assert list(joined.projects().value.names) == ["hello-pocket", "only-here"]
    assert joined.project(HELLO) is joined.project(HELLO)
    with pytest.raises(NoSuchProject):
        joined.project(NormalizedName("nowhere"))


def test_a_layered_answer_is_new_when_one_layer_changes(root: Root, index: Folder, dist: Path) -> None:
    make_wheel(dist, version="1.0")
    root.offer([index])
    joined = root.repository(root.default).index
    page = joined.projects()
    make_wheel(dist, "another", "1.0")
    assert joined.projects().etag != page.etag
    assert "another" in joined.projects().value.names


def test_an_offered_folder_needs_no_upload_to_be_a_repository(root: Root, index: Folder, dist: Path) -> None:
    root.offer([index])
    assert root.repository(root.default).index.projects().value.names == {}
    assert Memo(1000).get("x") is None
    make_wheel(dist)
    assert list(root.repository(root.default).index.projects().value.names) == ["hello-pocket"]
