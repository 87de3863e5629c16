"""Scenarios in the format of packse."""

from __future__ import annotations

from pathlib import Path

import pytest

from pocketrepo.errors import UsageError
from pocketrepo.testing import Index
from tests.testing.http import page

FORK = """
name = "yanked-and-wrong-python"
description = "Only 1.0.0 is left"

[root]
requires = ["a>=1"]

[expected]
satisfiable = true

[expected.packages]
a = "1.0.0"

[packages.a.versions."1.0.0"]
requires = ["b"]
sdist = false

[packages.a.versions."2.0.0"]
yanked = true
wheel_tags = ["cp39-abi3-any"]

[packages.a.versions."3.0.0"]
requires_python = ">=3.99"
extras = { fast = ["b>1"] }
wheel = false

[packages.b.versions."1.0.0"]
description = "The other"
"""


def test_a_scenario_is_listed_and_says_what_it_expects(pocketrepo: Index, tmp_path: Path) -> None:
    (tmp_path / "fork.toml").write_text(FORK)
    scenario = pocketrepo.load(tmp_path / "fork.toml")
    assert scenario.name == "yanked-and-wrong-python"
    assert (scenario.requires, scenario.satisfiable, scenario.packages) == (("a>=1",), True, {"a": "1.0.0"})
    listed = {
        file["filename"]: (file["yanked"], file["requires-python"])
        for file in page(pocketrepo.index_url, "a")
    }
    assert listed == {
        "a-1.0.0-py3-none-any.whl": (False, ">=3.8"),
        "a-2.0.0-cp39-abi3-any.whl": (True, ">=3.8"),
        "a-2.0.0.tar.gz": (True, ">=3.8"),
        "a-3.0.0.tar.gz": (False, ">=3.99"),
    }
    assert len(page(pocketrepo.index_url, "b")) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("packages = 1", "is not a scenario"),
        ("[packages.a]\nversions = 1", "is not a scenario"),
        ("[[[", "cannot be read"),
        ('[packages.a.versions."1"]\nrequire = ["b"]', "a 1 has require"),
    ],
)
def test_what_is_no_scenario_is_said(pocketrepo: Index, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "wrong.toml").write_text(text)
    with pytest.raises(UsageError, match=said):
        pocketrepo.load(tmp_path / "wrong.toml")


def test_a_missing_file_is_said(pocketrepo: Index, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        pocketrepo.load(tmp_path / "missing.toml")
