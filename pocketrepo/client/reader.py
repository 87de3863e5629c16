"""Reading any index that speaks the Simple API, ours or another's."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from pocketrepo import errors, simpleapi
from pocketrepo.archive.metadata import parse_metadata
from pocketrepo.client.listings import Files, Project, Projects
from pocketrepo.client.progress import Progress
from pocketrepo.client.transport import Transport, chunks
from pocketrepo.config.url import mask
from pocketrepo.details import Details, details_of
from pocketrepo.environment import browser
from pocketrepo.keys import TOKEN_USER
from pocketrepo.model import RepositoryName, normalize, version_order


class Reader:
    """Reads one repository: ``url`` is its address (``http://host/OWNER/REPO/``), its upload URL or its index URL
    (``…/simple/``). ``token`` is sent as user ``__token__``; ``auth`` is (user, password)."""

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
        self._transport = Transport(self.url, self._login)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({mask(self.url)!r})"

    @property
    def index_url(self) -> str:
        """What pip and uv take as ``--index-url``."""
        return f"{self.url}simple/"

    @property
    def browser_url(self) -> str:
        """The address of its web page as the browser that shows this notebook reaches it."""
        return browser.way_to(self.url).url

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
            if version is not None and same_version(release.version, version):
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


def same_version(one: str, other: str) -> bool:
    """Whether both mean one version (PEP 440); what is none is only like itself."""
    known, version = version_order(one)
    return one == other or (known and (known, version) == version_order(other))
