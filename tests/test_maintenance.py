"""What crashes and accidents leave is found, and lost documents are made again without opening what was closed."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from packaging.utils import NormalizedName

from pocketrepo.errors import FileExists
from pocketrepo.maintenance import check, rebuild
from pocketrepo.repository import Root, open_root
from pocketrepo.settings import Settings
from tests.distributions import make_wheel
from tests.uploads import admit, assert_true, filenames, hosted

HELLO = NormalizedName("hello-pocket")


def document(root: Root, settings: Settings) -> Path:
    return settings.root / "repos" / str(root.default) / "projects/hello-pocket/project.json"


def kinds(root: Root, **options: bool) -> list[str]:
    return [finding.kind for finding in check(root, grace=0, **options)]


@pytest.fixture
def filled(root: Root, tmp_path: Path) -> Root:
    for version in ("1.0", "2.0", "3.0"):
        admit(root, make_wheel(tmp_path, version=version))
    hosted(root).yank(HELLO, version="2.0", reason="broken", actor="tests")
    hosted(root).delete(HELLO, version="3.0", actor="tests")
    return root


def test_a_healthy_root_has_no_findings(filled: Root) -> None:
    assert check(filled, grace=0) == []


def test_unlisted_bytes_are_left_alone_for_an_hour_and_then_swept(filled: Root, settings: Settings) -> None:
    folder = document(filled, settings).parent / "files/0123456789abcdef"
    folder.mkdir()
    (folder / "hello_pocket-9.0-py3-none-any.whl").write_bytes(b"half an upload")
    assert check(filled, sweep=True) == []
    assert kinds(filled) == ["leftover"]
    hours_ago = time.time() - 2 * 3600
    os.utime(folder / "hello_pocket-9.0-py3-none-any.whl", (hours_ago, hours_ago))
    [finding] = check(filled, sweep=True)
    assert finding.fixed
    assert not folder.exists()
    assert check(filled, grace=0) == []


def test_an_unfinished_upload_in_staging_is_swept(filled: Root) -> None:
    (filled.store.staging / "abc").write_bytes(b"half")
    assert kinds(filled) == ["leftover"]
    check(filled, sweep=True, grace=0)
    assert list(filled.store.staging.iterdir()) == []


def test_missing_and_damaged_files_are_told_apart(filled: Root) -> None:
    files = hosted(filled).project(HELLO).value.files
    paths = [Path(hosted(filled).file(HELLO, file.key, file.filename).path) for file in files]
    paths[0].unlink()
    paths[1].write_bytes(bytes(len(paths[1].read_bytes())))
    assert sorted(kinds(filled)) == ["damaged", "missing"]
    assert kinds(filled, hashes=False) == ["missing"]


def test_a_wrong_list_of_projects_is_rewritten(filled: Root, settings: Settings) -> None:
    (settings.root / "repos" / str(filled.default) / "names.json").unlink()
    assert kinds(filled) == ["names"]
    check(filled, sweep=True)
    assert list(hosted(filled).projects().value.names) == ["hello-pocket"]
    assert check(filled, grace=0) == []


@pytest.mark.parametrize("damage", ["lost", "torn"])
def test_rebuild_makes_a_document_again_as_it_was(filled: Root, settings: Settings, damage: str) -> None:
    path = document(filled, settings)
    before = json.loads(path.read_text())
    if damage == "lost":
        path.unlink()
    else:
        path.write_text(path.read_text()[:40])
        assert "document" in kinds(filled)
    assert [finding.kind for finding in rebuild(filled)] == ["document"]
    after = json.loads(path.read_text())
    assert after["files"] == before["files"]
    assert after["display_name"] == before["display_name"]
    assert [entry["filename"] for entry in after["deleted"]] == [
        entry["filename"] for entry in before["deleted"]
    ]
    assert check(filled, grace=0) == []


def test_bytes_whose_document_is_lost_are_never_swept(filled: Root, settings: Settings) -> None:
    document(filled, settings).unlink()
    assert [f.kind for f in check(filled, sweep=True, grace=0)] == ["document", "document", "names"]
    rebuild(filled)
    assert assert_true(filled) == 2


def test_rebuild_keeps_a_deleted_name_taken(filled: Root, settings: Settings, tmp_path: Path) -> None:
    document(filled, settings).unlink()
    rebuild(filled)
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(FileExists, match="was deleted"):
        admit(filled, make_wheel(other, version="3.0", files={"hello_pocket/__init__.py": "# another\n"}))


def test_rebuild_hides_what_no_event_says_was_listed(filled: Root, settings: Settings) -> None:
    for log in (settings.root / "events").iterdir():
        lines = [line for line in log.read_text().splitlines() if '"version":"1.0"' not in line]
        log.write_text("\n".join(lines) + "\n")
    document(filled, settings).unlink()
    findings = rebuild(filled)
    assert [finding.kind for finding in findings] == ["unknown", "document"]
    assert filenames(filled) == ["hello_pocket-2.0-py3-none-any.whl"]


def test_rebuild_hides_everything_when_the_events_are_lost(filled: Root, settings: Settings) -> None:
    for log in (settings.root / "events").iterdir():
        log.unlink()
    document(filled, settings).unlink()
    rebuild(filled)
    assert filenames(filled) == []


def test_rebuild_hides_bytes_that_do_not_match_their_record(filled: Root, settings: Settings) -> None:
    file = hosted(filled).project(HELLO).value.files[0]
    Path(hosted(filled).file(HELLO, file.key, file.filename).path).write_bytes(b"else")
    document(filled, settings).unlink()
    assert "damaged" in [finding.kind for finding in rebuild(filled)]
    assert filenames(filled) == ["hello_pocket-2.0-py3-none-any.whl"]


def test_rebuild_leaves_readable_documents_alone(filled: Root, settings: Settings) -> None:
    before = document(filled, settings).read_bytes()
    assert rebuild(filled) == []
    assert document(filled, settings).read_bytes() == before


def test_a_yank_that_was_recorded_but_not_committed_is_kept_by_rebuild(
    filled: Root, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(type(filled.store), "update", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            hosted(filled).yank(HELLO, version="1.0", reason="late", actor="tests")
    document(filled, settings).unlink()
    rebuild(filled)
    assert [file.yanked for file in hosted(filled).project(HELLO).value.files] == ["late", "broken"]


def test_an_unyank_that_did_not_commit_does_not_open_anything(
    filled: Root, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(type(filled.store), "update", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            hosted(filled).unyank(HELLO, version="2.0", actor="tests")
    document(filled, settings).unlink()
    rebuild(open_root(settings))
    assert [file.yanked for file in hosted(filled).project(HELLO).value.files] == [None, "broken"]
    assert assert_true(filled) == 2
