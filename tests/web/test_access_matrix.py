"""Every kind of credential, in every form of URL, for everything that can be done, with every kind of repository:
the status of each, with the fast road for pages and files and without it."""

from __future__ import annotations

import base64
import http.client
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from flask import Response
from werkzeug.security import generate_password_hash

from pocketrepo.access import OWNER, Access, Actor, Role, Scope, passwords, throttle
from pocketrepo.access.entitlements import Terms
from pocketrepo.keys import owner_key
from pocketrepo.model import RepositoryName, normalize
from pocketrepo.repository import Root, open_root
from pocketrepo.server import create_app
from pocketrepo.settings import Settings
from pocketrepo.web import session
from tests.conftest import Live, running
from tests.distributions import make_wheel
from tests.uploads import stage

PUBLIC, PRIVATE, MISSING = "opened", "closed", "absent"
"""Repositories of acme: one that everybody reads, one that few may read, and one that is not there. Their names have
the same length, so that answers can be compared byte for byte."""
KINDS = (PUBLIC, PRIVATE, MISSING)
PASSWORD = "correct horse"
HELLO = normalize("hello-pocket")
JSON = "application/vnd.pypi.simple.v1+json"


class Standing(NamedTuple):
    """What a credential is good for. Words are kinds of repositories."""

    known: bool = True
    reads: str = ""
    uploads: str = ""
    changes: str = ""
    administers: str = ""
    creates: str = ""
    """Namespaces, in which it makes repositories."""
    sees_all: bool = False
    """Whether it is told that a repository does not exist."""


NOBODY = None
UNKNOWN = Standing(known=False)
STRANGER = Standing()
READER = Standing(reads="closed")
WRITER = Standing(reads="closed", uploads="closed opened", changes="closed opened")
ADMIN = WRITER._replace(administers="closed opened")
NAMESPACE = Standing(*[True, *["closed opened absent"] * 4], creates="acme")
ROOT = NAMESPACE._replace(sees_all=True)
UPLOADER = Standing(uploads="closed")
TOKEN = READER


@dataclass
class Credential:
    """How it is sent, and what it is worth for reading; ``upload`` and ``api`` say it for uploads and for ``/v1/``
    where that differs."""

    standing: Standing | None
    headers: dict[str, str] = field(default_factory=dict)
    path: str = ""
    """A token in the path of what is read."""
    home: str = ""
    """The only repository that knows it, for an entitlement token."""
    api: Standing | str | None = "the same"
    upload: Standing | str | None = "the same"

    def reading(self, kind: str) -> Standing | None:
        return UNKNOWN if self.home not in ("", kind) else self.standing

    def uploading(self, kind: str) -> Standing | None:
        return self.reading(kind) if isinstance(self.upload, str) else self.upload

    def managing(self) -> Standing | None:
        return self.standing if isinstance(self.api, str) else self.api


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


CREDENTIALS = (
    "none", "garbage in the header", "another scheme", "wrong user", "wrong password", "wrong token",
    "owner key", "owner key as a bearer", "password of a reader", "password of a stranger", "key of a reader",
    "key as token:", "key as __token__:", "key as the user name", "key as the password", "key as a bearer",
    "key of a writer", "key of an administrator", "key of an owner of the namespace", "key in X-Api-Key",
    "wrong key in X-Api-Key", "expired key", "revoked key", "key with another user's name", "key for this repository",
    "key for another repository", "upload-only key", "key for this project", "key for another project",
    "token as token:", "token as __token__:", "token as the user name", "token as the password", "token as a bearer",
    "token with a user's name", "token in the path", "wrong token in the path", "disabled token", "expired token",
    "replaced token", "token of another repository", "token in X-Api-Key", "cookie of a reader",
    "cookie of a stranger", "cookie of the owner", "forged cookie", "key before a cookie",
    "wrong key before a cookie",
    "wrong token in the path before a cookie", "key before a wrong token in the path",
    "wrong key before a token in the path",
)  # fmt: skip


