"""An imported module or package as a source tree: the files that it was imported from, as they are now."""

from __future__ import annotations

import importlib.metadata
import json
import tomllib
from contextlib import suppress
from importlib.util import decode_source
from pathlib import Path
from types import ModuleType

from packaging.version import InvalidVersion, Version

from pocketrepo.errors import BuildFailed, UsageError
from pocketrepo.model import normalize
from pocketrepo.sourcetree.cell import module_name
from pocketrepo.sourcetree.metadata import stated_in
from pocketrepo.sourcetree.tree import SourceTree

_COMPILED = (".so", ".pyd", ".dylib")
_NOT_SOURCE = ("__pycache__", ".")
"""What the names of folders and files that are left out start with."""


def from_module(module: ModuleType) -> SourceTree | Path:
    """The files of a module, or the folder of the source tree that it is developed in, if it has one of its name.

    ``__version__`` is the version if it is one (PEP 440). Raises UsageError for a module that is not of files
    written here, BuildFailed for one with errors in its syntax.
    """
    name = module.__name__
    source = _source_file(module)
    package = source.name == "__init__.py"
    top = source.parent if package else source
    developed = _developed_in(top.parent, name)
    if developed is not None:
        return developed
    files: dict[str, str | Path]
    if package:
        files = {f"{name}/{path.relative_to(top).as_posix()}": path for path in _files_below(top)}
    elif source.suffix == ".ipynb":
        files = {f"{name}.py": _notebook_code(source)}
    else:
        files = {f"{name}.py": source}
    _check_syntax(files)
    stated = stated_in(_text(files[f"{name}/__init__.py" if package else f"{name}.py"]))
    return SourceTree(
        project=name,
        module=module_name(name),
        files=files,
        requires_python=stated.requires_python,
        version=_own_version(module),
        summary=stated.summary,
        dependencies=stated.dependencies,
    )


def _source_file(module: ModuleType) -> Path:
    name = module.__name__
    if name == "__main__":
        raise UsageError(
            "__main__ is this session itself", hint="put the code into a file, or a %%package cell"
        )
    if "." in name:
        raise UsageError(
            f"{name} is a part of a package", hint=f"push all of it: push({name.partition('.')[0]})"
        )
    file = getattr(module, "__file__", None)
    if file is None and hasattr(module, "__path__"):
        raise UsageError(f"{name} is a folder without __init__.py", hint="write one, and import it again")
    if file is None or not file.endswith((".py", ".ipynb")):
        raise UsageError(f"{name} was not imported from a .py file", hint="only source can be built")
    source = Path(file).absolute()
    if not source.is_file():
        raise UsageError(f"{source}, which {name} was imported from, is no longer there")
    owner = _installed_with(source)
    if owner is not None:
        raise UsageError(
            f"{name} is installed here, with {owner}", hint="push the wheel or the sources that it came from"
        )
    return source


def _installed_with(source: Path) -> str | None:
    """The distribution, and its version, that put the file there. What it says of itself lies beside its modules."""
    folder = (source.parent if source.name == "__init__.py" else source).parent
    for distribution in importlib.metadata.distributions(path=[str(folder)]):
        if any(Path(str(file.locate())) == source for file in distribution.files or ()):
            return f"{distribution.name} {distribution.version}"
    return None


def _developed_in(folder: Path, name: str) -> Path | None:
    """The source tree around a module that is the project of that name; a notebook's folder may be in another."""
    tree = folder.parent if folder.name == "src" else folder
    with suppress(OSError, ValueError, KeyError, TypeError):
        project = tomllib.loads((tree / "pyproject.toml").read_text("utf-8"))["project"]["name"]
        if normalize(project) == normalize(name):
            return tree
    return None


def _files_below(folder: Path) -> list[Path]:
    found = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(_NOT_SOURCE):
            continue
        if path.is_dir():
            found += _files_below(path)
        elif path.name.endswith(_COMPILED):
            raise UsageError(f"{path} is compiled", hint="build its source tree, and push the wheel")
        elif path.is_file() and path.suffix != ".pyc":
            found.append(path)
    return found


def _notebook_code(path: Path) -> str:
    """The code of a notebook that was imported, without magics and shell lines."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    kept = [
        "\n".join(line for line in source.splitlines() if not line.startswith(("%", "!")))
        for source in sources
        if not source.startswith("%%")
    ]
    return "\n\n\n".join(filter(str.strip, kept)) + "\n"


def _check_syntax(files: dict[str, str | Path]) -> None:
    for name, content in files.items():
        if name.endswith(".py"):
            try:
                source = content if isinstance(content, str) else content.read_bytes()
                compile(source, name, "exec", dont_inherit=True)
            except SyntaxError as error:
                raise BuildFailed(f"{name}, line {error.lineno}: {error.msg}") from None
            except ValueError as error:  # null bytes, another encoding
                raise BuildFailed(f"{name} cannot be Python: {error}") from None


def _text(content: str | Path) -> str:
    return content if isinstance(content, str) else decode_source(content.read_bytes())


def _own_version(module: ModuleType) -> str | None:
    try:
        return str(Version(module.__version__))
    except (AttributeError, TypeError, InvalidVersion):
        return None
