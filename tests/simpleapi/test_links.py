"""Where a link leads, what its file is called, and which hashes it names."""

from __future__ import annotations

import pytest

from pocketrepo.simpleapi import from_html, from_json
from tests.simpleapi.pages import URL, html_page, json_link, json_page


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
