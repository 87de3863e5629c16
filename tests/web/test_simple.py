"""Pages of the Simple API over HTTP, by the fast road and by Flask."""

from __future__ import annotations

import gzip
import hashlib
import http.client
from pathlib import Path

import pytest
import requests
from packaging.utils import NormalizedName

from tests.conftest import Live
from tests.distributions import make_wheel
from tests.uploads import admit, hosted

HELLO = NormalizedName("hello-pocket")
JSON = "application/vnd.pypi.simple.v1+json"


@pytest.fixture
def filled(live: Live, tmp_path: Path) -> Live:
    for number in range(3):
        admit(live.root, make_wheel(tmp_path, "Hello.Pocket", f"1.{number}", requires_python=">=3.11"))
    return live


def get(live: Live, path: str, **headers: str) -> requests.Response:
    """As a plain client asks; twice, so that the second is answered from memory."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    for _ in range(2):
        response = requests.get(live.url + path, headers=sent, allow_redirects=False, timeout=5)
    return response


@pytest.mark.parametrize("prefix", ["", "local/main/"])
def test_a_project_in_html_and_json_says_the_same(filled: Live, prefix: str) -> None:
    html = get(filled, f"{prefix}simple/hello-pocket/", Accept="text/html")
    found = get(filled, f"{prefix}simple/hello-pocket/", Accept=JSON)
    assert html.headers["Content-Type"] == "text/html; charset=utf-8"
    assert found.headers["Content-Type"] == JSON
    document = found.json()
    assert document["meta"]["api-version"] == "1.4"
    assert document["versions"] == ["1.0", "1.1", "1.2"]
    for file in document["files"]:
        assert file["hashes"]["sha256"] in html.text
        assert file["url"] in html.text
        assert file["size"] > 0
        assert file["upload-time"].endswith("Z")
        assert file["requires-python"] == ">=3.11"


def test_links_lead_to_the_bytes_and_the_metadata_they_promise(filled: Live) -> None:
    page = f"{filled.url}local/main/simple/hello-pocket/"
    [file, *_] = requests.get(page, headers={"Accept": JSON}, timeout=5).json()["files"]
    url = requests.compat.urljoin(page, file["url"])
    assert hashlib.sha256(requests.get(url, timeout=5).content).hexdigest() == file["hashes"]["sha256"]
    metadata = requests.get(f"{url}.metadata", timeout=5).content
    assert hashlib.sha256(metadata).hexdigest() == file["core-metadata"]["sha256"]


def test_the_list_of_projects(filled: Live) -> None:
    assert get(filled, "simple/", Accept=JSON).json()["projects"] == [{"name": "Hello.Pocket"}]
    assert 'href="hello-pocket/"' in get(filled, "simple/", Accept="text/html").text


@pytest.mark.parametrize("path", ["simple/", "simple/hello-pocket/"])
@pytest.mark.parametrize("accept", [JSON, "text/html"])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_an_etag_belongs_to_one_representation_and_answers_304(
    filled: Live, path: str, accept: str, encoding: str
) -> None:
    response = get(filled, path, Accept=accept, Accept_Encoding=encoding)
    etag = response.headers["ETag"]
    assert etag.startswith('"')
    assert response.headers["Vary"] == "Accept, Accept-Encoding"
    assert response.headers["Cache-Control"] == "no-cache"
    for condition in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = get(filled, path, Accept=accept, Accept_Encoding=encoding, If_None_Match=condition)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == etag
    assert get(filled, path, Accept=accept, Accept_Encoding=encoding, If_None_Match='"x"').status_code == 200


def test_pages_are_compressed_for_those_who_take_it(filled: Live) -> None:
    plain = get(filled, "simple/hello-pocket/", Accept=JSON, Accept_Encoding="identity")
    with requests.get(
        f"{filled.url}simple/hello-pocket/",
        headers={"Accept": JSON, "Accept-Encoding": "br, gzip;q=0.5"},
        stream=True,
        timeout=5,
    ) as packed:
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.raw.read(decode_content=False)) == plain.content
    assert packed.headers["ETag"] != plain.headers["ETag"]
    refused = get(filled, "simple/hello-pocket/", Accept=JSON, Accept_Encoding="gzip;q=0")
    assert "Content-Encoding" not in refused.headers


@pytest.mark.parametrize("path", ["simple/", "simple/hello-pocket/"])
def test_head_says_what_get_says(filled: Live, path: str) -> None:
    got = requests.get(filled.url + path, headers={"Accept-Encoding": "identity"}, timeout=5)
    head = requests.head(filled.url + path, headers={"Accept-Encoding": "identity"}, timeout=5)
    assert head.content == b""
    skip = {"date"}
    assert {k: v for k, v in head.headers.items() if k not in skip} == {
        k: v for k, v in got.headers.items() if k not in skip
    }


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("simple/Hello.Pocket/", "../hello-pocket/"),
        ("simple/Hello_Pocket/", "../hello-pocket/"),
        ("local/main/simple/HELLO--pocket/", "../hello-pocket/"),
        ("simple/hello-pocket", "./hello-pocket/"),
        ("simple", "./simple/"),
        ("local/main", "./main/"),
        ("local/main/simple?a=b", "./simple/?a=b"),
    ],
)
def test_redirects_are_relative_so_that_they_hold_under_a_prefix(
    filled: Live, path: str, location: str
) -> None:
    response = get(filled, path)
    assert response.status_code == 301
    assert response.headers["Location"] == location
    assert requests.get(filled.url + path, timeout=5).status_code == 200


def test_what_is_not_there_is_404_and_what_cannot_be_given_406(filled: Live) -> None:
    missing = get(filled, "simple/nothing/")
    assert missing.status_code == 404
    assert missing.text == "no project nothing\n"
    for path in ("simple/", "simple/hello-pocket/"):
        assert get(filled, path, Accept="application/xml").status_code == 406
        assert get(filled, path, Accept="*/*").headers["Content-Type"] == "text/html; charset=utf-8"


def test_a_repository_that_does_not_exist_looks_like_one_that_may_not_be_read(filled: Live) -> None:
    paths = ["no/such/simple/", "no/such/simple/x/", "NO/SUCH/simple/", "-/./simple/", "no/such/files/x/0/y"]
    answers = [get(filled, path) for path in paths]
    assert {answer.status_code for answer in answers} == {401}
    assert all("Basic" in answer.headers["WWW-Authenticate"] for answer in answers)
    owner = requests.get(filled.url + paths[0], auth=("__token__", filled.key), timeout=5)
    # Installers go on to the next index at 404, whoever they are run by.
    assert owner.status_code == 403
    assert "pocketrepo repo create no/such" in owner.text


def test_credentials_are_ignored_where_anyone_may_read(filled: Live) -> None:
    response = requests.get(f"{filled.url}simple/hello-pocket/", auth=("nobody", "wrong"), timeout=5)
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:8080", 200),
        ("[::1]:8080", 200),
        ("192.168.1.20:8080", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example:8080", 421),
    ],
)
def test_only_known_host_names_are_answered(filled: Live, host: str, status: int) -> None:
    assert get(filled, "simple/hello-pocket/", Host=host).status_code == status
    assert get(filled, "health", Host=host).status_code == status


def test_an_upload_a_yank_and_a_deletion_are_seen_by_the_next_request(filled: Live, tmp_path: Path) -> None:
    def listed() -> list[object]:
        files = get(filled, "simple/hello-pocket/", Accept=JSON).json()["files"]
        return [(file["filename"].split("-")[1], file["yanked"]) for file in files]

    assert len(listed()) == 3
    admit(filled.root, make_wheel(tmp_path, "hello-pocket", "2.0"))
    assert listed()[-1] == ("2.0", False)
    hosted(filled.root).yank(HELLO, version="2.0", reason="oops", actor="tests")
    assert listed()[-1] == ("2.0", "oops")
    hosted(filled.root).delete(HELLO, version="2.0", actor="tests")
    assert len(listed()) == 3


HOSTILE = [
    "simple/..%2f..%2fetc/",
    "simple/%00/",
    "simple/%ff%fe/",
    "simple/a%0d%0aSet-Cookie:x/",
    "simple//hello-pocket/",
    "simple/" + "a" * 5000 + "/",
    "simple/../owner.key",
    "files/hello-pocket/%2e%2e/owner.key",
    "files/hello-pocket/0000000000000000/..%2f..%2f..%2f..%2f..%2f..%2fowner.key",
    "files/hello-pocket/0000000000000000/x%00.whl",
    "files/hello-pocket/0000000000000000/upload.json",
    "files/..%5c..%5cowner.key",
    "local/main/files/../../../../owner.key",
    "%E2%84%AA/x/simple/",
]


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_paths_meet_a_plain_no(filled: Live, path: str) -> None:
    connection = http.client.HTTPConnection(filled.url.split("/")[2], timeout=5)
    connection.request("GET", f"/{path}")
    response = connection.getresponse()
    body = response.read()
    connection.close()
    assert response.status in (301, 400, 401, 404, 405, 414, 431)
    assert filled.key.encode() not in body
    assert response.getheader("Set-Cookie") is None
