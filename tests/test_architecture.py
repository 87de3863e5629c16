"""The house as data: which module may import which, and which libraries stay behind which door.

Imports are read from the source, those within functions too. Those for type checkers alone do not count: at run
time they are not there.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import pocketrepo

TOP = Path(__file__).parent.parent
PACKAGE = TOP / "pocketrepo"

LAYERS = [
    "__main__",
    "magics testing",
    "cli widgets",
    "api",
    "background server",
    "client gateway",
    "web",
    "environment front maintenance",
    "records repository requestlog",
    "answers downloads folder hosted sourcetree",
    "access",
    "shelf",
    "cors details documents events hosts index keys namelist rules watched",
    "clock readme snapshot store tail",
    "archive attestation paths query settings simpleapi standing",
    "publisher",
    "model",
    "config",
    "display",
    "errors",
]
"""Top to bottom. A module imports from lower layers only, or within its own package; `pocketrepo` itself, with
the version and lazy names, stands under all."""

SERVER_SIDE = """
    server gateway web front cors repository hosted shelf folder index events documents snapshot store attestation
"""
CLIENT_SIDE = "background client environment magics sourcetree widgets"
"""Neither imports the other: they meet over HTTP."""

DOORS = {
    "flask": {"web", "server"},
    "itsdangerous": {"web"},
    "werkzeug": {"access", "web", "testing"},
    "pytest": {"testing"},
    "multipart": {"web"},
    "granian": {"gateway"},
    "requests": {"client"},
    "build": {"client"},
    "flit_core": {"sourcetree"},
    "click": {"cli"},
    "rich": {"cli", "client"},
    "google": {"environment"},
    "jupyter_core": {"environment"},
    "pandas": {"display"},
    "anywidget": {"widgets"},
    "ipywidgets": {"widgets"},
    "traitlets": {"widgets"},
    "IPython": {"display", "magics", "widgets"},
    "pkginfo": {"archive"},
    "pydantic": {"attestation"},
    "pypi_attestations": {"attestation"},
    "filelock": {"store", "background", "config"},
    "platformdirs": {"settings", "records"},
    "tomlrt": {"config"},
}
"""Library -> the only units that import it. `packaging` may be used everywhere above `errors`."""

READS_ENVIRONMENT = {
    "api": "POCKETREPO_ROOT, POCKETREPO_TOKEN",
    "background": "POCKETREPO_ROOT",
    "background.launching": "what a server inherits",
    "cli.options": "POCKETREPO_TOKEN",
    "cli.secret": "POCKETREPO_PASSWORD",
    "client.dists": "what a build inherits",
    "config.locate": "where other tools look",
    "environment.browser": "POCKETREPO_BROWSER_URL; where a notebook says that it runs",
    "environment.installing": "what an installer inherits",
    "environment.sandbox": "what its programs inherit",
    "environment.using": "where it points pip, uv and twine",
    "records": "POCKETREPO_RUNTIME",
    "settings": "POCKETREPO_*",
    "testing.environment": "what tools in a test inherit",
}
"""Modules that use ``os.environ``, and for what."""

UPWARD = {"background": {"widgets"}, "client": {"widgets"}}
"""Modules that reach above themselves, by the lazy names of `pocketrepo`: ``ui()`` opens what shows them."""

OPTIONAL = {
    "IPython", "anywidget", "google", "ipywidgets", "jupyter_core", "keyring", "pandas", "pydantic",
    "pypi_attestations", "pytest", "traitlets",
}  # fmt: skip
"""Used where the user has them, and not installed with PocketRepo."""

NAMES_ON_THE_INDEX = {"markdown_it": "markdown-it-py", "readme_renderer": "readme-renderer"}
LONGEST = 350
"""Lines of a Python file."""


@cache
def modules() -> dict[str, Path]:
    """Dotted names without ``pocketrepo.``; a package is its ``__init__.py``, the package itself ``""``."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts).removesuffix("__init__").removesuffix(".")] = path
    return found


def unit(module: str) -> str:
    """What a layer holds: a module or package directly in `pocketrepo`."""
    return module.partition(".")[0]


