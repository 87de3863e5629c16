"""What the pages for people say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient
from markupsafe import Markup
from packaging.utils import NormalizedName

import pocketrepo
from pocketrepo import readme
from pocketrepo.folder import open_folders
from pocketrepo.repository import Root
from pocketrepo.server import create_app
from pocketrepo.settings import Settings
from tests.distributions import make_sdist, make_wheel
from tests.uploads import admit, hosted
from tests.web.page import PROJECT, REPO, get, page, parse, texts

HELLO = NormalizedName("hello-pocket")


def test_the_front_page_lists_repositories_and_how_to_push(stocked: Root, http: FlaskClient) -> None:
    html = get(http, "/").text
    assert [link for link in parse(html).links if link.count("/") == 3] == [
        "./account/sign-in/",
        "./acme/tools/",
        "./local/main/",
        "./local/main/",
    ]
    rows = [" ".join(row.split()) for row in texts(html, "li")]
    assert rows == ["acme/tools 0 projects", "local/main default 2 projects"]
    assert "pocketrepo push" in texts(html, "pre")
    assert f"PocketRepo {pocketrepo.__version__}" in html


def test_a_repository_lists_its_projects_in_order(stocked: Root, http: FlaskClient) -> None:
    html = get(http, REPO).text
    [hello, zebra] = [" ".join(row.split()) for row in texts(html, "li")]
    uploaded = hosted(stocked).project(HELLO).value.files[-1].upload_time[:10]
    assert hello == f"Hello.Pocket 1.10 {uploaded} A greeting that fits in a pocket"
    assert zebra.startswith("zebra 2.0 ")
    assert "projects/hello-pocket/" in parse(html).links


def test_the_time_in_a_list_is_that_of_the_last_upload(
    stocked: Root, http: FlaskClient, tmp_path: Path
) -> None:
    admit(stocked, make_wheel(tmp_path, "hello-pocket", "0.1"))
    times = [each["datetime"] for each in page(http, REPO).all("time")]
    assert times[0] == max(file.upload_time for file in hosted(stocked).project(HELLO).value.files)


@pytest.mark.parametrize("query", ["pocket", "Hello_Po", "O.P", " hello "])
def test_a_search_finds_names_in_any_spelling(stocked: Root, http: FlaskClient, query: str) -> None:
    html = http.get(REPO, query_string={"q": query}).text
    assert len(texts(html, "li")) == 1
    assert "1 named with" in html


def test_a_search_that_finds_nothing_says_so(stocked: Root, http: FlaskClient) -> None:
    assert "No project of this repository" in get(http, f"{REPO}?q=nothing").text


def test_an_empty_repository_shows_how_to_publish(stocked: Root, http: FlaskClient) -> None:
    html = get(http, "/acme/tools/").text
    assert "Nothing has been pushed yet" in html
    assert "pocketrepo push -r acme/tools" in texts(html, "pre")
    assert "#publish" in parse(html).links
    assert "publish" in parse(html).ids


@pytest.mark.parametrize(
    "line",
    [
        'pip install --index-url "http://reader.localhost:81/local/main/simple/" PACKAGE',
        'url = "http://reader.localhost:81/local/main/simple/"',
        "--index-url http://reader.localhost:81/local/main/simple/",
        'export TWINE_REPOSITORY_URL="http://reader.localhost:81/local/main/legacy/"',
        'pip install --extra-index-url "http://reader.localhost:81/local/main/simple/" PACKAGE',
    ],
)
def test_set_up_lines_have_the_reader_s_address(http: FlaskClient, line: str) -> None:
    shown = "\n".join(texts(get(http, REPO, Host="reader.localhost:81").text, "pre"))
    assert line in shown.replace("&#34;", '"').splitlines()


def test_a_public_address_is_said_in_place_of_the_request_s(settings: Settings, root: Root) -> None:
    app = create_app(replace(settings, public_url="https://repo.example/py"), root)
    html = get(app.test_client(), REPO).text
    assert "https://repo.example/py/local/main/simple/" in html
    assert "//localhost" not in html
    assert "if your browser shows" not in html


def test_a_project_page_shows_what_an_installer_would_take(stocked: Root, http: FlaskClient) -> None:
    html = get(http, PROJECT).text
    assert texts(html, "h1") == ["Hello.Pocket"]
    lines = [line.replace("&#34;", '"') for line in texts(html, "pre")]
    assert lines[0] == 'pip install --index-url "http://localhost/local/main/simple/" Hello.Pocket==1.10'
    assert lines[1] == 'uv pip install --index-url "http://localhost/local/main/simple/" Hello.Pocket==1.10'
    assert "click&gt;=8" in texts(html, "code")


def test_releases_stand_newest_first(stocked: Root, http: FlaskClient) -> None:
    found = page(http, PROJECT)
    versions = [link["href"] for link in found.all("a") if link.get("href", "").startswith("?version=")]
    assert versions == ["?version=1.10", "?version=1.9", "?version=1.0"]


def test_a_chosen_release_shows_its_own_metadata(stocked: Root, http: FlaskClient) -> None:
    html = get(http, f"{PROJECT}?version=1.9").text
    found = parse(html)
    assert "Hello.Pocket==1.9" in html
    assert {"https://h.example/src", "mailto:ada@h.example"} <= set(found.links)
    assert {"MIT", "greeting, pocket", "Evil: javascript:alert(1)"} <= set(texts(html, "dd"))
    assert "<strong>hello</strong>" in html
    assert "Private :: x" in texts(html, "li")


def test_every_file_can_be_downloaded_with_its_metadata(stocked: Root, http: FlaskClient) -> None:
    found = page(http, PROJECT)
    files = [link for link in found.links if link.startswith("../../files/")]
    assert len(files) == 4
    for link in files:
        assert get(http, urljoin(PROJECT, link)).data
    for file in hosted(stocked).project(HELLO).value.files:
        assert (file.sha256 in found.text) == (file.version == "1.10")


def test_a_yanked_release_says_why(stocked: Root, http: FlaskClient) -> None:
    hosted(stocked).yank(HELLO, version="1.9", reason="it\r\nbreaks <b>things</b>", actor="tests")
    html = get(http, PROJECT).text
    assert "<strong>Yanked</strong>: <bdi>it\r\nbreaks &lt;b&gt;things&lt;/b&gt;</bdi>" in html
    assert "Installers pass over" not in html
    assert "Installers pass over" in get(http, f"{PROJECT}?version=1.9").text


def test_a_single_yanked_file_says_so_beside_it(stocked: Root, http: FlaskClient) -> None:
    hosted(stocked).yank(HELLO, filename="hello_pocket-1.10.tar.gz", reason="broken", actor="tests")
    html = get(http, PROJECT).text
    assert html.count("<strong>Yanked</strong>") == 1
    assert "Installers pass over" not in html


def test_an_older_release_names_the_one_to_install(stocked: Root, http: FlaskClient) -> None:
    assert 'Installers take <a href="./">1.10</a>' in get(http, f"{PROJECT}?version=1.0").text
    assert "Installers take" not in get(http, PROJECT).text


def test_a_project_that_lost_its_files_says_so(stocked: Root, http: FlaskClient) -> None:
    hosted(stocked).delete(HELLO, actor="tests")
    assert "all of them were deleted" in get(http, PROJECT).text


def test_a_project_offered_from_a_folder_shows_its_metadata(
    root: Root, http: FlaskClient, tmp_path: Path
) -> None:
    folder = tmp_path / "dist"
    folder.mkdir()
    headers = {"Description-Content-Type": "text/markdown"}
    make_wheel(folder, "offered", "1.0", summary="Lies there", description="*as it is*", headers=headers)
    make_sdist(folder, "old-style", "1.0", metadata_version="2.1")
    root.offer(open_folders([folder]))
    assert "Lies there" in get(http, REPO).text
    assert "<em>as it is</em>" in get(http, f"{REPO}projects/offered/").text
    assert "old_style-1.0.tar.gz" in get(http, f"{REPO}projects/old-style/").text


def test_a_description_is_rendered_once(
    stocked: Root, http: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[str] = []
    render = readme.render

    def count(text: str, content_type: str) -> Markup:
        rendered.append(text)
        return render(text, content_type)

    monkeypatch.setattr(readme, "render", count)
    for _ in range(3):
        get(http, f"{PROJECT}?version=1.9")
    assert len(rendered) == 1
