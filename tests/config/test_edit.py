"""Writing: the file is the old one or the new one, with its mode, its links and nothing beside it."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pocketrepo import config
from pocketrepo.config import edit, journal
from pocketrepo.config.errors import ChangedSince, ConfigSyntax, Locked, NothingToUndo, NotWritable
from pocketrepo.config.locate import Place

URL = "https://repo.example/simple/"


@pytest.fixture
def file(place: Place) -> Path:
    path = place.home / ".config" / "pip" / "pip.conf"
    path.parent.mkdir(parents=True)
    path.write_text("# mine\n[global]\nindex-url = https://old.example/\n")
    return path


def listing(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o664])
def test_the_mode_stays(place: Place, file: Path, mode: int) -> None:
    file.chmod(mode)
    config.set_index(URL, place=place)
    assert file.stat().st_mode & 0o777 == mode
    assert listing(file.parent) == {"pip.conf"}


def test_a_symbolic_link_stays_one_and_its_target_changes(place: Place, file: Path) -> None:
    target = place.home / "dotfiles" / "pip.conf"
    target.parent.mkdir()
    file.rename(target)
    file.symlink_to("../../dotfiles/pip.conf")
    config.set_index(URL, place=place)
    assert file.is_symlink()
    assert URL in target.read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_the_owner_stays(place: Place, file: Path) -> None:
    os.chown(file, 12345, 54321)
    config.set_index(URL, place=place)
    assert (file.stat().st_uid, file.stat().st_gid) == (12345, 54321)


def test_a_new_file_has_the_usual_mode_and_one_with_a_secret_is_private(place: Place) -> None:
    before = os.umask(0o022)
    try:
        config.set_index(URL, place=place)
        config.set_index("https://u:s3cret@repo.example/", credentials="url", file="pip.conf", place=place)
    finally:
        os.umask(before)
    assert (place.home / ".config/pip/pip.conf").stat().st_mode & 0o777 == 0o644
    assert (place.cwd / "pip.conf").stat().st_mode & 0o777 == 0o600


def test_a_secret_makes_a_readable_file_private_and_undo_gives_its_mode_back(
    place: Place, file: Path
) -> None:
    file.chmod(0o644)
    change = config.set_index("https://u:s3cret@repo.example/", credentials="url", place=place)
    assert file.stat().st_mode & 0o777 == 0o600
    change.undo()
    assert file.stat().st_mode & 0o777 == 0o644


def test_nothing_to_do_writes_nothing(place: Place, file: Path) -> None:
    config.set_index(URL, place=place)
    before = file.stat()
    again = config.set_index(URL, place=place)
    assert (again.files, again.diff, again.id) == ((), "", None)
    assert file.stat() == before
    with pytest.raises(NothingToUndo):
        again.undo()


def test_a_dry_run_changes_nothing_and_can_be_applied(place: Place, file: Path) -> None:
    before = file.read_bytes()
    plan = config.set_index(URL, dry_run=True, place=place)
    assert file.read_bytes() == before
    assert not plan.applied
    assert f"+index-url = {URL}" in plan.diff
    done = plan.apply()
    assert done.applied
    assert URL in file.read_text()
    assert done.apply() is done


def test_a_preview_of_a_file_that_has_changed_is_not_applied(place: Place, file: Path) -> None:
    plan = config.set_index(URL, dry_run=True, place=place)
    file.write_text("[global]\ntimeout = 5\n")
    with pytest.raises(ChangedSince) as caught:
        plan.apply()
    assert "+timeout = 5" in caught.value.diff
    assert file.read_text() == "[global]\ntimeout = 5\n"


def test_a_file_that_pip_refuses_is_left_alone(place: Place, file: Path) -> None:
    file.write_text("[global]\nnonsense\n")
    with pytest.raises(ConfigSyntax, match=r"pip\.conf:2: "):
        config.set_index(URL, place=place)
    assert file.read_text() == "[global]\nnonsense\n"
    assert config.history(place=place) == []


def test_a_read_only_file_is_refused_in_one_line(place: Place, file: Path) -> None:
    file.chmod(0o444)
    with pytest.raises(NotWritable, match="it is read-only") as caught:
        config.set_index(URL, place=place)
    assert "\n" not in str(caught.value)
    assert config.history(place=place) == []


def test_a_folder_that_cannot_be_written_is_refused_in_one_line(
    place: Place, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root nothing is read-only, so the system's answer is given for it."""
    real_open = os.open

    def refuse(path: object, *args: int) -> int:
        if "pip.conf" in str(path):
            raise PermissionError(13, "Permission denied")
        return real_open(path, *args)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(edit.os, "open", refuse)
    before = file.read_bytes()
    with pytest.raises(NotWritable, match="was not written: permission denied"):
        config.set_index(URL, place=place)
    assert file.read_bytes() == before
    assert list((place.state / "pending").iterdir()) == []


def test_hard_links_are_not_parted(place: Place, file: Path) -> None:
    os.link(file, file.parent / "other")
    with pytest.raises(NotWritable, match="2 hard links"):
        config.set_index(URL, place=place)