@cache
def imports(module: str) -> frozenset[str]:
    """Full dotted names of what a module imports at run time."""
    return frozenset(_imports(ast.parse(modules()[module].read_text("utf-8"))))


def _imports(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"line {node.lineno}: relative import"
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    for child in node.orelse if for_types else ast.iter_child_nodes(node):  # type: ignore[attr-defined]
        yield from _imports(child)


def ours(module: str) -> set[str]:
    """Modules of ours that a module imports."""
    found = set()
    for name in imports(module):
        package, _, rest = name.partition(".")
        if package == "pocketrepo":
            while rest not in modules():
                rest = rest.rpartition(".")[0]
            found.add(rest)
    return found


def libraries(module: str) -> set[str]:
    """Third-party packages that a module imports."""
    tops = {name.partition(".")[0] for name in imports(module)}
    return tops - sys.stdlib_module_names - {"pocketrepo"}


PLACE = {name: depth for depth, layer in enumerate(LAYERS) for name in layer.split()}


def test_every_module_has_a_place_in_the_layers() -> None:
    units = {unit(module) for module in modules()} - {""}
    assert units == set(PLACE)


@pytest.mark.parametrize("module", [name for name in modules() if name])
def test_imports_point_down(module: str) -> None:
    upward = {
        other
        for other in ours(module) - {""}
        if unit(other) != unit(module) and PLACE[unit(other)] <= PLACE[unit(module)]
    }
    assert not upward, f"{module} imports {', '.join(sorted(upward))}"


def test_lazy_names_lead_upwards_only_where_it_is_said() -> None:
    found: dict[str, set[str]] = {}
    for module, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "pocketrepo":
                home = pocketrepo._HOMES.get(node.attr, "") or node.attr
                if PLACE.get(home, len(LAYERS)) <= PLACE.get(unit(module), -1):
                    found.setdefault(module, set()).add(home)
    assert found == UPWARD


def test_no_module_imports_itself_by_way_of_others() -> None:
    try:
        tuple(TopologicalSorter({module: ours(module) for module in modules()}).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize(("side", "other"), [(SERVER_SIDE, CLIENT_SIDE), (CLIENT_SIDE, SERVER_SIDE)])
def test_server_and_client_meet_over_http_only(side: str, other: str) -> None:
    crossing = {
        f"{module} imports {target}"
        for module in modules()
        if unit(module) in side.split()
        for target in ours(module)
        if unit(target) in other.split()
    }
    assert not crossing


def test_config_stands_alone() -> None:
    for module in modules():
        if unit(module) == "config":
            assert {unit(other) for other in ours(module)} <= {"config", "display", "errors"}, module


@pytest.mark.parametrize("library", DOORS)
def test_a_library_stays_behind_its_door(library: str) -> None:
    users = {unit(module) for module in modules() if library in libraries(module)}
    assert users <= DOORS[library]


def test_the_environment_is_read_in_these_modules_only() -> None:
    readers = {
        name
        for name, path in modules().items()
        if re.search(r"\bos\.(environ|getenv)\b", path.read_text("utf-8"))
    }
    assert readers == set(READS_ENVIRONMENT)


def test_what_is_imported_is_declared_and_what_is_declared_is_imported() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {re.match(r"[\w-]+", text)[0].lower() for text in project["dependencies"]}  # type: ignore[index]
    used = {
        NAMES_ON_THE_INDEX.get(name, name).lower()
        for module in modules()
        for name in libraries(module) - OPTIONAL
    }
    assert used == declared


@pytest.mark.parametrize("folder", ["pocketrepo", "tests", "benchmarks", "fuzz", "scripts"])
def test_no_file_grows_beyond_an_afternoons_read(folder: str) -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in (TOP / folder).rglob("*.py")}
    assert lengths
    assert {str(path): lines for path, lines in lengths.items() if lines > LONGEST} == {}


def test_imports_in_functions_are_seen_and_those_for_type_checkers_are_not() -> None:
    source = """
def later():
    from pocketrepo import api
if TYPE_CHECKING:
    import flask
else:
    import click
"""
    assert list(_imports(ast.parse(source))) == ["pocketrepo.api", "click"]
