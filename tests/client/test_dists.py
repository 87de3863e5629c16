"""What a person names, as distributions to push."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pocketrepo.archive import inspect
from pocketrepo.client.dists import build, collect
from pocketrepo.errors import BuildFailed, UsageError
from tests.distributions import make_sdist, make_wheel

FLIT = '[build-system]\nrequires = ["flit_core>=3"]\nbuild-backend = "flit_core.buildapi"\n'
PROJECT = '[project]\nname = "hello-pocket"\nversion = "1.0"\ndescription = "x"\nrequires-python = ">=3.8"\n'
OWN_BACKEND = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    folder.mkdir()
    make_wheel(folder)
    make_wheel(folder, "a-first")
    make_sdist(folder)
    make_sdist(folder, "zipped", format="zip")
    (folder / "SHA256SUMS").touch()
    (folder / "nested.whl").mkdir()
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(FLIT + PROJECT)
    (folder / "hello_pocket.py").write_text("")
    return folder


def names(what: Any = None) -> list[str]:
    with collect(what) as paths:
        assert all(path.is_file() and path.is_absolute() for path in paths)
        return [path.name for path in paths]


ALL = [
    "hello_pocket-1.0.tar.gz",
    "zipped-1.0.zip",
    "a_first-1.0-py3-none-any.whl",
    "hello_pocket-1.0-py3-none-any.whl",
]


def test_a_folder_is_its_distributions_wheels_last(dist: Path) -> None:
    assert names(dist) == names(str(dist)) == ALL


def test_files_globs_and_folders_may_be_mixed_and_each_counts_once(
    dist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = dist / "hello_pocket-1.0-py3-none-any.whl"
    assert names(wheel) == names([str(wheel)]) == [wheel.name]
    assert names(f"{dist}/hello*") == ["hello_pocket-1.0.tar.gz", wheel.name]
    assert names([f"{dist}/*.gz", dist, wheel]) == ALL
    assert names(f"{dist.parent}/**/a_first*.whl") == ["a_first-1.0-py3-none-any.whl"]
    monkeypatch.setenv("HOME", str(dist.parent))
    assert names("~/dist/*.zip") == names(Path("~/dist/zipped-1.0.zip")) == ["zipped-1.0.zip"]
    assert names(path for path in [wheel]) == [wheel.name]
    assert names([]) == []


def test_a_name_that_looks_like_a_pattern_is_taken_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "[dist]"
    folder.mkdir()
    assert names(make_wheel(folder)) == ["hello_pocket-1.0-py3-none-any.whl"]


def test_nothing_named_is_dist_or_else_the_source_tree_here(
    dist: Path, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(dist.parent)
    assert names() == ALL
    monkeypatch.chdir(tree)
    (tree / "dist").mkdir()
    assert names() == ["hello_pocket-1.0.tar.gz", "hello_pocket-1.0-py3-none-any.whl"]
    assert list((tree / "dist").iterdir()) == []


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("nowhere", "there is no nowhere"),
        ("nowhere/*.whl", r"there is no nowhere/\*\.whl"),
        (["nowhere"], "there is no nowhere"),
        ("dist/SHA256SUMS", "neither a wheel nor an sdist"),
        ("empty", "holds no wheels or sdists and is no source tree"),
        (None, "holds no wheels or sdists and is no source tree"),
        (5, "5 is no path"),
        ([None], "None is no path"),
        (b"dist", "is no path"),
    ],
)
def test_nonsense_is_one_line(dist: Path, monkeypatch: pytest.MonkeyPatch, what: Any, said: str) -> None:
    (dist.parent / "empty").mkdir()
    monkeypatch.chdir(dist.parent if what is not None else dist.parent / "empty")
    with pytest.raises(UsageError, match=said) as caught:
        names(what)
    assert "\n" not in str(caught.value)
    assert caught.value.hint or what == "dist/SHA256SUMS"


def test_a_tree_is_built_by_its_backend_as_installed_here_and_removed_afterwards(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    said: list[str] = []
    with collect(tree, say=said.append) as paths:
        found = [inspect(path) for path in paths]
    assert said == ["building tree with what is installed here"]
    assert [(one.kind, one.name, one.version) for one in found] == [
        ("sdist", "hello-pocket", "1.0"),
        ("bdist_wheel", "hello-pocket", "1.0"),
    ]
    assert not any(path.exists() for path in paths)
    assert sorted(path.name for path in tree.iterdir()) == ["hello_pocket.py", "pyproject.toml"]


def test_a_tree_needs_no_static_metadata(tree: Path) -> None:
    (tree / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "hello-pocket"\ndynamic = ["version"]\nrequires-python = ">=3.8"\n'
        '[tool.hatch.version]\npath = "hello_pocket.py"\n'
    )
    (tree / "hello_pocket.py").write_text('__version__ = "2.0"\n')
    assert names(tree) == ["hello_pocket-2.0.tar.gz", "hello_pocket-2.0-py3-none-any.whl"]


def test_a_build_that_fails_is_told_by_its_last_line_and_keeps_the_rest(tree: Path, tmp_path: Path) -> None:
    (tree / "pyproject.toml").write_text(OWN_BACKEND)
    (tree / "backend.py").write_text(
        "def build_sdist(*_):\n    print('step one')\n    raise SystemExit('no luck today')\n"
    )
    with pytest.raises(BuildFailed, match="tree cannot be built: no luck today") as caught:
        build(tree, tmp_path / "out")
    assert "step one" in caught.value.output
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[build-system", "pyproject.toml"),
        ("[build-system]\nrequires = 5\n", "requires"),
        ('[build-system]\nrequires = ["not a requirement"]\nbuild-backend = "x"\n', "requirement"),
        ('[build-system]\nrequires = []\nbuild-backend = "no_such_backend"\n', "no_such_backend"),
    ],
)
def test_a_tree_that_breaks_the_standard_is_one_line(
    tree: Path, tmp_path: Path, text: str, said: str
) -> None:
    (tree / "pyproject.toml").write_text(text)
    with pytest.raises(BuildFailed, match=said) as caught:
        build(tree, tmp_path / "out")
    assert "\n" not in str(caught.value)


@pytest.fixture
def module(tmp_path: Path) -> ModuleType:
    """The module ``geo`` of a file."""
    (tmp_path / "geo.py").write_text('"""Shapes."""\n')
    spec = spec_from_file_location("geo", tmp_path / "geo.py")
    assert spec is not None
    return module_from_spec(spec)


def test_a_module_is_built_as_the_version_after_those_that_are_listed(module: ModuleType) -> None:
    asked: list[str] = []

    def listed(project: str) -> dict[str, str | None]:
        asked.append(project)
        return {"geo-1.4-py3-none-any.whl": None}

    with collect(module, listed=listed) as paths:
        assert [path.name for path in paths] == ["geo-1.4.1.tar.gz", "geo-1.4.1-py3-none-any.whl"]
        assert inspect(paths[1]).fields["summary"] == "Shapes."
    assert asked == ["geo"]
    assert not any(path.exists() for path in paths)


def test_modules_and_paths_may_be_mixed(module: ModuleType, dist: Path) -> None:
    wheel = dist / "a_first-1.0-py3-none-any.whl"
    assert names([module, wheel]) == ["geo-0.1.0.tar.gz", wheel.name, "geo-0.1.0-py3-none-any.whl"]


def test_a_module_with_a_source_tree_of_its_name_around_it_is_built_by_the_backend_of_that(
    module: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        FLIT + PROJECT.replace("hello-pocket", "geo").replace("1.0", "7.0")
    )
    said: list[str] = []
    with collect(module, say=said.append) as paths:
        assert [path.name for path in paths] == ["geo-7.0.tar.gz", "geo-7.0-py3-none-any.whl"]
    assert said == [f"building {tmp_path.name} with what is installed here"]
