"""The sources that Poetry and PDM take from pyproject.toml, as they would ask them."""

from __future__ import annotations

from pocketrepo.config import sources, toml
from pocketrepo.config.errors import ConfigSyntax
from pocketrepo.config.locate import Place, project_file
from pocketrepo.config.pip_options import line_number
from pocketrepo.config.view import Index, Origin, Setting, View, pypi

_RANK = {"primary": 0, "supplemental": 1, "explicit": 2}


def project_view(place: Place, tool: str) -> View:
    """``tool`` is poetry or pdm. Explicit sources are listed last; only packages that name them go there."""
    path = project_file(place)
    data = place.read(path) if path else None
    if path is None or data is None:
        return View(tool, (pypi("default"),))
    try:
        tables = toml.read(data, path)
    except ConfigSyntax as error:
        return View(tool, errors=(str(error.args[0]),))
    text = data.decode("utf-8")
    listed = toml.entries(tables, sources.ROOTS[tool])
    found = [_index(source, tool, Origin("project", f"{path}:{_line(text, source)}")) for source in listed]
    settings = tuple(Setting(tool, f"source {index.name}", index.url, index.origin) for index in found)
    pins = tuple(sources.pins(tables)) if tool == "poetry" else ()
    indexes = _poetry(found) if tool == "poetry" else _pdm(found)
    return View(tool, tuple(indexes), settings=settings, pins=pins)


def _index(source: toml.Tables, tool: str, origin: Origin) -> Index:
    priority = str(source.get("priority", "primary")).lower() if tool == "poetry" else "index"
    name = str(source.get("name", ""))
    url = str(source.get("url") or (pypi("").url if name.lower() == "pypi" else ""))
    return Index(url, priority, origin, name)


def _poetry(found: list[Index]) -> list[Index]:
    """PyPI is asked by itself only while there is no primary source."""
    ranked = sorted(found, key=lambda index: _RANK.get(index.role, 0))
    return ranked if any(index.role == "primary" for index in found) else [pypi("default"), *ranked]


def _pdm(found: list[Index]) -> list[Index]:
    """A source named pypi takes PyPI's place; else PyPI comes first."""
    return found if any(index.name == "pypi" for index in found) else [pypi("default"), *found]


def _line(text: str, source: toml.Tables) -> int:
    value = str(source.get("url") or source.get("name", ""))
    return line_number(text, max(text.find(value), 0))
