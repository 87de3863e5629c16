"""What a module's own text says about it: its docstring, and inline script metadata (PEP 723)."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from dataclasses import dataclass
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from pocketrepo.errors import UsageError

_BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
"""As PEP 723 gives it."""
_START = re.compile(r"(?m)^# /// script\s*$")


@dataclass(frozen=True)
class Stated:
    """``requires_python`` is the running Python and later unless the text says otherwise: nothing else is known
    to work."""

    summary: str
    requires_python: str
    dependencies: tuple[str, ...]


def stated_in(source: str) -> Stated:
    """Raises UsageError with what is wrong in the script block; SyntaxError."""
    block = _script_block(source)
    return Stated(
        _summary(source),
        _requires_python(block.get("requires-python")),
        _dependencies(block.get("dependencies", [])),
    )


def _summary(source: str) -> str:
    docstring = ast.get_docstring(ast.parse(source)) or ""
    return next((line.strip() for line in docstring.splitlines() if line.strip()), "")


def _script_block(source: str) -> dict[str, Any]:
    blocks = [match for match in _BLOCK.finditer(source) if match["type"] == "script"]
    if len(blocks) > 1 or len(_START.findall(source)) > 1:
        raise UsageError("there are two blocks `# /// script`", hint="put all into one")
    if not blocks:
        if _START.search(source):
            raise UsageError(
                "the block `# /// script` is not closed",
                hint="each of its lines starts with #, the last is `# ///`",
            )
        return {}
    lines = blocks[0]["content"].splitlines()
    try:
        return tomllib.loads("\n".join(line.removeprefix("#").removeprefix(" ") for line in lines))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"the block `# /// script` is not TOML: {error}") from None


def _requires_python(value: object) -> str:
    if value is None:
        return f">={sys.version_info.major}.{sys.version_info.minor}"
    try:
        return str(SpecifierSet(value))  # type: ignore[arg-type]  # what is no text is no specifier
    except (InvalidSpecifier, TypeError, AttributeError):
        raise UsageError(
            f"requires-python = {value!r} is no version specifier", hint='like ">=3.11"'
        ) from None


def _dependencies(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise UsageError(f"dependencies = {value!r} is no list", hint='like ["requests>=2"]')
    for one in value:
        try:
            Requirement(one)
        except (InvalidRequirement, TypeError):
            raise UsageError(
                f"{one!r} in dependencies is no requirement", hint='like "requests>=2"'
            ) from None
    return tuple(value)