def credentials(root: Root, app_cookie: dict[str, str]) -> dict[str, Credential]:
    """All of `CREDENTIALS`, made once; ``app_cookie`` has the cookies of users by their names."""
    accounts, names = root.access.accounts, ("reader", "stranger", "writer", "boss", "nina")
    key = {user: accounts.add_key(user, "laptop")[1] for user in names}
    private = RepositoryName("acme", PRIVATE)
    book = root.access.entitlements(private)
    _, token = _token(root.access, private)
    _, other_token = _token(root.access, RepositoryName("acme", PUBLIC))
    disabled, expired = (
        book.create(Terms(name="off", is_active=False), actor="tests")[1],
        book.create(Terms(name="old", limit_date_range_to="2020-01-01"), actor="tests")[1],
    )
    replaced_slug, replaced = _token(root.access, private)
    book.refresh(replaced_slug, actor="tests")
    revoked, revoked_secret = accounts.add_key("reader", "lost")
    accounts.revoke_key(revoked.slug)
    _, old = accounts.add_key("reader", "old", expires="2020-01-01T00:00:00.000000Z")

    def scoped(user: str, **scope: object) -> dict[str, str]:
        return basic(user, accounts.add_key(user, "scoped", scope=Scope(**scope))[1])  # type: ignore[arg-type]

    owner = owner_key(Path(root.store.staging).parent)
    cookie = {user: {"Cookie": value} for user, value in app_cookie.items()}
    of_private: Any = {"api": UNKNOWN, "home": PRIVATE}
    for_reading: Any = {"api": NOBODY, "upload": NOBODY}
    found = {
        "none": Credential(NOBODY),
        "garbage in the header": Credential(UNKNOWN, {"Authorization": "Basic ???"}),
        "another scheme": Credential(UNKNOWN, {"Authorization": 'Digest username="reader"'}),
        "wrong user": Credential(UNKNOWN, basic("nobody", PASSWORD)),
        "wrong password": Credential(UNKNOWN, basic("reader", "wrong")),
        "wrong token": Credential(UNKNOWN, basic("token", "wrong")),
        "owner key": Credential(ROOT, basic("__token__", owner)),
        "owner key as a bearer": Credential(ROOT, bearer(owner)),
        "password of a reader": Credential(READER, basic("reader", PASSWORD)),
        "password of a stranger": Credential(STRANGER, basic("stranger", PASSWORD)),
        "key of a reader": Credential(READER, basic("reader", key["reader"])),
        "key as token:": Credential(READER, basic("token", key["reader"])),
        "key as __token__:": Credential(READER, basic("__token__", key["reader"])),
        "key as the user name": Credential(READER, basic(key["reader"], "")),
        "key as the password": Credential(READER, basic("", key["reader"])),
        "key as a bearer": Credential(READER, bearer(key["reader"])),
        "key of a writer": Credential(WRITER, basic("writer", key["writer"])),
        "key of an administrator": Credential(ADMIN, basic("boss", key["boss"])),
        "key of an owner of the namespace": Credential(NAMESPACE, basic("nina", key["nina"])),
        "key in X-Api-Key": Credential(NOBODY, {"X-Api-Key": key["writer"]}, api=WRITER),
        "wrong key in X-Api-Key": Credential(NOBODY, {"X-Api-Key": "wrong"}, api=UNKNOWN),
        "expired key": Credential(UNKNOWN, basic("reader", old)),
        "revoked key": Credential(UNKNOWN, basic("reader", revoked_secret)),
        "key with another user's name": Credential(UNKNOWN, basic("writer", key["boss"])),
        "key for this repository": Credential(
            WRITER._replace(uploads=PRIVATE, changes=PRIVATE), scoped("writer", repository=f"acme/{PRIVATE}")
        ),
        "key for another repository": Credential(STRANGER, scoped("boss", repository="acme/elsewhere")),
        "upload-only key": Credential(
            UPLOADER._replace(uploads="closed opened"), scoped("boss", upload_only=True)
        ),
        "key for this project": Credential(WRITER, scoped("boss", project=HELLO)),
        "key for another project": Credential(
            WRITER._replace(changes=""), scoped("boss", project=normalize("zebra"))
        ),
        "token as token:": Credential(TOKEN, basic("token", token), **of_private),
        "token as __token__:": Credential(TOKEN, basic("__token__", token), **of_private),
        "token as the user name": Credential(TOKEN, basic(token, ""), **of_private),
        "token as the password": Credential(TOKEN, basic("", token), **of_private),
        "token as a bearer": Credential(TOKEN, bearer(token), **of_private),
        "token with a user's name": Credential(UNKNOWN, basic("reader", token)),
        "token in the path": Credential(TOKEN, path=token, home=PRIVATE, **for_reading),
        "wrong token in the path": Credential(UNKNOWN, path="wrong-token", **for_reading),
        "disabled token": Credential(STRANGER, basic("token", disabled), **of_private),
        "expired token": Credential(STRANGER, basic("token", expired), **of_private),
        "replaced token": Credential(UNKNOWN, basic("token", replaced)),
        "token of another repository": Credential(
            STRANGER, basic("token", other_token), home=PUBLIC, api=UNKNOWN
        ),
        "token in X-Api-Key": Credential(NOBODY, {"X-Api-Key": token}, api=UNKNOWN),
        "cookie of a reader": Credential(READER, cookie["reader"], **for_reading),
        "cookie of a stranger": Credential(STRANGER, cookie["stranger"], **for_reading),
        "cookie of the owner": Credential(READER, cookie["owner"], **for_reading),
        "forged cookie": Credential(NOBODY, {"Cookie": cookie["reader"]["Cookie"][:-2] + "xx"}),
        "key before a cookie": Credential(STRANGER, basic("", key["stranger"]) | cookie["owner"]),
        "wrong key before a cookie": Credential(UNKNOWN, basic("", "wrong") | cookie["owner"]),
        "wrong token in the path before a cookie": Credential(
            UNKNOWN, cookie["owner"], path="wrong-token", **for_reading
        ),
        "key before a wrong token in the path": Credential(
            READER, basic("reader", key["reader"]), path="wrong-token"
        ),
        "wrong key before a token in the path": Credential(UNKNOWN, basic("", "wrong"), path=token),
    }
    assert tuple(found) == CREDENTIALS
    return found


