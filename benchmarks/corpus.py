"""What is served: roots with any number of projects, the same files flat for pypiserver, and the very bytes that
PocketRepo answers as static files for nginx.

A corpus is made in seconds: nothing is flushed to disk while it is built, and of most projects only the document
is real. Every page, wheel and metadata file that is measured is real.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import os
import secrets
import sys
import zipfile
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from packaging.utils import NormalizedName
from servers import Server

from pocketrepo.access import Role
from pocketrepo.archive import inspect
from pocketrepo.clock import now
from pocketrepo.documents import Upload, entry_of, new_document
from pocketrepo.hosted import Hosted
from pocketrepo.model import File
from pocketrepo.repository import Root, open_root
from pocketrepo.settings import Settings
from pocketrepo.store import ABSENT
from pocketrepo.store.base import encode

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.distributions import make_wheel, wheel_members

FILES = 5
BIG, BIG_FILES = "big", 2_000
HUGE = "huge"
MEGABYTE = 1_000_000
HTML = "text/html"
JSON = "application/vnd.pypi.simple.v1+json"


@dataclass
class Corpus:
    """A root, what lies in it, and the folder with the same files for pypiserver."""

    root: Path
    flat: Path
    names: list[str]
    wheels: list[tuple[str, File]] = field(default_factory=list)
    """Projects and files whose bytes are there."""


def build(work: Path, label: str, projects: int, *, real: int = 0, extras: bool = False) -> Corpus:
    """``projects`` of five files each, of the first ``real`` with their bytes; ``extras`` adds a project of 2,000
    files and one wheel of 100 MB."""
    corpus = Corpus(
        work / label / "root", work / label / "flat", [f"project-{i:05d}" for i in range(projects)]
    )
    corpus.flat.mkdir(parents=True)
    with _without_flushing():
        root = open_root(Settings(root=corpus.root))
        hosted = root.repository(root.default).hosted
        filler = make_wheel(work, f"filler-{label}", files={"filler.py": "x = 1\n" * 50})
        for number, name in enumerate(corpus.names):
            if number < real:
                for i in range(FILES):
                    _admit(root, hosted, corpus, make_wheel(root.store.staging, name, f"1.{i}"))
            else:
                _list(root, hosted, corpus, name, FILES, filler)
        if extras:
            _list(root, hosted, corpus, BIG, BIG_FILES, filler)
            _admit(root, hosted, corpus, bulky_wheel(root.store.staging, HUGE, "1.0", 100 * MEGABYTE))
        names = [*corpus.names, *([BIG, HUGE] if extras else [])]
        root.store.update(
            f"repos/{hosted.name}/names.json", lambda _: {"names": {name: name for name in sorted(names)}}
        )
    return corpus


def of_wheels(work: Path, label: str, wheels: list[Path]) -> Corpus:
    """Just these wheels; they are moved there."""
    corpus = Corpus(work / label / "root", work / label / "flat", [])
    corpus.flat.mkdir(parents=True)
    with _without_flushing():
        root = open_root(Settings(root=corpus.root))
        hosted = root.repository(root.default).hosted
        for wheel in wheels:
            _admit(root, hosted, corpus, wheel.rename(root.store.staging / wheel.name))
    corpus.names = sorted({project for project, _file in corpus.wheels})
    return corpus


@contextmanager
def _without_flushing() -> Iterator[None]:
    quiet = mock.patch.multiple(os, fsync=mock.DEFAULT, fdatasync=mock.DEFAULT)
    with quiet, mock.patch("pocketrepo.store.file.flush"):
        yield


def _admit(root: Root, hosted: Hosted, corpus: Corpus, wheel: Path) -> None:
    distribution = inspect(wheel)
    with wheel.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = wheel.stat().st_size
    admitted = hosted.admit(
        Upload(distribution=distribution, staged=wheel, size=size, sha256=digest, actor="benchmark")
    )
    blob = hosted.file(admitted.project, admitted.file.key, admitted.file.filename)
    os.link(blob.path, corpus.flat / admitted.file.filename)
    corpus.wheels.append((admitted.project, admitted.file))


def _list(root: Root, hosted: Hosted, corpus: Corpus, name: str, count: int, filler: Path) -> None:
    """Write a project's document; its files have one content for pypiserver and none here."""
    document = new_document(NormalizedName(name), name)
    for i in range(count):
        filename = f"{name.replace('-', '_')}-1.{i}-py3-none-any.whl"
        file = File(
            filename=filename,
            version=f"1.{i}",
            key=secrets.token_hex(8),
            size=filler.stat().st_size,
            sha256=secrets.token_hex(32),
            upload_time=now(),
            requires_python=">=3.8",
            metadata_sha256=secrets.token_hex(32),
        )
        document["files"].append(entry_of(file))
        os.link(filler, corpus.flat / filename)
    key = f"repos/{hosted.name}/projects/{name}/project.json"
    root.store.write(key, encode({**document, "schema": 1, "rev": 1, "ops": []}), if_match=ABSENT)


