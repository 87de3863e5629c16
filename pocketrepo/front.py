"""The one place that answers GET and HEAD of simple pages, files and metadata.

Flask's routes call `Front.answer`. The server calls `Front.handle` first, before anything builds a request: it
answers what takes no more than a few ``stat`` calls, by the same steps, and leaves the rest to a thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from packaging.utils import NormalizedName

from pocketrepo.access import Action, Actor, Credential, Reader
from pocketrepo.answers import (
    DATED,
    Answer,
    Header,
    Span,
    answer_file,
    answer_page,
    for_one_reader,
    not_acceptable,
    read_whole,
    redirect,
    representation,
)
from pocketrepo.downloads import Download
from pocketrepo.errors import NoSuchProject, NoSuchRepository, PocketRepoError
from pocketrepo.hosts import Hosts, Proxies
from pocketrepo.index import Filtered, listed
from pocketrepo.model import Project, RepositoryName, normalize
from pocketrepo.paths import Target, parse
from pocketrepo.repository import Repository, Root
from pocketrepo.snapshot import Representation, Snapshot
from pocketrepo.watched import both

MAX_PLAIN_PATH = 400
"""Characters; what is remembered of paths stays small, whatever is asked for."""
MAX_ROUTES = 16_384
"""Paths of which is remembered where they lead; each takes about half a kilobyte."""
SMALL_FILE = 32 * 1024
"""Bytes up to which a file is read at once, and kept: opening it costs more than sending it."""

_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}")
_UNKNOWN = Credential("", "")
"""Stands for a header that makes no sense."""


class HeaderMap(Protocol):
    def get(self, name: str, /) -> str | None: ...


class Request(Protocol):
    """What is asked of a request; Granian's scope is one. Header names are lower-case, ``client`` is ADDRESS:PORT
    or ADDRESS."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def client(self) -> str: ...
    @property
    def headers(self) -> HeaderMap: ...


class Route(NamedTuple):
    """Where a path leads, for everybody or for one credential, while ``stands()``: as long as no document is
    rewritten that says so."""

    stands: Callable[[], bool]
    find: Callable[[], Snapshot[Any] | None]
    """The project, or the list of projects, if that takes no more than a ``stat``."""
    view: View
    target: Target


class View(NamedTuple):
    """A repository as one reader sees it: its index is narrowed to what they may have."""

    repository: Repository
    actor: Actor | None
    """None where everybody may read."""

    @property
    def is_private(self) -> bool:
        return self.actor is not None


