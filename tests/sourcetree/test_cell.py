"""A cell makes one module or a package of several files, or is refused in one line."""

from __future__ import annotations

import pytest

from pocketrepo.errors import UsageError
from pocketrepo.sourcetree import SourceTree, from_cell
from tests.sourcetree.releases import RUNNING


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
