"""Pages for people, as Flask gives them."""

from __future__ import annotations

import re
import shutil
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import Markup
from packaging.utils import NormalizedName
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client, TestResponse

import pocketrepo
from pocketrepo.access import Access
from pocketrepo.archive import Distribution
from pocketrepo.documents import Upload
from pocketrepo.folder import open_folders
from pocketrepo.model import RepositoryName
from pocketrepo.repository import Root, open_root
from pocketrepo.server import create_app
from pocketrepo.settings import Settings
from pocketrepo.store import MemoryStore
from pocketrepo.web import readme
from tests.distributions import make_sdist, make_wheel
from tests.uploads import admit, hosted
from tests.web.page import Page, assert_harmless, parse

HELLO = NormalizedName("hello-pocket")
BROWSER = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)
PIP = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
REPO = "/local/main/"
PROJECT = f"{REPO}projects/hello-pocket/"
CODE = "<script>alert(1)</script>'\"><img src=x onerror=alert(1)>"


def get(http: Client, path: str, *, status: int = 200, **headers: str) -> TestResponse:
    sent = {"Accept": BROWSER} | {name.replace("_", "-"): value for name, value in headers.items()}
    response = http.get(path, headers=sent)
    assert response.status_code == status, response.text
    return response


def page(http: Client, path: str, *, status: int = 200) -> Page:
    return parse(get(http, path, status=status).text)


def texts(html: str, tag: str) -> list[str]:
    return [
        re.sub(r"<[^>]*>", "", each) for each in re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", html, re.DOTALL)
    ]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("template")
    root = open_root(Settings(root=tmp_path / "root"))
    admit(root, make_wheel(tmp_path, "Hello.Pocket", "1.0", summary="An old greeting"))
    admit(root, make_wheel(tmp_path, "Hello.Pocket", "1.10", requires_python=">=3.11", requires=["click>=8"]))
    admit(root, make_sdist(tmp_path, "Hello.Pocket", "1.10"))
    admit(
        root,
        make_wheel(
            tmp_path,
            "Hello.Pocket",
            "1.9",
            description="# Greet\n\nSay **hello**.",
            headers={
                "Description-Content-Type": "text/markdown",
                "Author-email": "Ada <ada@h.example>",
                "License-Expression": "MIT",
                "Project-URL": ["Source, https://h.example/src", "Evil, javascript:alert(1)"],
                "Classifier": ["Private :: x"],
                "Keywords": "greeting,pocket",
            },
        ),
    )
    admit(root, make_wheel(tmp_path, "zebra", "2.0", summary="Striped"))
    root.create(RepositoryName("acme", "tools"), actor="tests")
    return tmp_path / "root"


@pytest.fixture
def filled(template: Path, settings: Settings, request: pytest.FixtureRequest) -> Root:
    """A project with three releases, a second project, and a second repository."""
    shutil.copytree(template, settings.root)
    root: Root = request.getfixturevalue("root")
    return root


# The front page


def test_the_front_page_lists_repositories_and_how_to_push(filled: Root, http: FlaskClient) -> None:
    html = get(http, "/").text
    assert [link for link in parse(html).links if link.count("/") == 3] == [
        "./acme/tools/",
        "./local/main/",
        "./local/main/",
    ]
    rows = [" ".join(row.split()) for row in texts(html, "li")]
    assert rows == ["acme/tools 0 projects", "local/main default 2 projects"]
    assert "pocketrepo push" in texts(html, "pre")
    assert f"PocketRepo {pocketrepo.__version__}" in html


# A repository


def test_a_repository_lists_its_projects_in_order(filled: Root, http: FlaskClient) -> None:
    html = get(http, REPO).text
    [hello, zebra] = [" ".join(row.split()) for row in texts(html, "li")]
    uploaded = hosted(filled).project(HELLO).value.files[-1].upload_time[:10]
    assert hello == f"Hello.Pocket 1.10 {uploaded} A greeting that fits in a pocket"
    assert zebra.startswith("zebra 2.0 ")
    assert "projects/hello-pocket/" in parse(html).links