@dataclass
class Front:
    """Answers for one root. Access is asked before any index."""

    root: Root
    hosts: Hosts
    proxies: Proxies = field(default_factory=Proxies)
    _routes: dict[str | tuple[str, str | None], Route] = field(default_factory=dict)

    def handle(self, request: Request) -> Answer | None:
        """For the server: an answer if it can be given at once, else None. Never raises, never blocks."""
        header = request.headers.get
        if not self.hosts.permits(header("host")):
            return None
        try:
            path = request.path
            route = self._routes.get(path) or self._routes.get((path, header("authorization")))
            if route is None or not route.stands():
                route = self._find_route(path, request)
                if route is None:
                    return None
            snapshot = route.find()
            if snapshot is None:
                return None
            view = route.view
            if route.target.kind == "file":
                answer = self._file(view, snapshot, route.target, request)
            else:
                wanted = _representation(view, header)
                page = snapshot.ready(wanted) if wanted else None
                if page is None:
                    return None
                answer = answer_page(page, header, private=view.is_private)
            origins = view.repository.origins
            if origins is None:
                return answer
            return answer._replace(headers=origins.shared(answer.headers, header("origin")))
        except Exception:
            # Said properly, and a fault logged, by the application.
            return None

    def answer(self, target: Target, request: Request, fallback: Actor | None = None) -> Answer:
        """The answer to a GET; ``fallback`` is who asks where the request has no credential. Raises
        PocketRepoError."""
        view = self._view(target, request, fallback)[0]
        index = view.repository.index
        name = _normalized(target.name) if target.name else None
        if name is None:
            return _page(view, index.projects(), request.headers.get)
        if target.kind == "file":
            return self._file(view, index.project(name), target, request)
        if name != target.name:
            return redirect(f"../{name}/")
        return _page(view, index.project(name), request.headers.get)

    def view(
        self, name: RepositoryName | None, request: Request, fallback: Actor | None = None, token: str = ""
    ) -> View:
        """A repository for who may read it with this request's credentials. Public ones ignore them.

        Raises Unauthorized, Forbidden, LimitReached, TooManyAttempts.
        """
        return self._view(Target(name, "projects", token=token), request, fallback)[0]

    def hidden(
        self,
        missing: NoSuchRepository,
        request: Request,
        fallback: Actor | None = None,
        token: str = "",
        *,
        at_once: bool = False,
    ) -> PocketRepoError:
        """What who asks is told of a repository that is not there. Raises Unauthorized, TooManyAttempts."""
        access, actor = self.root.access, fallback
        credential = credential_of(request.headers.get, token)
        if credential is not None:
            actor = access.identify(credential, client=self.proxies.client(request), at_once=at_once)
        return access.hide_from_reader(actor, missing)

    def _view(
        self, target: Target, request: Request, fallback: Actor | None, *, at_once: bool = False
    ) -> tuple[View, Callable[[], bool]]:
        """And whether it still is as it was. With ``at_once`` no password is hashed."""
        root, credential = self.root, credential_of(request.headers.get, target.token)
        client = self.proxies.client(request)
        name = target.repository or root.default
        try:
            repository, stands = root.look(name)
        except NoSuchRepository as missing:
            raise self.hidden(missing, request, fallback, target.token, at_once=at_once) from None
        if not repository.private:
            return View(repository, None), stands
        if credential is None and fallback is not None:
            root.access.require(fallback, Action.READ, name)
            reader = Reader(fallback, lambda: False)
        else:
            reader = root.access.reader(name, credential, client, at_once=at_once)
        entitlement = reader.actor.entitlement
        if entitlement is not None and entitlement.query is not None:
            narrow = Filtered(repository.index, entitlement.query, root.memo, f"filtered/{name}")
            repository = replace(repository, index=narrow)
        return View(repository, reader.actor), both(stands, reader.stands)

    def _find_route(self, path: str, request: Request) -> Route | None:
        """Where a path in its plainest spelling leads; None for all others. Raises PocketRepoError."""
        self._routes.pop(path, None)
        target = parse(path) if len(path) <= MAX_PLAIN_PATH else None
        if target is None:
            return None
        view, stands = self._view(target, request, None, at_once=True)
        actor = view.actor
        if target.kind == "file" and actor and actor.entitlement and actor.entitlement.terms.is_counted:
            return None  # each download is a write
        index = view.repository.index
        find: Callable[[], Snapshot[Any] | None] = index.resident_projects
        if target.name:
            name = _normalized(target.name)
            if name != target.name:
                return None
            find = index.finder(name)
        route = Route(stands, find, view, target)
        if len(self._routes) >= MAX_ROUTES:
            self._routes.clear()
        self._routes[path if actor is None else (path, request.headers.get("authorization"))] = route
        return route

    def _file(self, view: View, snapshot: Snapshot[Any], target: Target, request: Request) -> Answer:
        """Raises NoSuchFile, LimitReached."""
        answer, is_companion = _file_answer(view, snapshot, target, request)
        if not is_companion and answer.status in (200, 206) and request.method == "GET":
            body = answer.body
            size = body.stop - body.start if isinstance(body, Span) else len(body)
            client = self.proxies.client(request)
            self.root.downloads.count(
                Download(view.repository.name, target, view.actor, client, answer.status, size)
            )
        return answer


def credential_of(header: Header, token: str = "") -> Credential | None:
    """What a request brings along: a header counts before a token in its path."""
    authorization = header("authorization")
    if authorization:
        return Credential.of_header(authorization) or _UNKNOWN
    return Credential("", token) if token else None


def _representation(view: View, header: Header) -> Representation | None:
    """A page of another origin is given HTML, if it takes that at all: micropip cannot follow the relative links of
    the JSON form."""
    origins = view.repository.origins
    return representation(header, html_first=origins is not None and origins.admit(header("origin")))


def _page(view: View, snapshot: Snapshot[Any], header: Header) -> Answer:
    wanted = _representation(view, header)
    if wanted is None:
        return _for(view, not_acceptable())
    return answer_page(snapshot.page(wanted), header, private=view.is_private)


def _for(view: View, answer: Answer) -> Answer:
    return for_one_reader(answer) if view.is_private else answer


def _file_answer(
    view: View, snapshot: Snapshot[Any], target: Target, request: Request
) -> tuple[Answer, bool]:
    """And whether it is not the file but what is beside it. Raises NoSuchFile."""
    key, filename = target.key, target.filename
    project: Project = snapshot.value
    header = request.headers.get
    wanted = header("range") if request.method == "GET" else None  # RFC 9110 §14.2
    kept = snapshot.file(key, filename)
    if kept is not None and wanted is None and not any(map(header, DATED)):
        return answer_page(kept, header, private=view.is_private), (key, filename) not in project.by_key
    file, companion = listed(project, key, filename)
    blob = view.repository.index.file(project.name, key, filename)
    answer = answer_file(file, blob, companion, header, wanted)
    if answer.status != 200 or blob.size > SMALL_FILE or not isinstance(answer.body, Span):
        return _for(view, answer), bool(companion)
    page = read_whole(answer.headers, answer.body)
    snapshot.keep(key, filename, page)
    return _for(view, Answer(200, page.headers, page.body)), bool(companion)


@lru_cache(4096)
def _normalized(name: str) -> NormalizedName:
    """Raises NoSuchProject for what no project can be called."""
    if not _NAME.fullmatch(name):
        raise NoSuchProject(name)
    return normalize(name)
