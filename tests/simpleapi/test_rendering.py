from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from pocketrepo.model import STATUSES, File, Project, ProjectList, normalize
from pocketrepo.simpleapi import (
    Format,
    Link,
    file_url,
    from_html,
    from_json,
    from_response,
    projects_from_html,
    projects_from_json,
    projects_from_response,
    render,
    to_html,
    to_json,
)

PAGE_URL = "http://localhost/acme/internal/simple/hello-pocket/"
LIST_URL = "http://localhost/acme/internal/simple/"
WHEEL = File(
    filename="hello_pocket-1.0-py3-none-any.whl",
    version="1.0",
    key="k1",
    size=1234,
    sha256="a" * 64,
    upload_time="2026-01-31T12:00:00.000001Z",
    requires_python=">=3.8,<4",
    metadata_sha256="b" * 64,
)
SDIST = File(
    filename="hello_pocket-1.0.tar.gz",
    version="1.0",
    key="k2",
    size=99,
    sha256="c" * 64,
    upload_time="2026-01-31T12:00:01Z",
)

NASTY = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            "\"'><img src=x onerror=alert(1)>",
            "' onmouseover='alert(1)",
            "a\r\nb\rc\nd\te",
            "&lt;&amp;&#60;&copy=1&quot",
            "</a></body><!-- ",
            "]]>--><!--",
            "Kelvin \u212a, \u2028, \u202e, \ufeff, \x85, \x00\x0b, 日本, \U0001f40d",
            "lone \ud800 surrogate \udfff",
            "{{ 7*7 }} {% raw %} ${x} %s {0}",
            " ",
        ]
    ),
)
SEGMENTS = NASTY.map(lambda text: re.sub(r"[/\\\x00-\x1f\x7f-\x9f]", "", text)).filter(
    lambda text: text not in ("", ".", "..")
)
PAGES = st.lists(
    st.sampled_from(
        ["https://a.example/simple/hello-pocket/", "http://[::1]:8/%22/Hello.Pocket", "https://é.example/'"]
    ),
    unique=True,
).map(tuple)
DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)


PROPERTY = settings(deadline=None, max_examples=60, phases=set(Phase) - {Phase.explain})
HOSTILE = replace(
    WHEEL,
    filename="<b a='\"\ud800.whl",
    key='"><script>&#60;',
    version='1"</title>\ud800',
    requires_python="'\"<3&\r\n\ud800",
    yanked="</a><script>alert('\"&amp;')</script>\r\n\ud800",
    provenance_sha256="d" * 64,
    signature_sha256="e" * 64,
)


def project(*listed: File, **standing: Any) -> Project:
    return Project(normalize("hello-pocket"), "Hello.Pocket", listed, **standing)


def files(digests: st.SearchStrategy[str]) -> st.SearchStrategy[File]:
    return st.builds(
        File,
        filename=st.one_of(
            SEGMENTS, st.sampled_from(["a-1!2.0+cu118.tar.gz", "b%2Fc-1.zip", "d e#f?g;h=1&i.whl", "~x.whl"])
        ),
        version=NASTY,
        key=st.one_of(SEGMENTS, st.sampled_from(["k1", "0123abcd"])),
        size=st.integers(min_value=0, max_value=10**15),
        sha256=digests,
        upload_time=st.datetimes().map(lambda time: f"{time.isoformat()}Z"),
        requires_python=st.one_of(st.none(), NASTY, st.just(">=3.8")),
        metadata_sha256=st.one_of(st.none(), digests),
        yanked=st.one_of(st.none(), NASTY, st.just("")),
        provenance_sha256=st.one_of(st.none(), digests),
        signature_sha256=st.one_of(st.none(), digests),
    )


def projects(digests: st.SearchStrategy[str] = DIGESTS) -> st.SearchStrategy[Project]:
    return st.builds(
        Project,
        name=st.just(normalize("hello-pocket")),
        display_name=NASTY,
        files=st.lists(files(digests), max_size=4).map(tuple),
        status=st.sampled_from(STATUSES),
        status_reason=NASTY,
        tracks=PAGES,
        alternate_locations=PAGES,
    )


def as_utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


