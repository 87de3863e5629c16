"""Files that were uploaded here: admitted once, immutable, and gone for good."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from packaging.utils import NormalizedName

from pocketrepo.errors import FileExists, NoSuchFile, NoSuchProject, Unavailable
from pocketrepo.repository import Root, open_root
from pocketrepo.settings import Settings
from tests.distributions import make_sdist, make_wheel
from tests.uploads import admit, assert_true, filenames, hosted, stage, stored

HELLO = NormalizedName("hello-pocket")


def changed(folder: Path, version: str = "1.0", *, tail: str = "") -> Path:
    """A wheel of the usual name with other contents."""
    folder.mkdir(exist_ok=True)
    return make_wheel(
        folder, version=version, files={"hello_pocket/__init__.py": f"# {tail or os.urandom(8).hex()}\n"}
    )


def names(root: Root) -> dict[NormalizedName, str]:
    return hosted(root).projects().value.names


def test_an_upload_is_listed_with_all_that_clients_need(root: Root, tmp_path: Path) -> None:
    admitted = admit(root, make_wheel(tmp_path, "Hello.Pocket", "1.0", requires_python=">=3.11"))
    assert admitted.result == "new"
    project = hosted(root).project(HELLO).value
    assert project.display_name == "Hello.Pocket"
    [file] = project.files
    assert (file.version, file.requires_python, file.yanked) == ("1.0", ">=3.11", None)
    assert file.metadata_sha256
    assert file.upload_time.endswith("Z")
    assert names(root) == {"hello-pocket": "Hello.Pocket"}
    assert assert_true(root) == 1


def test_spellings_of_one_name_are_one_project(root: Root, tmp_path: Path) -> None:
    admit(root, make_wheel(tmp_path, "hello-pocket", "1.0"))
    admit(root, make_wheel(tmp_path, "Hello_Pocket", "2.0"))
    assert hosted(root).project(HELLO).value.versions == ("1.0", "2.0")
    assert list(names(root)) == ["hello-pocket"]


def test_the_same_bytes_again_change_nothing(root: Root, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    first = admit(root, wheel)
    etag = hosted(root).project(HELLO).etag
    again = admit(root, wheel)
    assert again.result == "same"
    assert again.file == first.file
    assert hosted(root).project(HELLO).etag == etag
    assert list(root.store.staging.iterdir()) == []


def test_other_bytes_under_a_listed_name_are_refused(root: Root, tmp_path: Path) -> None:
    admit(root, make_wheel(tmp_path))
    before = stored(root)
    with pytest.raises(FileExists, match="already exists"):
        admit(root, changed(tmp_path / "other"))
    assert stored(root) == before


def test_a_deleted_name_stays_taken_but_for_its_own_bytes(root: Root, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    admit(root, wheel)
    hosted(root).delete(HELLO, version="1.0", actor="tests")
    with pytest.raises(FileExists, match="was deleted"):
        admit(root, changed(tmp_path / "other"))
    assert stored(root) == []
    assert admit(root, wheel).result == "new"
    assert filenames(root) == [wheel.name]


def test_deleting_the_last_file_unlists_the_project_and_removes_its_bytes(root: Root, tmp_path: Path) -> None:
    admit(root, make_wheel(tmp_path))
    admit(root, make_sdist(tmp_path))
    assert len(hosted(root).delete(HELLO, actor="tests")) == 2
    assert names(root) == {}
    assert stored(root) == []
    assert hosted(root).project(HELLO).value.files == ()


def test_one_file_of_a_version_can_be_deleted(root: Root, tmp_path: Path) -> None:
    wheel, sdist = make_wheel(tmp_path), make_sdist(tmp_path)
    admit(root, wheel)
    admit(root, sdist)
    hosted(root).delete(HELLO, filename=sdist.name, actor="tests")
    assert filenames(root) == [wheel.name]
    assert assert_true(root) == 1


def test_yank_marks_a_version_and_unyank_takes_it_back(root: Root, tmp_path: Path) -> None:
    for version in ("1.0", "2.0"):
        admit(root, make_wheel(tmp_path, version=version))
    hosted(root).yank(HELLO, version="2.0", reason="broken", actor="tests")
    project = hosted(root).project(HELLO).value
    assert [file.yanked for file in project.files] == [None, "broken"]
    assert project.latest is not None
    assert project.latest.version == "1.0"
    hosted(root).unyank(HELLO, version="2.0", actor="tests")
    assert [file.yanked for file in hosted(root).project(HELLO).value.files] == [None, None]


@pytest.mark.parametrize("verb", ["yank", "unyank", "delete"])
def test_what_is_not_there_cannot_be_changed(root: Root, tmp_path: Path, verb: str) -> None:
    act: Callable[..., object] = getattr(hosted(root), verb)
    with pytest.raises(NoSuchProject):
        act(HELLO, version="1.0", actor="tests")
    admit(root, make_wheel(tmp_path))
    with pytest.raises(NoSuchFile):
        act(HELLO, version="3.0", actor="tests")
    with pytest.raises(NoSuchFile):
        act(HELLO, filename="other.whl", actor="tests")
    assert [entry["event"] for entry in root.log.read(root.default)][-1] == "uploaded"


def test_a_file_is_served_only_while_it_is_listed(root: Root, tmp_path: Path) -> None:
    file = admit(root, make_wheel(tmp_path)).file
    index = hosted(root)
    index.file(HELLO, file.key, file.filename)
    for key, filename in [
        (file.key, "upload.json"),
        (file.key, f"{file.filename}.asc"),
        ("0" * 16, file.filename),
        (file.key, f"../{file.key}/{file.filename}"),
    ]:
        with pytest.raises(NoSuchFile):
            index.file(HELLO, key, filename)
    index.delete(HELLO, actor="tests")
    with pytest.raises(NoSuchFile):
        index.file(HELLO, file.key, file.filename)


def test_another_process_on_the_root_is_seen_at_once(root: Root, settings: Settings, tmp_path: Path) -> None:
    other = open_root(settings)
    admit(root, make_wheel(tmp_path, version="1.0"))
    assert filenames(other) == ["hello_pocket-1.0-py3-none-any.whl"]
    admit(other, make_wheel(tmp_path, version="2.0"))
    assert len(filenames(root)) == 2
    hosted(other).delete(HELLO, actor="tests")
    assert filenames(root) == []
    assert names(root) == {}


def test_parallel_uploads_to_a_new_project_lose_none(root: Root, tmp_path: Path) -> None:
    wheels = [make_wheel(tmp_path, version=f"1.{number}") for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda wheel: admit(root, wheel).result, wheels))
    assert results == ["new"] * 24
    assert sorted(filenames(root)) == sorted(wheel.name for wheel in wheels)
    assert assert_true(root) == 24


def test_of_parallel_uploads_of_one_file_one_is_new(root: Root, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        results = sorted(pool.map(lambda _: admit(root, wheel).result, range(8)))
    assert results == ["new"] + ["same"] * 7
    assert assert_true(root) == 1
    assert len(stored(root)) == 3


def test_of_parallel_uploads_with_other_bytes_one_wins(root: Root, tmp_path: Path) -> None:
    wheels = [changed(tmp_path / str(number), tail=str(number)) for number in range(8)]

    def try_one(wheel: Path) -> str:
        try:
            return admit(root, wheel).result
        except FileExists:
            return "refused"

    with ThreadPoolExecutor(8) as pool:
        results = sorted(pool.map(try_one, wheels))
    assert results == ["new"] + ["refused"] * 7
    assert assert_true(root) == 1
    assert len(stored(root)) == 3
    assert list(root.store.staging.iterdir()) == []


@pytest.mark.parametrize("verb", ["add_all", "update"])
def test_a_failed_upload_leaves_nothing_behind(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise Unavailable("the disk is full")

    upload = stage(root, make_wheel(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(type(root.store), verb, fail)
        with pytest.raises(Unavailable):
            hosted(root).admit(upload)
    assert stored(root) == []
    assert list(root.store.staging.iterdir()) == []
    assert admit(root, make_wheel(tmp_path)).result == "new"


def test_the_list_of_projects_survives_uploads_that_race_with_deletions(root: Root, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)

    def upload() -> None:
        for _ in range(15):
            admit(root, wheel)

    def delete() -> None:
        for _ in range(15):
            try:
                hosted(root).delete(HELLO, actor="tests")
            except NoSuchProject:
                continue

    threads = [threading.Thread(target=work) for work in (upload, delete, upload, delete)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    listed = bool(hosted(root).project(HELLO).value.files)
    assert (HELLO in names(root)) == listed


def test_readers_never_meet_a_listed_file_that_is_not_there(root: Root, tmp_path: Path) -> None:
    wheels = [make_wheel(tmp_path, version=f"1.{number}") for number in range(24)]
    done = threading.Event()
    failures: list[str] = []

    def read() -> None:
        while not done.is_set():
            try:
                files = hosted(root).project(HELLO).value.files
            except NoSuchProject:
                continue
            done.wait(0.001)
            for file in files[-3:]:
                try:
                    blob = hosted(root).file(HELLO, file.key, file.filename)
                    if Path(blob.path).stat().st_size != file.size:
                        failures.append(f"{file.filename} is not whole")
                except (NoSuchFile, FileNotFoundError):
                    now = hosted(root).project(HELLO).value.files
                    if file in now:
                        failures.append(f"{file.filename} is listed and not there")

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number, wheel in enumerate(wheels):
        admit(root, wheel)
        if number % 4 == 3:
            hosted(root).delete(HELLO, version=f"1.{number - 1}", actor="tests")
            hosted(root).yank(HELLO, version=f"1.{number}", actor="tests")
    done.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert assert_true(root) == 18
