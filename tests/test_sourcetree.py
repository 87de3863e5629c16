"""Source trees of cells and modules: what they are made of, what is built of them, and which version is next."""

from __future__ import annotations

import importlib
import json
import os
import sys
import tarfile
import types
import zipfile
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from pocketrepo.archive import inspect
from pocketrepo.errors import AlreadyExists, BuildFailed, UsageError
from pocketrepo.sourcetree import Release, SourceTree, from_cell, from_module
from pocketrepo.sourcetree.versions import next_patch, versions_in
from tests.distributions import make_wheel
from tests.journeys.environments import hashes

RUNNING = f">={sys.version_info.major}.{sys.version_info.minor}"

# A cell


def test_a_cell_is_one_module_with_what_its_text_says_of_it() -> None:
    tree = from_cell("my-tools", '"""Tools of mine.\n\nAnd more."""\nanswer = 42\n')
    assert tree == SourceTree(
        project="my-tools",
        module="my_tools",
        files={"my_tools.py": '"""Tools of mine.\n\nAnd more."""\nanswer = 42\n'},
        requires_python=RUNNING,
        summary="Tools of mine.",
    )


def test_file_lines_start_further_files_of_a_package() -> None:
    tree = from_cell(
        "geo", "from geo.a import x\n\n# file: geo/a.py\n\nx = 1\n#file: geo/b.py\n# file:geo/data/c.txt\nhi"
    )
    assert tree.files == {
        "geo/__init__.py": "from geo.a import x\n",
        "geo/a.py": "x = 1\n#file: geo/b.py\n",
        "geo/data/c.txt": "hi\n",
    }


def test_a_package_may_be_given_file_by_file_and_empty_ones_are_empty() -> None:
    tree = from_cell("geo", "\n# file: geo/__init__.py\n'''Said here.'''\n# file: geo/py.typed\n")
    assert tree.files == {"geo/__init__.py": "'''Said here.'''\n", "geo/py.typed": ""}
    assert tree.summary == "Said here."
    assert from_cell("geo", "# file: geo/a.py\nx = 1").files["geo/__init__.py"] == ""


