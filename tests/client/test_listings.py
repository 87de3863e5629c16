"""What a repository answers, as a person sees it and as a program uses it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from pocketrepo.client import Client
from pocketrepo.client.listings import README_LINES, Files, Project, Projects
from pocketrepo.details import Details
from pocketrepo.model import normalize
from pocketrepo.simpleapi import Link, Page
from tests.conftest import Live
from tests.distributions import make_sdist, make_wheel
from tests.web.page import assert_harmless, parse

HOSTILE = (
    "# Hello\n\n<script>alert(1)</script><img src=https://evil.example/x.gif>\n\n[x](javascript:alert(1))\n"
)


def file(name: str, **fields: str) -> Link:
    return Link(name, f"http://h/{name}", **fields)  # type: ignore[arg-type]


def project(*links: Link, details: Details | None = None) -> Project:
    return Project(Page(normalize("hello"), links), details=details)


@pytest.fixture
def client(app: Flask, serve: Callable[..., Live]) -> Client:
    live = serve(app)
    return Client(live.url, token=live.key, repository="local/main")


def test_releases_are_files_by_version_newest_first() -> None:
    links = [file("hello-1.0.tar.gz"), file("hello-10.0.tar.gz"), file("hello-1.0-py3-none-any.whl")]
    found = project(*links)
    assert [(release.version, len(release.links)) for release in found.releases] == [("10.0", 1), ("1.0", 2)]
    assert found.versions == ("1.0", "10.0"), "as the page would list them"
    assert found.links == links


@pytest.mark.parametrize(
    ("links", "latest"),
    [
        ([file("hello-1.0.tar.gz"), file("hello-2.0rc1.tar.gz")], "1.0"),
        ([file("hello-1.0.tar.gz", yanked="bad"), file("hello-2.0rc1.tar.gz")], "2.0rc1"),
        ([file("hello-1.0.tar.gz", yanked=""), file("hello-0.9.tar.gz", yanked="")], "1.0"),
        ([file("hello.exe")], ""),
    ],
)
def test_the_latest_is_what_an_installer_would_take(links: list[Link], latest: str) -> None:
    found = project(*links).latest
    assert found is not None
    assert found.version == latest


def test_a_project_without_files_can_be_shown() -> None:
    assert project().latest is None
    assert "(no files)" in project()._repr_html_()
    assert repr(project()) == "<pocketrepo.Project hello, 0 files>"


def test_what_the_uploader_wrote_is_harmless() -> None:
    details = Details(summary="<b>x</b>", description=HOSTILE, content_type="text/markdown")
    shown = project(file("hello-1.0.tar.gz", yanked="<i>why</i>"), details=details)
    html = shown._repr_html_()
    assert_harmless(parse(re.sub(r' style="[^"]*"', "", html)))
    assert_harmless(parse(shown.readme))
    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert "&lt;i&gt;why&lt;/i&gt;" in html
    assert "<h3" in shown.readme, "it is rendered"
    assert "evil.example" not in "".join(parse(html).loads)


def test_a_long_description_is_cut_in_text_and_folded_in_html() -> None:
    description = "\n\n".join(f"line {number}" for number in range(100))
    shown = project(
        details=Details(description=description, content_type="text/markdown")
    )._repr_mimebundle_()
    assert shown["text/plain"].endswith("...")
    assert len(shown["text/plain"].splitlines()) < README_LINES + 6
    assert "<details><summary" in shown["text/html"]
    assert "line 99" in shown["text/html"]


def test_a_served_project_tells_what_its_wheel_says(client: Client, tmp_path: Path) -> None:
    make_wheel(
        tmp_path,
        summary="Says hello",
        description=HOSTILE,
        requires=["requests>=2", "numpy"],
        extras={"color": ["rich"]},
        headers={"Description-Content-Type": "text/markdown", "License": "MIT"},
    )
    make_sdist(tmp_path)
    client.push(tmp_path)
    shown = client.show("Hello_Pocket")
    assert shown.details.summary == "Says hello"
    assert shown.details.requires == ("requests>=2", "numpy")
    for text in shown._repr_mimebundle_().values():
        for words in (
            "hello-pocket",
            "1.0",
            "Says hello",
            "requests",
            "rich",
            "MIT",
            "hello_pocket-1.0.tar.gz",
        ):
            assert words in text, words
        assert shown.links[0].sha256 is not None
        assert shown.links[0].sha256[:12] in text
    assert f'href="{client.url}local/main/projects/hello-pocket/"' in shown._repr_html_()


def test_metadata_that_does_not_match_its_hash_is_not_believed(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.push(make_wheel(tmp_path, summary="Says hello"))
    page = client._page("hello-pocket")
    lying = replace(
        page, links=tuple(replace(each, core_metadata={"sha256": "0" * 64}) for each in page.links)
    )
    monkeypatch.setattr(client, "_page", lambda name: lying)
    assert client.show("hello-pocket").details == Details()


def test_showing_asks_nobody(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pushed = client.push(make_wheel(tmp_path))
    shown = [
        pushed,
        pushed[0],
        client.projects(),
        client.show("hello-pocket"),
        client,
        client.search("hello"),
    ]

    def ask(*_: object, **__: object) -> None:
        raise AssertionError("it asked")

    monkeypatch.setattr("requests.Session.request", ask)
    monkeypatch.setattr("subprocess.Popen.__init__", ask)
    for one in shown:
        assert set(one._repr_mimebundle_()) == {"text/html", "text/plain"}


def test_no_display_has_the_credential(client: Client, tmp_path: Path) -> None:
    key = client._login[1] if client._login else ""
    assert len(key) > 20
    pushed = client.push(make_wheel(tmp_path))
    with client.use() as using:
        for one in [client, pushed, client.projects(), client.show("hello-pocket"), using]:
            assert key not in "".join([*one._repr_mimebundle_().values(), repr(one), str(one)])


def test_a_token_in_an_address_is_masked_where_it_is_shown() -> None:
    client = Client("http://h/s3cret/acme/internal/python/simple/")
    for shown in (client, Projects(["a"], client.index_url), Files([file("a-1.tar.gz")])):
        assert "s3cret" not in "".join([*shown._repr_mimebundle_().values(), repr(shown)])


def test_names_of_projects_link_to_their_pages_where_there_are_any() -> None:
    with_pages = Projects(["a"], "http://h/simple/", lambda name: f"http://h/projects/{name}/")
    assert 'href="http://h/projects/a/"' in with_pages._repr_html_()
    assert "href" not in Projects(["a"], "http://h/simple/")._repr_html_()
    assert "Nothing was pushed yet" in str(Projects([], "http://h/simple/"))


def test_records_have_a_value_for_each_row() -> None:
    files = Files([file("a-1.tar.gz", yanked="why"), file("a-2.tar.gz")])
    columns = files._records()
    assert {len(values) for values in columns.values()} == {2}
    assert columns["version"] == ["1", "2"]
    assert columns["yanked"] == [True, False]