def test_the_time_in_a_list_is_that_of_the_last_upload(
    filled: Root, http: FlaskClient, tmp_path: Path
) -> None:
    admit(filled, make_wheel(tmp_path, "hello-pocket", "0.1"))
    times = [each["datetime"] for each in page(http, REPO).all("time")]
    assert times[0] == max(file.upload_time for file in hosted(filled).project(HELLO).value.files)


@pytest.mark.parametrize("query", ["pocket", "Hello_Po", "O.P", " hello "])
def test_a_search_finds_names_in_any_spelling(filled: Root, http: FlaskClient, query: str) -> None:
    html = http.get(REPO, query_string={"q": query}).text
    assert len(texts(html, "li")) == 1
    assert "1 named with" in html


def test_a_search_that_finds_nothing_says_so(filled: Root, http: FlaskClient) -> None:
    assert "No project of this repository" in get(http, f"{REPO}?q=nothing").text


def test_an_empty_repository_shows_how_to_publish(filled: Root, http: FlaskClient) -> None:
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


# A project


def test_a_project_page_shows_what_an_installer_would_take(filled: Root, http: FlaskClient) -> None:
    html = get(http, PROJECT).text
    assert texts(html, "h1") == ["Hello.Pocket"]
    lines = [line.replace("&#34;", '"') for line in texts(html, "pre")]
    assert lines[0] == 'pip install --index-url "http://localhost/local/main/simple/" Hello.Pocket==1.10'
    assert lines[1] == 'uv pip install --index-url "http://localhost/local/main/simple/" Hello.Pocket==1.10'
    assert "click&gt;=8" in texts(html, "code")


def test_releases_stand_newest_first(filled: Root, http: FlaskClient) -> None:
    found = page(http, PROJECT)
    versions = [link["href"] for link in found.all("a") if link.get("href", "").startswith("?version=")]
    assert versions == ["?version=1.10", "?version=1.9", "?version=1.0"]


def test_a_chosen_release_shows_its_own_metadata(filled: Root, http: FlaskClient) -> None:
    html = get(http, f"{PROJECT}?version=1.9").text
    found = parse(html)
    assert "Hello.Pocket==1.9" in html
    assert {"https://h.example/src", "mailto:ada@h.example"} <= set(found.links)
    assert {"MIT", "greeting, pocket", "Evil: javascript:alert(1)"} <= set(texts(html, "dd"))
    assert "<strong>hello</strong>" in html
    assert "Private :: x" in texts(html, "li")


def test_every_file_can_be_downloaded_with_its_metadata(filled: Root, http: FlaskClient) -> None:
    found = page(http, PROJECT)
    files = [link for link in found.links if link.startswith("../../files/")]
    assert len(files) == 4
    for link in files:
        assert get(http, urljoin(PROJECT, link)).data
    for file in hosted(filled).project(HELLO).value.files:
        assert (file.sha256 in found.text) == (file.version == "1.10")


def test_a_yanked_release_says_why(filled: Root, http: FlaskClient) -> None:
    hosted(filled).yank(HELLO, version="1.9", reason="it\r\nbreaks <b>things</b>", actor="tests")
    html = get(http, PROJECT).text
    assert "<strong>Yanked</strong>: <bdi>it\r\nbreaks &lt;b&gt;things&lt;/b&gt;</bdi>" in html
    assert "Installers pass over" not in html
    assert "Installers pass over" in get(http, f"{PROJECT}?version=1.9").text


def test_a_single_yanked_file_says_so_beside_it(filled: Root, http: FlaskClient) -> None:
    hosted(filled).yank(HELLO, filename="hello_pocket-1.10.tar.gz", reason="broken", actor="tests")
    html = get(http, PROJECT).text
    assert html.count("<strong>Yanked</strong>") == 1
    assert "Installers pass over" not in html


