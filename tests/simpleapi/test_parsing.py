"""A project's page is read as other indexes write it, and what makes no sense in it is left out."""

from __future__ import annotations

from typing import Any

import pytest

from pocketrepo.errors import UpstreamError
from pocketrepo.model import normalize
from pocketrepo.simpleapi import Link, Page, from_html, from_json, from_response
from tests.simpleapi.pages import FILE_URL, JSON, URL, html_link, html_page, json_link, json_page


def test_a_full_json_page_is_read() -> None:
    item = {
        "filename": "foo-1.0.tar.gz",
        "url": "https://files.example/ab/foo-1.0.tar.gz",
        "hashes": {"sha256": "AB" * 32, "Blake2b": "cd"},
        "size": 7,
        "upload-time": "2026-01-31T12:00:00Z",
        "requires-python": ">=3.9",
        "core-metadata": {"sha256": "ef"},
        "provenance": "https://index.example/attestation",
        "gpg-sig": True,
        "yanked": "broken",
        "_private": {"x": [1]},
    }
    page = from_json(json_page(item, name="Foo", versions=["0.9", "1.0"], meta={"api-version": "1.9"}), URL)
    assert page == Page(
        name=normalize("foo"),
        versions=("0.9", "1.0"),
        links=(
            Link(
                filename="foo-1.0.tar.gz",
                url="https://files.example/ab/foo-1.0.tar.gz",
                hashes={"sha256": "ab" * 32, "blake2b": "cd"},
                size=7,
                upload_time="2026-01-31T12:00:00Z",
                requires_python=">=3.9",
                yanked="broken",
                core_metadata={"sha256": "ef"},
                signed=True,
                provenance="https://index.example/attestation",
            ),
        ),
    )
    assert page.links[0].sha256 == "ab" * 32


@pytest.mark.parametrize("status", [None, 5, "archived", [], {}, {"status": ""}, {"status": 5, "reason": []}])
def test_a_status_that_makes_no_sense_is_none(status: Any) -> None:
    page = from_json(json_page(**{"project-status": status}), URL)
    assert (page.status, page.status_reason) == ("active", "")


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "../foo/", "ftp://h.example/foo/", "https://", "https://[", 5]
)
def test_a_location_is_an_absolute_address_on_the_web(url: Any) -> None:
    page = from_json(
        json_page(**{"meta": {"tracks": [url]}, "alternate-locations": [url, "https://h.example/foo/"]}), URL
    )
    assert (page.tracks, page.alternate_locations) == ((), ("https://h.example/foo/",))
    metas = f'<meta name="pypi:tracks" content="{url}"><meta name="pypi:tracks"><meta content="x">'
    assert from_html(html_page(metas), URL).tracks == ()


@pytest.mark.parametrize("value", ["", "javascript:alert(1)", "file:///etc/passwd", "https://[", 5, None])
def test_provenance_is_somewhere_on_the_web(value: Any) -> None:
    assert json_link(provenance=value).provenance is None
    assert html_link(f'data-provenance="{value or ""}"').provenance in (
        None,
        "https://index.example/simple/foo/5",
    )


def test_provenance_may_be_given_from_the_page() -> None:
    expected = f"{FILE_URL}.provenance"
    assert json_link(provenance="foo-1.0.tar.gz.provenance").provenance == expected
    assert html_link('data-provenance="foo-1.0.tar.gz.provenance"').provenance == expected


def test_a_json_page_may_lack_nearly_everything() -> None:
    page = from_json(json_page({"url": "foo-1.0.tar.gz"}), URL)
    assert page == Page(normalize("foo"), (Link("foo-1.0.tar.gz", FILE_URL),))
    assert page.links[0].sha256 is None


@pytest.mark.parametrize(
    "item",
    [
        {
            "hashes": None,
            "size": "7",
            "upload-time": 7,
            "requires-python": "",
            "yanked": "",
            "core-metadata": {},
        },
        {"hashes": ["a"], "size": -1, "upload-time": None, "requires-python": [], "yanked": 0},
        {"hashes": {"sha256": 1, "md5": ""}, "size": True, "requires-python": None, "yanked": False},
        {"hashes": {"": "x"}, "size": 1.5, "yanked": [], "core-metadata": False, "dist-info-metadata": True},
    ],
)
def test_malformed_values_are_left_out(item: dict[str, Any]) -> None:
    assert json_link(**item) == Link("foo-1.0.tar.gz", FILE_URL)


@pytest.mark.parametrize(
    "item", [None, "x", 1, [], {}, {"url": ""}, {"url": 1}, {"filename": "foo-1.0.tar.gz"}]
)
def test_files_without_a_url_are_left_out(item: Any) -> None:
    assert (
        from_json(json_page(item, {"url": "foo-1.0.zip"}), URL).links
        == from_json(json_page({"url": "foo-1.0.zip"}), URL).links
    )


