"""Any repository over HTTP: reading works with every index that speaks the Simple API, writing with every one
that takes the legacy upload; yank, delete and repositories need a PocketRepo."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import SplitResult, unquote, urlsplit

import pocketrepo
from pocketrepo import browser, errors, simpleapi
from pocketrepo.access import TOKEN_USER
from pocketrepo.archive import Distribution, inspect
from pocketrepo.archive.metadata import parse_metadata
from pocketrepo.config.snippet import snippet
from pocketrepo.config.url import mask
from pocketrepo.details import Details, details_of
from pocketrepo.display import Piece, Shown, card, code, facts, muted, phrase, strong
from pocketrepo.dists import What, collect
from pocketrepo.environment import Address, Mode
from pocketrepo.installing import Installations, install
from pocketrepo.listings import Files, Project, Projects, Pushed, Pushes, version_of
from pocketrepo.model import Json, RepositoryName, normalize, version_order
from pocketrepo.progress import Progress, bar
from pocketrepo.sandbox import Sandbox
from pocketrepo.transport import Transport, chunks
from pocketrepo.using import Using

if TYPE_CHECKING:
    from pocketrepo.widgets import Dashboard


class Client(Shown):
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
        parts = _parts(url)
        if parts.username is not None:
            auth = auth or (unquote(parts.username), unquote(parts.password or ""))
        base = (
            parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl().rstrip("/")
        )
        for ending in ("/simple", "/legacy"):
            base = base.removesuffix(ending)
        self.url = base + "/"
        self._repository = str(RepositoryName.parse(repository.strip("/"))) if repository else None
        self._login = (TOKEN_USER, token) if token else auth
        self._transport = Transport(parts.hostname or "", self._login)

    def __repr__(self) -> str:
        return f"Client({mask(self.url)!r})"

    def _piece(self) -> Piece:
        rows = [("index", code(mask(self.index_url))), ("upload", code(mask(self.upload_url)))]
        rows += [("pip", code(mask(snippet("pip", self.index_url).strip()))), ("push", code(".push()"))]
        title = phrase(strong("Repository"), browser.linked(self.url))
        return card(title, facts(rows), muted(browser.way_to(self.url).note))

    @property
    def index_url(self) -> str:
        """What pip and uv take as ``--index-url``."""
        return f"{self.url}simple/"

    @property
    def upload_url(self) -> str:
        """What twine takes as ``--repository-url``."""
        return f"{self.url}legacy/"

    @property
    def browser_url(self) -> str:
        """The address of its web page as the browser that shows this notebook reaches it."""
        return browser.way_to(self.url).url

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

    def projects(self) -> Projects:
        """Names of all projects, in the index's order."""
        response = self._transport.page(self.index_url)
        listed = simpleapi.projects_from_response(
            response.headers.get("Content-Type"), response.content, response.url
        )
        return self._projects(listed.names.values())

    def _projects(self, names: Iterable[str]) -> Projects:
        return Projects(names, self.index_url, self._web_page)

    def _web_page(self, project: str) -> str:
        """Of a project, for the browser; empty where it cannot be told without asking."""
        if self._repository is None:
            return ""
        return browser.way_to(f"{self._server}{self._repository}/projects/{normalize(project)}/").url

    def show(self, name: str) -> Project:
        """A project: its releases, files, and what its latest release says of itself. Raises NoSuchProject."""
        page = self._page(name)
        return Project(page, details=self._details(Project(page)), web_page=self._web_page(page.name))

    def _page(self, name: str) -> simpleapi.Page:
        try:
            response = self._transport.page(f"{self.index_url}{normalize(name)}/")
        except errors.NotFound:
            raise errors.NoSuchProject(name) from None
        return simpleapi.from_response(response.headers.get("Content-Type"), response.content, response.url)

    def listed(self, name: str) -> dict[str, str | None]:
        """The files of a project, filename -> sha256; None where the index does not tell. Empty if there is no such
        project, or if it may be pushed to but not read."""
        try:
            links = self._page(name).links
        except (errors.NoSuchProject, errors.Unauthorized, errors.Forbidden):
            return {}
        return {link.filename: link.sha256 for link in links}

    def _details(self, project: Project) -> Details | None:
        """From the core metadata that the index offers beside a file (PEP 658); None where it does not."""
        links = project.latest.links if project.latest else []
        offered = [each for each in links if each.core_metadata]
        if not offered:
            return None
        # A wheel's metadata is final, an sdist's may change in a build.
        best = min(offered, key=lambda each: not each.filename.endswith(".whl"))
        with suppress(errors.PocketRepoError):
            data = self._transport.request("GET", f"{best.url}.metadata").content
            expected = best.core_metadata.get("sha256") if isinstance(best.core_metadata, dict) else None
            if expected in (None, hashlib.sha256(data).hexdigest()):
                return details_of(parse_metadata(data).fields)
        return None

    def search(self, text: str) -> Projects:
        """Projects whose name contains ``text``, whatever its spelling."""
        wanted = normalize(text)
        return self._projects(name for name in self.projects() if wanted in normalize(name))

    def files(self, name: str, version: str | None = None) -> Files:
        """The files of one version; None: of the newest that is not yanked. Raises NoSuchProject, NoSuchFile."""
        project = Project(self._page(name))
        if version is None and project.latest:
            return project.latest.links
        for release in project.releases:
            if version is not None and _same_version(release.version, version):
                return release.links
        raise errors.NoSuchFile(f"of {name} {version or ''}".strip())

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

    def snippet(self, tool: str = "pip", package: str = "PACKAGE", *, extra: bool = False) -> str:
        """Text to paste, for pip, uv, twine and others, with this repository's address."""
        return snippet(tool, self.index_url, upload_url=self.upload_url, package=package, extra=extra)

    # Installing

    def install(
        self,
        *requirements: str,
        extra_index_urls: Sequence[str] = (),
        options: Sequence[str] = (),
        say: Callable[[str], None] = print,
    ) -> Installations:
        """Install into this interpreter's environment, from this repository alone unless extra indexes are
        named. Asks nobody, and waits for nobody who does not answer. ``say`` takes each line of what is said.

        Raises InstallFailed with the installer's reason, Unauthorized if reading takes another token.
        """
        done = install(
            requirements, self._address(), extra_index_urls=extra_index_urls, options=options, say=say
        )
        for one in done:
            say(str(one))
        return done

    def use(self, mode: Mode = "only") -> Using:
        """Point pip, uv and twine at this repository, for all that this process starts, as by ``%pip`` and ``!uv``.

        "only" leaves out every other index, "extra" puts this one beside them. In force at once, until ``.undo()``,
        the end of a ``with``, or exit. Raises Unauthorized if reading takes another token, ServerError.
        """
        return Using(self._address(), mode)

    def sandbox(self) -> Sandbox:
        """A throw-away virtual environment that installs from this repository alone.

        Raises Unauthorized if reading takes another token, ServerError.
        """
        return Sandbox(self._address())

    def ui(self) -> Dashboard:
        """A panel for notebooks: upload, browse, connect, pip.conf. Raises UsageError where ipywidgets is missing."""
        return pocketrepo.widgets.Dashboard(self)

    def _address(self) -> Address:
        """As tools are told of it: with the credential only if reading takes one."""
        private = self._transport.needs_login(self.index_url)
        return Address(self.index_url, self.upload_url, self._login, private)

    # Writing

    def push(self, what: What = None) -> Pushes:
        """Upload distributions; a source tree is built first. What is there already, byte for byte, is skipped.

        ``what``: paths, globs, folders of distributions, source trees, or imported modules; nothing means ``dist/``,
        or else the source tree here. A module's version is its ``__version__``, else the next patch. Raises
        BadUpload, AlreadyExists, BuildFailed, UsageError.
        """
        with collect(what, listed=self.listed, say=partial(print, flush=True)) as paths:
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
        return self.listed(found.name).get(found.filename) == sha256

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
        for each in self._page(name).links:
            if version is not None and not _same_version(version_of(each), version):
                continue
            if filename and each.filename != filename:
                continue
            key = urlsplit(each.url).path.split("/")[-2]
            address = f"{packages}{normalize(name)}-{key}/"
            if verb:
                self._transport.request("POST", f"{address}{verb}/", json=json)
            else:
                self._transport.request("DELETE", address)
            done.append(each.filename)
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


def _parts(url: str) -> SplitResult:
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
