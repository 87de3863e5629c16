"""Pages of the Simple API from elsewhere: an UpstreamError, or links that lead nowhere they may not.

The first byte of an input says which page it is, and in which format.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from fuzz import check_message
from pocketrepo.errors import UpstreamError
from pocketrepo.model import File, Project, ProjectList, normalize
from pocketrepo.simpleapi import parsing, to_html, to_json

BASE = "https://index.example/simple/hello-pocket/"
FORMATS = {
    b"j": "application/vnd.pypi.simple.v1+json",
    b"h": "application/vnd.pypi.simple.v1+html",
    b"t": "text/html; charset=utf-8",
    b"n": None,
}
MODULES = ("pocketrepo.simpleapi", "html.parser", "_markupbase")


def seeds() -> list[bytes]:
    file = File(
        filename="hello_pocket-1.0-py3-none-any.whl",
        version="1.0",
        key="0123456789abcdef",
        size=1000,
        sha256="0" * 64,
        upload_time="2026-01-31T00:00:00.000000Z",
        requires_python=">=3.8",
        metadata_sha256="1" * 64,
        yanked='broken, <see> "issue"',
    )
    name = normalize("hello-pocket")
    project, projects = Project(name, "Hello.Pocket", (file,)), ProjectList({name: "Hello.Pocket"})
    pages = [
        (b"j", to_json(project)),
        (b"h", to_html(project)),
        (b"J", to_json(projects)),
        (b"H", to_html(projects)),
    ]
    return [kind + page for kind, page in pages] + [b"t" + to_html(project), b"n" + to_json(project)]


def check(data: bytes) -> None:
    kind, data = data[:1], data[1:]
    content_type = FORMATS.get(kind.lower())
    try:
        if kind.isupper():
            listed = parsing.projects_from_response(content_type, data, BASE)
            assert all(normalize(name) == key for key, name in listed.names.items())
            return
        page = parsing.from_response(content_type, data, BASE)
    except UpstreamError as error:
        check_message(error)
        return
    assert page.name == normalize(page.name)
    for link in page.links:
        _check_link(link)


def _check_link(link: parsing.Link) -> None:
    address = urlsplit(link.url)
    assert address.scheme in ("http", "https"), link.url
    assert address.hostname, link.url
    assert not address.fragment, link.url
    assert not re.search(r"[\x00-\x1f\x7f]", link.url), link.url
    assert link.filename not in ("", ".", ".."), link.filename
    assert not re.search(r"[/\\\x00-\x1f\x7f]", link.filename), link.filename
    assert link.size is None or link.size >= 0
    # A digest that is no digest stays: it matches nothing, where none would pass for not given.
    assert all(name and digest == digest.lower() for name, digest in link.hashes.items())
