"""``%%package`` in a real IPython session."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pocketrepo import Client, PocketRepoError
from pocketrepo.errors import AlreadyExists, BuildFailed, InstallFailed, UsageError
from tests.conftest import Live
from tests.distributions import make_wheel
from tests.magics.conftest import Session, Site

FIRST = '%%package geo --to index\n"""Areas of simple shapes."""\n\ndef area():\n    return 1\n'
SECOND = FIRST.replace("return 1", "return 2")


def test_a_cell_is_built_pushed_installed_and_imported(session: Session, index: Client, site: Site) -> None:
    cell = session(FIRST)
    assert cell.error is None
    assert sorted(index.listed("geo")) == ["geo-0.1.0-py3-none-any.whl", "geo-0.1.0.tar.gz"]
    assert site.asked == [(("geo==0.1.0",), ())]
    assert session("geo.area()").result == 1
    assert index.show("geo").details.summary == "Areas of simple shapes."


def test_it_shows_what_it_did_as_text_and_as_html_behind_titles(
    session: Session, index: Client, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[dict[str, str]] = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    session(FIRST)
    [bundle] = shown
    assert sorted(bundle) == ["text/html", "text/plain"]
    for said in ("geo 0.1.0", "pushed to", index.index_url, "installed", "imported as", "geo.py", "METADATA"):
        assert said in bundle["text/plain"]
        assert said in bundle["text/html"]
    assert 'requires-python = ">=3' in bundle["text/plain"]
    assert "build" in bundle["text/plain"].partition("took")[2]
    assert " ms" in bundle["text/plain"]
    assert "<details><summary" in bundle["text/html"]
    assert "[build-system]" in bundle["text/html"].partition("pyproject.toml</summary>")[2]


def test_the_token_of_the_index_is_not_shown(
    session: Session, index: Client, live_index: Live, site: Site
) -> None:
    assert live_index.key not in session(FIRST).output


def test_the_same_cell_again_does_nothing(session: Session, index: Client, site: Site) -> None:
    session(FIRST)
    before = session("geo").result
    cell = session(FIRST)
    assert cell.error is None
    assert "geo 0.1.0 is there already, with just this content" in cell.output
    assert "0.1.0, as before" in cell.output
    assert index.show("geo").versions == ("0.1.0",)
    assert len(site.asked) == 1
    assert session("geo").result is before


def test_a_changed_cell_is_the_next_patch_and_the_name_means_the_new_module(
    session: Session, index: Client, site: Site
) -> None:
    session(FIRST)
    cell = session(SECOND)
    assert "0.1.0 → 0.1.1" in cell.output
    assert session("geo.area()").result == 2
    assert session("import geo; geo.area()").result == 2


def test_names_that_were_imported_from_the_old_module_are_told(
    session: Session, index: Client, site: Site
) -> None:
    session(FIRST)
    session("from geo import area as size; own = len")
    cell = session(SECOND)
    assert "size in this session is still from before: import it again" in cell.output


def test_changed_content_under_a_taken_version_is_an_error_that_names_the_next(
    session: Session, index: Client, site: Site
) -> None:
    session(FIRST.replace("geo", "geo 0.2.0", 1))
    cell = session(SECOND.replace("geo", "geo 0.2.0", 1))
    assert isinstance(cell.error, AlreadyExists)
    assert cell.output.strip() == (
        "AlreadyExists: geo 0.2.0 is taken: versions are immutable, and this is not what was pushed (next: 0.2.1)"
    )
    assert session("geo.area()").result == 1


def test_submodules_are_imported_anew_with_their_package(session: Session, index: Client, site: Site) -> None:
    text = "%%package geo --to index\nfrom geo.part import x\n# file: geo/part.py\nx = {}\n"
    session(text.format(1))
    session(text.format(2))
    assert session("geo.x").result == 2


def test_a_variable_of_the_modules_name_is_left_alone(session: Session, index: Client, site: Site) -> None:
    session("geo = 'mine'")
    session(FIRST)
    assert session("geo").result == "mine"


def test_a_module_in_the_way_of_the_installed_one_is_told(
    session: Session, index: Client, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "geo.py").touch()
    monkeypatch.syspath_prepend(work)
    assert f"{work / 'geo.py'} was imported, which hides the installed module" in session(FIRST).output


def test_without_install_the_kernel_is_left_alone(session: Session, index: Client, site: Site) -> None:
    cell = session(FIRST.replace("--to", "--no-install --to"))
    assert cell.error is None
    assert site.asked == []
    assert "geo" not in session.names
    assert index.show("geo").versions == ("0.1.0",)


def test_the_project_may_have_another_name_than_the_module(
    session: Session, index: Client, site: Site
) -> None:
    session(FIRST.replace("geo", "geo --as acme-geo", 1))
    assert index.projects() == ["acme-geo"]
    assert session("geo.area()").result == 1


def test_variables_of_the_session_can_be_used_in_its_line(
    session: Session, index: Client, site: Site
) -> None:
    session("version = '3.1'")
    session(FIRST.replace("geo", "geo {version}", 1))
    assert index.show("geo").versions == ("3.1",)


def test_dependencies_are_installed_with_it(session: Session, index: Client, site: Site) -> None:
    block = '# /// script\n# requires-python = ">=3.10"\n# dependencies = ["packaging>=20"]\n# ///\n'
    session(f"%%package geo --to index\n{block}import packaging\n")
    [wheel] = [each for each in index.show("geo").links if each.filename.endswith(".whl")]
    assert wheel.requires_python == ">=3.10"
    assert index.show("geo").details.requires == ("packaging>=20",)
    assert site.asked == [(("geo==0.1.0",), ())]


def test_other_code_under_the_same_version_from_another_index_is_replaced(
    session: Session, index: Client, site: Site, live_index: Live, serve: Callable[..., Live], tmp_path: Path
) -> None:
    from pocketrepo.repository import open_root
    from pocketrepo.server import create_app
    from pocketrepo.settings import Settings

    session(FIRST)
    settings = Settings(root=tmp_path / "other")
    other = serve(create_app(settings, open_root(settings)))
    session.names["other"] = Client(other.url, token=other.key)
    session(SECOND.replace("index", "other"))
    assert site.asked[1:] == [(("geo==0.1.0",), ("--force-reinstall", "--no-deps"))]
    assert session("geo.area()").result == 2


@pytest.mark.parametrize(
    ("text", "line", "source"),
    [
        (f"{FIRST}\ndef f(:\n", 7, "def f(:"),
        (f"\n\n{FIRST}def f(:", 8, "def f(:"),
        ("%%package geo --to index\nx = 1\n# file: geo/a.py\n\n!ls\n", 5, "!ls"),
    ],
)
def test_a_syntax_error_points_at_its_line_of_the_cell_and_nothing_is_built(
    session: Session, index: Client, text: str, line: int, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pocketrepo.sourcetree.SourceTree.release", lambda *_: pytest.fail("built"))
    cell = session(text)
    assert isinstance(cell.error, BuildFailed)
    first, shown, *_, last = [each.strip() for each in cell.output.strip().splitlines()]
    assert first.endswith(f"line {line}")
    assert first.startswith("Cell In[")
    assert shown == source
    assert last.startswith("SyntaxError: ")
    assert "Traceback" not in cell.output
    assert "pocketrepo/" not in cell.output


def test_an_error_of_the_module_itself_is_shown_after_what_was_done(
    session: Session, index: Client, site: Site
) -> None:
    cell = session("%%package geo --to index\n1 / 0\n")
    assert isinstance(cell.error, ZeroDivisionError)
    assert "geo 0.1.0 pushed to" in cell.output
    assert "geo.py" in cell.output.partition("Traceback")[2]


def test_a_failed_install_says_what_the_installer_said_and_that_it_was_pushed(
    session: Session, index: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def install(*_: object, say: Callable[[str], None], **__: object) -> None:
        say("the installer's words")
        raise InstallFailed("geo==0.1.0 could not be installed: no luck")

    monkeypatch.setattr("pocketrepo.client.install", install)
    cell = session(FIRST)
    assert isinstance(cell.error, InstallFailed)
    assert "the installer's words" in cell.output
    assert "geo 0.1.0 pushed to" in cell.output
    assert "InstallFailed: geo==0.1.0 could not be installed: no luck" in cell.output
    assert "Traceback" not in cell.output


def test_what_the_installer_says_is_not_shown_if_all_goes_well(
    session: Session, index: Client, site: Site
) -> None:
    assert "Looking in indexes" not in session(FIRST).output


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "the following arguments are required: NAME"),
        ("geo 1.x", "'1.x' is not a version"),
        ("geo 1 2", "unrecognized arguments: 2"),
        ("geo --instal", "unrecognized arguments: --instal"),
        ("geo 'a", "no closing quotation"),
        ("json", "json is a module of Python itself"),
        ("geo --to nothing", "nothing is neither a server or client of this session nor a URL"),
        ("geo --to ftp://x/", "is not the address of a repository"),
        ("geo --to http://127.0.0.1:9/", "no answer from http://127.0.0.1:9/"),
        ("flask --to index", r"flask \d\S+ from elsewhere is installed here"),
        ("yaml_ --as Flask --to index", r"Flask \d\S+ from elsewhere is installed here"),
        ("_pytest --as my-pytest --to index", "_pytest is a module of pytest, which is installed here"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_fails_the_cell(
    session: Session, index: Client, site: Site, line: str, said: str
) -> None:
    cell = session(f"%%package {line}\nx = 1\n")
    assert isinstance(cell.error, PocketRepoError)
    [shown] = cell.output.strip().splitlines()
    assert re.search(said, shown), shown
    assert index.projects() == []
    assert site.asked == []


def test_a_version_of_the_index_may_replace_another_even_if_somebody_signed_it(
    session: Session, index: Client, site: Site, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, "geo", "0.0.1", headers={"Author": "Ada"})
    index.push(wheel)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site.folder)
    assert session(FIRST).error is None
    assert session("geo.area()").result == 1


def test_help_is_shown_and_no_error(session: Session) -> None:
    cell = session("%%package --help\nx = 1\n")
    assert cell.error is None
    assert "--no-install" in cell.output
    assert "--no-install" in str(session.shell.find_cell_magic("package").__doc__)


def test_the_source_tree_can_be_kept_and_kept_again(session: Session, index: Client, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    text = FIRST.replace("--to", f"--no-install --save {folder} --to")
    assert str(folder) in session(text).output
    assert session(text.replace("return 1", "return 2")).error is None
    assert sorted(path.name for path in folder.iterdir()) == ["geo.py", "pyproject.toml"]
    assert 'version = "0.1.1"' in (folder / "pyproject.toml").read_text()


def test_a_folder_that_holds_something_else_is_not_written_to(
    session: Session, index: Client, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").touch()
    cell = session(FIRST.replace("--to", f"--no-install --save {tmp_path} --to"))
    assert isinstance(cell.error, UsageError)
    assert f"{tmp_path} holds something else" in cell.output
    assert not (tmp_path / "geo.py").exists()
