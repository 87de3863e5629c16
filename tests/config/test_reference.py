"""The reference tells of every public name, every finding and every warning."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pocketrepo import config

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs" / "reference" / "config.md").read_text("utf-8")
SOURCE = "".join(path.read_text("utf-8") for path in sorted((TOP / "pocketrepo" / "config").glob("*.py")))


@pytest.mark.parametrize("name", config.__all__)
def test_every_public_name_is_described(name: str) -> None:
    assert re.search(rf"`{name}\b", PAGE)


@pytest.mark.parametrize("kind", ["Finding", "Notice"])
def test_every_code_is_described(kind: str) -> None:
    codes = set(re.findall(rf'{kind}\(\s*"([a-z-]+)"', SOURCE))
    assert codes
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()


def test_no_finding_is_made_up() -> None:
    table = PAGE[PAGE.index("## Findings") : PAGE.index("## How tools decide")]
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE))
    assert listed == set(re.findall(r'Finding\(\s*"([a-z-]+)"', SOURCE))