def test_an_older_release_names_the_one_to_install(filled: Root, http: FlaskClient) -> None:
    assert 'Installers take <a href="./">1.10</a>' in get(http, f"{PROJECT}?version=1.0").text
    assert "Installers take" not in get(http, PROJECT).text


def test_a_project_that_lost_its_files_says_so(filled: Root, http: FlaskClient) -> None:
    hosted(filled).delete(HELLO, actor="tests")
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
    filled: Root, http: FlaskClient, monkeypatch: pytest.MonkeyPatch
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


# What is not there


def test_another_spelling_leads_to_the_normalized_name(filled: Root, http: FlaskClient) -> None:
    response = get(http, f"{REPO}projects/Hello_Pocket/?version=1.0", status=301)
    assert response.headers["Location"] == "../hello-pocket/?version=1.0"


def test_an_address_without_its_slash_leads_to_the_page(filled: Root, http: FlaskClient) -> None:
    for path, location in (("/local/main", "./main/"), (PROJECT.rstrip("/"), "./hello-pocket/")):
        assert get(http, f"{path}?q=1", status=301).headers["Location"] == f"{location}?q=1"
    assert get(http, f"{REPO}projects/", status=301).headers["Location"] == "../"


@pytest.mark.parametrize(
    "path", ["/local/https:evil.example", "/local/evil%0d%0aSet-Cookie:%20x=1", "/a/%2fevil.example"]
)
def test_no_redirect_leads_away(http: FlaskClient, path: str) -> None:
    response = http.get(path)
    location = response.headers.get("Location", "")
    assert "Set-Cookie" not in response.headers
    assert urljoin("http://localhost/local/x", location).startswith("http://localhost/local/")


@pytest.mark.parametrize(
    "path",
    [
        f"{REPO}projects/nothing/",
        f"{PROJECT}?version=7",
        f"{PROJECT}?version=%3Cscript%3E",
        f"{REPO}projects/..%20/",
        f"{REPO}projects/a%0d%0ab/",
        f"{REPO}projects/a%00b/",
        f"{REPO}projects/%3Cscript%3Ealert(1)%3C/script%3E/",
        "/static/nothing.css",
        "/no/such/page/at/all",
    ],
)
def test_what_is_not_there_is_a_page_for_a_browser_and_a_line_for_a_tool(
    filled: Root, http: FlaskClient, path: str
) -> None:
    response = get(http, path, status=404)
    assert response.mimetype == "text/html"
    found = parse(response.text)
    assert_harmless(found)
    assert "Not found" in found.text
    for accept in (PIP, "*/*", ""):
        said = http.get(path, headers={"Accept": accept})
        assert (said.status_code, said.mimetype) == (404, "text/plain")
        assert said.text.count("\n") == 1


def test_an_unknown_repository_is_not_told_from_a_hidden_one(http: FlaskClient) -> None:
    for path in ("/no/body/", "/no/body/projects/x/", "/no/body/projects/", "/_/-/"):
        assert get(http, path, status=401).mimetype == "text/html"


@pytest.mark.parametrize("path", ["/", REPO, PROJECT])
def test_a_page_asked_for_as_something_else_is_not_acceptable(
    filled: Root, http: FlaskClient, path: str
) -> None:
    for accept in ("application/json", "text/html;q=0, application/json"):
        assert http.get(path, headers={"Accept": accept}).status_code == 406
    for accept in ("", "*/*", "text/*", "application/json, text/html;q=0.1"):
        assert http.get(path, headers={"Accept": accept}).status_code == 200


# What others wrote