def test_a_folder_in_the_place_of_the_file_is_refused(place: Place) -> None:
    (place.cwd / "pip.conf").mkdir()
    with pytest.raises(NotWritable, match="not a regular file"):
        config.set_index(URL, file="pip.conf", place=place)


def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(place: Place, file: Path) -> None:
    """A limit on file sizes makes the write fail half-way, as a full disk does."""
    file.write_text("[global]\n" + "# filler\n" * 20_000 + "index-url = https://old.example/\n")
    before = file.read_bytes()
    script = (
        "import resource, signal, sys; from pathlib import Path; from pocketrepo import config;"
        "from pocketrepo.config import Place; from pocketrepo.errors import PocketRepoError;"
        "home = Path(sys.argv[1]); place = Place({}, home, home, home / 'venv');"
        "plan = config.set_index('https://repo.example/simple/', dry_run=True, place=place);"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))\n"
        "try: plan.apply()\n"
        "except PocketRepoError as error: print(error)"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", script, str(place.home)], cwd=root, capture_output=True, text=True
    )
    assert "was not written: file too large" in run.stdout, run.stderr
    assert file.read_bytes() == before
    assert listing(file.parent) == {"pip.conf"}
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_what_a_killed_process_left_is_swept_by_the_next_edit(place: Place, file: Path) -> None:
    edit.temporary(file).write_text("half a fi")
    config.set_index(URL, place=place)
    assert listing(file.parent) == {"pip.conf"}


def test_it_is_swept_by_an_edit_that_has_nothing_to_do_as_well(place: Place, file: Path) -> None:
    config.set_index(URL, place=place)
    edit.temporary(file).write_text("half a fi")
    config.set_index(URL, place=place)
    assert listing(file.parent) == {"pip.conf"}


@pytest.mark.parametrize(("moment", "happened"), [("_replace_all", False), ("_commit", True)])
def test_the_next_edit_decides_what_a_killed_process_left_undecided(
    place: Place, file: Path, monkeypatch: pytest.MonkeyPatch, moment: str, happened: bool
) -> None:
    def die(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(journal, moment, die)
        with pytest.raises(KeyboardInterrupt):
            config.set_index(URL, place=place)
    assert len(list((place.state / "pending").iterdir())) == 1
    assert (URL in file.read_text()) == happened
    config.add_index("https://second.example/", place=place)
    assert list((place.state / "pending").iterdir()) == []
    assert len(config.history(place=place)) == (2 if happened else 1)


def test_threads_editing_one_file_lose_nothing(place: Place, file: Path) -> None:
    def work(name: int) -> None:
        for number in range(5):
            config.add_index(f"https://h{name}.example/{number}/", place=place)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert file.read_text().count(".example/") == 21


def test_a_lock_that_is_held_elsewhere_is_reported(place: Place, file: Path) -> None:
    with (
        edit.locked(place, [file]),
        pytest.raises(Locked, match="being edited"),
        edit.locked(place, [file], 0.05),
    ):
        pass


def test_undo_and_history_work_from_another_process(place: Place, file: Path) -> None:
    before = file.read_bytes()
    config.set_index(URL, place=place)
    config.add_index("https://second.example/", place=place)
    [second, first] = config.history(place=place)
    assert "second.example" in second.what
    config.undo(place=replace(place))
    config.undo(first.id, place=place)
    assert file.read_bytes() == before
    assert [record.undone for record in config.history(place=place)] == [True, True]
    with pytest.raises(NothingToUndo):
        config.undo(place=place)


def test_undo_refuses_a_file_that_someone_changed_since_and_shows_how(place: Place, file: Path) -> None:
    change = config.set_index(URL, place=place)
    file.write_text(file.read_text() + "timeout = 7\n")
    with pytest.raises(ChangedSince) as caught:
        change.undo()
    assert "+timeout = 7" in caught.value.diff
    assert "timeout = 7" in file.read_text()


def test_changes_of_one_file_are_undone_newest_first(place: Place, file: Path) -> None:
    first = config.set_index(URL, place=place)
    config.add_index("https://second.example/", place=place)
    with pytest.raises(ChangedSince):
        first.undo()


def test_undo_removes_a_file_that_the_change_made(place: Place) -> None:
    change = config.set_index(URL, place=place)
    change.undo()
    assert not (place.home / ".config/pip/pip.conf").exists()


def test_the_history_is_private_and_bounded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "KEPT", 3)
    for number in range(5):
        config.set_index(f"https://h{number}.example/", place=place)
    folder = place.state / "history"
    assert len(list(folder.iterdir())) == 3
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_change_of_two_files_is_made_in_both_or_in_neither(
    place: Place, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.cwd / "requirements.txt").write_text("-i https://old.example/\ndemo\n")
    before = file.read_bytes()
    real_replace = edit.replace

    def fail_second(path: Path, data: bytes | None, *, mode: int | None = None) -> None:
        if path.name == "requirements.txt" and data == b"demo\n":
            raise NotWritable(path, "no space left on device")
        real_replace(path, data, mode=mode)

    monkeypatch.setattr(edit, "replace", fail_second)
    with pytest.raises(NotWritable):
        config.remove("old.example", place=place)
    assert file.read_bytes() == before
    assert config.history(place=place) == []
