from __future__ import annotations

from pathlib import Path

import pytest

from pocketrepo.config.locate import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A home with an empty project in it and no environment, away from this machine's configuration."""
    home = tmp_path / "home"
    (home / "proj").mkdir(parents=True)
    return Place({"XDG_CONFIG_DIRS": str(home / "etc")}, home / "proj", home, home / "python")
