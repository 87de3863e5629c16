"""Pages have what the specifications ask for, where they ask for it."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import urljoin

import pytest

from pocketrepo.model import ProjectList, normalize
from pocketrepo.simpleapi import (
    Format,
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
from tests.simpleapi.markup import Markup
from tests.simpleapi.projects import LIST_URL, PAGE_URL, SDIST, STANDING, WHEEL, project


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
