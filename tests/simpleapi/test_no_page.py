"""What is no page, or too much of one, is an error of the index that sent it and tells no credential."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pocketrepo.errors import UpstreamError
from pocketrepo.simpleapi import (
    from_html,
    from_json,
    from_response,
    parsing,
    projects_from_html,
    projects_from_json,
    projects_from_response,
)
from tests.simpleapi.pages import JSON, URL, html_page, json_page


@pytest.mark.parametrize("parse", [from_response, projects_from_response])
@pytest.mark.parametrize(
    ("content_type", "data"),
    [
        ("text/html", b""),
        (JSON, b""),
        (None, b"  \n"),
        ("text/html", b"<"),
        ("text/html", b"<![bad"),
        ("text/html", b"Not found"),
        ("image/png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"),
        (JSON, b"[]"),
        (JSON, b"null"),
        (JSON, b"{"),
        (JSON, b"{}"),
        (JSON, b'{"files": {}, "projects": {}}'),
        (JSON, b'{"message": "Not found"}'),
        (JSON, b'{"files": ' + b"[" * 100_000),
        (JSON, b'{"files": ' + b"1" * 10_000 + b"}"),
        (JSON, b'{"meta": {"api-version": "2.0"}, "files": [], "projects": []}'),
        ("text/html", b'<meta name="pypi:repository-version" content="2.0"><a href="foo.zip">foo</a>'),
        ("text/html", b'<meta content="10.1" name="pypi:repository-version">'),
    ],
)
def test_what_is_no_page_is_an_upstream_error(parse: Any, content_type: str | None, data: bytes) -> None:
    with pytest.raises(UpstreamError, match=r"^index\.example answered with no page"):
        parse(content_type, data, URL)


@pytest.mark.parametrize("version", ["1.0", "1.99", "01.0", "0.9", "x.y", "", "2", "²."])
def test_other_minor_versions_and_nonsense_are_read(version: str) -> None:
    assert from_json(json_page(meta={"api-version": version}), URL).links == ()
    html = f'<meta name="pypi:repository-version" content="{version}">'
    assert from_html(html_page(html), URL).links == ()


@pytest.mark.parametrize(
    "base_url", ["https://user:secret@index.example/TOKEN/simple/foo/", "user:secret@", ""]
)
def test_errors_do_not_tell_credentials(base_url: str) -> None:
    with pytest.raises(UpstreamError) as caught:
        from_html(b"", base_url)
    assert "secret" not in str(caught.value)
    assert "TOKEN" not in str(caught.value)


@pytest.mark.parametrize(
    ("limit", "from_any_json", "from_any_html"),
    [
        ("MAX_PAGE_BYTES", from_json, from_html),
        ("MAX_LIST_BYTES", projects_from_json, projects_from_html),
    ],
)
def test_pages_over_the_limits_are_refused(
    limit: str, from_any_json: Any, from_any_html: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, limit, 320)
    from_any_json(json_page(projects=[]).ljust(320), URL)
    from_any_html(b"<a href=x>" * 10, URL)
    with pytest.raises(UpstreamError, match="over 320 bytes"):
        from_any_json(json_page(projects=[]).ljust(321), URL)
    with pytest.raises(UpstreamError, match="over 320 bytes"):
        from_any_html(b"<a href=x>".ljust(321), URL)
    with pytest.raises(UpstreamError, match="over 10 tags"):
        from_any_html(b"<a href=x>" * 11, URL)


# fmt: off
TOKENS = [
    "<a ", "href=", "'", '"', ">", "<", "</a>", "<!--", "-->", "--!>", "<![", "]>", "<?", "<!DOCTYPE ", "&#",
    "&#x110000;", "<base ", "<meta name=pypi:repository-version content=", "<script>", "<title>", "http://[",
    "//", "%", "%00", "#sha256=", "=", " ", "\0", "\n", "{", "}", '{"files":[', '{"url":', '"projects":[',
    "]", ":", ",", "1e999", '"\\ud800"', "NaN",
]
# fmt: on


@given(
    st.one_of(
        st.binary(max_size=60),
        st.lists(st.sampled_from(TOKENS), max_size=12).map(lambda parts: "".join(parts).encode()),
    )
)
@settings(deadline=None, max_examples=200)
def test_garbage_gives_a_page_or_an_upstream_error(data: bytes) -> None:
    for parse in (from_html, from_json, projects_from_html, projects_from_json):
        with suppress(UpstreamError):
            parse(data, URL)