def _token(access: Access, repository: RepositoryName) -> tuple[str, str]:
    made, secret = access.entitlements(repository).create(Terms(name="ci"), actor="tests")
    return made.slug, secret


@dataclass
class Site:
    """A served root, its credentials, and what is in its repositories."""

    live: Live
    credentials: dict[str, Credential]
    key: dict[str, str]
    """Of the one file in each repository."""
    filename: str
    front: bool
    _connection: http.client.HTTPConnection | None = None

    def ask(
        self, method: str, path: str, headers: dict[str, str], body: object = None
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(urlsplit(self.live.url).netloc, timeout=30)
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body)
        self._connection.request(method, path, data, headers)  # type: ignore[arg-type]
        response = self._connection.getresponse()
        found = response.status, response.getheaders(), response.read()
        if response.will_close:
            self.close()
        return found

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@pytest.fixture(scope="module")
def stocked_root(tmp_path_factory: pytest.TempPathFactory) -> Root:
    folder = tmp_path_factory.mktemp("matrix")
    root = open_root(Settings(root=folder / "root", default=f"acme/{PRIVATE}"))
    root.create(RepositoryName("acme", PUBLIC), actor="tests")
    root.set_private(RepositoryName("acme", PRIVATE), True, actor="tests")
    wheel = make_wheel(folder)
    for name in (PUBLIC, PRIVATE):
        root.repository(RepositoryName("acme", name)).hosted.admit(stage(root, wheel))
    accounts = root.access.accounts
    for user in ("reader", "stranger", "writer", "boss"):
        accounts.add_user(user, generate_password_hash(PASSWORD, method="pbkdf2:sha256:1"))
    accounts.add_user("nina")
    accounts.set_owner("nina", "acme", True)
    for user, role in (("reader", Role.READ), ("writer", Role.WRITE), ("boss", Role.ADMIN)):
        for name in (PUBLIC, PRIVATE):
            if (user, name) != ("reader", PUBLIC):
                accounts.set_role(user, RepositoryName("acme", name), role)
    return root


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, stocked_root: Root) -> Iterator[Site]:
    folder = Path(stocked_root.store.staging).parent
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(passwords, "NOBODYS", generate_password_hash("nobody's", method="pbkdf2:sha256:1"))
        for limit in ("FOR_USER", "FOR_ADDRESS"):
            patch.setattr(throttle, limit, 10**9)
        app = create_app(Settings(root=folder), stocked_root)
        cookies = {}
        with app.test_request_context():
            for user, actor in (
                ("reader", Actor("reader", user="reader")),
                ("stranger", Actor("stranger", user="stranger")),
                ("owner", OWNER),
            ):
                response = Response()
                session.start(response, actor)
                cookies[user] = response.headers["Set-Cookie"].partition(";")[0]
        live = stack.enter_context(running(app, front=request.param))
        keys = {}
        for name in (PUBLIC, PRIVATE):
            index = stocked_root.repository(RepositoryName("acme", name)).index
            [file] = index.project(HELLO).value.files
            keys[name] = file.key
        keys[MISSING] = "0" * 16
        made = Site(live, credentials(stocked_root, cookies), keys, file.filename, request.param)
        yield made
        made.close()


