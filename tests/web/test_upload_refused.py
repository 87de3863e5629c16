"""Hostile uploads over HTTP: 400 and one line each, nothing kept, and nothing that comes out unescaped."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from flask.testing import FlaskClient
from packaging.utils import NormalizedName

from pocketrepo.repository import Root
from tests.archive import test_tar, test_zip
from tests.conftest import Live
from tests.distributions import core_metadata, make_sdist, make_wheel, wheel_members, zip_bytes
from tests.uploads import admit, assert_true, filenames, hosted
from tests.web.forms import Post, body
from tests.web.page import BROWSER, PROJECT, REPO, assert_harmless, parse

HELLO = NormalizedName("hello-pocket")
WHEEL = "hello_pocket-1.0-py3-none-any.whl"
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(tmp_path)


def refused(post: Post, path: Path, **options: object) -> None:
    response = post(path, **options)
    assert response.status_code == 400, response.text
    assert response.text.count("\n") == 1
    assert response.text.removesuffix("\n").isprintable()
    assert len(response.text) < 400


@pytest.mark.parametrize("archives", [test_zip, test_tar], ids=["zip", "tar"])
def test_every_hostile_archive_is_400_and_one_line(
    post: Post, clean: Callable[[], None], tmp_path: Path, archives: object
) -> None:
    path = tmp_path / (WHEEL if archives is test_zip else test_tar.SDIST)
    for data, _reason in archives.HOSTILE.values():  # type: ignore[attr-defined]
        path.write_bytes(data)
        refused(post, path)
        clean()


BAD_METADATA = {
    "no version": core_metadata(version="one"),
    "another project": core_metadata("world"),
    "another version": core_metadata(version="2.0"),
    "no specifier": core_metadata(requires_python="three"),
    "no requirement": core_metadata(requires=["flask >= three"]),
    "no licence": core_metadata(headers={"License-Expression": "My Own"}),
    "a path": core_metadata(headers={"License-File": ["../../../etc/passwd"]}),
    "two names": core_metadata(headers={"Name": ["hello-pocket", "world"]}),
    "not UTF-8": b"Summary: \xff\n" + core_metadata(),
    "none": b"",
    "too large": core_metadata(description="x" * (5 << 20)),
    "endless fields": core_metadata(headers={"Classifier": ["x"] * 20_000}),
}


@pytest.mark.parametrize("metadata", BAD_METADATA.values(), ids=BAD_METADATA)
def test_metadata_that_says_nothing_good_is_400_and_one_line(
    post: Post, clean: Callable[[], None], tmp_path: Path, metadata: bytes
) -> None:
    path = tmp_path / WHEEL
    path.write_bytes(zip_bytes(wheel_members(metadata=metadata)))
    refused(post, path)
    clean()


@pytest.mark.parametrize(
    "value",
    [
        "../../evil",
        "/evil",
        "..\\evil",
        "evil\r\nSet-Cookie: a=b",
        "\x1b[31mevil",
        "evil\x00",
        "",
        "<b>",
        "Å" * 300,
    ],
    ids=ascii,
)
@pytest.mark.parametrize("field", ["name", "version", "filetype", "filename", "md5_digest"])
def test_no_field_that_names_something_takes_a_path_or_a_control_character(
    post: Post, clean: Callable[[], None], root: Root, tmp_path: Path, wheel: Path, field: str, value: str
) -> None:
    if field in ("filetype", "md5_digest") and not value:
        return
    if field == "filename":
        refused(post, wheel, filename=f"{value}-1.0-py3-none-any.whl".replace("\r\n", "%0D%0A"))
    else:
        refused(post, wheel, changed={field: value})
    clean()
    assert not list(tmp_path.rglob("*evil*"))


def test_a_filename_of_more_than_200_bytes_is_refused(
    post: Post, clean: Callable[[], None], tmp_path: Path
) -> None:
    name = "a" * (200 - len("-1.0-py3-none-any.whl"))
    path = make_wheel(tmp_path, name)
    assert post(path, changed={"name": name}).status_code == 200
    assert len(path.name) == 200
    refused(post, make_wheel(tmp_path, name + "a"), changed={"name": name + "a"})


def test_other_fields_are_kept_as_they_are_and_name_no_file(
    post: Post, root: Root, tmp_path: Path, wheel: Path
) -> None:
    odd = "../../evil\r\n\x1b\x00<script>"
    assert (
        post(wheel, changed={"pyversion": odd}, more=[("summary2", odd), ("../../evil", odd)]).status_code
        == 200
    )
    [key] = [key for key in root.store.list("repos") if key.endswith("upload.json")]
    record = root.store.get(key)
    assert record is not None
    assert record["form"]["pyversion"] == [odd]
    assert record["form"]["../../evil"] == [odd]
    assert not list(tmp_path.rglob("*evil*"))


def test_what_a_public_index_refuses_for_being_public_is_taken(
    post: Post, root: Root, tmp_path: Path
) -> None:
    path = make_wheel(
        tmp_path,
        version="1.0+local.1",
        tag="cp311-cp311-linux_x86_64",
        requires=["local @ https://example.org/local-1.0.zip", "git-thing @ git+https://example.org/x.git"],
        headers={"Classifier": ["Private :: Do Not Upload", "Made Up :: Entirely"]},
    )
    response = post(path, changed={"version": "1.0+local.1"})
    assert response.status_code == 200, response.text
    assert filenames(root) == [path.name]
    assert assert_true(root) == 1


CODE = "<script>alert(1)</script>'\"><img src=x onerror=alert(1)>"
ODD = f"{CODE}\x1b[31m\x00\x07\x7f\x85\x0b"


@pytest.fixture
def hostile(root: Root, tmp_path: Path) -> Root:
    """A root whose only project has hostile text wherever text may be."""
    headers = {
        "Author": ODD,
        "Author-email": ODD,
        "License": ODD,
        "Keywords": ODD,
        "Home-page": f"javascript:{ODD}",
        "Download-URL": f"https://h.example/{ODD}",
        "Project-URL": [
            f"{ODD}, https://h.example/{ODD}",
            "Plain, javascript:alert(1)",
            "Tab, java\tscript:alert(1)",
            "Control, \x01javascript:alert(1)",
            "Case, JaVaScRiPt:alert(1)",
            "Data, data:text/html,<script>alert(1)</script>",
            "No scheme, //evil.example/",
        ],
        "Classifier": [f"Private :: {ODD}"],
    }
    path = make_wheel(
        tmp_path,
        summary=ODD,
        description=f"{ODD}\r\n[x](javascript:alert(1))",
        headers=headers,
        metadata_version="2.1",
    )
    admit(root, path)
    hosted(root).yank(HELLO, reason=f"{CODE}\r\nSet-Cookie: a=b", actor="tests")
    return root


@pytest.mark.parametrize("address", ["/", REPO, PROJECT, f"{PROJECT}?version=1.0", f"{REPO}?q=%1b%00%0d%0aX"])
def test_pages_escape_hostile_metadata(hostile: Root, http: FlaskClient, address: str) -> None:
    response = http.get(address, headers={"Accept": BROWSER})
    page = parse(response.text)
    page.elements[:] = [element for element in page.elements if element.tag != "form"]
    assert_harmless(page)
    assert not CONTROLS.search(response.text)
    assert_clean_headers(response.headers)


def test_the_html_index_escapes_hostile_metadata(hostile: Root, http: FlaskClient) -> None:
    response = http.get("/simple/hello-pocket/", headers={"Accept": "text/html"})
    page = parse(response.text)
    assert_harmless(page)
    assert not CONTROLS.search(response.text)
    [anchor] = page.all("a")
    assert anchor["data-yanked"] == f"{CODE}\r\nSet-Cookie: a=b"
    assert re.search(r"data-yanked=\"[^\"\r\n<>]*\"", response.text)
    assert_clean_headers(response.headers)


@pytest.mark.parametrize("address", ["/simple/hello-pocket/", "/v1/packages/local/main/"])
def test_json_escapes_hostile_metadata(hostile: Root, http: FlaskClient, address: str) -> None:
    response = http.get(address, headers={"Accept": "application/vnd.pypi.simple.v1+json, application/json"})
    assert not CONTROLS.search(response.text)
    assert CODE in json.dumps(response.json).replace('\\"', '"')
    assert "html" not in response.content_type
    assert_clean_headers(response.headers)


def test_files_are_never_shown_in_the_sites_name(hostile: Root, http: FlaskClient) -> None:
    [file] = hosted(hostile).project(HELLO).value.files
    for suffix in ("", ".metadata"):
        response = http.get(f"/files/hello-pocket/{file.key}/{file.filename}{suffix}")
        assert response.status_code == 200
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert (
            response.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{file.filename}{suffix}"
        )
        assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert response.mimetype in ("application/octet-stream", "text/plain")
        assert_clean_headers(response.headers)


def assert_clean_headers(headers: object) -> None:
    for name, value in dict(headers).items():  # type: ignore[call-overload]
        assert not re.search(r"[\x00-\x1f\x7f]|Set-Cookie|<", f"{name}: {value}")


ADDRESSES = [
    "simple/%0d%0aSet-Cookie:%20a=b/",
    "simple/Hello%0d%0aSet-Cookie:%20a=b",
    "%0d%0aSet-Cookie:%20a=b",
    "local/main%0d%0aSet-Cookie:%20a=b",
    "local/main/projects/%0d%0aSet-Cookie:%20a=b",
    "files/hello-pocket/0123456789abcdef/..%2f..%2fowner.key",
    "files/hello-pocket/..%2f..%2f..%2f/x",
    "static/..%2f..%2f__init__.py",
    "simple/%00/",
    "simple/%ff/",
    "simple/..%5c..%5c/",
    "//evil.example/simple/Hello",
    "simple/Hello?%0d%0aSet-Cookie:%20a=b",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_address_writes_a_header_or_leads_elsewhere(
    live: Live, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    """CVE-2019-6802 of pypiserver, and paths that climb."""
    caplog.set_level(logging.DEBUG, "pocketrepo")
    for accept in ("*/*", BROWSER):
        response = requests.get(
            live.url + address, headers={"Accept": accept}, timeout=5, allow_redirects=False
        )
        assert response.status_code in (301, 308, 400, 401, 404)
        assert "Set-Cookie" not in response.headers
        assert not re.search(r"[\x00-\x1f\x7f]", "".join(response.headers.values()))
        location = response.headers.get("Location", "./")
        assert location.startswith(("./", "../")), location
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert all(message.isprintable() for message in caplog.messages)


def test_a_refusal_is_one_line_of_the_log(
    post: Post, wheel: Path, http: FlaskClient, owner: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "pocketrepo")
    odd = "a\r\nERROR forged\x1b[31m"
    for changed in ({"name": odd}, {"version": odd}, {"md5_digest": odd}, {"filetype": odd}):
        post(wheel, changed=changed)
    data, kind = body([(odd.replace("\r\n", "%0D%0A"), "x" * (7 << 20))], [])
    http.post("/", data=data, headers={**owner, "Content-Type": kind})
    assert len(caplog.messages) >= 4
    assert all(message.isprintable() for message in caplog.messages)


def test_an_sdist_goes_the_same_way(post: Post, clean: Callable[[], None], tmp_path: Path) -> None:
    path = make_sdist(tmp_path)
    path.write_bytes(path.read_bytes() + b"\0")
    refused(post, path)
    clean()
