"""Whatever a project holds, both formats say the same, all of it, and nothing in HTML is live."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import urljoin

from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from pocketrepo.model import Project, ProjectList, normalize
from pocketrepo.simpleapi import Link, file_url, from_html, from_json, to_html, to_json
from tests.simpleapi.markup import Markup
from tests.simpleapi.projects import (
    DIGESTS,
    HOSTILE,
    NASTY,
    PAGE_URL,
    STANDING,
    WHEEL,
    as_utf8,
    project,
    projects,
)

PROPERTY = settings(deadline=None, max_examples=60, phases=set(Phase) - {Phase.explain})


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