both_ways = pytest.mark.parametrize("site", [True, False], ids=["front", "flask"], indirect=True)
one_way = pytest.mark.parametrize("site", [True], ids=[""], indirect=True)
"""For what the fast road always leaves to Flask."""

# What is expected

ROWS = ("nobody", "unknown", "without the right", "with the right")
READ = {PUBLIC: (200, 200, 200, 200), PRIVATE: (401, 401, 403, 200), MISSING: (401, 401, 403, 403)}
UPLOAD = {PUBLIC: (401, 401, 403, 400), PRIVATE: (401, 401, 403, 400), MISSING: (401, 401, 403, 404)}
"""The form is empty: what may be sent is refused for that alone."""
YANK = {PUBLIC: (401, 401, 403, 200), PRIVATE: (401, 401, 403, 200), MISSING: (401, 401, 403, 404)}
ADMINISTER = (401, 401, 403, 400)
"""Nothing is said that could be changed."""
CREATE = (401, 401, 403, 400)
"""The name is none that a repository can have."""


def row(standing: Standing | None, right: str, kind: str) -> int:
    if standing is None:
        return 0
    return 1 if not standing.known else 3 if kind in getattr(standing, right).split() else 2


def prefixes(credential: Credential, kind: str) -> list[str]:
    """Where a repository is read with this credential."""
    if credential.path:
        return [f"/{credential.path}/acme/{kind}/python"]
    found = [f"/acme/{kind}", f"/public/acme/{kind}/python", f"/basic/acme/{kind}/python"]
    return ["", *found] if kind == PRIVATE else found


def pages(prefix: str) -> list[str]:
    found = [f"{prefix}/simple/", f"{prefix}/simple/{HELLO}/"]
    return [*found, f"{prefix}/index/{HELLO}/"] if prefix.endswith("/python") else found


def files(site: Site, prefix: str, kind: str) -> list[str]:
    address = f"{prefix}/files/{HELLO}/{site.key[kind]}/{site.filename}"
    return [address, f"{address}.metadata"]


@both_ways
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CREDENTIALS)
def test_reading(site: Site, name: str, kind: str) -> None:
    credential = site.credentials[name]
    standing = credential.reading(kind)
    expected = READ[kind][row(standing, "reads", kind)]
    headers = credential.headers | {"Accept": f"{JSON}, */*;q=0.1"}
    wrong = []
    for prefix in prefixes(credential, kind):
        file, metadata = files(site, prefix, kind)
        asked = [("GET", path) for path in [*pages(prefix), file, metadata]]
        # What is asked for again is answered from memory.
        for method, path in [*asked, *(asked if site.front else []), ("HEAD", file)]:
            status = site.ask(method, path, headers)[0]
            if status != expected:
                wrong.append(f"{method} {path}: {status}, not {expected}")
        status = site.ask("GET", f"{prefix}/simple/unknown/", headers)[0]
        if status != (404 if expected == 200 else expected):
            wrong.append(f"an unknown project below {prefix}: {status}")
    assert wrong == []


