"""The root and its repositories: made, found, offered, deleted, and what the event log remembers."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from packaging.utils import NormalizedName

from pocketrepo.errors import (
    AlreadyExists,
    NewerFormat,
    NoSuchFile,
    NoSuchProject,
    NoSuchRepository,
    Unavailable,
    UsageError,
)
from pocketrepo.folder import open_folders
from pocketrepo.model import RepositoryName
from pocketrepo.repository import Root, open_root, set_default
from pocketrepo.settings import Settings
from tests.distributions import make_sdist, make_wheel
from tests.uploads import admit, stage

ACME = RepositoryName("acme", "internal")
HELLO = NormalizedName("hello-pocket")


def events(root: Root, name: RepositoryName | None = None) -> list[tuple[str, str, str]]:
    return [(entry["event"], entry["repository"], entry["actor"]) for entry in root.log.read(name)]


def test_a_new_root_has_its_default_repository_and_a_name(root: Root, settings: Settings) -> None:
    assert [str(repository.name) for repository in root.repositories()] == ["local/main"]
    assert root.default == RepositoryName("local", "main")
    assert root.id == open_root(settings).id


def test_repositories_are_made_once_and_listed_by_name(root: Root) -> None:
    made = root.create(ACME, actor="ada")
    assert made.created <= root.create(RepositoryName("acme", "a"), actor="ada").created
    assert [str(repository.name) for repository in root.repositories()] == [
        "acme/a",
        "acme/internal",
        "local/main",
    ]
    with pytest.raises(AlreadyExists, match="acme/internal already exists"):
        root.create(ACME, actor="ada")


def test_a_missing_repository_is_refused_with_the_line_that_makes_it(root: Root) -> None:
    with pytest.raises(NoSuchRepository, match="pocketrepo repo create acme/internal"):
        root.repository(ACME)


def test_deleting_a_repository_removes_its_bytes_and_the_log_remembers(
    root: Root, settings: Settings, tmp_path: Path
) -> None:
    repository = root.create(ACME, actor="ada")
    repository.hosted.admit(stage(root, make_wheel(tmp_path)))
    assert list(root.store.list("repos/acme/internal"))
    root.delete(ACME, actor="ada")
    assert list(root.store.list("repos/acme")) == []
    assert list(root.store.staging.iterdir()) == []
    with pytest.raises(NoSuchRepository):
        root.repository(ACME)
    assert [event for event, _, _ in events(root, ACME)] == [
        "repository-created",
        "uploaded",
        "repository-deleted",
    ]
    assert ("repository-deleted", "acme/internal", "ada") in events(root)
    assert open_root(settings).repositories()[0].name == root.default


def test_a_repository_made_again_starts_empty(root: Root, tmp_path: Path) -> None:
    root.create(ACME, actor="ada").hosted.admit(stage(root, make_wheel(tmp_path)))
    root.delete(ACME, actor="ada")
    again = root.create(ACME, actor="ada")
    assert again.index.projects().value.names == {}
    with pytest.raises(NoSuchProject):
        again.index.project(HELLO)


def test_the_default_repository_stays(root: Root) -> None:
    with pytest.raises(UsageError, match="default repository of this root and stays"):
        root.delete(root.default, actor="owner")
    with pytest.raises(NoSuchRepository):
        root.delete(ACME, actor="owner")


def test_another_process_sees_repositories_come_and_go(root: Root, settings: Settings) -> None:
    other = open_root(settings)
    root.create(ACME, actor="ada")
    assert other.repository(ACME).name == ACME
    root.delete(ACME, actor="ada")
    with pytest.raises(NoSuchRepository):
        other.repository(ACME)


def test_the_default_is_fixed_when_the_root_is_made(tmp_path: Path) -> None:
    root = open_root(Settings(root=tmp_path, default="acme/internal"))
    assert open_root(Settings(root=tmp_path)).default == root.default == ACME
    with pytest.raises(UsageError, match="pocketrepo repo default acme/other --root"):
        open_root(Settings(root=tmp_path, default="acme/other"))


def test_the_default_can_be_changed_to_a_repository_that_exists(root: Root, settings: Settings) -> None:
    with pytest.raises(NoSuchRepository):
        set_default(root, ACME)
    root.create(ACME, actor="ada")
    set_default(root, ACME)
    assert root.default == open_root(settings).default == ACME


@pytest.mark.parametrize("key", ["root.json", "repos/local/main/repository.json"])
def test_a_newer_format_is_refused(root: Root, settings: Settings, key: str) -> None:
    path = settings.root / key
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 99}))
    with pytest.raises(NewerFormat):
        open_root(settings)


def test_a_root_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="another --root"):
        open_root(Settings(root=tmp_path / "file"))


def test_those_who_open_a_new_root_at_once_agree(tmp_path: Path) -> None:
    """Threads with stores of their own, which is what processes are to each other."""
    barrier = threading.Barrier(4)
    roots: list[Root] = []

    def open_it() -> None:
        barrier.wait()
        roots.append(open_root(Settings(root=tmp_path)))

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(roots) == 4
    assert len({root.id for root in roots}) == 1
    assert events(roots[0]) == [("repository-created", "local/main", "owner")]


def test_a_folder_is_layered_under_the_hosted_files(root: Root, tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    dist.mkdir()
    make_sdist(dist)
    make_wheel(dist, summary="the folder's own")
    make_wheel(dist, "only-there")
    admit(root, make_wheel(tmp_path))
    root.offer(open_folders([dist]))
    index = root.repository(root.default).index
    project = index.project(HELLO).value
    ours = root.repository(root.default).hosted.project(HELLO).value.files[0]
    assert list(index.projects().value.names) == ["hello-pocket", "only-there"]
    assert [file.filename for file in project.files] == [ours.filename, "hello_pocket-1.0.tar.gz"]
    assert project.files[0] == ours
    for file in project.files:
        assert index.file(HELLO, file.key, file.filename).size == file.size
    assert index.project(HELLO) is index.project(HELLO), "joined once for each change"
    assert index.resident(HELLO) is index.project(HELLO)


def test_a_file_that_a_higher_layer_hides_is_not_served(root: Root, tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    dist.mkdir()
    make_wheel(dist, summary="the folder's own")
    [folder] = open_folders([dist])
    hidden = folder.project(HELLO).value.files[0]
    admit(root, make_wheel(tmp_path))
    root.offer([folder])
    index = root.repository(root.default).index
    with pytest.raises(NoSuchFile):
        index.file(HELLO, hidden.key, hidden.filename)
    for ask in (index.project, index.resident):
        with pytest.raises(NoSuchProject):
            ask(NormalizedName("nowhere"))


def test_a_line_that_a_crash_cut_short_is_passed_over(root: Root, settings: Settings) -> None:
    [log] = (settings.root / "events").iterdir()
    log.write_bytes(log.read_bytes() + b'{"time":"2026-')
    root.create(ACME, actor="ada")
    assert [repository for _, repository, _ in events(root)] == ["local/main", "acme/internal"]


def test_what_a_deletion_left_behind_does_not_come_back(root: Root, tmp_path: Path) -> None:
    late = stage(root, make_wheel(tmp_path))
    hosted = root.create(ACME, actor="ada").hosted
    root.delete(ACME, actor="ada")
    hosted.admit(late)
    assert root.create(ACME, actor="ada").index.projects().value.names == {}
    with pytest.raises(NoSuchProject):
        root.repository(ACME).index.project(HELLO)


def test_a_repository_whose_document_was_lost_keeps_its_files_when_it_is_made_again(
    root: Root, settings: Settings, tmp_path: Path
) -> None:
    root.create(ACME, actor="ada").hosted.admit(stage(root, make_wheel(tmp_path)))
    (settings.root / "repos/acme/internal/repository.json").unlink()
    assert HELLO in root.create(ACME, actor="ada").index.projects().value.names


@pytest.mark.parametrize(
    ("steps", "private"),
    [([], False), ([True], True), ([True, False], False), ([True, False, True], True)],
)
def test_a_repository_whose_document_was_lost_is_never_opened_by_being_made_again(
    root: Root, settings: Settings, steps: list[bool], private: bool
) -> None:
    root.create(ACME, actor="ada")
    for closed in steps:
        assert root.set_private(ACME, closed, actor="ada").private is closed
    (settings.root / "repos/acme/internal/repository.json").unlink()
    assert root.create(ACME, actor="ada").private is private


def test_a_repository_can_be_private_from_its_first_moment(root: Root, settings: Settings) -> None:
    assert root.create(ACME, actor="ada", private=True).private
    assert open_root(settings).repository(ACME).private
    root.delete(ACME, actor="ada")
    assert not root.create(ACME, actor="ada").private