def test_a_script_block_gives_dependencies_and_the_python_it_needs() -> None:
    block = '# /// script\n# requires-python = ">=3.12"\n# dependencies = [\n#   "rich>=13",\n# ]\n# ///\n'
    tree = from_cell("geo", f"{block}import rich\n")
    assert (tree.requires_python, tree.dependencies) == (">=3.12", ("rich>=13",))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("2d", "", "cannot be the name of a module"),
        ("class", "", "cannot be the name of a module"),
        ("a.b", "", "cannot be the name of a module"),
        ("../x", "", "cannot be the name of a module"),
        ("json", "", "json is a module of Python itself"),
        ("_", "", "cannot be the name of a project"),
        ("geo", "# file: other/a.py\n", "`# file: other/a.py` is not within the package"),
        ("geo", "# file: geo.py\n", "is not within the package"),
        ("geo", "# file: geo/../../a.py\n", "is not within the package"),
        ("geo", "# file: /geo/a.py\n", "is not within the package"),
        ("geo", "# file: geo\\a.py\n", "is not within the package"),
        ("geo", "# file:\n", "is not within the package"),
        ("geo", "# file: geo/a.py\n# file: geo/a.py\n", "the cell has geo/a.py twice"),
        ("geo", "x = 1\n# file: geo/__init__.py\n", "the cell has geo/__init__.py twice"),
        ("geo", "# /// script\n# dependencies = 1\n# ///\n", "dependencies = 1 is no list"),
        ("geo", '# /// script\n# dependencies = ["a b"]\n# ///\n', "'a b' in dependencies is no requirement"),
        ("geo", "# /// script\n# dependencies = [1]\n# ///\n", "1 in dependencies is no requirement"),
        (
            "geo",
            '# /// script\n# requires-python = "new"\n# ///\n',
            "requires-python = 'new' is no version specifier",
        ),
        (
            "geo",
            "# /// script\n# requires-python = 3.11\n# ///\n",
            "requires-python = 3.11 is no version specifier",
        ),
        ("geo", "# /// script\n# dependencies = [\n# ///\n", "is not TOML"),
        ("geo", "# /// script\n# dependencies = []\n", "is not closed"),
        ("geo", "# /// script\n# ///\n# /// script\n# ///\n", "two blocks"),
        ("geo", "x = '\ud800'\n", "the cell cannot be Python"),
    ],
)
def test_what_makes_no_package_is_told_in_one_line(name: str, text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        from_cell(name, text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_version_is_spelled_as_the_standard_spells_it_or_refused() -> None:
    assert from_cell("geo", "", version="v1.0-rc1").version == "1.0rc1"
    with pytest.raises(UsageError, match="'one' is not a version"):
        from_cell("geo", "", version="one")


def test_a_syntax_error_is_at_its_line_of_the_cell_in_a_further_file_too() -> None:
    with pytest.raises(SyntaxError) as caught:
        from_cell("geo", "x = 1\n# file: geo/a.py\n\ndef f(:\n", filename="<cell 3>", first_line=2)
    assert (caught.value.filename, caught.value.lineno, caught.value.text) == ("<cell 3>", 5, "def f(:\n")


# A release


@pytest.fixture
def built(tmp_path: Path) -> Callable[..., Release]:
    """Builds a cell, as the index would have it after ``listed``."""

    def build(text: str, listed: dict[str, str | None] | None = None, **options: str) -> Release:
        scratch = tmp_path / str(len(list(tmp_path.iterdir())))
        return from_cell("geo", text, **options).release(listed or {}, scratch)  # type: ignore[arg-type]

    return build


def listing(*releases: Release) -> dict[str, str | None]:
    return {name: digest for each in releases for name, digest in hashes(each.wheel.parent).items()}


def test_a_release_is_an_sdist_and_a_wheel_that_say_what_the_cell_says(built: Callable[..., Release]) -> None:
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


def test_a_wheel_is_not_for_python_2(built: Callable[..., Release]) -> None:
    assert built("").wheel.name == "geo-0.1.0-py3-none-any.whl"


def test_the_same_sources_are_the_same_bytes(built: Callable[..., Release]) -> None:
    first = built("x = 1\n")
    for path in first.wheel.parents[1].rglob("*"):
        os.utime(path, (1, 1))
    again = built("x = 1\n")
    assert listing(first) == listing(again)


def test_building_leaves_the_current_folder_as_it_is_to_other_threads(
    built: Callable[..., Release], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "chdir", lambda path: pytest.fail("chdir"))
    assert built("x = 1\n").new


def test_without_a_version_the_first_is_0_1_0_and_the_next_is_the_patch_after_the_newest(
    built: Callable[..., Release],
) -> None:
    first = built("x = 1\n")
    second = built("x = 2\n", listing(first))
    far = built("x = 3\n", listing(first, second), version="2.0")
    after = built("x = 4\n", listing(first, second, far))
    assert [each.version for each in (first, second, far, after)] == ["0.1.0", "0.1.1", "2.0", "2.0.1"]
    assert all(each.new for each in (first, second, far, after))


def test_without_a_version_the_newest_as_it_is_stays_and_an_older_one_becomes_new(
    built: Callable[..., Release],
) -> None:
    first = built("x = 1\n")
    second = built("x = 2\n", listing(first))
    both = listing(first, second)
    again = built("x = 2\n", both)
    assert (again.version, again.new) == ("0.1.1", False)
    back = built("x = 1\n", both)
    assert (back.version, back.new) == ("0.1.2", True)


def test_a_version_given_again_is_no_change_or_else_an_error_that_names_the_next(
    built: Callable[..., Release],
) -> None:
    there = listing(built("x = 1\n", version="0.2.0"), built("x = 1\n", version="0.2.1"))
    assert not built("x = 1\n", there, version="0.2.0").new
    with pytest.raises(
        AlreadyExists, match=r"geo 0\.2\.0 is taken: versions are immutable.*\(next: 0\.2\.2\)"
    ):
        built("x = 2\n", there, version="0.2.0")
    with pytest.raises(AlreadyExists, match=r"geo 0\.2 is taken"):
        built("x = 1\n", there, version="0.2")


def test_a_version_whose_upload_broke_off_is_completed(built: Callable[..., Release]) -> None:
    there = listing(built("x = 1\n", version="1.0"))
    del there["geo-1.0-py3-none-any.whl"]
    rest = built("x = 1\n", there, version="1.0")
    assert (rest.new, rest.listed) == (True, 1)
    with pytest.raises(AlreadyExists):
        built("x = 2\n", there, version="1.0")


@pytest.mark.parametrize(
    ("version", "taken", "following"),
    [
        ("1.2", [], "1.2.1"),
        ("1", ["1.0.1"], "1.0.2"),
        ("1.2.3.4", [], "1.2.4"),
        ("1.2.3rc1", [], "1.2.3"),
        ("1.2.3.dev1", ["1.2.3"], "1.2.4"),
        ("1.2.3.post1", [], "1.2.4"),
        ("2!1.0", [], "2!1.0.1"),
        ("1.0+local", [], "1.0.1"),
    ],
)
def test_the_next_patch(version: str, taken: list[str], following: str) -> None:
    assert next_patch(version, taken) == following


def test_versions_are_those_of_names_that_can_be_read_in_their_order() -> None:
    names = ["geo-0.10.tar.gz", "geo-0.9-py3-none-any.whl", "geo-0.9.0.tar.gz", "geo.exe", "geo-old.zip"]
    assert versions_in(names) == ["0.9", "0.10"]


# A module


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """Writes files and imports the module ``geo`` of them."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)

    def do(files: dict[str, str], name: str = "geo") -> ModuleType:
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, "utf-8")
        monkeypatch.delitem(sys.modules, name, raising=False)
        importlib.invalidate_caches()
        module = importlib.import_module(name)
        monkeypatch.setitem(sys.modules, name, module)
        return module

    return do


def tree_of(module: ModuleType) -> SourceTree:
    tree = from_module(module)
    assert isinstance(tree, SourceTree)
    return tree


def test_a_module_is_its_file_as_it_is_now(imported: Callable[..., ModuleType], tmp_path: Path) -> None:
    module = imported({"geo.py": '"""Old."""\n__version__ = "1.2"\n'})
    Path(str(module.__file__)).write_text('"""New."""\n')
    tree = tree_of(module)
    assert (tree.project, tree.version, tree.summary) == ("geo", "1.2", "New.")
    with zipfile.ZipFile(tree.release({}, tmp_path / "out").wheel) as wheel:
        assert wheel.read("geo.py") == b'"""New."""\n'


def test_a_package_is_its_folder_without_what_is_made_of_it(
    imported: Callable[..., ModuleType], tmp_path: Path
) -> None:
    files = {
        "geo/__init__.py": "",
        "geo/a/b.py": "",
        "geo/data.txt": "1",
        "geo/.hidden": "",
        "geo/__pycache__/x": "",
    }
    tree = tree_of(imported(files))
    assert sorted(tree.files) == ["geo/__init__.py", "geo/a/b.py", "geo/data.txt"]
    assert tree.version is None
    release = tree.release({}, tmp_path / "out")
    assert inspect(release.wheel).version == "0.1.0"


@pytest.mark.parametrize("version", ["'soon'", "(1, 2)", "None"])
def test_a_version_that_is_none_is_left_to_the_index(
    imported: Callable[..., ModuleType], version: str
) -> None:
    assert tree_of(imported({"geo.py": f"__version__ = {version}\n"})).version is None


@pytest.mark.parametrize("place", ["", "src/"])
def test_a_module_in_a_source_tree_of_its_name_is_that_tree(
    imported: Callable[..., ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.syspath_prepend(tmp_path / "work" / "src")
    project = '[project]\nname = "Geo"\nversion = "9"\n'
    module = imported({f"{place}geo/__init__.py": "", "pyproject.toml": project})
    assert from_module(module) == tmp_path / "work"


def test_a_module_beside_another_projects_pyproject_is_its_own(imported: Callable[..., ModuleType]) -> None:
    for text in ('[project]\nname = "notebooks"\n', "[tool.ruff]\n", "not TOML"):
        assert tree_of(imported({"geo.py": "", "pyproject.toml": text})).project == "geo"


def test_a_notebook_that_was_imported_is_the_code_of_its_cells(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Title"]},
        {"cell_type": "code", "source": ['"""From a notebook."""\n', "%matplotlib inline\n", "x = 1"]},
        {"cell_type": "code", "source": "%%bash\nls"},
        {"cell_type": "code", "source": "!ls\ny = 2"},
    ]
    (tmp_path / "geo.ipynb").write_text(json.dumps({"cells": cells}))
    module = ModuleType("geo")
    module.__file__ = str(tmp_path / "geo.ipynb")
    tree = tree_of(module)
    assert tree.files == {"geo.py": '"""From a notebook."""\nx = 1\n\n\ny = 2\n'}
    assert tree.summary == "From a notebook."


def test_what_is_installed_with_a_distribution_is_not_packed_again() -> None:
    import packaging

    with pytest.raises(UsageError, match=r"packaging is installed here, with packaging \d.*push the wheel"):
        from_module(packaging)


def test_a_file_that_hides_an_installed_module_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "packaging.py").touch()
    spec = spec_from_file_location("packaging", tmp_path / "packaging.py")
    assert spec is not None
    assert tree_of(module_from_spec(spec)).project == "packaging"


def module(name: str, **attributes: object) -> ModuleType:
    made = types.ModuleType(name)
    vars(made).update(attributes)
    return made


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (sys, "sys was not imported from a .py file"),
        (module("__main__"), "__main__ is this session itself"),
        (module("geo"), "geo was not imported from a .py file"),
        (module("geo", __file__="/nowhere/geo.so"), "geo was not imported from a .py file"),
        (module("geo", __file__="/nowhere/geo.py"), "is no longer there"),
        (module("geo", __path__=[]), "geo is a folder without __init__.py"),
        (
            importlib.import_module("packaging.version"),
            r"a part of a package \(push all of it: push\(packaging\)\)",
        ),
    ],
    ids=lambda given: getattr(given, "__name__", None),
)
def test_a_module_that_is_no_source_is_refused_in_one_line(given: ModuleType, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        from_module(given)
    assert "\n" not in str(caught.value)


def test_a_package_with_compiled_code_is_refused(imported: Callable[..., ModuleType]) -> None:
    with pytest.raises(UsageError, match=r"fast\.so is compiled"):
        from_module(imported({"geo/__init__.py": "", "geo/fast.so": ""}))


def test_an_error_in_a_file_that_was_not_imported_is_found_before_anything_is_built(
    imported: Callable[..., ModuleType],
) -> None:
    with pytest.raises(BuildFailed, match=r"geo/bad\.py, line 2: "):
        from_module(imported({"geo/__init__.py": "", "geo/bad.py": "x = 1\ndef f(:\n"}))


def test_other_encodings_and_byte_order_marks_are_as_python_reads_them(
    imported: Callable[..., ModuleType], tmp_path: Path
) -> None:
    package = imported({"geo/__init__.py": ""})
    file = Path(str(package.__file__))
    file.write_bytes('# -*- coding: latin-1 -*-\n"""Größe."""\n'.encode("latin-1"))
    assert tree_of(package).summary == "Größe."
    file.write_bytes(b'\xef\xbb\xbf"""With a mark."""\n')
    assert tree_of(package).summary == "With a mark."


def test_a_tree_is_written_over_an_earlier_one(tmp_path: Path) -> None:
    make_wheel(tmp_path)
    from_cell("geo", "x = 1\n").write(tmp_path, "1.0")
    pyproject = from_cell("geo", "x = 2\n").write(tmp_path, "1.1")
    assert (tmp_path / "geo.py").read_text() == "x = 2\n"
    assert 'version = "1.1"' in pyproject.read_text()
    assert list(tmp_path.glob("*.whl"))
