"""How objects show themselves: the same in text and in HTML, harmless, and aligned."""

from __future__ import annotations

import re
import sys
from types import ModuleType
from typing import Any

import pytest

from pocketrepo.display import LONGEST_TABLE, Listing, Piece, card, code, diff, facts, link, size, table, text
from pocketrepo.errors import UsageError
from tests.web.page import assert_harmless, parse

HOSTILE = "<script>alert(1)</script><img src=x onerror='alert(1)'>\" onmouseover=\"alert(1)"


class Names(Listing[str]):
    def _records(self) -> dict[str, list[Any]]:
        return {"name": list(self)}

    def _piece(self) -> Piece:
        return table(["name"], [(text(name),) for name in self])


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (12_345, "12 kB"), (999_999, "1000 kB"),
     (5_400_000, "5.4 MB"), (3_000_000_000, "3.0 GB"), (7_000_000_000_000, "7000 GB")],
)  # fmt: skip
def test_sizes_are_rounded_for_people(count: int, text: str) -> None:
    assert size(count) == text


def test_what_others_wrote_is_text_wherever_it_stands() -> None:
    pieces = [
        text(HOSTILE),
        code(HOSTILE),
        link(HOSTILE, 'http://h/"' + HOSTILE),
        diff(f"+{HOSTILE}\n-{HOSTILE}"),
    ]
    html = card(table([HOSTILE], [(piece,) for piece in pieces]), facts([(HOSTILE, text(HOSTILE))])).html
    found = parse(re.sub(r' style="[^"]*"', "", html))
    assert_harmless(found)
    ours = {"div", "table", "thead", "tbody", "tr", "th", "td", "span", "code", "a", "pre"}
    assert {tag for tag, _ in found.elements} <= ours


def test_a_table_as_text_is_aligned_and_one_row_a_line() -> None:
    rows = [(text("a"), text("1")), (text("longer"), text("2"))]
    assert table(["name", "n"], rows).plain == "NAME    N\na       1\nlonger  2"


def test_a_long_table_says_how_much_it_leaves_out() -> None:
    names = Names(str(number) for number in range(LONGEST_TABLE + 1234))
    assert str(names).endswith("\n99\nand 1,234 more")
    assert names._repr_html_().count("<tr>") == LONGEST_TABLE + 1


def test_facts_as_text_keep_their_second_lines_under_the_first() -> None:
    assert facts([("a", text("1\n2")), ("label", text(""))]).plain == "  a      1\n         2\n  label"


def test_a_diff_tells_what_is_added_from_what_is_removed() -> None:
    html = diff("--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n same\n").html
    grounds = dict(re.findall(r'background:(rgba\([^)]*\))">(.)', html))
    assert set(grounds.values()) == {"+", "-"}
    assert len(grounds) == 2


def test_a_display_is_html_and_text_and_no_widget() -> None:
    shown = Names(["a"])._repr_mimebundle_()
    assert set(shown) == {"text/html", "text/plain"}
    assert Names(["a"])._repr_html_() == shown["text/html"]


def test_a_listing_is_a_list() -> None:
    names = Names(["a", "b"])
    assert names == ["a", "b"]
    assert names[-1] == "b"


def test_without_pandas_a_listing_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match=r"pandas is not installed here \(pip install pandas\)"):
        Names().to_pandas()


def test_with_pandas_a_listing_is_a_frame_of_its_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    pandas: Any = ModuleType("pandas")
    pandas.DataFrame = lambda records: ("frame", records)
    monkeypatch.setitem(sys.modules, "pandas", pandas)
    assert Names(["a"]).to_pandas() == ("frame", {"name": ["a"]})