def bulky_wheel(folder: Path, name: str, version: str, size: int) -> Path:
    """A valid wheel of about ``size`` random bytes, uncompressed; written in pieces."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    block, blocks = secrets.token_bytes(MEGABYTE), size // MEGABYTE
    digest = hashlib.sha256()
    for _ in range(blocks):
        digest.update(block)
    row = f"{name}/data.bin,sha256={urlsafe_b64encode(digest.digest()).decode().rstrip('=')},{blocks * MEGABYTE}\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        with archive.open(zipfile.ZipInfo(f"{name}/data.bin"), "w", force_zip64=True) as member:
            for _ in range(blocks):
                member.write(block)
        for member_name, content in wheel_members(name, version, files={}).items():
            is_record = member_name.endswith("/RECORD")
            archive.writestr(member_name, row.encode() + content if is_record else content)
    return path


def fetch(
    server: Server,
    path: str,
    accept: str = "*/*",
    encoding: str = "identity",
    authorization: str = "",
) -> tuple[bytes, dict[str, str]]:
    """A body and its headers by lower-case name. Raises RuntimeError for anything but 200."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        headers = {"Accept": accept, "Accept-Encoding": encoding}
        if authorization:
            headers["Authorization"] = authorization
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{server.name} answers {path} with {response.status}: {body[:200]!r}")
        return body, {name.lower(): value for name, value in response.getheaders()}
    finally:
        connection.close()


def save_pages(server: Server, folder: Path, names: list[str]) -> None:
    """The bytes of these projects' pages (``""``: of the list of projects), as nginx is to serve them."""
    for name in names:
        _save_page(server, f"/simple/{name}/" if name else "/simple/", folder / (name or "index"))


def save_files(corpus: Corpus, server: Server, folder: Path) -> None:
    """The wheels whose bytes are there, and their metadata."""
    for project, file in corpus.wheels:
        _save_file(corpus, server, project, file, folder / file.filename)


def save_index(corpus: Corpus, server: Server, folder: Path) -> None:
    """All pages and files at the paths that they have here, for installers to ask nginx."""
    for name in corpus.names:
        _save_page(server, f"/simple/{name}/", folder / "simple" / name / "index")
    for project, file in corpus.wheels:
        _save_file(corpus, server, project, file, folder / file_path(project, file).lstrip("/"))


def _save_page(server: Server, path: str, target: Path) -> None:
    """HTML as it is, JSON with its compressed form beside it; ``target`` is without a suffix."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.with_name(f"{target.name}.html").write_bytes(fetch(server, path, HTML)[0])
    body, headers = fetch(server, path, JSON, "gzip")
    if headers.get("content-encoding") == "gzip":
        target.with_name(f"{target.name}.json.gz").write_bytes(body)
        body = gzip.decompress(body)
    target.with_name(f"{target.name}.json").write_bytes(body)


def _save_file(corpus: Corpus, server: Server, project: str, file: File, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.link(corpus.flat / file.filename, target)
    metadata, _ = fetch(server, file_path(project, file) + ".metadata")
    target.with_name(f"{target.name}.metadata").write_bytes(metadata)


def file_path(project: str, file: File) -> str:
    return f"/files/{project}/{file.key}/{file.filename}"


@contextmanager
def readers_key(corpus: Corpus) -> Iterator[str]:
    """The ``Authorization`` header of a user who may only read, within the block; meanwhile nobody else may."""
    root = open_root(Settings(root=corpus.root))
    accounts, user = root.access.accounts, f"reader-{secrets.token_hex(4)}"
    accounts.add_user(user)
    accounts.set_role(user, root.default, Role.READ)
    _key, secret = accounts.add_key(user, "benchmark")
    root.set_private(root.default, True, actor="benchmark")
    try:
        yield "Basic " + b64encode(f"{user}:{secret}".encode()).decode()
    finally:
        root.set_private(root.default, False, actor="benchmark")
