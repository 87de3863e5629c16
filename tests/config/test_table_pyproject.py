"""pyproject.toml of uv, Poetry and PDM: each row is text -> text."""

# ruff: noqa: E501 - a text is one literal, however long

from __future__ import annotations

from typing import Any

import pytest

from pocketrepo.config import sources, uv
from pocketrepo.config.errors import DanglingName
from pocketrepo.config.match import Match
from tests.config.table import SAME, A, Cases, N, check, rows

EDITS = {
    **{f"{tool} set": sources.set_index(N, tool, "n") for tool in ("poetry", "pdm")},
    **{f"{tool} add": sources.add_index(N, tool, "n") for tool in ("poetry", "pdm")},
    **{f"{tool} rm": sources.remove(Match(A), tool) for tool in ("poetry", "pdm")},
    "uv set": uv.set_index(N, "pyproject", "n"),
    "uv add": uv.add_index(N, "pyproject", "n", explicit=True),
    "uv rm": uv.remove(Match(A), "pyproject"),
}

CASES: Cases = {
    "no tool": (
        '[project]\nname = "x"\nversion = "0"\n',
        {
            "poetry set": '[project]\nname = "x"\nversion = "0"\n\n[[tool.poetry.source]]\nname = "n"\nurl = "<N>"\npriority = "primary"\n',
            "poetry add": '[project]\nname = "x"\nversion = "0"\n\n[[tool.poetry.source]]\nname = "n"\nurl = "<N>"\npriority = "supplemental"\n',
            "poetry rm": SAME,
            "pdm set": '[project]\nname = "x"\nversion = "0"\n\n[[tool.pdm.source]]\nname = "pypi"\nurl = "<N>"\n',
            "pdm add": '[project]\nname = "x"\nversion = "0"\n\n[[tool.pdm.source]]\nname = "n"\nurl = "<N>"\n',
            "pdm rm": SAME,
            "uv set": '[project]\nname = "x"\nversion = "0"\n\n[[tool.uv.index]]\nname = "n"\nurl = "<N>"\ndefault = true\n',
            "uv add": '[project]\nname = "x"\nversion = "0"\n\n[[tool.uv.index]]\nname = "n"\nurl = "<N>"\nexplicit = true\n',
            "uv rm": SAME,
        },
    ),
    "no final newline": (
        '[project]\nname = "x"\nversion = "0"',
        {
            "poetry set": '[project]\nname = "x"\nversion = "0"\n\n[[tool.poetry.source]]\nname = "n"\nurl = "<N>"\npriority = "primary"',
            "poetry add": '[project]\nname = "x"\nversion = "0"\n\n[[tool.poetry.source]]\nname = "n"\nurl = "<N>"\npriority = "supplemental"',
            "poetry rm": SAME,
            "pdm set": '[project]\nname = "x"\nversion = "0"\n\n[[tool.pdm.source]]\nname = "pypi"\nurl = "<N>"',
            "pdm add": '[project]\nname = "x"\nversion = "0"\n\n[[tool.pdm.source]]\nname = "n"\nurl = "<N>"',
            "pdm rm": SAME,
            "uv set": '[project]\nname = "x"\nversion = "0"\n\n[[tool.uv.index]]\nname = "n"\nurl = "<N>"\ndefault = true',
            "uv add": '[project]\nname = "x"\nversion = "0"\n\n[[tool.uv.index]]\nname = "n"\nurl = "<N>"\nexplicit = true',
            "uv rm": SAME,
        },
    ),
    "poetry": (
        '[tool.poetry]\nname = "x"\n\n[[tool.poetry.source]]\nname = "a"\nurl = "<A>"\npriority = "supplemental"\n\n[tool.poetry.dependencies]\npython = "*"\n',
        {
            "poetry set": '[tool.poetry]\nname = "x"\n\n[[tool.poetry.source]]\nname = "a"\nurl = "<A>"\npriority = "supplemental"\n\n[[tool.poetry.source]]\nname = "n"\nurl = "<N>"\npriority = "primary"\n\n[tool.poetry.dependencies]\npython = "*"\n',
            "poetry add": '[tool.poetry]\nname = "x"\n\n[[tool.poetry.source]]\nname = "a"\nurl = "<A>"\npriority = "supplemental"\n\n[[tool.poetry.source]]\nname = "n"\nurl = "<N>"\npriority = "supplemental"\n\n[tool.poetry.dependencies]\npython = "*"\n',
            "poetry rm": '[tool.poetry]\nname = "x"\n\n[tool.poetry.dependencies]\npython = "*"\n',
        },
    ),
    "poetry primary": (
        '[[tool.poetry.source]]\nname = "a"\nurl = "<A>" # old\n\n[build-system]\nrequires = []\n',
        {
            "poetry set": '[[tool.poetry.source]]\nname = "a"\nurl = "<N>" # old\n\n[build-system]\nrequires = []\n',
            "poetry add": '[[tool.poetry.source]]\nname = "a"\nurl = "<A>" # old\n\n[[tool.poetry.source]]\nname = "n"\nurl = "<N>"\npriority = "supplemental"\n\n[build-system]\nrequires = []\n',
            "poetry rm": "[build-system]\nrequires = []\n",
        },
    ),
    "poetry pin": (
        '[tool.poetry.dependencies]\nx = {version="1", source="a"}\n[[tool.poetry.source]]\nname = "a"\nurl = "<A>"\n',
        {
            "poetry set": '[tool.poetry.dependencies]\nx = {version="1", source="a"}\n[[tool.poetry.source]]\nname = "a"\nurl = "<N>"\n',
            "poetry add": '[tool.poetry.dependencies]\nx = {version="1", source="a"}\n[[tool.poetry.source]]\nname = "a"\nurl = "<A>"\n\n[[tool.poetry.source]]\nname = "n"\nurl = "<N>"\npriority = "supplemental"\n',
            "poetry rm": (DanglingName, 0),
        },
    ),
    "pdm": (
        '[[tool.pdm.source]]\nname = "a"\nurl = "<A>"\nverify_ssl = true\n',
        {
            "pdm set": '[[tool.pdm.source]]\nname = "a"\nurl = "<A>"\nverify_ssl = true\n\n[[tool.pdm.source]]\nname = "pypi"\nurl = "<N>"\n',
            "pdm add": '[[tool.pdm.source]]\nname = "a"\nurl = "<A>"\nverify_ssl = true\n\n[[tool.pdm.source]]\nname = "n"\nurl = "<N>"\n',
            "pdm rm": "",
        },
    ),
    "pdm pypi": (
        '[[tool.pdm.source]]\nurl = "<A>"\nname = "pypi"\n',
        {
            "pdm set": '[[tool.pdm.source]]\nurl = "<N>"\nname = "pypi"\n',
            "pdm add": '[[tool.pdm.source]]\nurl = "<A>"\nname = "pypi"\n\n[[tool.pdm.source]]\nname = "n"\nurl = "<N>"\n',
            "pdm rm": "",
        },
    ),
    "pdm variable": (
        '[[tool.pdm.source]]\nname = "a"\nurl = "https://${U}:${P}@a.example/simple"\n',
        {
            "pdm set": '[[tool.pdm.source]]\nname = "a"\nurl = "https://${U}:${P}@a.example/simple"\n\n[[tool.pdm.source]]\nname = "pypi"\nurl = "<N>"\n',
            "pdm add": '[[tool.pdm.source]]\nname = "a"\nurl = "https://${U}:${P}@a.example/simple"\n\n[[tool.pdm.source]]\nname = "n"\nurl = "<N>"\n',
            "pdm rm": "",
        },
    ),
    "uv": (
        '[project]\nname = "x"\n\n[tool.uv]\ndev-dependencies = []\n\n[[tool.uv.index]]\nname = "a"\nurl = "<A>"\n\n[tool.ruff]\nline-length = 99\n',
        {
            "uv set": '[project]\nname = "x"\n\n[tool.uv]\ndev-dependencies = []\n\n[[tool.uv.index]]\nname = "a"\nurl = "<A>"\n\n[[tool.uv.index]]\nname = "n"\nurl = "<N>"\ndefault = true\n\n[tool.ruff]\nline-length = 99\n',
            "uv add": '[project]\nname = "x"\n\n[tool.uv]\ndev-dependencies = []\n\n[[tool.uv.index]]\nname = "a"\nurl = "<A>"\n\n[[tool.uv.index]]\nname = "n"\nurl = "<N>"\nexplicit = true\n\n[tool.ruff]\nline-length = 99\n',
            "uv rm": '[project]\nname = "x"\n\n[tool.uv]\ndev-dependencies = []\n\n[tool.ruff]\nline-length = 99\n',
        },
    ),
    "uv pin": (
        '[[tool.uv.index]]\nname = "a"\nurl = "<A>"\n[tool.uv.sources]\nx = { index = "a" }\n',
        {
            "uv set": '[[tool.uv.index]]\nname = "a"\nurl = "<A>"\n\n[[tool.uv.index]]\nname = "n"\nurl = "<N>"\ndefault = true\n[tool.uv.sources]\nx = { index = "a" }\n',
            "uv add": '[[tool.uv.index]]\nname = "a"\nurl = "<A>"\n\n[[tool.uv.index]]\nname = "n"\nurl = "<N>"\nexplicit = true\n[tool.uv.sources]\nx = { index = "a" }\n',
            "uv rm": (DanglingName, 0),
        },
    ),
    "uv dotted": (
        '[tool]\nuv.index = [{ name = "a", url = "<A>" }]\n',
        {
            "uv set": '[tool]\nuv.index = [{ name = "a", url = "<A>" }, { name = "n", url = "<N>", default = true }]\n',
            "uv add": '[tool]\nuv.index = [{ name = "a", url = "<A>" }, { name = "n", url = "<N>", explicit = true }]\n',
            "uv rm": "[tool]\n",
        },
    ),
    "crlf": (
        '[project]\r\nname = "x"\r\n\r\n[tool.ruff]\r\nline-length = 99\r\n',
        {
            "poetry set": '[project]\r\nname = "x"\r\n\r\n[tool.ruff]\r\nline-length = 99\r\n\r\n[[tool.poetry.source]]\r\nname = "n"\r\nurl = "<N>"\r\npriority = "primary"\r\n',
            "poetry add": '[project]\r\nname = "x"\r\n\r\n[tool.ruff]\r\nline-length = 99\r\n\r\n[[tool.poetry.source]]\r\nname = "n"\r\nurl = "<N>"\r\npriority = "supplemental"\r\n',
            "poetry rm": SAME,
            "pdm set": '[project]\r\nname = "x"\r\n\r\n[tool.ruff]\r\nline-length = 99\r\n\r\n[[tool.pdm.source]]\r\nname = "pypi"\r\nurl = "<N>"\r\n',
            "pdm add": '[project]\r\nname = "x"\r\n\r\n[tool.ruff]\r\nline-length = 99\r\n\r\n[[tool.pdm.source]]\r\nname = "n"\r\nurl = "<N>"\r\n',
            "pdm rm": SAME,
            "uv set": '[project]\r\nname = "x"\r\n\r\n[tool.ruff]\r\nline-length = 99\r\n\r\n[[tool.uv.index]]\r\nname = "n"\r\nurl = "<N>"\r\ndefault = true\r\n',
            "uv add": '[project]\r\nname = "x"\r\n\r\n[tool.ruff]\r\nline-length = 99\r\n\r\n[[tool.uv.index]]\r\nname = "n"\r\nurl = "<N>"\r\nexplicit = true\r\n',
            "uv rm": SAME,
        },
    ),
}


@pytest.mark.parametrize(("operation", "before", "after"), rows(CASES))
def test_pyproject(operation: str, before: str | bytes, after: Any) -> None:
    check(EDITS[operation], before, after)
