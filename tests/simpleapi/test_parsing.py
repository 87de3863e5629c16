from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pocketrepo.errors import UpstreamError
from pocketrepo.model import normalize
from pocketrepo.simpleapi import (
    Link,
    Page,
    from_html,
    from_json,
    from_response,
    parsing,
    projects_from_html,
    projects_from_json,
    projects_from_response,
)

URL = "https://index.example/simple/foo/"
FILE_URL = "https://index.example/simple/foo/foo-1.0.tar.gz"
JSON = "application/vnd.pypi.simple.v1+json"


def json_page(*files: Any, **document: Any) -> bytes:
    return json.dumps({"files": files, **document}).encode()


def html_page(body: str) -> bytes:
    return f"<!DOCTYPE html><html><body>{body}</body></html>".encode()


def json_link(**item: Any) -> Link:
    (link,) = from_json(json_page({"url": "foo-1.0.tar.gz", **item}), URL).links
    return link


def html_link(attributes: str) -> Link:
    (link,) = from_html(html_page(f'<a href="foo-1.0.tar.gz" {attributes}>foo-1.0.tar.gz</a>'), URL).links
    return link


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


@pytest.mark.parametrize(
    ("url", "filename", "absolute"),
    [
        ("foo-1.0.zip", "foo-1.0.zip", "https://index.example/simple/foo/foo-1.0.zip"),
        ("../../f/foo-1.0.zip", "foo-1.0.zip", "https://index.example/f/foo-1.0.zip"),
        ("/f/foo-1.0.zip?sig=a/b", "foo-1.0.zip", "https://index.example/f/foo-1.0.zip?sig=a/b"),
        ("//cdn.example/foo-1.0.zip", "foo-1.0.zip", "https://cdn.example/foo-1.0.zip"),
        ("http://cdn.example:81/foo.zip", "foo.zip", "http://cdn.example:81/foo.zip"),
        ("HTTPS://cdn.example/foo.zip", "foo.zip", "https://cdn.example/foo.zip"),
        ("http://cdn.example/a/../foo.zip", "foo.zip", "http://cdn.example/a/../foo.zip"),
        ("foo-1.0%2Bcu118.zip", "foo-1.0+cu118.zip", "https://index.example/simple/foo/foo-1.0%2Bcu118.zip"),
        ("foo-1.0+cu118.zip", "foo-1.0+cu118.zip", "https://index.example/simple/foo/foo-1.0+cu118.zip"),
        (" foo.zip#frag", "foo.zip", "https://index.example/simple/foo/foo.zip"),
        ("http://cdn.example/fo\no.zip", "foo.zip", "http://cdn.example/foo.zip"),
    ],
)
def test_urls_become_absolute_and_the_last_part_is_the_filename(
    url: str, filename: str, absolute: str
) -> None:
    expected = [(filename, absolute)]
    assert [(link.filename, link.url) for link in from_json(json_page({"url": url}), URL).links] == expected
    assert [
        (link.filename, link.url) for link in from_html(html_page(f"<a href='{url}'>"), URL).links
    ] == expected


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,x",
        "ftp://h/foo.zip",
        "git+https://h/foo.zip",
        "mailto:a@b",
        "http:///foo.zip",
        "http://[bad/foo.zip",
        "//[bad/foo.zip",
        "http://h:port/foo.zip",
        "http://h:0/foo.zip",
        "../",
        "?C=N;O=D",
        "#top",
        "..",
        "https://h",
        "a/%2e%2e",
        "a/..%2F..%2Fetc%2Fpasswd",
        "a/..%5Cx.zip",
        "a/x%00.zip",
        "a/x%0d%0aSet-Cookie:x.zip",
        "a/x%1b[31m.zip",
        "a/x\x1b.zip",
        "https://h.example\x01/x.zip",
    ],
)
def test_links_that_lead_to_no_file_over_http_are_dropped(url: str) -> None:
    assert from_json(json_page({"url": url}), URL).links == ()
    assert from_html(html_page(f'<a href="{url}">x</a>'), URL).links == ()


