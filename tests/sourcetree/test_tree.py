"""A tree is written and built: an sdist and a wheel that say what the tree says, the same bytes each time."""

from __future__ import annotations

import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from pocketrepo.archive import inspect
from pocketrepo.sourcetree import from_cell
from tests.distributions import make_wheel
from tests.sourcetree.releases import RUNNING, Build, listing


def test_a_release_is_an_sdist_and_a_wheel_that_say_what_the_cell_says(built: Build) -> None:
    text = '"""Says \\"hi\\" ä \\u007f."""\n# /// script\n# dependencies = ["rich>=13"]\n# ///\n'
    release = built(text, version="1.0", project="ge.o-metry")
    for path, kind in ((release.sdist, "sdist"), (release.wheel, "bdist_wheel")):
        found = inspect(path)
        assert (found.kind, found.display_name, found.version) == (kind, "ge.o-metry", "1.0")
        assert found.fields["requires_python"] == RUNNING
        assert found.fields["requires_dist"] == ["rich>=13"]
        assert str(found.fields["summary"]).startswith('Says "hi" ä')
    with zipfile.ZipFile(release.wheel) as wheel:
        assert wheel.read("geo.py").decode() == text
    with tarfile.open(release.sdist) as sdist:
        assert "ge_o_metry-1.0/pyproject.toml" in sdist.getnames()
    assert 'name = "geo"' in release.pyproject


def test_a_wheel_is_not_for_python_2(built: Build) -> None:
    assert built("").wheel.name == "geo-0.1.0-py3-none-any.whl"


def test_the_same_sources_are_the_same_bytes(built: Build) -> None:
    first = built("x = 1\n")
    for path in first.wheel.parents[1].rglob("*"):
        os.utime(path, (1, 1))
    again = built("x = 1\n")
    assert listing(first) == listing(again)


def test_building_leaves_the_current_folder_as_it_is_to_other_threads(
    built: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "chdir", lambda path: pytest.fail("chdir"))
    assert built("x = 1\n").new


def test_a_tree_is_written_over_an_earlier_one(tmp_path: Path) -> None:
    make_wheel(tmp_path)
    from_cell("geo", "x = 1\n").write(tmp_path, "1.0")
    pyproject = from_cell("geo", "x = 2\n").write(tmp_path, "1.1")
    assert (tmp_path / "geo.py").read_text() == "x = 2\n"
    assert 'version = "1.1"' in pyproject.read_text()
    assert list(tmp_path.glob("*.whl"))