class Markup(HTMLParser):
    """Every tag with its attributes, and every text, as a browser would see them."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.ends: list[str] = []
        self.texts: list[str] = []
        self.others: list[str] = []
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.ends.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        self.others.append(data)


def test_json_has_what_the_specification_asks_for() -> None:
    assert json.loads(to_json(project(WHEEL, SDIST))) == {
        "meta": {"api-version": "1.4"},
        "name": "hello-pocket",
        "versions": ["1.0"],
        "files": [
            {
                "filename": "hello_pocket-1.0-py3-none-any.whl",
                "url": "../../files/hello-pocket/k1/hello_pocket-1.0-py3-none-any.whl",
                "hashes": {"sha256": "a" * 64},
                "size": 1234,
                "upload-time": "2026-01-31T12:00:00.000001Z",
                "requires-python": ">=3.8,<4",
                "core-metadata": {"sha256": "b" * 64},
                "yanked": False,
            },
            {
                "filename": "hello_pocket-1.0.tar.gz",
                "url": "../../files/hello-pocket/k2/hello_pocket-1.0.tar.gz",
                "hashes": {"sha256": "c" * 64},
                "size": 99,
                "upload-time": "2026-01-31T12:00:01Z",
                "core-metadata": False,
                "yanked": False,
            },
        ],
    }


def test_html_has_what_the_specification_asks_for() -> None:
    assert to_html(project(WHEEL, replace(SDIST, yanked="broken"))).decode() == (
        "<!DOCTYPE html>\n"
        '<html lang="en">\n'
        "<head>\n"
        '<meta charset="utf-8">\n'
        '<meta name="pypi:repository-version" content="1.4">\n'
        "<title>Links for hello-pocket</title>\n"
        "</head>\n"
        "<body>\n"
        "<h1>Links for hello-pocket</h1>\n"
        f'<a href="../../files/hello-pocket/k1/hello_pocket-1.0-py3-none-any.whl#sha256={"a" * 64}"'
        f' data-requires-python="&gt;=3.8,&lt;4" data-core-metadata="sha256={"b" * 64}"'
        f' data-dist-info-metadata="sha256={"b" * 64}">hello_pocket-1.0-py3-none-any.whl</a><br>\n'
        f'<a href="../../files/hello-pocket/k2/hello_pocket-1.0.tar.gz#sha256={"c" * 64}"'
        ' data-yanked="broken">hello_pocket-1.0.tar.gz</a><br>\n'
        "</body>\n"
        "</html>\n"
    )


@pytest.mark.parametrize(
    ("yanked", "in_json", "in_html"),
    [(None, False, None), ("", True, ""), ("broken", "broken", "broken"), ("<b>", "<b>", "<b>")],
)
def test_a_yank_is_shown_with_its_reason_or_without(
    yanked: str | None, in_json: bool | str, in_html: str | None
) -> None:
    page = project(replace(WHEEL, yanked=yanked))
    assert json.loads(to_json(page))["files"][0]["yanked"] == in_json
    # pip reads an attribute without a value as no yank, so there has to be a value.
    anchor = next(attributes for tag, attributes in Markup(to_html(page)).tags if tag == "a")
    assert anchor.get("data-yanked") == in_html


@pytest.mark.parametrize("specifier", [None, ""])
def test_requires_python_is_absent_where_there_is_none(specifier: str | None) -> None:
    page = project(replace(WHEEL, requires_python=specifier))
    assert "requires-python" not in json.loads(to_json(page))["files"][0]
    assert b"requires-python" not in to_html(page)


def test_an_unknown_upload_time_is_absent() -> None:
    assert b"upload-time" not in to_json(project(replace(WHEEL, upload_time="")))


def test_versions_are_a_set_and_files_stay_in_stored_order() -> None:
    listed = [
        replace(SDIST, filename=f"p-{version}.tar.gz", key=str(number), version=version)
        for number, version in enumerate(["2.0", "10.0", "1.0", "2.0"])
    ]
    page = from_json(to_json(project(*listed)), PAGE_URL)
    assert page.versions == ("2.0", "10.0", "1.0")
    for parsed in (page, from_html(to_html(project(*listed)), PAGE_URL)):
        assert [link.filename for link in parsed.links] == [file.filename for file in listed]


def test_a_project_without_files_has_pages() -> None:
    assert from_json(to_json(project()), PAGE_URL) == from_html(to_html(project()), PAGE_URL)
    assert json.loads(to_json(project()))["files"] == json.loads(to_json(project()))["versions"] == []


@pytest.mark.parametrize(
    ("filename", "segment"),
    [
        ("a-1.0-py3-none-any.whl", "a-1.0-py3-none-any.whl"),
        ("a-1.0+cu118.whl", "a-1.0%2Bcu118.whl"),
        ("a-1!1.0~x.whl", "a-1%211.0~x.whl"),
        ("50%.zip", "50%25.zip"),
        ("a/b?c#d.zip", "a%2Fb%3Fc%23d.zip"),
        ("é.zip", "%C3%A9.zip"),
        ("\ud800.zip", "%3F.zip"),
    ],
)
def test_file_urls_are_relative_and_percent_encoded(filename: str, segment: str) -> None:
    url = file_url(normalize("hello-pocket"), replace(WHEEL, filename=filename))
    assert url == f"../../files/hello-pocket/k1/{segment}"
    assert urljoin(PAGE_URL, url) == f"http://localhost/acme/internal/files/hello-pocket/k1/{segment}"


STANDING = {
    "status": "deprecated",
    "status_reason": "use <b>'other'</b>\r\n",
    "tracks": ("https://a.example/simple/hello-pocket/",),
    "alternate_locations": ("https://b.example/hello-pocket/", "https://c.example/hello-pocket/"),
}


def test_what_is_said_of_a_project_stands_where_the_standards_put_it() -> None:
    value = project(SDIST, **STANDING)
    document = json.loads(to_json(value))
    assert document["project-status"] == {"status": "deprecated", "reason": STANDING["status_reason"]}
    assert document["meta"] == {"api-version": "1.4", "tracks": list(STANDING["tracks"])}
    assert document["alternate-locations"] == list(STANDING["alternate_locations"])
    metas = [(said["name"], said["content"]) for tag, said in Markup(to_html(value)).tags if "name" in said]
    assert metas == [
        ("pypi:repository-version", "1.4"),
        ("pypi:tracks", "https://a.example/simple/hello-pocket/"),
        ("pypi:alternate-locations", "https://b.example/hello-pocket/"),
        ("pypi:alternate-locations", "https://c.example/hello-pocket/"),
        ("pypi:project-status", "deprecated"),
        ("pypi:project-status-reason", STANDING["status_reason"]),
    ]


def test_nothing_is_said_of_a_project_that_is_as_usual() -> None:
    assert json.loads(to_json(project(SDIST))).keys() == {"meta", "name", "versions", "files"}
    assert "project-status" in json.loads(to_json(project(status_reason="why")))


def test_provenance_and_signature_are_told_of_where_there_are_any() -> None:
    value = project(replace(SDIST, provenance_sha256="d" * 64, signature_sha256="e" * 64))
    [file] = json.loads(to_json(value))["files"]
    assert (file["gpg-sig"], file["provenance"]) == (True, f"{file['url']}.provenance")
    anchor = next(attributes for tag, attributes in Markup(to_html(value)).tags if tag == "a")
    assert (anchor["data-gpg-sig"], anchor["data-provenance"]) == ("true", f"{file['url']}.provenance")
    assert {"gpg-sig", "provenance"}.isdisjoint(json.loads(to_json(project(SDIST)))["files"][0])


@given(projects())
@example(project(HOSTILE, WHEEL, **STANDING))
@PROPERTY
def test_html_and_json_say_the_same(value: Project) -> None:
    from_the_json = from_json(to_json(value), PAGE_URL)
    links = tuple(replace(link, size=None, upload_time=None) for link in from_the_json.links)
    assert from_html(to_html(value), PAGE_URL) == replace(from_the_json, links=links, versions=())


@given(projects())
@example(project(HOSTILE, WHEEL))
@PROPERTY
def test_json_says_what_the_model_says(value: Project) -> None:
    page = from_json(to_json(value), PAGE_URL)
    assert page.name == value.name
    assert (page.status, page.status_reason) == (value.status, as_utf8(value.status_reason))
    assert page.tracks == value.tracks
    assert page.alternate_locations == value.alternate_locations
    assert set(page.versions) == {as_utf8(file.version) for file in value.files if file.version}
    assert page.links == tuple(
        Link(
            filename=as_utf8(file.filename),
            url=urljoin(PAGE_URL, file_url(value.name, file)),
            hashes={"sha256": file.sha256},
            size=file.size,
            upload_time=file.upload_time,
            requires_python=as_utf8(file.requires_python) if file.requires_python else None,
            yanked=None if file.yanked is None else as_utf8(file.yanked),
            core_metadata={"sha256": file.metadata_sha256} if file.metadata_sha256 else False,
            signed=bool(file.signature_sha256),
            provenance=urljoin(PAGE_URL, f"{file_url(value.name, file)}.provenance")
            if file.provenance_sha256
            else None,
        )
        for file in value.files
    )


@given(projects(digests=st.one_of(DIGESTS, NASTY)))
@example(project(replace(HOSTILE, sha256="\"'<a>&", metadata_sha256="\"'<b>&"), WHEEL, **STANDING))
@PROPERTY
def test_nothing_in_html_is_live(value: Project) -> None:
    page = to_html(value)
    markup = Markup(page)
    said = len(value.tracks) + len(value.alternate_locations) + bool(value.status_reason)
    said += value.status != "active" or bool(value.status_reason)
    frame = ["html", "head", "meta", "meta", *["meta"] * said, "title", "body", "h1"]
    assert [tag for tag, _ in markup.tags] == frame + ["a", "br"] * len(value.files)
    assert markup.ends == ["title", "head", "h1"] + ["a"] * len(value.files) + ["body", "html"]
    assert markup.others == []
    # Not only to this parser: no character of a value opens or closes anything.
    assert page.count(b"<") == page.count(b">") == 13 + said + 3 * len(value.files)
    assert page.count(b"'") == 0
    anchors = [attributes for tag, attributes in markup.tags if tag == "a"]
    for file, attributes in zip(value.files, anchors, strict=True):
        allowed = {
            "href",
            "data-requires-python",
            "data-yanked",
            "data-core-metadata",
            "data-dist-info-metadata",
            "data-provenance",
            "data-gpg-sig",
        }
        assert attributes.keys() <= allowed
        assert as_utf8(file.filename) in markup.texts
        assert attributes["href"] == as_utf8(f"{file_url(value.name, file)}#sha256={file.sha256}")
        assert attributes.get("data-core-metadata") == attributes.get("data-dist-info-metadata")
    # Readers unify raw line ends, so values have none: one link a line.
    assert page.count(b"\n") == 11 + said + len(value.files)
    assert b"\r" not in page


@given(st.dictionaries(NASTY.map(normalize), NASTY, max_size=4))
@example({"\"'<a>&\ud800/": "</a><script>'\"&amp;\r\n\ud800"})
@PROPERTY
def test_nothing_in_the_list_of_projects_is_live(names: dict[str, str]) -> None:
    value = ProjectList({normalize(name): display_name for name, display_name in names.items()})
    page = to_html(value)
    markup = Markup(page)
    assert [tag for tag, _ in markup.tags if tag in ("a", "br")] == ["a", "br"] * len(value.names)
    assert page.count(b"<") == page.count(b">") == 13 + 3 * len(value.names)
    for tag, attributes in markup.tags:
        if tag == "a":
            assert attributes.keys() == {"href"}
            assert re.fullmatch(r"[\w.~%-]*/", attributes["href"] or "", re.ASCII)
    assert [item["name"] for item in json.loads(to_json(value))["projects"]] == [
        as_utf8(name) for name in value.names.values()
    ]


PROJECTS = ProjectList({normalize(name): name for name in ("Hello.Pocket", "zope", "A_b")})


def test_the_list_of_projects_is_the_same_in_both_formats() -> None:
    assert projects_from_json(to_json(PROJECTS), LIST_URL) == PROJECTS
    assert projects_from_html(to_html(PROJECTS), LIST_URL) == PROJECTS


def test_the_list_of_projects_has_what_the_specification_asks_for() -> None:
    assert json.loads(to_json(PROJECTS)) == {
        "meta": {"api-version": "1.4"},
        "projects": [{"name": "Hello.Pocket"}, {"name": "zope"}, {"name": "A_b"}],
    }
    assert b'<meta name="pypi:repository-version" content="1.4">' in to_html(PROJECTS)
    assert b'\n<a href="hello-pocket/">Hello.Pocket</a><br>\n<a href="zope/">zope</a><br>\n' in to_html(
        PROJECTS
    )


@pytest.mark.parametrize("format", Format)
def test_render_writes_what_its_content_type_promises(format: Format) -> None:
    page = render(project(WHEEL, SDIST), format)
    assert page == (to_json if format.is_json else to_html)(project(WHEEL, SDIST))
    assert len(from_response(format.content_type, page, PAGE_URL).links) == 2
    names = projects_from_response(format.content_type, render(PROJECTS, format), LIST_URL)
    assert names == PROJECTS
