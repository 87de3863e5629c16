"""Any repository over HTTP: reading works with every index that speaks the Simple API, writing with every one
that takes the legacy upload; yank, delete and repositories need a PocketRepo."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlsplit

import pocketrepo
from pocketrepo import errors
from pocketrepo.archive import Distribution, inspect
from pocketrepo.client.administration import Audit, Entitlements, Keys, Owners, Roles, Users
from pocketrepo.client.dists import What, collect
from pocketrepo.client.listings import Pushed, Pushes, version_of
from pocketrepo.client.progress import Progress, bar
from pocketrepo.client.reader import Reader, same_version
from pocketrepo.config.snippet import snippet
from pocketrepo.config.url import mask
from pocketrepo.display import Piece, Shown, card, code, facts, muted, phrase, strong
from pocketrepo.environment import Address, Mode, browser
from pocketrepo.environment.installing import Installations, install
from pocketrepo.environment.sandbox import Sandbox
from pocketrepo.environment.using import Using
from pocketrepo.model import Json, RepositoryName, Status, normalize

if TYPE_CHECKING:
    from pocketrepo.widgets import Dashboard


class Client(Reader, Shown):
    """Speaks to one repository: ``url`` is its address (``http://host/OWNER/REPO/``), its upload URL or its index
    URL (``…/simple/``). ``token`` is sent as user ``__token__``; ``auth`` is (user, password)."""

    def _piece(self) -> Piece:
        rows = [("index", code(mask(self.index_url))), ("upload", code(mask(self.upload_url)))]
        rows += [("pip", code(mask(snippet("pip", self.index_url).strip()))), ("push", code(".push()"))]
        title = phrase(strong("Repository"), browser.linked(self.url))
        return card(title, facts(rows), muted(browser.way_to(self.url).note))

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

        What is beside it as ``FILENAME.publish.attestation`` goes along (PEP 740). Raises BadUpload for a broken
        one, before anything is sent; FileExists for a taken filename.
        """
        found = inspect(path)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
        attestations = self._attestations(path)
        listed = self._has(found, sha256)
        # What is to go along is the server's to take or to refuse, also with a file that it has.
        if attestations or not listed:
            self._send(path, found, sha256, attestations, progress)
        result: Literal["new", "same"] = "same" if listed else "new"
        return Pushed(path.name, found.display_name, found.version, size, sha256, result)

    def _has(self, found: Distribution, sha256: str) -> bool:
        return self.listed(found.name).get(found.filename) == sha256

    def _attestations(self, path: Path) -> list[tuple[str, str]]:
        """The attestations that a build left beside a file, as ``FILENAME.publish.attestation`` (PEP 740)."""
        beside = sorted(path.parent.glob(f"{glob.escape(path.name)}.*.attestation"))
        if not beside:
            return []
        return [("attestations", f"[{','.join(one.read_text('utf-8') for one in beside)}]")]

    def _send(
        self,
        path: Path,
        found: Distribution,
        sha256: str,
        more: list[tuple[str, str]],
        progress: Progress | None,
    ) -> None:
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
        self._transport.upload(self.upload_url, fields + more, path, progress)

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

    def mark(self, name: str, status: Status, *, reason: str = "") -> Json:
        """Give a project a status: "active", "deprecated", "archived" (takes no uploads) or "quarantined" (offers
        no files either). Returns what is now said of it. Raises NoSuchProject, Refused."""
        return self._change(name, {"status": status, "status_reason": reason})

    def project_settings(self, name: str) -> Json:
        """What is said of a project as a whole, and its files, in quarantine or not; takes a credential to upload
        with. Raises NoSuchProject."""
        return self._about(name, "GET")

    def set_project(
        self,
        name: str,
        *,
        tracks: Sequence[str] | None = None,
        alternate_locations: Sequence[str] | None = None,
        publishers: Sequence[str] | None = None,
    ) -> Json:
        """Say where else a project is (PEP 708): pages of the same project that it extends, and that count as the
        same; and whose attestations its uploads may carry (PEP 740), as ``github:OWNER/REPO:WORKFLOW``,
        ``gitlab:GROUP/PROJECT:PATH`` or ``google:EMAIL``. Each list replaces the one before, None leaves it. Raises
        NoSuchProject, Refused."""
        given = {"tracks": tracks, "alternate_locations": alternate_locations, "publishers": publishers}
        return self._change(name, {field: list(value) for field, value in given.items() if value is not None})

    def _change(self, name: str, changes: Json) -> Json:
        return self._about(name, "PATCH", json=changes)

    def _about(self, name: str, method: str, **options: Any) -> Json:
        try:
            found: Json = self._transport.json(
                method, f"{self._server}v1/projects/{self.repository}/{quote(name, safe='')}/", **options
            )
        except errors.NotFound:
            raise errors.NoSuchProject(name) from None
        return found

    def _each(
        self, verb: str, name: str, version: str | None, filename: str, json: Json | None = None
    ) -> list[str]:
        """Do one thing to each file that is meant."""
        done = []
        packages = f"{self._server}v1/packages/{self.repository}/"
        for name_of_file, version_of_file, key in self._changeable(name):
            if version is not None and not same_version(version_of_file, version):
                continue
            if filename and name_of_file != filename:
                continue
            address = f"{packages}{normalize(name)}-{key}/"
            if verb:
                self._transport.request("POST", f"{address}{verb}/", json=json)
            else:
                self._transport.request("DELETE", address)
            done.append(name_of_file)
        if not done:
            raise errors.NoSuchFile(filename or f"of {name} {version or ''}".strip())
        return done

    def _changeable(self, name: str) -> list[tuple[str, str, str]]:
        """Filename, version and KEY of each file; of a project in quarantine, whose page lists none, as well."""
        page = self._page(name)
        if page.status == "quarantined":
            files = self.project_settings(name)["files"]
            return [(each["filename"], each["version"], each["slug_perm"]) for each in files]
        return [
            (each.filename, version_of(each), urlsplit(each.url).path.split("/")[-2]) for each in page.links
        ]

    # Repositories

    def repositories(self) -> list[Json]:
        """The server's repositories."""
        listed: list[Json] = self._transport.json(
            "GET", f"{self._server}v1/repos/", params={"page_size": 500}
        )
        return listed

    def create_repository(self, name: str, *, private: bool = False, cors: Sequence[str] = ()) -> Json:
        """Make OWNER/REPO, which anybody may read unless it is ``private``. Pages of the origins in ``cors``, such as
        ``https://lab.example.org``, may read it in a browser. Raises AlreadyExists, UsageError."""
        owner, repo = RepositoryName.parse(name)
        body = {"name": repo, "private": private, "cors": list(cors)}
        made: Json = self._transport.json("POST", f"{self._server}v1/repos/{owner}/", json=body)
        return made

    def set_private(self, name: str, private: bool = True) -> Json:
        """Close OWNER/REPO to all but those with a role or a token, or open it to everybody. Raises
        NoSuchRepository."""
        url = f"{self._server}v1/repos/{RepositoryName.parse(name)}/"
        changed: Json = self._transport.json("PATCH", url, json={"private": private})
        return changed

    def share_repository(self, name: str, cors: Sequence[str]) -> Json:
        """Let pages of these origins, and of no others, read OWNER/REPO in a browser. Raises NoSuchRepository,
        UsageError."""
        url = f"{self._server}v1/repos/{RepositoryName.parse(name)}/"
        changed: Json = self._transport.json("PATCH", url, json={"cors": list(cors)})
        return changed

    def show_repository(self, name: str) -> Json:
        """Raises NoSuchRepository."""
        shown: Json = self._transport.json("GET", f"{self._server}v1/repos/{RepositoryName.parse(name)}/")
        return shown

    def set_rules(self, name: str, **given: bool | None) -> Json:
        """What OWNER/REPO lets in or keeps out: ``allow_replace`` (other bytes under a taken filename),
        ``allow_similar`` (a new project whose name reads like another's), ``forbid_direct_urls`` (uploads that depend
        on an address); None leaves one as it is. Raises NoSuchRepository, UsageError."""
        rules = {rule: allowed for rule, allowed in given.items() if allowed is not None}
        changed: Json = self._transport.json(
            "PATCH", f"{self._server}v1/repos/{RepositoryName.parse(name)}/", json=rules
        )
        return changed

    def delete_repository(self, name: str) -> None:
        """Remove OWNER/REPO and all its files. Raises NoSuchRepository."""
        self._transport.request("DELETE", f"{self._server}v1/repos/{RepositoryName.parse(name)}/")

    # Who may do what

    @property
    def users(self) -> Users:
        """The server's users; for its owner."""
        return Users(self._transport, f"{self._server}v1/users/")

    @property
    def keys(self) -> Keys:
        """API keys of one's own, or everybody's for the server's owner."""
        return Keys(self._transport, f"{self._server}v1/user/tokens/")

    @property
    def roles(self) -> Roles:
        """Who may do what with this repository."""
        return Roles(self._transport, f"{self._server}v1/repos/{self.repository}/privileges/")

    @property
    def owners(self) -> Owners:
        """Who owns this repository's namespace, the first part of its name."""
        return Owners(self._transport, f"{self._server}v1/orgs/{self.repository.partition('/')[0]}/members/")

    @property
    def entitlements(self) -> Entitlements:
        """Tokens that only read this repository."""
        return Entitlements(self._transport, f"{self._server}v1/entitlements/{self.repository}/")

    @property
    def audit(self) -> Audit:
        """What happened on the server."""
        return Audit(self._transport, f"{self._server}v1/log/")

    def stop_server(self) -> None:
        """Ask the server to end once requests in flight are answered; for its owner."""
        self._transport.request("POST", f"{self._server}v1/server/stop/")
