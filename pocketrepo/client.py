"""Any repository over HTTP: reading works with every index that speaks the Simple API, writing with every one
that takes the legacy upload; yank, delete and repositories need a PocketRepo."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from pocketrepo import errors, simpleapi
from pocketrepo.archive import Distribution, inspect, parse_filename
from pocketrepo.display import card, code, table
from pocketrepo.dists import What, collect
from pocketrepo.installing import Installations, install
from pocketrepo.model import Json, RepositoryName, normalize, version_order
from pocketrepo.progress import Progress, bar
from pocketrepo.transport import Transport, chunks


@dataclass(frozen=True)
class Pushed:
    """One distribution that was pushed: ``result`` is "new", or "same" if its bytes were there already."""

    filename: str
    project: str
    version: str
    size: int
    sha256: str
    result: Literal["new", "same"]


SAID = {"new": "pushed", "same": "there already"}


class Pushes(list[Pushed]):
    """What a push did, one row a file; shows itself as a table."""

    def __init__(self, rows: Sequence[Pushed], index_url: str) -> None:
        super().__init__(rows)
        self.index_url = index_url

    def _repr_html_(self) -> str:
        rows = [
            (
                escape(row.project),
                escape(row.version),
                escape(row.filename),
                f"{row.size:,} B",
                code(row.sha256[:12]),
                SAID[row.result],
            )
            for row in self
        ]
        head = ("project", "version", "file", "size", "sha256", "result")
        return card(table(rows, head), f"index: {code(self.index_url)}")

    def __str__(self) -> str:
        return "\n".join(f"{SAID[row.result]:13}  {row.filename}  {row.size:,} B" for row in self)


class Client:
    """Speaks to one repository: ``url`` is its address (``http://host/OWNER/REPO/``), its upload URL or its index
    URL (``…/simple/``). ``token`` is sent as user ``__token__``; ``auth`` is (user, password)."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        auth: tuple[str, str] | None = None,
        repository: str | None = None,
    ) -> None:
        parts = _address(url)
        if parts.username is not None:
            auth = auth or (unquote(parts.username), unquote(parts.password or ""))
        base = (
            parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl().rstrip("/")
        )
        for ending in ("/simple", "/legacy"):
            base = base.removesuffix(ending)
        self.url = base + "/"
        self._repository = str(RepositoryName.parse(repository.strip("/"))) if repository else None
        self._transport = Transport(parts.hostname or "", token=token, auth=auth)

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    @property
    def index_url(self) -> str:
        """What pip and uv take as ``--index-url``."""
        return f"{self.url}simple/"

    @property
    def upload_url(self) -> str:
        """What twine takes as ``--repository-url``."""
        return f"{self.url}legacy/"

    @property
    def repository(self) -> str:
        """OWNER/REPO, from the URL or from the server."""
        if self._repository is None:
            path = urlsplit(self.url).path.strip("/").split("/")
            if len(path) >= 2:
                self._repository = str(RepositoryName.parse("/".join(path[-2:])))
            else:
                defaults = [entry for entry in self.repositories() if entry.get("is_default")]
                if not defaults:
                    raise errors.UsageError(f"{self.url} names no repository", hint="http://host/OWNER/REPO/")
                self._repository = f"{defaults[0]['namespace']}/{defaults[0]['slug']}"
        return self._repository

    # Reading

    def projects(self) -> list[str]:
        """Names of all projects, in the index's order."""
        response = self._transport.page(self.index_url)
        listed = simpleapi.projects_from_response(
            response.headers.get("Content-Type"), response.content, response.url
        )
        return list(listed.names.values())

    def show(self, name: str) -> simpleapi.Page:
        """The versions and files of a project. Raises NoSuchProject."""
        try:
            response = self._transport.page(f"{self.index_url}{normalize(name)}/")
        except errors.NotFound:
            raise errors.NoSuchProject(name) from None
        return simpleapi.from_response(response.headers.get("Content-Type"), response.content, response.url)

    def search(self, text: str) -> list[str]:
        """Names of projects that contain ``text``, whatever its spelling."""
        wanted = normalize(text)
        return [name for name in self.projects() if wanted in normalize(name)]

    def files(self, name: str, version: str | None = None) -> list[simpleapi.Link]:
        """The files of one version; None: of the newest that is not yanked. Raises NoSuchProject, NoSuchFile."""
        by_version: dict[str, list[simpleapi.Link]] = {}
        for link in self.show(name).links:
            by_version.setdefault(_version_of(link), []).append(link)
        if version is None:
            usable = [v for v, links in by_version.items() if any(link.yanked is None for link in links)]
            final = [v for v in usable if not version_order(v)[1].is_prerelease]
            version = max(final or usable or by_version, key=version_order, default="")
        for candidate, links in by_version.items():
            if _same_version(candidate, version):
                return links
        raise errors.NoSuchFile(f"of {name} {version}".strip())

    def download(
        self, name: str, version: str | None = None, *, to: Path, progress: Progress | None = None
    ) -> list[Path]:
        """Fetch all files of a version into folder ``to``; each is complete and matches its hash, or is not
        there. Raises NoSuchProject, NoSuchFile, UpstreamError for wrong bytes."""
        to.mkdir(parents=True, exist_ok=True)
        return [self._fetch(link, to, progress) for link in self.files(name, version)]

    def _fetch(self, link: simpleapi.Link, to: Path, progress: Progress | None) -> Path:
        target = to / link.filename
        draft = to / f".{link.filename}-{secrets.token_hex(4)}"
        digest = hashlib.sha256()
        expected = link.hashes.get("sha256")
        try:
            with self._transport.request("GET", link.url, stream=True) as response, draft.open("wb") as file:
                total = int(response.headers.get("Content-Length", 0))
                for chunk in chunks(response):
                    file.write(chunk)
                    digest.update(chunk)
                    if progress:
                        progress(file.tell(), total)
            if expected and digest.hexdigest() != expected:
                raise errors.UpstreamError(f"{link.filename} does not match its hash in the index")
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        return target

    def install(
        self, *requirements: str, extra_index_urls: Sequence[str] = (), options: Sequence[str] = ()
    ) -> Installations:
        """Install into this interpreter's environment, from this repository alone unless extra indexes are
        named. Raises InstallFailed with the installer's reason."""
        done = install(requirements, self.index_url, extra_index_urls=extra_index_urls, options=options)
        for one in done:
            print(one)
        return done

    def snippet(self, tool: str = "pip", package: str = "PACKAGE", *, extra: bool = False) -> str:
        """Text to paste, for pip, uv, twine and others, with this repository's address."""
        from pocketrepo.config.snippet import snippet

        return snippet(tool, self.index_url, upload_url=self.upload_url, package=package, extra=extra)

    # Writing

    def push(self, what: What = None) -> Pushes:
        """Upload distributions; a source tree is built first. What is there already, byte for byte, is skipped.

        ``what``: paths, globs, folders of distributions, or source trees; nothing means ``dist/``, or else the
        source tree here. Raises BadUpload, AlreadyExists, BuildFailed, UsageError.
        """
        with collect(what, say=partial(print, flush=True)) as paths:
            rows = []
            for path in paths:
                with bar(path.name, path.stat().st_size) as progress:
                    rows.append(self.upload(path, progress=progress))
        return Pushes(rows, self.index_url)

    def upload(self, path: Path, *, progress: Progress | None = None) -> Pushed:
        """Upload one distribution, unless these bytes are listed already.

        Raises BadUpload for a broken one, before anything is sent; FileExists for a taken filename.
        """
        found = inspect(path)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
        result: Literal["new", "same"] = "same"
        if not self._has(found, sha256):
            self._send(path, found, sha256, progress)
            result = "new"
        return Pushed(path.name, found.display_name, found.version, size, sha256, result)

    def _has(self, found: Distribution, sha256: str) -> bool:
        try:
            links = self.show(found.name).links
        except (errors.NoSuchProject, errors.Unauthorized, errors.Forbidden):
            return False
        return any(link.filename == found.filename and link.hashes.get("sha256") == sha256 for link in links)

    def _send(self, path: Path, found: Distribution, sha256: str, progress: Progress | None) -> None:
        fields: list[tuple[str, str]] = [
            (":action", "file_upload"),
            ("protocol_version", "1"),
            ("filetype", found.kind),
            ("pyversion", found.python_tag),
            ("name", found.display_name),
            ("version", found.version),
            ("metadata_version", found.metadata_version),
            ("sha256_digest", sha256),
        ]
        sent = {name for name, _ in fields}
        for name, value in found.fields.items():
            if name not in sent:
                fields += [(name, item) for item in ([value] if isinstance(value, str) else value)]
        self._transport.upload(self.upload_url, fields, path, progress)

    def yank(
        self, name: str, version: str | None = None, *, filename: str = "", reason: str = ""
    ) -> list[str]:
        """Mark a version (or one file) so that installers pass over it unless pinned; returns the filenames."""
        return self._each("yank", name, version, filename, json={"reason": reason})

    def unyank(self, name: str, version: str | None = None, *, filename: str = "") -> list[str]:
        """Take the mark away again."""
        return self._each("unyank", name, version, filename)

    def delete(self, name: str, version: str | None = None, *, filename: str = "") -> list[str]:
        """Remove a version, one file, or (neither given) every file of a project, for good."""
        return self._each("", name, version, filename)

    def _each(
        self, verb: str, name: str, version: str | None, filename: str, json: Json | None = None
    ) -> list[str]:
        """Do one thing to each file that is meant."""
        done = []
        packages = f"{self._server}v1/packages/{self.repository}/"
        for link in self.show(name).links:
            if version is not None and not _same_version(_version_of(link), version):
                continue
            if filename and link.filename != filename:
                continue
            key = urlsplit(link.url).path.split("/")[-2]
            address = f"{packages}{normalize(name)}-{key}/"
            if verb:
                self._transport.request("POST", f"{address}{verb}/", json=json)
            else:
                self._transport.request("DELETE", address)
            done.append(link.filename)
        if not done:
            raise errors.NoSuchFile(filename or f"of {name} {version or ''}".strip())
        return done

    # Repositories

    def repositories(self) -> list[Json]:
        """The server's repositories."""
        listed: list[Json] = self._transport.json(
            "GET", f"{self._server}v1/repos/", params={"page_size": 500}
        )
        return listed

    def create_repository(self, name: str) -> Json:
        """Make OWNER/REPO. Raises AlreadyExists, UsageError."""
        owner, repo = RepositoryName.parse(name)
        made: Json = self._transport.json("POST", f"{self._server}v1/repos/{owner}/", json={"name": repo})
        return made

    def show_repository(self, name: str) -> Json:
        """Raises NoSuchRepository."""
        shown: Json = self._transport.json("GET", f"{self._server}v1/repos/{RepositoryName.parse(name)}/")
        return shown

    def delete_repository(self, name: str) -> None:
        """Remove OWNER/REPO and all its files. Raises NoSuchRepository."""
        self._transport.request("DELETE", f"{self._server}v1/repos/{RepositoryName.parse(name)}/")

    def stop_server(self) -> None:
        """Ask the server to end once requests in flight are answered; for its owner."""
        self._transport.request("POST", f"{self._server}v1/server/stop/")

    @property
    def _server(self) -> str:
        """The address of the server that this repository is on."""
        path = urlsplit(self.url).path.rstrip("/").lower()
        if self._repository:
            named = path.endswith(f"/{self._repository}")
        else:
            named = path.count("/") >= 2
        return self.url.rstrip("/").rsplit("/", 2)[0] + "/" if named else self.url


def _address(url: str) -> SplitResult:
    """The parts of a repository's address. Raises UsageError, which does not repeat credentials."""
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts
    shown = url.rpartition("@")[2]
    raise errors.UsageError(f"{shown!r} is not the address of a repository", hint="http://host/OWNER/REPO/")


def _same_version(one: str, other: str) -> bool:
    """Whether both mean one version (PEP 440); what is none is only like itself."""
    known, version = version_order(one)
    return one == other or (known and (known, version) == version_order(other))


def _version_of(link: simpleapi.Link) -> str:
    try:
        return str(parse_filename(link.filename).version)
    except errors.BadUpload:
        return ""