@pytest.mark.parametrize("name", [None, 7, "", "../../etc", "a b", "\ud800"])
def test_a_page_without_a_usable_name_is_named_by_its_url(name: Any) -> None:
    assert from_json(json_page(name=name), "https://index.example/simple/Foo.Bar/?x#y").name == "foo-bar"


def test_lone_surrogates_do_not_get_in() -> None:
    link = json_link(yanked="a\ud800", filename="b\udfff.zip", hashes={"c\ud800": "d\ud800"})
    assert (link.yanked, link.filename, link.hashes) == ("a?", "b?.zip", {"c?": "d?"})


@pytest.mark.parametrize(
    ("in_json", "in_html", "expected"),
    [
        ({}, "", False),
        ({"core-metadata": True}, 'data-core-metadata="true"', True),
        ({"core-metadata": True}, "data-core-metadata", True),
        ({"core-metadata": False}, 'data-core-metadata="false"', False),
        ({"core-metadata": {"sha256": "AB"}}, 'data-core-metadata="SHA256=AB"', {"sha256": "ab"}),
        ({"dist-info-metadata": {"md5": "ab"}}, 'data-dist-info-metadata="md5=ab"', {"md5": "ab"}),
        ({"data-dist-info-metadata": True}, 'data-dist-info-metadata="true"', True),
        (
            {"dist-info-metadata": True, "core-metadata": {"sha256": "ab"}},
            'data-dist-info-metadata="true" data-core-metadata="sha256=ab"',
            {"sha256": "ab"},
        ),
        (
            {"dist-info-metadata": {"sha256": "ab"}, "core-metadata": False},
            'data-dist-info-metadata="sha256=ab" data-core-metadata="false"',
            False,
        ),
    ],
)
def test_the_new_name_for_core_metadata_goes_before_the_old(
    in_json: dict[str, Any], in_html: str, expected: dict[str, str] | bool
) -> None:
    assert json_link(**in_json).core_metadata == expected
    assert html_link(in_html).core_metadata == expected


@pytest.mark.parametrize(
    ("in_json", "in_html", "expected"),
    [
        ({}, "", None),
        ({"yanked": False}, "", None),
        ({"yanked": True}, "data-yanked", ""),
        ({"yanked": True}, 'data-yanked=""', ""),
        ({"yanked": "a & <b>"}, "data-yanked='a &amp; &lt;b&gt;'", "a & <b>"),
    ],
)
def test_yanks_are_read_with_and_without_reason(
    in_json: dict[str, Any], in_html: str, expected: str | None
) -> None:
    assert json_link(**in_json).yanked == expected
    assert html_link(in_html).yanked == expected


def test_requires_python_is_unescaped_and_empty_is_none() -> None:
    assert html_link('data-requires-python="&gt;=3.8,&lt;4"').requires_python == ">=3.8,<4"
    assert html_link('data-requires-python=""').requires_python is None


def test_of_two_equal_attributes_the_first_counts() -> None:
    assert html_link('href="other.zip" data-yanked="a" data-yanked="b"').yanked == "a"
    assert html_link('href="other.zip"').filename == "foo-1.0.tar.gz"


def test_html_in_any_dress_is_read() -> None:
    page = b"""\xef\xbb\xbf<HTML><!-- <a href="no.zip">no.zip</a> --><BODY>
    <A\n HREF = foo-1.zip>foo-1.zip</A><a>no link</a><a href>none</a><p><a href='foo-2.zip'
    data-yanked='\xff'><b>foo</b>-2.zip<a href="foo-3.zip" /><a href="stump"""
    links = from_html(page, URL).links
    assert [(link.filename, link.yanked) for link in links] == [
        ("foo-1.zip", None),
        ("foo-2.zip", "\ufffd"),
        ("foo-3.zip", None),
    ]


JSON_BYTES = json_page({"url": "foo-1.0.tar.gz"})
HTML_BYTES = html_page('<a href="foo-1.0.tar.gz">foo-1.0.tar.gz</a>')


@pytest.mark.parametrize(
    "content_type",
    [
        JSON,
        "application/json",
        "text/html; charset=utf-8",
        "text/html",
        "text_html",
        "binary/octet-stream",
        "",
        None,
    ],
)
@pytest.mark.parametrize(
    "data", [JSON_BYTES, HTML_BYTES, b"\xef\xbb\xbf \r\n" + JSON_BYTES, b"\xef\xbb\xbf\n" + HTML_BYTES]
)
def test_a_page_is_read_whatever_its_label_says(content_type: str | None, data: bytes) -> None:
    assert from_response(content_type, data, URL).links == (Link("foo-1.0.tar.gz", FILE_URL),)


def test_text_before_the_first_tag_is_html_unless_labelled_json() -> None:
    data = b'Index of <a href="foo-1.0.tar.gz">foo</a>'
    assert from_response("text/html", data, URL).links == (Link("foo-1.0.tar.gz", FILE_URL),)
    with pytest.raises(UpstreamError, match="not JSON"):
        from_response(JSON, data, URL)