@one_way
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CREDENTIALS)
def test_uploading(site: Site, name: str, kind: str) -> None:
    credential = site.credentials[name]
    expected = UPLOAD[kind][row(credential.uploading(kind), "uploads", kind)]
    forms = [f"/acme/{kind}/", f"/acme/{kind}/legacy/", f"/python/acme/{kind}/"]
    if kind == PRIVATE:
        forms += ["/", "/legacy/"]
    body = b'--x\r\nContent-Disposition: form-data; name=":action"\r\n\r\nfile_upload\r\n--x--\r\n'
    headers = credential.headers | {"Content-Type": "multipart/form-data; boundary=x"}
    found = {path: site.ask("POST", path, headers, body)[0] for path in forms}
    assert found == dict.fromkeys(forms, expected)


@one_way
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CREDENTIALS)
def test_the_api(site: Site, name: str, kind: str) -> None:
    credential = site.credentials[name]
    standing = credential.managing()
    repository, key = f"acme/{kind}", site.key[kind]
    package = f"/v1/packages/{repository}/{key}/"
    reads = READ[kind][row(standing, "reads", kind)]
    if kind == MISSING and standing and standing.sees_all:
        reads = 404
    changes = YANK[kind][row(standing, "changes", kind)]
    expected = {
        ("GET", f"/v1/packages/{repository}/"): reads,
        ("GET", f"/v1/repos/{repository}/"): reads,
        ("GET", package): reads,
        ("POST", f"{package}yank/"): changes,
        ("POST", f"{package}unyank/"): changes,
        ("PATCH", f"/v1/repos/{repository}/"): ADMINISTER[row(standing, "administers", kind)],
        ("POST", "/v1/repos/acme/"): CREATE[row(standing, "creates", "acme")],
    }
    if changes != 200:
        expected["DELETE", package] = changes
    bodies = {"PATCH": {}, "POST": {"name": "no name"}}
    found = {}
    for method, path in expected:
        body = {} if path.endswith("yank/") else bodies.get(method)
        found[method, path] = site.ask(method, path, credential.headers, body)[0]
    assert found == expected


@one_way
@pytest.mark.parametrize("name", CREDENTIALS)
def test_a_private_repository_looks_like_none_to_who_may_not_see_it(site: Site, name: str) -> None:
    credential = site.credentials[name]
    standing = credential.reading(PRIVATE)
    if standing is not None and (PRIVATE in standing.reads.split() or credential.home == PRIVATE):
        pytest.skip("knows that there is one")
    asked = [
        path
        for prefix in prefixes(credential, PRIVATE)[-2:]
        for path in [*pages(prefix), f"{prefix}/simple", *files(site, prefix, MISSING)]
    ]
    if not credential.path:
        asked += [f"/acme/{PRIVATE}/{rest}" for rest in ("", "projects/", "projects/hello-pocket/")]
    if PRIVATE not in (credential.managing() or UNKNOWN).reads.split():
        asked += [f"/v1/{noun}/acme/{PRIVATE}/" for noun in ("repos", "packages")]
    different = []
    for path in asked:
        for accept in ("text/html", "*/*"):
            answers = [seen(site, path, credential.headers | {"Accept": accept}, kind) for kind in KINDS[1:]]
            if answers[0] != answers[1]:
                different.append((path, answers))
    assert different == []


def seen(site: Site, path: str, headers: dict[str, str], kind: str) -> tuple[object, ...]:
    """All that comes back, but for the time and the name that was asked for."""
    status, sent, body = site.ask("GET", path.replace(PRIVATE, kind), headers)
    kept = [pair for pair in sent if pair[0].lower() not in ("date", "set-cookie")]
    body = re.sub(rb'name="csrf" value="[^"]*"', b"", body)  # never the same twice
    return status, repr(kept).replace(kind, "NAME"), body.replace(kind.encode(), b"NAME")
