"""What an owner says of a project is kept to: closed, quarantined, replaced, alike; and it survives a rebuild."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from packaging.utils import NormalizedName

from pocketrepo import maintenance
from pocketrepo.clock import fixed
from pocketrepo.errors import BadUpload, FileExists, NoSuchFile, NoSuchProject, Refused
from pocketrepo.folder import Folder
from pocketrepo.hosted import Hosted
from pocketrepo.model import Json
from pocketrepo.namelist import RESERVED_FOR
from pocketrepo.repository import Root, open_root
from pocketrepo.rules import Rules
from pocketrepo.settings import Settings
from pocketrepo.store.base import Change
from tests.distributions import make_wheel
from tests.uploads import admit, assert_true, filenames, hosted, stage, stored

HELLO = NormalizedName("hello-pocket")
PAGE = "https://index.example/simple/hello-pocket/"


def say(root: Root, name: str = "hello-pocket", **changes: object) -> None:
    hosted(root).configure(NormalizedName(name), name, changes, actor="tests")


def lenient(root: Root, **rules: bool) -> Hosted:
    return Hosted(root.store, root.default, root.memo, root.log, Rules(**rules))


def other_bytes(folder: Path) -> Path:
    folder.mkdir()
    return make_wheel(folder, files={"hello_pocket/__init__.py": f"# {folder.name}\n"})


def document(root: Root) -> Json:
    return root.store.get(f"repos/{root.default}/projects/hello-pocket/project.json") or {}


@pytest.mark.parametrize("status", ["archived", "quarantined"])
def test_a_closed_project_takes_no_uploads(root: Root, tmp_path: Path, status: str) -> None:
    wheel = make_wheel(tmp_path)
    admit(root, wheel)
    say(root, status=status, status_reason="see the wiki")
    before = stored(root)
    for file in (wheel, make_wheel(tmp_path, version="2.0")):
        for _ in range(2):  # once from the document, once from memory
            with pytest.raises(Refused, match=f"is {status} and takes no uploads"):
                admit(root, file)
            hosted(root).project(HELLO)
    assert stored(root) == before
    say(root, status="active")
    assert admit(root, make_wheel(tmp_path, version="2.0")).result == "new"


def test_a_deprecated_project_goes_on_as_before(root: Root, tmp_path: Path) -> None:
    admit(root, make_wheel(tmp_path))
    say(root, status="deprecated", status_reason="use other")
    admit(root, make_wheel(tmp_path, version="2.0"))
    project = hosted(root).project(HELLO).value
    assert (project.status, project.status_reason, len(project.files)) == ("deprecated", "use other", 2)


def test_a_project_in_quarantine_offers_no_file_and_keeps_its_name(root: Root, tmp_path: Path) -> None:
    file = admit(root, make_wheel(tmp_path)).file
    say(root, status="quarantined")
    project = hosted(root).project(HELLO).value
    assert (project.files, project.withheld, project.versions) == ((), (file,), ())
    with pytest.raises(NoSuchFile):
        hosted(root).file(HELLO, file.key, file.filename)
    assert list(hosted(root).projects().value.names) == ["hello-pocket"]
    assert maintenance.check(root, grace=0) == []
    say(root, status="active")
    assert assert_true(root) == 1


def test_what_is_in_quarantine_can_be_yanked_and_deleted(root: Root, tmp_path: Path) -> None:
    admit(root, make_wheel(tmp_path))
    say(root, status="quarantined")
    hosted(root).yank(HELLO, version="1.0", reason="malware", actor="tests")
    assert [file.yanked for file in hosted(root).project(HELLO).value.withheld] == ["malware"]
    hosted(root).delete(HELLO, actor="tests")
    assert stored(root) == []
    assert hosted(root).projects().value.names == {}


def test_quarantine_holds_for_every_layer(root: Root, tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    make_wheel(tmp_path / "dist", version="3.0")
    root.offer([Folder(tmp_path / "dist")])
    admit(root, make_wheel(tmp_path))
    index = root.repository(root.default).index
    say(root, tracks=[PAGE])
    assert len(index.project(HELLO).value.files) == 2
    assert index.project(HELLO).value.tracks == (PAGE,)
    say(root, status="quarantined")
    assert index.project(HELLO).value.files == ()
    assert index.project(HELLO).value.status == "quarantined"


def test_a_project_that_is_not_there_can_only_be_given_publishers(root: Root, tmp_path: Path) -> None:
    with pytest.raises(NoSuchProject):
        say(root, status="archived")
    say(root, publishers=["github:acme/tool:release.yml"])
    assert hosted(root).standing(HELLO).publishers == ("github:acme/tool:release.yml",)
    assert hosted(root).projects().value.names == {}
    admit(root, make_wheel(tmp_path, "Hello.Pocket"))
    assert hosted(root).standing(HELLO).publishers == ("github:acme/tool:release.yml",)


@pytest.mark.parametrize("name", ["he11o-pocket", "hellopocket", "HELL0_P0CKET", "heiio.pocket"])
def test_a_new_project_that_reads_like_another_is_refused(root: Root, tmp_path: Path, name: str) -> None:
    admit(root, make_wheel(tmp_path))
    before = stored(root)
    with pytest.raises(Refused, match="too similar to the project hello-pocket"):
        admit(root, make_wheel(tmp_path, name))
    with pytest.raises(Refused, match="too similar"):
        say(root, str(name).lower().replace("_", "-"), publishers=["github:acme/tool:release.yml"])
    assert stored(root) == before
    assert lenient(root, allow_similar=True).admit(stage(root, make_wheel(tmp_path, name))).result == "new"
    assert admit(root, make_wheel(tmp_path, name, "2.0")).result == "new"


@pytest.mark.parametrize("other_process", [False, True])
def test_of_two_that_read_alike_and_come_together_one_is_refused(
    root: Root,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    other_process: bool,
) -> None:
    """The second comes while the first stores its bytes, and is listed nowhere yet."""
    add_all, second = root.store.add_all, open_root(settings) if other_process else root

    def meanwhile(*args: object, **options: object) -> None:
        monkeypatch.setattr(root.store, "add_all", add_all)
        with pytest.raises(Refused, match="too similar to the project hello-pocket"):
            admit(second, make_wheel(tmp_path, "he11o-pocket"))
        assert hosted(second).projects().value.names == {}
        assert admit(second, make_wheel(tmp_path, "another")).result == "new"
        add_all(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(root.store, "add_all", meanwhile)
    assert admit(root, make_wheel(tmp_path)).result == "new"
    assert list(hosted(root).projects().value.names) == ["another", "hello-pocket"]
    assert (root.store.get(f"repos/{root.default}/names.json") or {})["reserved"] == {}
    assert maintenance.check(root, grace=0) == []


def test_an_upload_that_ends_halfway_keeps_names_from_others_for_minutes_only(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = datetime(2026, 11, 25, tzinfo=UTC)
    with fixed(start), monkeypatch.context() as patch:
        patch.setattr(root.store, "add_all", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            admit(root, make_wheel(tmp_path))
    assert (stored(root), hosted(root).projects().value.names) == ([], {})
    assert maintenance.check(root, grace=0) == []
    with fixed(start + timedelta(seconds=RESERVED_FOR - 1)), pytest.raises(Refused, match="too similar"):
        admit(root, make_wheel(tmp_path, "he11o-pocket"))
    with fixed(start + timedelta(seconds=RESERVED_FOR)):
        assert admit(root, make_wheel(tmp_path, "he11o-pocket")).result == "new"
        with pytest.raises(Refused, match="too similar to the project he11o-pocket"):
            admit(root, make_wheel(tmp_path))


def test_who_was_cut_short_can_try_again_at_once(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(root.store, "add_all", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            admit(root, make_wheel(tmp_path))
    assert admit(root, make_wheel(tmp_path)).result == "new"


def test_a_project_that_is_there_costs_no_look_at_the_list(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    admit(root, make_wheel(tmp_path))
    updated = list[str]()
    update = root.store.update

    def noted(key: str, change: Change) -> Json | None:
        updated.append(key)
        return update(key, change)

    monkeypatch.setattr(root.store, "update", noted)
    admit(root, make_wheel(tmp_path, version="2.0"))
    assert [key.rpartition("/")[2] for key in updated] == ["project.json"]


def test_a_name_is_free_again_once_what_it_reads_like_is_gone(root: Root, tmp_path: Path) -> None:
    admit(root, make_wheel(tmp_path))
    hosted(root).delete(HELLO, actor="tests")
    assert admit(root, make_wheel(tmp_path, "hellopocket")).result == "new"


def test_where_it_is_allowed_a_name_may_get_other_bytes(root: Root, tmp_path: Path) -> None:
    old = admit(root, make_wheel(tmp_path)).file
    hosted(root).yank(HELLO, version="1.0", reason="broken", actor="tests")
    admitted = lenient(root, allow_replace=True).admit(stage(root, other_bytes(tmp_path / "other")))
    assert admitted.result == "replaced"
    assert admitted.file.key != old.key
    assert hosted(root).project(HELLO).value.files == (admitted.file,)
    assert admitted.file.yanked is None
    assert assert_true(root) == 1
    assert not [key for key in stored(root) if old.key in key]
    with pytest.raises(FileExists):
        admit(root, make_wheel(tmp_path))


def test_where_it_is_allowed_a_deleted_name_may_get_other_bytes(root: Root, tmp_path: Path) -> None:
    admit(root, make_wheel(tmp_path))
    hosted(root).delete(HELLO, actor="tests")
    wheel = other_bytes(tmp_path / "other")
    with pytest.raises(FileExists, match="was deleted"):
        admit(root, wheel)
    assert lenient(root, allow_replace=True).admit(stage(root, wheel)).result == "new"
    assert filenames(root) == [wheel.name]


def test_of_two_that_replace_one_file_the_second_is_refused(root: Root, tmp_path: Path) -> None:
    index = lenient(root, allow_replace=True)
    admit(root, make_wheel(tmp_path))
    first, second = (stage(root, other_bytes(tmp_path / name)) for name in ("a", "b"))
    commit = index._commit

    def overtaken(name: NormalizedName, *arguments: object, **options: object) -> object:
        index._commit = commit  # type: ignore[method-assign]
        index.admit(first)
        return commit(name, *arguments, **options)  # type: ignore[arg-type]

    index._commit = overtaken  # type: ignore[method-assign, assignment]
    with pytest.raises(FileExists):
        index.admit(second)
    assert assert_true(root) == 1
    assert hosted(root).project(HELLO).value.files[0].sha256 == first.sha256


def test_companions_are_served_beside_the_file_and_checked(root: Root, tmp_path: Path) -> None:
    upload = stage(root, make_wheel(tmp_path))
    upload.companions.update({".provenance": b"{}", ".asc": b"signed"})
    file = hosted(root).admit(upload).file
    for suffix, data in upload.companions.items():
        blob = hosted(root).file(HELLO, file.key, file.filename + suffix)
        assert Path(blob.path).read_bytes() == data
    assert maintenance.check(root, grace=0) == []
    Path(blob.path).write_bytes(b"forged")
    assert [found.kind for found in maintenance.check(root, grace=0)] == ["damaged"]


def test_a_rebuild_keeps_what_was_said_last(root: Root, tmp_path: Path) -> None:
    admit(root, make_wheel(tmp_path))
    say(root, status="quarantined", status_reason="malware", tracks=[PAGE])
    say(root, publishers=["github:acme/tool:release.yml"])
    before = document(root)
    root.store.remove(f"repos/{root.default}/projects/hello-pocket/project.json")
    maintenance.rebuild(root)
    assert document(root)["standing"] == before["standing"]
    assert hosted(root).project(HELLO).value.files == ()


@pytest.mark.parametrize(("status", "last"), [("quarantined", "quarantined"), ("active", "archived")])
def test_a_change_that_is_cut_short_is_never_rebuilt_as_less_strict(
    root: Root, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str, last: str
) -> None:
    admit(root, make_wheel(tmp_path))
    say(root, status="archived")

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(root.store, "update", fail)
        with pytest.raises(KeyboardInterrupt):
            say(root, status=status)
    root.store.remove(f"repos/{root.default}/projects/hello-pocket/project.json")
    maintenance.rebuild(root)
    assert hosted(root).project(HELLO).value.status == last


def test_dependencies_on_addresses_are_taken_unless_the_repository_forbids_them(
    root: Root, tmp_path: Path
) -> None:
    direct = make_wheel(tmp_path, requires=["click>=8", "tool @ https://h.example/tool.whl ; extra == 'x'"])
    with pytest.raises(BadUpload, match="fetched from elsewhere"):
        lenient(root, forbid_direct_urls=True).admit(stage(root, direct))
    assert hosted(root).projects().value.names == {}
    other = make_wheel(tmp_path, version="2.0", requires=["click>=8"])
    assert lenient(root, forbid_direct_urls=True).admit(stage(root, other)).result == "new"
    assert admit(root, direct).result == "new"
