"""The pip.conf tab: what is in force, and one previewed change after another."""

from __future__ import annotations

from pathlib import Path

import pytest

from pocketrepo.config import Place
from pocketrepo.widgets.pip_conf import PipConfTab

INDEX = "http://127.0.0.1:9/simple/"
BEFORE = "# mine\n[global]\ntimeout = 5\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Somebody with a pip.conf of their own."""
    home = tmp_path / "home"
    conf = home / ".config" / "pip" / "pip.conf"
    conf.parent.mkdir(parents=True)
    conf.write_text(BEFORE)
    env = {"XDG_CONFIG_DIRS": str(tmp_path / "etc"), "XDG_STATE_HOME": str(tmp_path / "state")}
    return Place(env=env, cwd=tmp_path, home=home, prefix=tmp_path / "venv")


@pytest.fixture
def tab(place: Place) -> PipConfTab:
    return PipConfTab("http://127.0.0.1:9/", place=place)


@pytest.fixture
def conf(place: Place) -> Path:
    return place.home / ".config" / "pip" / "pip.conf"


def said(tab: PipConfTab) -> str:
    return str(tab._said.value)


def test_what_is_in_force_is_shown_with_where_it_comes_from(tab: PipConfTab, conf: Path) -> None:
    assert f"{conf}:3" in tab.in_force.value
    assert "timeout" in tab.in_force.value
    assert tab.url.value == INDEX
    assert tab.scope.value == "user"
    assert tab.apply.disabled
    assert tab.undo.disabled


def test_a_preview_shows_the_change_and_writes_nothing(tab: PipConfTab, conf: Path) -> None:
    tab.preview.click()
    assert "+index-url = http://127.0.0.1:9/simple/" in tab.shown.value
    assert "not applied yet" in said(tab)
    assert conf.read_text() == BEFORE
    assert not tab.apply.disabled


def test_what_was_previewed_is_applied_and_undone(tab: PipConfTab, conf: Path) -> None:
    tab.preview.click()
    tab.apply.click()
    assert conf.read_text() == BEFORE + f"index-url = {INDEX}\n"
    assert f"pip asks {INDEX}" in tab.in_force.value
    assert tab.apply.disabled
    assert "set-index" in tab.undo.tooltip
    tab.undo.click()
    assert conf.read_text() == BEFORE
    assert "undone: set-index" in said(tab)
    assert tab.undo.disabled


@pytest.mark.parametrize(
    ("control", "value"),
    [("url", "http://127.0.0.1:9/other/"), ("operation", "Ask this index too"), ("scope", "site")],
)
def test_a_preview_of_something_else_cannot_be_applied(tab: PipConfTab, control: str, value: str) -> None:
    tab.preview.click()
    getattr(tab, control).value = value
    assert tab.apply.disabled
    assert tab.shown.value == ""


def test_the_scope_decides_which_file(tab: PipConfTab, place: Place) -> None:
    tab.scope.value = "site"
    tab.preview.click()
    assert f"+++ {place.prefix}/pip.conf" in tab.shown.value


def test_a_danger_is_said_before_it_is_taken(tab: PipConfTab) -> None:
    tab.operation.value = "Ask this index too"
    tab.preview.click()
    assert "dependency confusion" in tab.shown.value


def test_a_file_that_changed_since_the_preview_is_left_as_it_is(tab: PipConfTab, conf: Path) -> None:
    tab.preview.click()
    conf.write_text(BEFORE + "retries = 1\n")
    tab.apply.click()
    assert conf.read_text() == BEFORE + "retries = 1\n"
    assert 'role="alert"' in said(tab)


def test_why_an_index_is_asked_is_explained_for_a_package(tab: PipConfTab) -> None:
    tab.package.value = "hello-pocket"
    assert "only that one may serve it" in tab.in_force.value
    tab.package.value = "no name"
    assert "is not a package name" in said(tab)


def test_a_password_is_masked_at_once_and_still_used(tab: PipConfTab, place: Place, conf: Path) -> None:
    tab.url.value = "https://ada:s3cret@repo.example/simple/"
    assert "s3cret" not in tab.url.value
    tab.preview.click()
    tab.apply.click()
    assert "s3cret" in (place.home / ".netrc").read_text()
    assert "s3cret" not in conf.read_text()
    shown = "".join([tab.url.value, tab.shown.value, tab.in_force.value, said(tab)])
    assert "repo.example" in shown
    assert "s3cret" not in shown


@pytest.mark.parametrize("url", ["", "no url at all"])
def test_an_address_that_is_none_is_said(tab: PipConfTab, url: str) -> None:
    tab.url.value = url
    tab.preview.click()
    assert 'role="alert"' in said(tab)
    assert tab.apply.disabled


def test_a_file_that_pip_refuses_is_said(tab: PipConfTab, conf: Path) -> None:
    conf.write_text("nonsense\n")
    tab.package.value = "hello-pocket"
    assert "pocketrepo-warning" in tab.in_force.value
    tab.preview.click()
    assert 'role="alert"' in said(tab)


def test_without_files_to_edit_there_is_no_scope(place: Place) -> None:
    tab = PipConfTab("http://127.0.0.1:9/", place=place.with_variables(PIP_CONFIG_FILE="/dev/null"))
    assert tab.scope.options == ()
    tab.preview.click()
    assert "switches all files off" in said(tab)


def test_the_kernels_own_environment_is_meant_not_the_one_that_started_jupyter(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import sys

    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "jupyters"))
    assert PipConfTab("http://127.0.0.1:9/").place.prefix == Path(sys.prefix)
