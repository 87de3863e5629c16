"""Attestations that come with an upload (PEP 740): verified here and now, without a network, against the
publishers that are set on the project. pypi-attestations does it, the extra ``attestations``; it is imported on
first use, as it takes longer than all the rest."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pocketrepo.errors import BadUpload
from pocketrepo.publisher import HINT, Publisher

if TYPE_CHECKING:
    from pypi_attestations import Attestation

FIELD = "attestations"
MAX_SIZE = 256 * 1024
"""Characters of all attestations of one file; one has about 10,000."""
MAX_COUNT = 2
"""One of each kind that the standard's verifier knows."""


def verify(text: str, filename: str, sha256: str, publishers: Sequence[Publisher]) -> bytes:
    """The provenance object for a file, made of the attestations in ``text``, a JSON array.

    Every one must be signed by one and the same of ``publishers``, for this filename and these bytes. Raises
    BadUpload with the reason: there is nothing to verify with or against, or it does not verify.
    """
    try:
        import pypi_attestations as library
    except ImportError:
        raise _refusal(
            "this server cannot check attestations",
            "install pocketrepo[attestations] where it runs, or upload without them",
        ) from None
    if not publishers:
        raise _refusal("the project has no publisher to check attestations against", f"set one: {HINT}")
    attestations = _parse(text)
    # It warns whenever it is told not to ask the network.
    logging.getLogger("sigstore").setLevel(logging.ERROR)
    reasons = []
    for publisher in publishers:
        identity = _identity(publisher)
        try:
            _check_all(attestations, identity, library.Distribution(name=filename, digest=sha256))
        except Exception as error:  # what an attestation holds reaches decoders that raise what they like
            reasons.append(f"{publisher}: {_short(error)}")
            continue
        bundle = library.AttestationBundle(publisher=identity, attestations=attestations)
        return library.Provenance(attestation_bundles=[bundle]).model_dump_json().encode()
    raise _refusal(
        f"the attestations are not those of {filename} by a publisher of the project: {reasons[0]}"
    )


def _parse(text: str) -> list[Attestation]:
    from pydantic import TypeAdapter, ValidationError
    from pypi_attestations import Attestation

    if len(text) > MAX_SIZE:
        raise _refusal(f"the attestations are longer than {MAX_SIZE:,} characters")
    try:
        attestations = TypeAdapter(list[Attestation]).validate_json(text)
    except (ValidationError, ValueError, RecursionError):
        raise _refusal("the attestations are not a JSON array of attestation objects (PEP 740)") from None
    if not 0 < len(attestations) <= MAX_COUNT:
        raise _refusal(f"there must be one or two attestations, not {len(attestations)}")
    return attestations


def _check_all(attestations: list[Attestation], identity: Any, distribution: Any) -> None:
    kinds = [each.verify(identity, distribution, offline=True)[0] for each in attestations]
    if len(set(kinds)) < len(kinds):
        raise ValueError("there are two attestations of one kind")


def _identity(publisher: Publisher) -> Any:
    import pypi_attestations as library

    if publisher.kind == "github":
        return library.GitHubPublisher(repository=publisher.identity, workflow=publisher.workflow)
    if publisher.kind == "gitlab":
        return library.GitLabPublisher(repository=publisher.identity, workflow_filepath=publisher.workflow)
    return library.GooglePublisher(email=publisher.identity)


def _refusal(message: str, hint: str = "") -> BadUpload:
    return BadUpload(message, field=FIELD, hint=hint)


def _short(error: Exception) -> str:
    line = " ".join(str(error).split()) or type(error).__name__
    return line if len(line) <= 200 else line[:200].rstrip() + "…"
