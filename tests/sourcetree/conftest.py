"""Cells are built as the index would have them after what it lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from pocketrepo.sourcetree import Release, from_cell
from tests.sourcetree.releases import Build


@pytest.fixture
def built(tmp_path: Path) -> Build:
    """Builds a cell, as the index would have it after ``listed``."""

    def build(text: str, listed: dict[str, str | None] | None = None, **options: str) -> Release:
        scratch = tmp_path / str(len(list(tmp_path.iterdir())))
        return from_cell("geo", text, **options).release(listed or {}, scratch)  # type: ignore[arg-type]

    return build
