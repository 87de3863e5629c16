"""The legacy upload API: what is taken, what is refused and why, and that nothing is left behind."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pocketrepo.model import RepositoryName
from pocketrepo.repository import Root, open_root
from pocketrepo.server import create_app
from pocketrepo.settings import Settings
from tests.conftest import owner_key
from tests.distributions import make_sdist, make_wheel
from tests.uploads import assert_true, filenames, stored
from tests.web.forms import Post, body, form


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(tmp_path)


@pytest.mark.parametrize(
    "to",
    ["/", "/legacy/", "/legacy", "/local/main/", "/local/main", "/local/main/legacy/", "/LOCAL/Main/legacy"],
)
def test_every_address_of_a_repository_takes_uploads(post: Post, root: Root, wheel: Path, to: str) -> None:
    response = post(wheel, to)
    assert response.status_code == 200, response.text
    assert filenames(root) == [wheel.name]
    assert assert_true(root) == 1


@pytest.mark.parametrize("format", ["tar.gz", "zip"])
def test_sdists_are_taken(post: Post, root: Root, tmp_path: Path, format: str) -> None:
    sdist = make_sdist(tmp_path, format=format)
    assert post(sdist).status_code == 200
    assert filenames(root) == [sdist.name]


def test_what_was_sent_is_recorded(post: Post, root: Root, wheel: Path) -> None:
    post(wheel, more=[("classifiers", "A :: B"), ("classifiers", "C"), ("made_up", "kept")])
    [key] = [key for key in root.store.list("repos") if key.endswith("upload.json")]
    record = root.store.get(key)
    assert record is not None
    assert record["form"]["classifiers"] == ["A :: B", "C"]
    assert record["form"]["made_up"] == ["kept"]
    assert record["actor"] == "owner"


def test_the_same_file_again_is_fine(post: Post, wheel: Path, root: Root) -> None:
    assert [post(wheel).status_code, post(wheel).status_code] == [200, 200]
    assert filenames(root) == [wheel.name]


def test_other_bytes_under_a_taken_name_already_exist(
    post: Post, wheel: Path, tmp_path: Path, root: Root
) -> None:
    post(wheel)
    other = tmp_path / "other"
    other.mkdir()
    response = post(make_wheel(other, files={"hello_pocket/__init__.py": "# other\n"}))
    assert response.status_code == 400
    assert "already exists" in response.text
    assert list(root.store.staging.iterdir()) == []
    assert len(stored(root)) == 3


DIGESTS = ["md5_digest", "sha256_digest", "blake2_256_digest"]


@pytest.mark.parametrize("file_first", [False, True])
@pytest.mark.parametrize("digest", DIGESTS)
def test_a_digest_that_does_not_match_is_refused(
    post: Post, wheel: Path, clean: Callable[[], None], digest: str, file_first: bool
) -> None:
    response = post(wheel, changed={digest: "0" * 64}, file_first=file_first)
    assert response.status_code == 400
    assert digest in response.text
    clean()


@pytest.mark.parametrize("file_first", [False, True])
def test_digests_are_optional_and_their_case_does_not_matter(
    post: Post, wheel: Path, file_first: bool
) -> None:
    upper = hashlib.sha256(wheel.read_bytes()).hexdigest().upper()
    only = {"md5_digest": None, "blake2_256_digest": None, "sha256_digest": upper}
    assert post(wheel, changed=only, file_first=file_first).status_code == 200


REFUSED = [
    ({":action": "submit"}, ":action"),
    ({":action": None}, ":action"),
    ({"protocol_version": "2"}, "protocol_version"),
    ({"name": "goodbye"}, "goodbye"),
    ({"name": None}, "'name'"),
    ({"version": "2.0"}, "2.0"),
    ({"version": None}, "'version'"),
    ({"filetype": "sdist"}, "filetype"),
]


@pytest.mark.parametrize(("changed", "said"), REFUSED)
def test_fields_that_disagree_with_the_file_are_refused(
    post: Post, wheel: Path, clean: Callable[[], None], changed: dict[str, str | None], said: str
) -> None:
    response = post(wheel, changed=changed)
    assert response.status_code == 400
    assert said in response.text
    assert response.text.count("\n") == 1
    clean()


def test_spellings_of_the_same_name_and_version_agree(post: Post, wheel: Path) -> None:
    assert post(wheel, changed={"name": "Hello.Pocket", "version": "1"}).status_code == 200


@pytest.mark.parametrize("field", ["name", "version", "sha256_digest"])
def test_a_field_given_twice_is_refused(
    post: Post, wheel: Path, clean: Callable[[], None], field: str
) -> None:
    assert post(wheel, more=[(field, "again")]).status_code == 400
    clean()


@pytest.mark.parametrize(
    "filename",
    ["../../hello_pocket-1.0-py3-none-any.whl", "hello_pocket-1.0-py3-none-any.whl/", "x.whl", "hello.txt", "-x.whl",
     "hello_pocket-1.0-py3-none-any.whl\x01", "h\u00e9llo-1.0-py3-none-any.whl", "a" * 250 + "-1.0-py3-none-any.whl"],
)  # fmt: skip
def test_a_filename_that_is_none_is_refused(
    post: Post, wheel: Path, clean: Callable[[], None], filename: str
) -> None:
    response = post(wheel, filename=filename)
    assert response.status_code == 400
    clean()


def test_what_is_no_distribution_is_refused(post: Post, tmp_path: Path, clean: Callable[[], None]) -> None:
    for content in (b"", b"<html>", b"PK\x03\x04" + bytes(100)):
        path = tmp_path / "hello_pocket-1.0-py3-none-any.whl"
        path.write_bytes(content)
        assert post(path).status_code == 400
    clean()


def test_nobody_may_write_without_a_credential(
    http: FlaskClient, wheel: Path, clean: Callable[[], None]
) -> None:
    data, kind = body(form(wheel), [("content", wheel.name, wheel.read_bytes())])
    for headers in ({}, {"Authorization": "Basic bm9ib2R5Ondyb25n"}, {"Authorization": "Bearer x"}):
        response = http.post("/", data=data, headers={"Content-Type": kind, **headers})
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith("Basic")
    clean()


def test_a_page_of_another_site_may_not_upload(post: Post, wheel: Path, clean: Callable[[], None]) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert post(wheel, headers=headers).status_code == 403
    clean()
    assert (
        post(wheel, headers={"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}).status_code
        == 200
    )


def test_an_unknown_repository_names_the_command_that_makes_it(post: Post, root: Root, wheel: Path) -> None:
    response = post(wheel, "/acme/internal/")
    assert response.status_code == 404
    assert "pocketrepo repo create acme/internal" in response.text
    root.create(RepositoryName("acme", "internal"), actor="tests")
    assert post(wheel, "/acme/internal/").status_code == 200
    assert root.repository(RepositoryName("acme", "internal")).hosted.projects().value.names
    assert not root.repository(root.default).hosted.projects().value.names


def test_a_form_without_a_file_or_with_two_is_refused(
    http: FlaskClient, owner: dict[str, str], wheel: Path, clean: Callable[[], None]
) -> None:
    part = ("content", wheel.name, wheel.read_bytes())
    for files in ([], [part, part]):
        data, kind = body(form(wheel), files)
        assert http.post("/", data=data, headers={**owner, "Content-Type": kind}).status_code == 400
    clean()


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/json", "multipart/form-data", "multipart/mixed; boundary=x"]
)
def test_a_body_that_is_no_form_is_refused(
    http: FlaskClient, owner: dict[str, str], clean: Callable[[], None], kind: str
) -> None:
    assert http.post("/", data=b"{}", headers={**owner, "Content-Type": kind}).status_code == 400
    clean()


def test_every_cut_of_a_body_is_refused(
    http: FlaskClient, owner: dict[str, str], wheel: Path, clean: Callable[[], None]
) -> None:
    data, kind = body(form(wheel), [("content", wheel.name, wheel.read_bytes())])
    for length in range(0, len(data) - 2, 97):
        response = http.post("/", data=data[:length], headers={**owner, "Content-Type": kind})
        assert response.status_code == 400
    clean()


def test_a_flood_of_fields_is_too_large(
    http: FlaskClient, owner: dict[str, str], wheel: Path, clean: Callable[[], None]
) -> None:
    part = ("content", wheel.name, wheel.read_bytes())
    for more in ([("x", "y")] * 100_000, [("description", "x" * (7 << 20))], [("x", "y" * (5 << 20))] * 4):
        data, kind = body(form(wheel, more=more), [part])
        response = http.post("/", data=data, headers={**owner, "Content-Type": kind})
        assert response.status_code == 413, response.text
    clean()


@pytest.fixture
def small(tmp_path: Path) -> Flask:
    settings = Settings(root=tmp_path / "small", max_upload_size=1000, max_uploads=1)
    return create_app(settings, open_root(settings))


def credentials(app: Flask) -> dict[str, str]:
    return {"Authorization": f"Bearer {owner_key(app.extensions['pocketrepo'].settings.root)}"}


def test_a_file_over_the_limit_is_too_large(small: Flask, wheel: Path) -> None:
    data, kind = body(form(wheel), [("content", wheel.name, bytes(1001))])
    response = small.test_client().post("/", data=data, headers={**credentials(small), "Content-Type": kind})
    assert response.status_code == 413
    assert list(small.extensions["pocketrepo"].root.store.staging.iterdir()) == []


def test_more_uploads_than_places_are_asked_to_come_back(small: Flask, wheel: Path) -> None:
    slots: threading.Semaphore = small.extensions["pocketrepo"].upload_slots
    data, kind = body(form(wheel), [("content", wheel.name, wheel.read_bytes())])
    headers = {**credentials(small), "Content-Type": kind}
    with slots:
        response = small.test_client().post("/", data=data, headers=headers)
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert small.test_client().post("/", data=data, headers=headers).status_code in (200, 413)


def test_a_full_disk_is_said_and_leaves_nothing(
    post: Post, wheel: Path, clean: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Path.open

    def full(path: Path, mode: str = "r", *args: Any, **options: Any) -> Any:
        return (
            original(Path("/dev/full"), "wb", 0) if mode == "xb" else original(path, mode, *args, **options)
        )

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        response = post(wheel)
    assert response.status_code == 503
    assert "the disk is full (free some space)" in response.text
    clean()
