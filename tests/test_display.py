"""How objects show themselves: the same in text and in HTML, harmless, and aligned."""

from __future__ import annotations

import pytest

from pocketrepo.display import size


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (12_345, "12 kB"), (999_999, "1000 kB"),
     (5_400_000, "5.4 MB"), (3_000_000_000, "3.0 GB"), (7_000_000_000_000, "7000 GB")],
)  # fmt: skip
def test_sizes_are_rounded_for_people(count: int, text: str) -> None:
    assert size(count) == text