@pytest.mark.parametrize("filename", ["../x.zip", "/etc/passwd", "a\\b.zip", "..", ".", "a\0.zip"])
def test_a_filename_is_never_a_path(filename: str) -> None:
    assert from_json(json_page({"url": "foo.zip", "filename": filename}), URL).links == ()


def test_json_may_name_a_file_otherwise_than_its_url() -> None:
    assert json_link(url="/download/17", filename="foo-1.0.zip").filename == "foo-1.0.zip"


@pytest.mark.parametrize(
    ("fragment", "hashes"),
    [
        ("", {}),
        ("top", {}),
        ("sha256=ABcd", {"sha256": "abcd"}),
        ("MD5=abcd", {"md5": "abcd"}),
        ("blake2b_256=ab", {"blake2b_256": "ab"}),
        ("sha256=", {}),
        ("egg=foo&sha256=ab&subdirectory=c&sha1=d", {"sha256": "ab", "sha1": "d"}),
        ("=&==&&", {}),
    ],
)
def test_hashes_of_any_algorithm_are_read_from_the_fragment(fragment: str, hashes: dict[str, str]) -> None:
    (link,) = from_html(html_page(f'<a href="foo.zip#{fragment}">foo.zip</a>'), URL).links
    assert (link.hashes, link.url) == (hashes, "https://index.example/simple/foo/foo.zip")


def test_named_hashes_go_before_those_of_the_fragment() -> None:
    assert json_link(url="foo.zip#sha256=aa&md5=bb", hashes={"sha256": "cc"}).hashes == {
        "sha256": "cc",
        "md5": "bb",
    }


@pytest.mark.parametrize(
    ("base", "absolute"),
    [
        ('<base href="https://cdn.example/f/">', "https://cdn.example/f/foo.zip"),
        ('<base href="../../f/">', "https://index.example/f/foo.zip"),
        ('<base href="../../f/"><base href="https://other.example/">', "https://index.example/f/foo.zip"),
        ('<base target="_blank"><base href="/g/">', "https://index.example/g/foo.zip"),
        ("<base href>", "https://index.example/simple/foo/foo.zip"),
        ('<base href="http://[bad/">', "https://index.example/simple/foo/foo.zip"),
    ],
)
def test_links_are_relative_to_the_base_of_the_page(base: str, absolute: str) -> None:
    (link,) = from_html(html_page(f'{base}<a href="foo.zip">foo.zip</a>'), URL).links
    assert link.url == absolute


def test_links_relative_to_a_base_of_another_scheme_are_dropped() -> None:
    assert from_html(html_page('<base href="file:///x/"><a href="foo.zip">foo.zip</a>'), URL).links == ()


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


def test_the_list_of_projects_is_read_from_json() -> None:
    projects = [{"name": "Foo.Bar"}, {"name": "baz", "_serial": 1}, {"name": None}, {"name": "../x"}, {}, "x"]
    names = projects_from_json(json.dumps({"projects": projects}).encode(), URL).names
    assert names == {"foo-bar": "Foo.Bar", "baz": "baz"}


def test_the_list_of_projects_is_read_from_a_folder_listing() -> None:
    body = """<h1>Index of /simple/</h1> <a href="?C=N;O=D">Name</a> <a href="../">../</a> <a href="/">Up</a>
    <a href="Foo.Bar/">Foo.Bar</a> 31-Jan-2026 - <a href="/simple/baz/?x=1">the baz project</a> <a>x</a>
    <a href="a%20b/">!</a> <a href="qux/index.html">Qux</a>"""
    names = projects_from_html(html_page(body), URL).names
    assert names == {"foo-bar": "Foo.Bar", "baz": "baz", "qux": "Qux"}


def test_the_text_of_an_anchor_may_be_in_pieces_and_is_bounded() -> None:
    assert projects_from_html(b"<a href=x/> <b>Fo</b>o&#45;bar\n</a>", URL).names == {"foo-bar": "Foo-bar"}
    page = parsing._parse_html(b"<a href=x>" + b"ab<b>" * 1000, URL, 1 << 20)
    assert len(page.texts[0]) <= 202
