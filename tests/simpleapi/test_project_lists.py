"""The list of projects is read from JSON and from a folder's listing."""

from __future__ import annotations

import json

from pocketrepo.simpleapi import parsing, projects_from_html, projects_from_json
from tests.simpleapi.pages import URL, html_page


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
