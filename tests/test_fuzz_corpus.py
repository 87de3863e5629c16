"""The inputs that fuzzing keeps, and those that it starts with, hold what the targets promise."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from fuzz import CORPUS, TARGETS

KEPT = sorted(path for path in CORPUS.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.relative_to(CORPUS).as_posix())
def test_a_kept_input_is_refused_or_read_as_promised(path: Path) -> None:
    importlib.import_module(f"fuzz.{path.parent.name}").check(path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_what_fuzzing_starts_with_is_accepted(target: str) -> None:
    module = importlib.import_module(f"fuzz.{target}")
    assert module.seeds()
    for seed in module.seeds():
        module.check(seed)


def test_every_kept_input_belongs_to_a_target() -> None:
    assert {path.parent.name for path in KEPT} <= set(TARGETS)
    assert len(KEPT) <= 60
    assert sum(path.stat().st_size for path in KEPT) < 200_000
