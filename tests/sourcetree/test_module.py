"""A module is the tree of its sources as they are now, or is refused in one line."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import sys
import types
import zipfile
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from pocketrepo.archive import inspect
from pocketrepo.errors import BuildFailed, UsageError
from pocketrepo.sourcetree import SourceTree, from_module


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
