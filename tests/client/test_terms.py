"""Terms of a token as people write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pocketrepo.access.entitlements import UNITS, Terms
from pocketrepo.client import terms
from pocketrepo.clock import fixed
from pocketrepo.errors import UsageError
from pocketrepo.model import Json


@pytest.mark.parametrize(
    ("term", "value", "fields"),
    [
        ("active", False, {"is_active": False}),
        ("max_downloads", 5, {"limit_num_downloads": 5}),
        ("max_clients", None, {"limit_num_clients": None}),
        ("max_bandwidth", 1500, {"limit_bandwidth": 1500, "limit_bandwidth_unit": "Byte"}),
        ("max_bandwidth", "5 GB", {"limit_bandwidth": 5, "limit_bandwidth_unit": "Gigabyte"}),
        ("max_bandwidth", "5kb", {"limit_bandwidth": 5, "limit_bandwidth_unit": "Kilobyte"}),
        ("max_bandwidth", "7 B", {"limit_bandwidth": 7, "limit_bandwidth_unit": "Byte"}),
        ("max_bandwidth", None, {"limit_bandwidth": None}),
        ("starts", "2026-12-31", {"limit_date_range_from": "2026-12-31T00:00:00.000000Z"}),
        ("expires", "1d", {"limit_date_range_to": "2026-11-26T00:00:00.000000Z"}),
        ("expires", "never", {"limit_date_range_to": None}),
        ("expires", None, {"limit_date_range_to": None}),
        ("packages", "name:^x", {"limit_package_query": "name:^x"}),
        ("reset", "Daily", {"scheduled_reset_period": "Daily"}),
        ("reset_at", "2026-12-31", {"scheduled_reset_at": "2026-12-31T00:00:00.000000Z"}),
        ("metadata", {"x": 1}, {"metadata": {"x": 1}}),
        ("eula_required", True, {"eula_required": True}),
        ("path_query", "x", {"limit_path_query": "x"}),
    ],
)
def test_a_term_is_a_field_of_the_api(term: str, value: Any, fields: Json) -> None:
    with fixed(datetime(2026, 11, 25, tzinfo=UTC)):
        assert terms.fields({term: value}) == fields
    Terms(**{"name": "x", **fields}).check()


@pytest.mark.parametrize("unit", UNITS)
def test_every_unit_can_be_written(unit: str) -> None:
    written = "5 B" if unit == "Byte" else f"5 {unit[0]}B"
    assert terms.fields({"max_bandwidth": written})["limit_bandwidth_unit"] == unit


def test_terms_and_their_type_name_the_same() -> None:
    assert set(terms._FIELD) == set(terms.Terms.__annotations__)


@pytest.mark.parametrize(
    "given",
    [{"max_bandwith": 5}, {"max_bandwidth": "5 GiB"}, {"max_bandwidth": "much"}, {"expires": "soon"}],
    ids=str,
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(given: Json) -> None:
    with pytest.raises(UsageError):
        terms.fields(given)
