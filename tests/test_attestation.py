"""Attestations are verified for real, and without a network: one that was made in public, of a file that exists."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from pocketrepo import attestation
from pocketrepo.errors import BadUpload
from pocketrepo.publisher import Publisher

FILENAME = "pypi_attestations-0.0.19.tar.gz"
SHA256 = "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3"
PUBLISHER = Publisher("github", "trailofbits/pypi-attestations", "release.yml")
OTHER = Publisher("github", "trailofbits/pypi-attestations", "other.yml")


@pytest.fixture(scope="module")
def attested() -> dict[str, Any]:
    text = (Path(__file__).parent / "attested" / f"{FILENAME}.publish.attestation").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def verify(
    *attestations: Any,
    filename: str = FILENAME,
    sha256: str = SHA256,
    by: tuple[Publisher, ...] = (PUBLISHER,),
) -> Any:
    return json.loads(attestation.verify(json.dumps(attestations), filename, sha256, by))


def test_what_is_verified_becomes_a_provenance_object(attested: dict[str, Any]) -> None:
    found = verify(attested, by=(OTHER, PUBLISHER))
    assert found["version"] == 1
    [bundle] = found["attestation_bundles"]
    assert bundle["publisher"] == {
        "kind": "GitHub",
        "repository": "trailofbits/pypi-attestations",
        "workflow": "release.yml",
        "environment": None,
    }
    [kept] = bundle["attestations"]
    assert kept["envelope"] == attested["envelope"]
    assert kept["verification_material"]["certificate"] == attested["verification_material"]["certificate"]


@pytest.mark.parametrize(
    "publisher",
    [
        OTHER,
        Publisher("github", "trailofbits/other", "release.yml"),
        Publisher("gitlab", "trailofbits/pypi-attestations", "release.yml"),
        Publisher("google", "ci@acme.example"),
    ],
    ids=str,
)
def test_somebody_elses_attestation_is_refused(attested: dict[str, Any], publisher: Publisher) -> None:
    with pytest.raises(BadUpload, match=f"not those of {FILENAME} by a publisher of the project") as caught:
        verify(attested, by=(publisher,))
    assert caught.value.field == "attestations"
    assert len(str(caught.value)) < 500


def test_an_attestation_of_another_file_is_refused(attested: dict[str, Any]) -> None:
    with pytest.raises(BadUpload, match="digest"):
        verify(attested, sha256="0" * 64)
    with pytest.raises(BadUpload, match="name"):
        verify(attested, filename="pypi_attestations-0.0.20.tar.gz")


@pytest.mark.parametrize("part", ["statement", "signature", "certificate"])
def test_one_changed_byte_is_noticed(attested: dict[str, Any], part: str) -> None:
    spoilt = json.loads(json.dumps(attested))
    holder = spoilt["verification_material"] if part == "certificate" else spoilt["envelope"]
    data = bytearray(base64.b64decode(holder[part]))
    data[len(data) // 2] ^= 1
    holder[part] = base64.b64encode(data).decode()
    with pytest.raises(BadUpload):
        verify(spoilt)


def test_two_attestations_are_of_two_kinds(attested: dict[str, Any]) -> None:
    with pytest.raises(BadUpload, match="two attestations of one kind"):
        verify(attested, attested)
    with pytest.raises(BadUpload, match="one or two attestations, not 3"):
        verify(attested, attested, attested)


@pytest.mark.parametrize(
    "text", ["", "x", "{}", "[5]", "[{}]", "null", "[" * 100_000, "[" + " " * 300_000 + "]"]
)
def test_what_is_no_list_of_attestations_is_refused(text: str) -> None:
    with pytest.raises(BadUpload, match="attestations"):
        attestation.verify(text, FILENAME, SHA256, [PUBLISHER])


def test_an_empty_list_attests_nothing() -> None:
    with pytest.raises(BadUpload, match="not 0"):
        verify()


def test_without_a_publisher_there_is_nothing_to_check_against(attested: dict[str, Any]) -> None:
    with pytest.raises(BadUpload, match="has no publisher to check attestations against"):
        verify(attested, by=())


def test_without_the_extra_the_reason_says_so(
    attested: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pypi_attestations", None)
    with pytest.raises(BadUpload, match=r"install pocketrepo\[attestations\]"):
        verify(attested)
