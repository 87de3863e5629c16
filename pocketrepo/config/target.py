"""Which file a change goes to: the one named, else the tool's file at a level, else its usual one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pocketrepo.config import locate, toml
from pocketrepo.config.errors import ConfigSyntax
from pocketrepo.config.locate import Place, Target
from pocketrepo.config.reqfile import decode, parse
from pocketrepo.errors import UsageError

TOOLS = ("pip", "uv", "poetry", "pdm")
SCOPES = ("site", "user", "global", "env", "project")
_REQUIREMENTS = (
    "requirements*.txt",
    "*-requirements.txt",
    "requirements*.in",
    "constraints*.txt",
    "requirements/*.txt",
    "requirements/*.in",
)


def target(place: Place, tool: str, scope: str | None, file: str | Path | None) -> Target:
    """The file that a change goes to.

    Raises: UsageError for a tool, scope or file that do not fit together, or where there is no such file.
    """
    if tool not in TOOLS:
        raise UsageError(f"no tool {tool!r}", hint="one of " + ", ".join(TOOLS))
    if scope is not None and scope not in SCOPES:
        raise UsageError(f"no scope {scope!r}", hint="one of " + ", ".join(SCOPES))
    if file is not None:
        if scope is not None:
            raise UsageError("a scope and a file are one too many")
        return _named(place, tool, place.below(file))
    if tool == "pip":
        return _pip(place, scope)
    if tool == "uv":
        return _uv(place, scope)
    if scope not in (None, "project"):
        raise UsageError(f"{tool} keeps its sources in pyproject.toml only", hint="leave the scope out")
    return Target(tool, "project", _project(place, tool), "pyproject")


def _named(place: Place, tool: str, path: Path) -> Target:
    kind = locate.kind_of(path)
    owner = {"pip": "pip", "requirements": "pip", "uv": "uv", "pypirc": "twine", "netrc": "netrc"}.get(kind)
    if owner is None:
        owner = tool if tool != "pip" else tool_of_project(place, path)
    elif tool not in ("pip", owner):
        raise UsageError(f"{path.name} is not a file of {tool}")
    return Target(owner, "file", path, kind)


def tool_of_project(place: Place, path: Path) -> str:
    """Poetry or PDM if the project has their tables, else uv."""
    try:
        tables = toml.read(place.read(path) or b"", path).get("tool", {})
    except ConfigSyntax:
        return "uv"
    return next((tool for tool in ("uv", "poetry", "pdm") if tool in tables), "uv")


def _pip(place: Place, scope: str | None) -> Target:
    special = place.env.get("PIP_CONFIG_FILE")
    if special == os.devnull:
        raise UsageError(
            f"PIP_CONFIG_FILE={os.devnull} switches all files off", hint="unset it, or name a file"
        )
    if scope == "project":
        raise UsageError("pip has no project files", hint="name a requirements file")
    if scope is None:
        scope = "site" if place.in_environment else "user"
    if scope in ("user", "env") and special:
        return Target("pip", "env", place.below(special), "pip")
    if scope == "env":
        raise UsageError("PIP_CONFIG_FILE is not set")
    files = [file for file in locate.pip_files(place) if file.level == scope]
    existing = [file for file in files if file.exists]
    return existing[-1] if existing else files[-1]


def _uv(place: Place, scope: str | None) -> Target:
    if scope == "site":
        raise UsageError("uv has no file for an environment", hint="user, project or global")
    files = {file.level: file for file in locate.uv_files(place)}
    if "env" in files:
        return files["env"]
    if scope == "env":
        raise UsageError("UV_CONFIG_FILE is not set")
    project = files.get("project")
    if project is None and (path := locate.project_file(place)):
        project = Target("uv", "project", path, "pyproject")
    if scope is None:
        scope = "project" if project else "user"
    if scope == "project":
        return project or Target("uv", "project", _project(place, "uv"), "pyproject")
    if scope not in files:
        raise UsageError("UV_NO_CONFIG switches all files off", hint="unset it, or name a file")
    return files[scope]


def _project(place: Place, tool: str) -> Path:
    path = locate.project_file(place)
    if path is None:
        raise UsageError(f"no pyproject.toml for {tool} from {place.cwd} upwards", hint="go to the project")
    return path


def everywhere(place: Place) -> Iterator[Target]:
    """Every existing file here that may mention an index: all levels, all tools, the folder's requirements."""
    seen: set[tuple[Path, str]] = set()
    for found in _candidates(place):
        if found.exists and (found.path, found.tool) not in seen:
            seen.add((found.path, found.tool))
            yield found


def _candidates(place: Place) -> Iterator[Target]:
    yield from locate.pip_files(place)
    for path in locate.pip_hidden_files(place):
        yield Target("pip", "hidden", path, "pip")
    yield from locate.uv_files(place)
    if project := locate.project_file(place):
        for tool in ("uv", "poetry", "pdm"):
            yield Target(tool, "project", project, "pyproject")
    yield Target("twine", "user", locate.pypirc_file(place), "pypirc")
    for path in requirements_files(place):
        yield Target("pip", "requirements", path, "requirements")


def requirements_files(place: Place) -> list[Path]:
    """The folder's requirements and constraints files by their usual names, and those that they include."""
    found: dict[Path, None] = {}
    waiting = [path for pattern in _REQUIREMENTS for path in sorted(place.cwd.glob(pattern))]
    while waiting:
        path = waiting.pop(0)
        if path in found or not path.is_file():
            continue
        found[path] = None
        try:
            lines = parse(decode(path.read_bytes()).text)
        except (ConfigSyntax, UnicodeDecodeError, LookupError):
            continue
        nested = [line.nested.value for line in lines if line.nested]
        waiting += [Path(os.path.normpath(path.parent / name)) for name in nested if "://" not in name]
    return list(found)
