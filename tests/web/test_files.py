"""Files and their metadata over HTTP: whole, in part, conditional, and only while they are listed."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from packaging.utils import NormalizedName

from pocketrepo.answers import byte_range
from pocketrepo.model import File
from tests.conftest import Live
from tests.distributions import make_wheel
from tests.uploads import admit, hosted


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(tmp_path, files={"hello_pocket/data.bin": bytes(range(256)) * 40})


@pytest.fixture
def file(live: Live, wheel: Path) -> File:
    return admit(live.root, wheel).file


def get(live: Live, file: File, suffix: str = "", method: str = "GET", **headers: str) -> requests.Response:
    url = f"{live.url}files/hello-pocket/{file.key}/{file.filename}{suffix}"
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    requests.get(f"{live.url}simple/hello-pocket/", timeout=5)
    return requests.request(method, url, headers={"Accept-Encoding": "identity", **sent}, timeout=5)


def test_a_file_is_its_bytes_for_ever(live: Live, file: File, wheel: Path) -> None:
    response = get(live, file)
    assert response.status_code == 200
    assert response.content == wheel.read_bytes()
    assert response.headers["Content-Length"] == str(file.size)
    assert response.headers["ETag"] == f'"{file.sha256}"'
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert "Content-Encoding" not in response.headers
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in response.headers["Content-Security-Policy"]


def test_metadata_is_served_beside_the_file(live: Live, file: File) -> None:
    response = get(live, file, ".metadata")
    assert response.status_code == 200
    assert response.text.startswith("Metadata-Version: 2.4\n")
    assert response.headers["ETag"] == f'"{file.metadata_sha256}"'


@pytest.mark.parametrize("suffix", ["", ".metadata"])
def test_head_says_what_get_says(live: Live, file: File, suffix: str) -> None:
    head, got = get(live, file, suffix, "HEAD"), get(live, file, suffix)
    assert head.content == b""
    ignored = {"date"}
    assert {k: v for k, v in head.headers.items() if k not in ignored} == {
        k: v for k, v in got.headers.items() if k not in ignored
    }


RANGES = [
    ("bytes=0-9", slice(0, 10)),
    ("bytes=5-", slice(5, None)),
    ("bytes=-7", slice(-7, None)),
    ("bytes=0-0", slice(0, 1)),
    ("bytes=10-99999999", slice(10, None)),
    ("bytes=-99999999", slice(0, None)),
    ("BYTES=1-2", slice(1, 3)),
]


@pytest.mark.parametrize(("wanted", "part"), RANGES)
def test_one_range_is_answered_in_part(live: Live, file: File, wheel: Path, wanted: str, part: slice) -> None:
    response = get(live, file, Range=wanted)
    content = wheel.read_bytes()
    assert response.status_code == 206
    assert response.content == content[part]
    start, stop, _ = part.indices(len(content))
    assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(content)}"
    assert response.headers["Content-Length"] == str(stop - start)


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=-0"])
def test_a_range_beyond_the_end_cannot_be_satisfied(live: Live, file: File, wanted: str) -> None:
    response = get(live, file, Range=wanted)
    assert response.status_code == 416
    assert response.headers["Content-Range"] == f"bytes */{file.size}"
    assert response.content == b""


@pytest.mark.parametrize(
    "wanted", ["bytes=0-1,5-9", "lines=0-9", "bytes=", "bytes=-", "bytes=9-2", "bytes=a-b", ""]
)
def test_other_ranges_are_ignored(live: Live, file: File, wheel: Path, wanted: str) -> None:
    response = get(live, file, Range=wanted)
    assert response.status_code == 200
    assert response.content == wheel.read_bytes()


def test_a_condition_decides_between_the_part_and_the_whole(live: Live, file: File) -> None:
    etag = f'"{file.sha256}"'
    date = get(live, file).headers["Last-Modified"]
    for condition, status in [
        (etag, 206),
        (date, 206),
        ('"other"', 200),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 200),
    ]:
        assert get(live, file, Range="bytes=0-9", If_Range=condition).status_code == status


def test_what_the_client_has_is_not_sent_again(live: Live, file: File) -> None:
    etag = f'"{file.sha256}"'
    date = get(live, file).headers["Last-Modified"]
    for headers in ({"If_None_Match": etag}, {"If_None_Match": "*"}, {"If_Modified_Since": date}):
        response = get(live, file, **headers)
        assert (response.status_code, response.content) == (304, b"")
    assert get(live, file, If_None_Match='"x"', If_Modified_Since=date).status_code == 200


def test_a_file_that_was_deleted_is_gone_whatever_its_address(live: Live, file: File) -> None:
    assert get(live, file).status_code == 200
    hosted(live.root).delete(NormalizedName("hello-pocket"), actor="tests")
    assert get(live, file).status_code == 404
    assert get(live, file, ".metadata").status_code == 404


def test_only_listed_files_are_served(live: Live, file: File) -> None:
    assert get(live, file, ".asc").status_code == 404
    for path in (f"{file.key}/upload.json", f"0123456789abcdef/{file.filename}"):
        url = f"{live.url}files/hello-pocket/{path}"
        assert requests.get(url, timeout=5).status_code == 404


@pytest.mark.parametrize(
    ("text", "size", "span"),
    [("bytes=-5", 0, (0, 0)), ("bytes=0-", 0, (0, 0)), ("bytes=3-3", 3, (3, 3)), ("bytes=-3", 2, (0, 2))],
)
def test_ranges_at_the_edges(text: str, size: int, span: tuple[int, int]) -> None:
    assert byte_range(text, size) == span
