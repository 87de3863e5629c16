"""A cell's text as a source tree: one module, or several files of a package."""

from __future__ import annotations

import keyword
import re
import sys
from pathlib import PurePosixPath
from typing import NamedTuple

from packaging.utils import InvalidName, canonicalize_name

from pocketrepo.errors import UsageError
from pocketrepo.sourcetree.metadata import stated_in
from pocketrepo.sourcetree.tree import SourceTree
from pocketrepo.sourcetree.versions import parse_version

_FILE = re.compile(r"^# file:[ \t]*(.*?)[ \t]*$", re.MULTILINE)


class _Part(NamedTuple):
    """A stretch of the cell, after so many of its lines; ``path`` is None before the first ``# file:`` line."""

    path: str | None
    lines_before: int
    text: str


def from_cell(
    name: str,
    text: str,
    *,
    version: str | None = None,
    project: str | None = None,
    filename: str = "<cell>",
    first_line: int = 1,
) -> SourceTree:
    """The package that a cell is the code of.

    ``name`` is the module's, with - for _ if liked, and the project's too unless ``project`` is given. Lines
    ``# file: name/part.py`` start further files. ``filename`` and ``first_line`` are where a SyntaxError says that
    the text is. Raises UsageError, SyntaxError.
    """
    module = module_name(name)
    parts = _split(text)
    main = f"{module}/__init__.py" if any(part.path for part in parts) else f"{module}.py"
    files: dict[str, str] = {}
    for part in parts:
        if part.path is None and not part.text.strip() and len(parts) > 1:
            continue
        path = main if part.path is None else _checked(part.path, module)
        if path in files:
            raise UsageError(
                f"the cell has {path} twice", hint="what precedes the first `# file:` line is __init__.py"
            )
        if path.endswith(".py"):
            _compile(part.text, filename, first_line + part.lines_before)
        files[path] = part.text.strip("\n") + "\n" if part.text.strip() else ""
    files.setdefault(main, "")
    stated = stated_in(files[main])
    return SourceTree(
        project=project_name(project or name),
        module=module,
        files=files,
        requires_python=stated.requires_python,
        version=parse_version(version) if version is not None else None,
        summary=stated.summary,
        dependencies=stated.dependencies,
    )


def module_name(name: str) -> str:
    """Raises UsageError for what cannot be imported by that name."""
    module = name.replace("-", "_")
    if not module.isidentifier() or keyword.iskeyword(module) or not module.isascii():
        raise UsageError(
            f"{name!r} cannot be the name of a module", hint="letters, digits, _ or -, as in my-tools"
        )
    if module in sys.stdlib_module_names:
        raise UsageError(
            f"{module} is a module of Python itself, which would hide this one", hint="choose another"
        )
    return module


def project_name(name: str) -> str:
    """Raises UsageError for what is no name (PEP 508)."""
    try:
        canonicalize_name(name, validate=True)
    except InvalidName:
        raise UsageError(
            f"{name!r} cannot be the name of a project", hint="letters, digits, . _ and -"
        ) from None
    return name


def _split(text: str) -> list[_Part]:
    parts = []
    path, start = None, 0
    for marker in _FILE.finditer(text):
        parts.append(_Part(path, text.count("\n", 0, start), text[start : marker.start()]))
        path, start = marker[1], marker.end()
    return [*parts, _Part(path, text.count("\n", 0, start), text[start:])]


def _checked(text: str, module: str) -> str:
    """A path as a ``# file:`` line names it, which must stay within the package."""
    path = PurePosixPath(text)
    if len(path.parts) < 2 or path.parts[0] != module or ".." in path.parts or "\\" in text or "\0" in text:
        raise UsageError(f"`# file: {text}` is not within the package", hint=f"for example {module}/part.py")
    return str(path)


def _compile(source: str, filename: str, first_line: int) -> None:
    try:
        compile("\n" * (first_line - 1) + source, filename, "exec", dont_inherit=True)
    except ValueError as error:  # null bytes, halves of surrogate pairs
        raise UsageError(f"the cell cannot be Python: {error}") from None