def test_nothing_that_others_wrote_gets_out_of_its_place(
    root: Root, http: FlaskClient, tmp_path: Path
) -> None:
    headers = {
        "Author": CODE,
        "Author-email": f"{CODE} <x@y>",
        "Maintainer": CODE,
        "Maintainer-email": CODE,
        "License": CODE,
        "Keywords": CODE,
        "Home-page": f"javascript:{CODE}",
        "Download-URL": f"https://h.example/{CODE}",
        "Project-URL": [f"{CODE}, https://h.example/?{CODE.replace(' ', '+')}", f"x, {CODE}"],
        "Classifier": [f"Private :: {CODE}"],
        "Platform": CODE,
        "Description-Content-Type": "text/plain",
    }
    path = make_wheel(
        tmp_path,
        summary=CODE,
        description=CODE,
        headers=headers,
        metadata_version="2.1",
        requires=["x; extra == 'a'"],
    )
    admit(root, path)
    hosted(root).yank(HELLO, reason=CODE, actor="tests")
    code = CODE.replace("'", "%27").replace('"', "%22").replace("<", "%3C").replace(">", "%3E")
    for address in ("/", REPO, f"{REPO}?q={code}&page={code}", PROJECT, f"{PROJECT}?version=1.0&{code}"):
        found = page(http, address)
        forms = [element for element in found.elements if element.tag != "form"]
        assert_harmless(Page(forms))
        assert all(re.fullmatch(r"[./]+static/(style\.css|icon\.svg)", each) for each in found.loads)
    assert page(http, PROJECT).text.count(CODE) > 10


# Every page


def pages(root: Root) -> list[str]:
    return ["/", REPO, f"{REPO}?q=hello", "/acme/tools/", PROJECT, f"{PROJECT}?version=1.9"]


def test_every_page_has_its_policy_and_no_cookie(filled: Root, http: FlaskClient) -> None:
    for path in [*pages(filled), "/static/style.css", f"{REPO}projects/nothing/"]:
        response = http.get(path, headers={"Accept": BROWSER})
        policy = response.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert "script-src" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in response.headers


def test_every_page_needs_nothing_that_its_policy_forbids(filled: Root, http: FlaskClient) -> None:
    for path in pages(filled):
        found = page(http, path)
        assert found.all("script", "style", "iframe", "object") == []
        assert not [
            name
            for _, attributes in found.elements
            for name in attributes
            if name == "style" or name[:2] == "on"
        ]
        assert [urlsplit(form.get("action", "")).netloc for form in found.all("form")] in ([], [""])


def test_every_page_has_landmarks_and_an_outline(filled: Root, http: FlaskClient) -> None:
    for path in [*pages(filled), f"{REPO}projects/nothing/"]:
        found = parse(http.get(path, headers={"Accept": BROWSER}).text)
        assert [len(found.all(tag)) for tag in ("main", "h1", "title", "footer")] == [1, 1, 1, 1]
        assert found.all("html") == [{"lang": "en"}]
        levels = [int(heading[1]) for heading in found.headings]
        assert all(after <= before + 1 for before, after in zip([0, *levels], levels, strict=False))
        assert len(found.ids) == len(set(found.ids))
        labels = {each["for"] for each in found.all("label")}
        assert labels == {each["id"] for each in found.all("input")}
        named = [each["aria-labelledby"] for _, each in found.elements if "aria-labelledby" in each]
        assert set(named) <= set(found.ids)
        assert all("alt" in image for image in found.all("img"))
        fragments = {link[1:] for link in found.links if link.startswith("#")}
        assert fragments <= set(found.ids)


@pytest.mark.parametrize("path", ["/", REPO, PROJECT, "/static/style.css"])
def test_head_answers_like_get_without_a_body(filled: Root, http: FlaskClient, path: str) -> None:
    got, head = http.get(path), http.head(path)
    assert head.data == b""
    assert dict(head.headers) == dict(got.headers)


@pytest.mark.parametrize("path", ["/", REPO, PROJECT, "/static/icon.svg"])
def test_a_page_that_has_not_changed_is_not_sent_again(
    filled: Root, http: FlaskClient, tmp_path: Path, path: str
) -> None:
    first = http.get(path)
    assert first.headers["Cache-Control"] == "no-cache"
    again = {"If-None-Match": first.headers["ETag"]}
    assert (http.get(path, headers=again).status_code, http.get(path, headers=again).data) == (304, b"")
    admit(filled, make_wheel(tmp_path, "hello-pocket", "3.0"))
    admit(filled, make_wheel(tmp_path, "another", "3.0"))
    assert http.get(path, headers=again).status_code == (304 if path.startswith("/static") else 200)


