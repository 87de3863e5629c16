"""The legacy upload API, as twine, uv, poetry, pdm, hatch and flit speak it.

``POST`` to a repository's address (or its ``/legacy/``): one form with ``:action=file_upload``, the metadata as
fields, digests, and the file as ``content``. The reference is Warehouse's documentation of it.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Blueprint, Response, request
from werkzeug.exceptions import LengthRequired

from pocketrepo import attestation
from pocketrepo.access import ANY_PROJECT, Action
from pocketrepo.archive import Distribution, inspect
from pocketrepo.documents import Upload
from pocketrepo.errors import BadUpload, NoSuchProject, Refused, TooLarge, Unavailable
from pocketrepo.hosted import Hosted
from pocketrepo.model import PROVENANCE_SUFFIX, SIGNATURE_SUFFIX, File, normalize, version_order
from pocketrepo.publisher import Publisher
from pocketrepo.web.auth import require
from pocketrepo.web.form import HASHES, Form, Staged, read_form
from pocketrepo.web.reading import name_for_api
from pocketrepo.web.state import site, text

bp = Blueprint("upload", __name__)
NOT_KEPT = frozenset({"content", "description", "gpg_signature", "attestations"})
"""Form fields that the stored record leaves out: the file, and what lies beside it."""
COMPANION_FIELDS = {PROVENANCE_SUFFIX: "attestations", SIGNATURE_SUFFIX: "gpg_signature"}
MAX_SIGNATURE = 8 * 1024
"""Characters; one has about a thousand."""
SAID = {"new": "listed", "same": "was listed already", "replaced": "listed in place of another"}


@bp.post("/")
@bp.post("/legacy/")
@bp.post("/<owner>/<repo>/")
@bp.post("/<owner>/<repo>/legacy/")
@bp.post("/python/<owner>/<repo>/")
def upload(owner: str = "", repo: str = "") -> Response:
    """Take one distribution. 200 also for the same bytes again; readers see it before this answers."""
    name = name_for_api(owner, repo)
    # Before the body is touched: nobody without the right gets to send one.
    actor = require(Action.UPLOAD, name, project=ANY_PROJECT, tokens_too=True)
    repository = site().root.repository(name)
    length = _content_length()
    with _slot():
        form = read_form(
            request.stream,
            request.headers.get("Content-Type", ""),
            length,
            site().root.store.staging,
            max_file=site().settings.max_upload_size,
        )
    if form.file is None:
        raise BadUpload("the form has no file", field="content")
    try:
        distribution = _check(form, form.file)
        site().root.access.require(actor, Action.UPLOAD, name, project=distribution.name)
        taken = Upload(
            distribution=distribution,
            staged=form.file.path,
            size=form.file.size,
            sha256=form.file.digests["sha256_digest"],
            actor=actor.name,
            form={key: value for key, value in form.fields.items() if key not in NOT_KEPT},
        )
        taken.companions.update(_companions(form, taken, repository.hosted))
        admitted = repository.hosted.admit(taken)
    finally:
        form.file.path.unlink(missing_ok=True)
    _refuse_additions(taken, admitted.file)
    return text(f"{admitted.file.filename} {SAID[admitted.result]} in {name}\n")


def _companions(form: Form, taken: Upload, hosted: Hosted) -> dict[str, bytes]:
    """What is to be served beside the file, checked. Raises BadUpload: nothing that was sent is dropped."""
    found = {}
    signature = form.first("gpg_signature").strip()
    if signature:
        if not signature.startswith("-----BEGIN PGP SIGNATURE-----") or len(signature) > MAX_SIGNATURE:
            raise BadUpload("'gpg_signature' is not an armored OpenPGP signature", field="gpg_signature")
        found[SIGNATURE_SUFFIX] = f"{signature}\n".encode()
    sent = form.first("attestations").strip()
    if sent not in ("", "[]"):
        distribution = taken.distribution
        try:
            publishers = [Publisher.parse(one) for one in hosted.standing(distribution.name).publishers]
        except NoSuchProject:
            publishers = []
        found[PROVENANCE_SUFFIX] = attestation.verify(sent, distribution.filename, taken.sha256, publishers)
    return found


def _refuse_additions(taken: Upload, file: File) -> None:
    """A file stays as it was listed first: what came only now would be dropped without a word."""
    for suffix in taken.companions:
        if file.digest(suffix) is None:
            raise Refused(
                f"{file.filename} was listed before, without {COMPANION_FIELDS[suffix]}",
                hint="delete the file, then upload it again with them",
            )


def _content_length() -> int:
    length = request.content_length
    if length is None:
        raise LengthRequired("the request has no Content-Length")
    limit = site().settings.max_upload_size + (32 << 20)
    if length > limit:
        raise TooLarge(f"the request is larger than {limit:,} bytes")
    return length


@contextmanager
def _slot() -> Iterator[None]:
    """A place among the uploads that are received at the same time, so that slow ones cannot take every thread."""
    slots: threading.Semaphore = site().upload_slots
    if not slots.acquire(blocking=False):
        raise Unavailable("too many uploads at once", hint="try again in a moment")
    try:
        yield
    finally:
        slots.release()


def _check(form: Form, staged: Staged) -> Distribution:
    """What was sent agrees with itself: action, digests, the archive, and the fields that name it."""
    if form.first(":action") != "file_upload":
        raise BadUpload("':action' must be 'file_upload'", field=":action")
    if form.first("protocol_version") not in ("", "1"):
        raise BadUpload("'protocol_version' must be 1", field="protocol_version")
    for field in (*HASHES, *COMPANION_FIELDS.values(), "name", "version", "filetype"):
        if len(form.fields.get(field, [])) > 1:
            raise BadUpload(f"{field!r} is given more than once", field=field)
    _check_digests(form, staged)
    distribution = inspect(staged.path, staged.filename)
    name, version = form.first("name"), form.first("version")
    if not name or normalize(name) != distribution.name:
        raise BadUpload(f"'name' is {name!r}, the file is {distribution.display_name!r}", field="name")
    if not version or version_order(version) != version_order(distribution.version):
        raise BadUpload(f"'version' is {version!r}, the file is {distribution.version!r}", field="version")
    filetype = form.first("filetype")
    if filetype and filetype != distribution.kind:
        raise BadUpload(f"'filetype' is {filetype!r}, the file is {distribution.kind!r}", field="filetype")
    return distribution


def _check_digests(form: Form, staged: Staged) -> None:
    for field in HASHES:
        announced = form.first(field).strip().lower()
        if not announced:
            continue
        found = staged.digests.get(field) or _digest_again(field, staged)
        if not hmac.compare_digest(announced.encode(), found.encode()):
            raise BadUpload(
                f"{field} {announced[:64]!r} does not match the file, which has {found}", field=field
            )


def _digest_again(field: str, staged: Staged) -> str:
    """For a digest that was announced only after the file had come."""
    digest = HASHES[field]()
    with staged.path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return str(digest.hexdigest())
