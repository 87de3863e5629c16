"""What `import pocketrepo` offers, and what it costs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import pocketrepo

NAMES = [
    "Client",
    "Files",
    "Installations",
    "Installed",
    "Log",
    "PocketRepoError",
    "Project",
    "Projects",
    "Pushed",
    "Pushes",
    "RunRecord",
    "Sandbox",
    "Server",
    "Settings",
    "Using",
    "__version__",
    "config",
    "connect",
    "create_app",
    "errors",
    "install",
    "push",
    "start",
    "status",
    "use",
    "widgets",
]


def test_exactly_these_names_are_public() -> None:
    assert sorted(pocketrepo.__all__) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_resolves_and_is_documented(name: str) -> None:
    value = getattr(pocketrepo, name)
    assert value.__doc__
    assert name in dir(pocketrepo)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'pocketrepo' has no attribute 'strat'"):
        pocketrepo.strat  # noqa: B018


def loaded_by(statement: str) -> set[str]:
    """Top-level packages that a new interpreter holds after a statement."""
    code = (
        f"{statement}; import sys, json; print(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        (
            "import pocketrepo",
            {"flask", "requests", "ipywidgets", "click", "rich", "granian", "packaging", "asyncio"},
        ),
        ("import pocketrepo; pocketrepo.config", {"flask", "requests", "ipywidgets", "click", "granian"}),
        ("import pocketrepo; pocketrepo.start", {"flask", "granian", "ipywidgets"}),
        ("import pocketrepo; pocketrepo.create_app", {"requests", "granian", "ipywidgets"}),
    ],
)
def test_nothing_is_loaded_before_it_is_used(statement: str, absent: set[str]) -> None:
    loaded = loaded_by(statement)
    assert "pocketrepo" in loaded
    assert not loaded & absent
