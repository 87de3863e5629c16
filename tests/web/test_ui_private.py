"""What the pages show of private repositories, and to whom."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from pocketrepo.access import Role
from pocketrepo.access.entitlements import Terms
from pocketrepo.keys import owner_key
from pocketrepo.repository import Root
from pocketrepo.settings import Settings
from tests.distributions import make_wheel
from tests.test_access import basic
from tests.uploads import stage
from tests.web.page import PAGES, PROJECT, REPO, parse, texts
from tests.web.readers import PAGE, SECRET, add_reader, opened, sign_in


@pytest.fixture
def closed(stocked: Root, tmp_path: Path) -> Root:
    """The stocked root, whose default repository is private, beside a private one of two projects."""
    stocked.set_private(stocked.default, True, actor="tests")
    secret = stocked.create(SECRET, actor="tests", private=True)
    for name in ("classified", "plain"):
        secret.hosted.admit(stage(stocked, make_wheel(tmp_path, name)))
    return stocked


def listed(http: FlaskClient) -> list[str]:
    return [" ".join(row.split()) for row in texts(opened(http, "/").text, "li")]


def lines(http: FlaskClient, path: str) -> str:
    return "\n".join(texts(opened(http, path).text, "pre")).replace("&#34;", '"')


def test_strangers_are_not_told_what_is_private(closed: Root, http: FlaskClient) -> None:
    html = opened(http, "/").text
    assert listed(http) == ["acme/tools 0 projects"]
    assert "local/main" not in html
    assert "acme/secret" not in html
    assert "2 projects" not in html
    assert texts(html, "pre") == []


def test_a_wrong_credential_is_not_told_whether_anything_is_private(closed: Root, http: FlaskClient) -> None:
    for path in ("/", "/v1/repos/"):
        wrong = http.get(
            path, headers={"Accept": "text/html", "Authorization": basic("ada", "not-the-password")}
        )
        assert wrong.status_code == 200
        assert "acme/secret" not in wrong.text


def test_where_nothing_is_open_the_front_page_says_how_to_get_in(closed: Root, http: FlaskClient) -> None:
    closed.set_private(closed.repository(SECRET).name._replace(repo="tools"), True, actor="tests")
    html = opened(http, "/").text
    assert "None is open to everybody" in html
    assert "./account/sign-in/" in parse(html).links
    assert parse(html).headings == ["h1"]
    sign_in(http, add_reader(closed, role=None))
    assert "None is open to you yet" in opened(http, "/").text


def test_readers_see_what_they_may_read(closed: Root, http: FlaskClient, settings: Settings) -> None:
    sign_in(http, add_reader(closed))
    assert listed(http) == ["acme/secret private 2 projects", "acme/tools 0 projects"]
    assert "local/main" not in opened(http, "/").text
    sign_in(http, owner_key(settings.root))
    assert listed(http) == [
        "acme/secret private 2 projects",
        "acme/tools 0 projects",
        "local/main default private 2 projects",
    ]


def test_a_reader_without_a_role_is_refused_as_for_what_does_not_exist(
    closed: Root, http: FlaskClient
) -> None:
    sign_in(http, add_reader(closed))
    for path in (REPO, PROJECT, "/no/body/"):
        response = opened(http, path)
        assert response.status_code == 403
        assert "Signed in as ada" in " ".join(parse(response.text).text.split())


def test_a_project_that_is_not_there_is_told_to_its_readers(closed: Root, http: FlaskClient) -> None:
    path = f"{PAGE}projects/nothing/"
    assert opened(http, path).status_code == 401
    sign_in(http, add_reader(closed))
    assert opened(http, path).status_code == 404


def test_nobody_keeps_a_page_that_not_everybody_may_see(closed: Root, http: FlaskClient) -> None:
    key = add_reader(closed)
    assert opened(http, PAGE).headers["Cache-Control"] == "private, no-store"
    assert opened(http, "/acme/tools/").headers["Cache-Control"] == "no-cache"
    assert "Cookie" in opened(http, "/acme/tools/").headers["Vary"]
    sign_in(http, key)
    for path in ("/", PAGE, f"{PAGE}projects/plain/", "/acme/tools/", f"{PAGE}projects/nothing/"):
        response = opened(http, path)
        assert response.headers["Cache-Control"] == "private, no-store"
        assert "ETag" not in response.headers
    by_header = http.get(PAGE, headers={"Accept": "text/html", "Authorization": basic("ada", key)})
    assert by_header.headers["Cache-Control"] == "private, no-store"


def test_links_of_a_private_page_lead_its_reader_to_the_files(closed: Root, http: FlaskClient) -> None:
    key = add_reader(closed)
    here = f"{PAGE}projects/plain/"
    sign_in(http, key)
    files = [link for link in parse(opened(http, here).text).links if "/files/" in link]
    assert len(files) == 2
    for link in files:
        response = opened(http, urljoin(here, link))
        assert response.status_code == 200
        assert "private" in response.headers["Cache-Control"]


def test_set_up_lines_are_for_this_reader_and_hold_no_secret(closed: Root, http: FlaskClient) -> None:
    key = add_reader(closed)
    sign_in(http, key)
    shown = lines(http, PAGE).splitlines()
    index = "http://localhost/acme/secret/simple/"
    with_login = "http://__token__:${POCKETREPO_TOKEN}@localhost/acme/secret/simple/"
    for line in (
        index,
        f'pip install --index-url "{with_login}" PACKAGE',
        f"--index-url {with_login}",
        f'url = "{index}"',
        "# export UV_INDEX_POCKETREPO_USERNAME=__token__",
        "machine localhost login ada password YOUR-KEY",
        f"keyring set {index} ada",
        "http://ada:YOUR-KEY@localhost/basic/acme/secret/python/simple/",
        "http://localhost/YOUR-KEY/acme/secret/python/simple/",
    ):
        assert line in shown
    basic_first, in_path = (
        next(number for number, line in enumerate(shown) if part in line)
        for part in ("__token__:", "/YOUR-KEY/")
    )
    assert basic_first > shown.index("machine localhost login ada password YOUR-KEY")
    assert in_path == shown.index("http://ada:YOUR-KEY@localhost/basic/acme/secret/python/simple/") + 1
    assert "Better leave it" in opened(http, PAGE).text
    project = lines(http, f"{PAGE}projects/plain/")
    assert f'pip install --index-url "{with_login}" plain==1.0' in project
    assert f'uv pip install --index-url "{with_login}" plain==1.0' in project
    for path in ("/", PAGE, f"{PAGE}projects/plain/"):
        assert key not in opened(http, path).text


def test_a_public_page_says_nothing_of_keys(stocked: Root, http: FlaskClient) -> None:
    assert "YOUR-KEY" not in opened(http, REPO).text
    assert "__token__:" not in lines(http, REPO)


def test_only_who_may_publish_is_told_how(closed: Root, http: FlaskClient, settings: Settings) -> None:
    sign_in(http, add_reader(closed))
    assert "twine upload" not in lines(http, PAGE)
    assert "Publishing takes the role <em>write</em>" in opened(http, PAGE).text
    sign_in(http, add_reader(closed, "grace", Role.WRITE))
    assert "twine upload dist/*" in lines(http, PAGE)
    assert "pocketrepo push" not in lines(http, PAGE), "grace has not the owner's key"
    sign_in(http, owner_key(settings.root))
    assert "pocketrepo push -r acme/secret" in lines(http, PAGE)
    assert "login __token__ password" in lines(http, PAGE)


def test_a_token_s_reader_sees_only_what_it_is_for(closed: Root, http: FlaskClient) -> None:
    terms = Terms(name="guest", limit_package_query="name:plain")
    _, token = closed.access.entitlements(SECRET).create(terms, actor="tests")
    headers = {"Accept": "text/html", "Authorization": basic("token", token)}
    html = http.get(PAGE, headers=headers).text
    assert "plain" in html
    assert "classified" not in html
    assert http.get(f"{PAGE}projects/classified/", headers=headers).status_code == 404
    assert token not in html


def test_pages_stay_whole_for_who_signed_in(stocked: Root, http: FlaskClient) -> None:
    """Their structure, as for everybody: labels, one heading, nothing that the policy forbids."""
    asked = opened(http, "/no/body/").text
    sign_in(http, add_reader_of_nothing(stocked))
    for html in [asked, *(opened(http, path).text for path in [*PAGES, "/account/sign-in/", "/no/body/"])]:
        found = parse(html)
        assert [len(found.all(tag)) for tag in ("main", "h1", "title", "footer")] == [1, 1, 1, 1]
        labels = {each["for"] for each in found.all("label")}
        assert labels == {each["id"] for each in found.all("input") if each.get("type") != "hidden"}
        assert len(found.ids) == len(set(found.ids))
        assert found.all("script", "style") == []
        assert all(not link.startswith(("/", "http")) for link in found.links if "account" in link)


def add_reader_of_nothing(root: Root) -> str:
    root.access.accounts.add_user("ada")
    return root.access.accounts.add_key("ada", "laptop")[1]
