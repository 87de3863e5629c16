"""The reference tells of every fixture, of what the marker takes, and of the option."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from pocketrepo import testing
from pocketrepo.testing import plugin

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "testing.md").read_text("utf-8")


def test_every_fixture_is_described(request: pytest.FixtureRequest) -> None:
    fixtures = [name for name in vars(plugin) if name.startswith("pocketrepo")]
    assert len(fixtures) == 3
    for name in fixtures:
        assert f"| `{name}` |" in PAGE


def test_the_marker_and_the_option_are_described() -> None:
    for argument in list(inspect.signature(plugin._prepare).parameters)[1:]:
        assert f"{argument}=" in PAGE
    assert f"`{plugin.KEEP}`" in PAGE


@pytest.mark.parametrize("name", testing.__all__)
def test_every_public_name_resolves_and_is_described(name: str) -> None:
    assert getattr(testing, name).__doc__
    assert f"### `{name}`" in PAGE


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Indx'"):
        testing.Indx  # noqa: B018
