"""Every kind of credential, and what each is good for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pocketrepo.access import Access, Scope
from pocketrepo.access.entitlements import Terms
from pocketrepo.keys import owner_key
from pocketrepo.model import RepositoryName, normalize
from pocketrepo.repository import Root
from tests.web.people import PASSWORD, basic, bearer

PUBLIC, PRIVATE, MISSING = "opened", "closed", "absent"
"""Repositories of acme: one that everybody reads, one that few may read, and one that is not there. Their names have
the same length, so that answers can be compared byte for byte."""
KINDS = (PUBLIC, PRIVATE, MISSING)
HELLO = normalize("hello-pocket")


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
EVERYWHERE = "closed opened absent"
NAMESPACE = Standing(
    reads=EVERYWHERE, uploads=EVERYWHERE, changes=EVERYWHERE, administers=EVERYWHERE, creates="acme"
)
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
