"""The examples of the tutorial and of the how-to guides, followed from the first to the last."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.examples import TOP, examples, reader

pytestmark = pytest.mark.journey

WITHOUT_EXAMPLES = {"sign-in"}
"""What is done in a browser, and tested there."""
GUIDES = sorted(page for page in (TOP / "docs" / "how-to").glob("*.md") if page.stem not in WITHOUT_EXAMPLES)


@pytest.mark.parametrize("page", [TOP / "docs" / "tutorial.md", *GUIDES], ids=lambda page: page.stem)
def test_a_reader_who_does_what_a_page_says_sees_what_it_says(page: Path, tmp_path: Path) -> None:
    text = page.read_text("utf-8")
    if "curl " in text and shutil.which("curl") is None:
        pytest.skip("this machine has no curl")
    assert any(examples(text))
    with reader(tmp_path) as somebody:
        if page.stem != "tutorial":
            somebody.have_sample("hello-pocket")
        somebody.follow(text)
