"""What comes along with an upload is checked and served beside the file, or the upload is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient
from packaging.utils import NormalizedName

from pocketrepo import attestation
from pocketrepo.publisher import Publisher
from pocketrepo.repository import Root
from tests.distributions import make_wheel
from tests.uploads import assert_true, hosted
from tests.web.forms import Post

HELLO = NormalizedName("hello-pocket")
PAGE = "/simple/hello-pocket/"
PUBLISHER = "github:acme/tool:release.yml"
SIGNATURE = "-----BEGIN PGP SIGNATURE-----\n\nabc=\n-----END PGP SIGNATURE-----"
ATTESTED = [("attestations", '[{"version": 1}]')]
PROVENANCE = b'{"version":1,"attestation_bundles":[]}'


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return make_wheel(tmp_path)


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch, root: Root) -> list[tuple[str, str, str, list[Publisher]]]:
    """What the verifier is asked; it finds everything right. The project has a publisher."""
    asked = []

    def verify(text: str, filename: str, sha256: str, publishers: Sequence[Publisher]) -> bytes:
        asked.append((text, filename, sha256, list(publishers)))
        return PROVENANCE

    monkeypatch.setattr(attestation, "verify", verify)
    hosted(root).configure(HELLO, "hello-pocket", {"publishers": [PUBLISHER]}, actor="tests")
    return asked


def page(http: FlaskClient) -> dict[str, object]:
    response = http.get(PAGE, headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    [file] = response.get_json(force=True)["files"]
    found: dict[str, object] = file
    return found


def test_attestations_that_verify_are_served_as_provenance(
    http: FlaskClient,
    post: Post,
    root: Root,
    wheel: Path,
    verified: list[tuple[str, str, str, list[Publisher]]],
) -> None:
    response = post(wheel, more=ATTESTED)
    assert response.status_code == 200, response.text
    file = hosted(root).project(HELLO).value.files[0]
    assert verified == [(ATTESTED[0][1], wheel.name, file.sha256, [Publisher.parse(PUBLISHER)])]
    listed = page(http)
    assert listed["provenance"] == f"{listed['url']}.provenance"
    found = http.get(urljoin(PAGE, str(listed["provenance"])))
    assert (found.data, found.content_type) == (PROVENANCE, "application/vnd.pypi.integrity.v1+json")
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert f'data-provenance="{listed["provenance"]}"' in http.get(PAGE).text
    assert ".provenance" in http.get("/local/main/projects/hello-pocket/").text
    assert "attestations" not in hosted(root).upload_record(HELLO, file.key)["form"]
    assert assert_true(root) == 1


def test_the_same_bytes_again_keep_the_provenance_that_is_there(
    http: FlaskClient, post: Post, root: Root, wheel: Path, verified: list[object]
) -> None:
    post(wheel, more=ATTESTED)
    etag = hosted(root).project(HELLO).etag
    for more in (ATTESTED, []):
        assert post(wheel, more=more).status_code == 200
    assert hosted(root).project(HELLO).etag == etag


def test_attestations_that_come_too_late_are_refused_and_not_dropped(
    post: Post, root: Root, wheel: Path, verified: list[object]
) -> None:
    post(wheel)
    response = post(wheel, more=ATTESTED)
    assert response.status_code == 400
    assert response.text.startswith(f"{wheel.name} was listed before, without attestations")
    hosted(root).delete(HELLO, actor="tests")
    assert post(wheel, more=ATTESTED).status_code == 200


def test_without_a_publisher_attestations_are_refused_with_the_reason(
    post: Post, wheel: Path, clean: Callable[[], None]
) -> None:
    response = post(wheel, more=ATTESTED)
    assert response.status_code == 400
    assert response.text.startswith("the project has no publisher to check attestations against")
    clean()


def test_attestations_of_something_else_are_refused(
    post: Post, root: Root, wheel: Path, clean: Callable[[], None]
) -> None:
    hosted(root).configure(HELLO, "hello-pocket", {"publishers": [PUBLISHER]}, actor="tests")
    data = Path(__file__).parent.parent / "attested" / "pypi_attestations-0.0.19.tar.gz.publish.attestation"
    real = json.dumps([json.loads(data.read_text("utf-8"))])
    for text, said in (
        (real, "are not those of"),
        ("[1]", "not a JSON array"),
        ("nonsense", "not a JSON array"),
    ):
        response = post(wheel, more=[("attestations", text)])
        assert response.status_code == 400
        assert said in response.text
    assert post(wheel, more=[*ATTESTED, *ATTESTED]).status_code == 400
    clean()


@pytest.mark.parametrize("nothing", ["", " ", "[]"])
def test_no_attestations_are_none(http: FlaskClient, post: Post, wheel: Path, nothing: str) -> None:
    assert post(wheel, more=[("attestations", nothing)]).status_code == 200
    assert "provenance" not in page(http)


def test_a_signature_is_served_beside_the_file(http: FlaskClient, post: Post, wheel: Path) -> None:
    assert post(wheel, more=[("gpg_signature", SIGNATURE)]).status_code == 200
    listed = page(http)
    assert listed["gpg-sig"] is True
    found = http.get(urljoin(PAGE, f"{listed['url']}.asc"))
    assert (found.text, found.content_type) == (f"{SIGNATURE}\n", "application/pgp-signature")
    assert (http.get("/pypi/hello-pocket/json").json or {})["urls"][0]["has_sig"] is True


@pytest.mark.parametrize("text", ["<script>", SIGNATURE + "x" * 9000])
def test_what_is_no_signature_is_refused(
    post: Post, wheel: Path, clean: Callable[[], None], text: str
) -> None:
    response = post(wheel, more=[("gpg_signature", text)])
    assert response.status_code == 400
    assert "gpg_signature" in response.text
    clean()


def test_fields_that_nobody_knows_are_no_trouble(post: Post, wheel: Path) -> None:
    assert post(wheel, more=[("blake3", "x"), ("dynamic", "y"), ("", "z"), ("<b>", "1")]).status_code == 200
