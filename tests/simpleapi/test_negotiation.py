"""The format of an answer is the one that `Accept` asks for, or HTML."""

from __future__ import annotations

import pytest

from pocketrepo.simpleapi import Format, negotiate, negotiation

JSON = "application/vnd.pypi.simple.v1+json"
HTML_V1 = "application/vnd.pypi.simple.v1+html"
LATEST_JSON = "application/vnd.pypi.simple.latest+json"
LATEST_HTML = "application/vnd.pypi.simple.latest+html"

CLIENTS = [
    # pip since 22.2, pip before, uv, poetry, the example in PEP 691
    (f"{JSON}, {HTML_V1}; q=0.1, text/html; q=0.01", Format.JSON_V1),
    ("text/html", Format.HTML),
    (f"{JSON}, {HTML_V1};q=0.2, text/html;q=0.01", Format.JSON_V1),
    (JSON, Format.JSON_V1),
    (f"{JSON}, {HTML_V1};q=0.2, text/html;q=0.01", Format.JSON_V1),
    # curl, wget and requests; Java; axios
    ("*/*", Format.HTML),
    ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", Format.HTML),
    ("application/json, text/plain, */*", Format.HTML),
    # Firefox, Chrome, Safari
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Format.HTML),
    (
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
        "application/signed-exchange;v=b3;q=0.7",
        Format.HTML,
    ),
    ("text/html,application/xhtml+xml,image/jxr,*/*", Format.HTML),
]
NOTHING_ASKED: list[tuple[str | None, Format | None]] = [
    (None, Format.HTML),
    ("", Format.HTML),
    ("  ", Format.HTML),
    (" , ,", Format.HTML),
]
ONE_TYPE = [
    (HTML_V1, Format.HTML_V1),
    (LATEST_JSON, Format.JSON_V1),
    (LATEST_HTML, Format.HTML_V1),
    ("text/html; charset=utf-8", Format.HTML),
    (f"{JSON};charset=utf-8", Format.JSON_V1),
    (JSON.upper(), Format.JSON_V1),
    ("TEXT/HTML;Q=0.5", Format.HTML),
    (f"\t {HTML_V1} ;\tq = 0.3 ", Format.HTML_V1),
]
WILDCARDS = [
    ("*", Format.HTML),
    ("text/*", Format.HTML),
    ("application/*", Format.HTML_V1),
    ("application/*, text/*;q=0.9", Format.HTML_V1),
    ("*/*;q=0.1", Format.HTML),
    (f"{JSON}, */*;q=0.1", Format.JSON_V1),
    (f"{JSON}, */*", Format.HTML),
    ("image/*", None),
]
WEIGHTS = [
    (f"{JSON}, {HTML_V1}", Format.HTML_V1),
    (f"{JSON}, text/html", Format.HTML),
    (f"{JSON};q=0.5, text/html;q=0.5", Format.HTML),
    (f"text/html;q=0.499, {JSON};q=0.5", Format.JSON_V1),
    (f"{LATEST_JSON};q=0.9, {HTML_V1};q=0.8, text/html;q=0.7", Format.JSON_V1),
    ("text/html;level=1;q=0.4, " + HTML_V1 + ";q=0.5", Format.HTML_V1),
    (f"{JSON};q=1.000, text/html;q=0.999", Format.JSON_V1),
    (f"{JSON};q=1., text/html;q=.9", Format.JSON_V1),
    (f"{JSON};q=0.2, {JSON};q=0.9, text/html;q=0.5", Format.JSON_V1),
]
EXCLUDED = [
    ("text/html;q=0", None),
    (f"{JSON};q=0.0", None),
    ("*/*;q=0", None),
    ("text/html;q=0, */*", Format.HTML_V1),
    (f"text/html;q=0, {HTML_V1};q=0.000, */*;q=0.1", Format.JSON_V1),
    (f"{JSON};q=0, application/*;q=0.5", Format.HTML_V1),
    ("application/*;q=0, */*;q=0.1", Format.HTML),
    (f"*/*;q=0, {JSON};q=0.1", Format.JSON_V1),
]
MALFORMED_WEIGHTS = [
    ("text/html;q=x", Format.HTML),
    (f"{JSON};q=, text/html;q=0.9", Format.JSON_V1),
    (f"{JSON};q=nan, text/html;q=0.9", Format.JSON_V1),
    (f"{JSON};q=1e-3, text/html;q=0.9", Format.JSON_V1),
    (f"{JSON};q=-1, text/html;q=0.9", Format.JSON_V1),
    ("text/html;q=7, " + HTML_V1, Format.HTML),
    (f"{JSON};q=.\u0660, text/html;q=0.9", Format.JSON_V1),
]
UNKNOWN = [
    ("application/json", None),
    ("application/xhtml+xml", None),
    ("application/vnd.pypi.simple.v2+json", None),
    ("application/vnd.pypi.simple.v1+xml", None),
    ("text/htmlx", None),
    ("html", None),
    ("*/html", None),
    (";;;", None),
    (f"application/vnd.pypi.simple.v2+json, {JSON};q=0.1", Format.JSON_V1),
]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [*CLIENTS, *NOTHING_ASKED, *ONE_TYPE, *WILDCARDS, *WEIGHTS, *EXCLUDED, *MALFORMED_WEIGHTS, *UNKNOWN],
)
def test_the_format_is_the_one_that_the_header_asks_for(accept: str | None, expected: Format | None) -> None:
    assert negotiate(accept) is expected


def test_long_headers_are_answered_but_not_remembered() -> None:
    header = f"{JSON}, " + ", ".join(f"image/x-{number}" for number in range(60))
    assert len(header) > 500
    before = negotiation._remembered.cache_info()
    assert negotiate(header) is Format.JSON_V1
    assert negotiation._remembered.cache_info() == before


def test_memory_for_headers_is_bounded() -> None:
    for number in range(1000):
        negotiate(f"image/x-{number}")
    assert negotiation._remembered.cache_info().currsize <= 128


@pytest.mark.parametrize("filler", [",", "x/y,", " ,", "text/html;q=0,"])
def test_only_the_first_4096_characters_are_read(filler: str) -> None:
    padding = filler * (4096 // len(filler))
    assert negotiate(padding[: -2 * len(JSON)].rpartition(",")[0] + "," + JSON) is Format.JSON_V1
    assert negotiate(padding + JSON) is not Format.JSON_V1


@pytest.mark.parametrize(
    ("format", "content_type", "is_json"),
    [
        (Format.JSON_V1, JSON, True),
        (Format.HTML_V1, HTML_V1, False),
        (Format.HTML, "text/html; charset=utf-8", False),
    ],
)
def test_formats_know_their_content_type(format: Format, content_type: str, is_json: bool) -> None:
    assert (format.content_type, format.is_json) == (content_type, is_json)