# Under a prefix


def mounted(app: Flask) -> Client:
    """As a server that knows its prefix runs it."""
    return Client(DispatcherMiddleware(_nothing, {"/deep/prefix": app}))


def stripped(app: Flask) -> Client:
    """As behind a proxy that takes a prefix away and tells nobody."""

    def proxy(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith("/deep/prefix/"):
            return _nothing(environ, start_response)
        for name in ("PATH_INFO", "RAW_URI", "REQUEST_URI"):
            environ[name] = environ[name].replace("/deep/prefix", "", 1)
        return app(environ, start_response)

    return Client(proxy)


def _nothing(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("418 Outside", [("Content-Type", "text/plain")])
    return [b"outside"]


@pytest.mark.parametrize("mount", [mounted, stripped])
def test_under_a_prefix_every_link_holds(filled: Root, app: Flask, mount: Callable[[Flask], Client]) -> None:
    """Followed from page to page, everything there is answers, below the prefix."""
    http = mount(app)
    start = "http://localhost/deep/prefix/"
    seen = {start}
    waiting = deque([start])
    while waiting:
        here = waiting.popleft()
        response = http.get(here, headers={"Accept": BROWSER})
        assert response.status_code == 200, here
        if response.mimetype != "text/html":
            continue
        found = parse(response.text)
        for link in found.links + found.loads:
            if not urlsplit(link).scheme:
                assert not link.startswith("/"), (here, link)
                target = urldefrag(urljoin(here, link)).url
                assert target.startswith(start), (here, link)
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
    kinds = {urlsplit(each).path.removeprefix("/deep/prefix").rpartition(".")[2] for each in seen}
    assert {"css", "svg", "whl", "gz", "metadata"} <= kinds
    assert f"{start}local/main/projects/hello-pocket/?version=1.0" in seen


@pytest.mark.parametrize("mount", [mounted, stripped])
@pytest.mark.parametrize("path", ["nothing", "no/such/page", "local/a%2Fb/c", f"{PROJECT[1:]}x%2f..%2fy"])
def test_under_a_prefix_an_error_page_finds_its_stylesheet(
    app: Flask, mount: Callable[[Flask], Client], path: str
) -> None:
    here = f"http://localhost/deep/prefix/{path}"
    [style] = parse(mount(app).get(here, headers={"Accept": BROWSER}).text).all("link")[1:]
    assert urljoin(here, style["href"]) == "http://localhost/deep/prefix/static/style.css"


def test_set_up_lines_have_a_prefix_that_is_known(app: Flask) -> None:
    html = get(mounted(app), "/deep/prefix/local/main/").text
    assert "http://localhost/deep/prefix/local/main/simple/" in html


def test_a_forwarded_address_is_not_believed(http: FlaskClient) -> None:
    html = get(
        http, REPO, X_Forwarded_Host="evil.example", X_Forwarded_Prefix="/evil", Forwarded="host=evil.example"
    ).text
    assert "evil" not in html


@pytest.mark.parametrize("host", ['localhost:80"><script>', "localhost:$(id)", "localhost:80/`id`"])
def test_a_strange_host_is_not_repeated(http: FlaskClient, host: str) -> None:
    for path in ("/", REPO):
        response = http.get(path, headers={"Host": host, "Accept": BROWSER})
        assert response.status_code in (400, 421)
        assert "<script>" not in response.text
        assert "id)" not in "".join(texts(response.text, "pre"))


# Large repositories


class CountingStore(MemoryStore):
    """Remembers the documents that were read."""

    reads: list[str]

    def read(self, key: str, unless: str | None = None) -> Any:
        self.reads.append(key)
        return super().read(key, unless)


@pytest.fixture
def large(tmp_path: Path) -> Root:
    """A repository of 300 projects."""
    store = CountingStore()
    store.reads = []
    root = Root(store, Access(tmp_path), {"default": "local/main"}, memory=1 << 25)
    repository = root.create(RepositoryName("local", "main"), actor="tests")
    for number in range(300):
        staged = store.staging / "file"
        staged.write_bytes(b"x")
        name = f"project-{number:03}"
        distribution = Distribution(
            filename=f"project_{number:03}-1.0-py3-none-any.whl",
            name=NormalizedName(name),
            display_name=name,
            version="1.0",
            kind="bdist_wheel",
            python_tag="py3",
            requires_python=None,
            metadata=b"",
            metadata_version="2.4",
            serve_metadata=False,
            fields={"summary": f"Number {number}"},
        )
        repository.hosted.admit(
            Upload(distribution=distribution, staged=staged, size=1, sha256="0" * 64, actor="tests")
        )
    return Root(store, Access(tmp_path), {"default": "local/main"}, memory=1 << 25)


def test_a_page_of_a_large_repository_reads_only_what_it_shows(large: Root, settings: Settings) -> None:
    http = create_app(settings, large).test_client()
    store = large.store
    assert isinstance(store, CountingStore)
    for number, first, last in ((1, 0, 99), (2, 100, 199), (3, 200, 299)):
        store.reads.clear()
        html = get(http, f"{REPO}?page={number}").text
        assert [f"project-{each:03}" in html for each in (first - 1, first, last, last + 1)] == [
            False,
            True,
            True,
            False,
        ]
        assert f"Number {first}" in html
        read = {key.split("/")[4] for key in store.reads if "/projects/" in key}
        assert read == {f"project-{each:03}" for each in range(first, last + 1)}
        assert len(store.reads) <= 310


def test_pages_lead_to_each_other(large: Root, settings: Settings) -> None:
    http = create_app(settings, large).test_client()

    def neighbours(path: str) -> list[str]:
        return [link["href"] for link in page(http, path).all("a") if "rel" in link]

    assert neighbours(REPO) == ["?page=2"]
    assert neighbours(f"{REPO}?page=2") == ["./", "?page=3"]
    assert neighbours(f"{REPO}?page=3") == ["?page=2"]
    assert neighbours(f"{REPO}?q=project") == ["?q=project&page=2"]
    assert neighbours(f"{REPO}?page=2&q=project") == ["?q=project", "?q=project&page=3"]
    assert neighbours(f"{REPO}?q=project-1") == []


@pytest.mark.parametrize("number", ["0", "-1", "x", "", "9" * 30])
def test_a_page_that_does_not_exist_is_the_nearest(filled: Root, http: FlaskClient, number: str) -> None:
    assert "Hello.Pocket" in get(http, f"{REPO}?page={number}").text


# The looks


def test_text_can_be_read_on_its_ground_in_both_schemes(http: FlaskClient) -> None:
    """Contrast of at least 4.5 for text and 3 for edges (WCAG 2.2, 1.4.3 and 1.4.11)."""
    css = get(http, "/static/style.css").text
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", part))
                   for part in re.findall(r":root \{(.*?)\}", css, re.DOTALL))  # fmt: skip
    assert light.keys() == dark.keys()
    for colours in (light, dark):
        for ground in ("ground", "raised"):
            for text in ("text", "muted", "accent"):
                assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
            assert contrast(colours["edge"], colours[ground]) >= 3
        assert contrast(colours["warning"], colours["warning-ground"]) >= 4.5
        assert contrast(colours["warning"], colours["ground"]) >= 4.5


def contrast(one: str, other: str) -> float:
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (12_345, "12 kB"), (999_999, "1000 kB"),
     (5_400_000, "5.4 MB"), (3_000_000_000, "3.0 GB"), (7_000_000_000_000, "7000 GB")],
)  # fmt: skip
def test_sizes_are_rounded_for_people(count: int, text: str) -> None:
    from pocketrepo.web.ui import size

    assert size(count) == text
