"""Users, keys, roles and namespaces: what the document says, and what goes when something is removed."""

from __future__ import annotations

import json

import pytest

from pocketrepo.access import Access, Role, Scope
from pocketrepo.access.accounts import ACCOUNTS, AccountBook
from pocketrepo.clock import fixed, written
from pocketrepo.errors import AlreadyExists, NotFound, UsageError
from pocketrepo.keys import digest
from pocketrepo.model import RepositoryName, normalize
from pocketrepo.store import MemoryStore
from tests.access.conftest import OTHER, TOOLS, utc


@pytest.fixture
def book(store: MemoryStore) -> AccountBook:
    made = AccountBook(store)
    made.add_user("ada")
    made.add_user("bob", "a hash")
    return made


def test_users_are_made_once(book: AccountBook) -> None:
    assert book.get().passwords == {"ada": None, "bob": "a hash"}
    assert set(book.get().created) == {"ada", "bob"}
    with pytest.raises(AlreadyExists, match="user ada already exists"):
        book.add_user("ada")


@pytest.mark.parametrize(
    "name", ["", "Ada", "a b", "a:b", "é", "-a", ".a", "a/b", "a\n", "x" * 64, "token", "__token__", "owner"]
)
def test_names_that_no_user_can_have_are_refused(book: AccountBook, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a user's name"):
        book.add_user(name)


def test_a_password_is_set_and_taken_away(book: AccountBook) -> None:
    book.set_password("ada", "another hash")
    book.set_password("bob", None)
    assert book.get().passwords == {"ada": "another hash", "bob": None}


def test_what_names_nobody_is_refused_with_the_line_that_helps(book: AccountBook) -> None:
    for change in (
        lambda: book.set_password("eve", None),
        lambda: book.remove_user("eve"),
        lambda: book.add_key("eve", "laptop"),
        lambda: book.set_role("eve", TOOLS, Role.READ),
        lambda: book.set_owner("eve", "acme", True),
    ):
        with pytest.raises(NotFound, match=r"no user eve .*pocketrepo user add eve"):
            change()
    with pytest.raises(NotFound, match="no key 123"):
        book.revoke_key("123")
    with pytest.raises(NotFound, match="no key 123"):
        book.get().key("123")


def test_a_secret_is_told_once_and_only_its_digest_is_kept(book: AccountBook, store: MemoryStore) -> None:
    scope = Scope(repository="acme/tools", project=normalize("Hello.Pocket"), upload_only=True)
    key, secret = book.add_key("ada", "laptop", expires="2030-01-01T00:00:00.000000Z", scope=scope)
    assert secret.startswith("pkr_")
    assert book.get().keys == {digest(secret): key}
    assert book.get().key(key.slug) == key
    assert key.scope == scope
    document = json.dumps(store.get(ACCOUNTS))
    assert secret not in document
    assert secret[4:] not in document
    assert secret not in repr(key)


def test_a_key_expires_at_its_time(book: AccountBook) -> None:
    key, _ = book.add_key("ada", "short", expires=written(utc(2030)))
    with fixed(utc(2029, 12, 31, 23, 59)):
        assert not key.is_expired
    with fixed(utc(2030)):
        assert key.is_expired
    forever, _ = book.add_key("ada", "long")
    with fixed(utc(2999)):
        assert not forever.is_expired


def test_a_revoked_key_is_gone_and_others_stay(book: AccountBook) -> None:
    first, _ = book.add_key("ada", "one")
    second, _ = book.add_key("ada", "two")
    book.revoke_key(first.slug)
    assert list(book.get().keys.values()) == [second]


def test_a_user_is_removed_with_keys_roles_and_namespaces(book: AccountBook) -> None:
    for user in ("ada", "bob"):
        book.add_key(user, "laptop")
        book.set_role(user, TOOLS, Role.WRITE)
        book.set_owner(user, "home", True)
    book.remove_user("ada")
    found = book.get()
    assert set(found.passwords) == {"bob"}
    assert [key.user for key in found.keys.values()] == ["bob"]
    book.add_user("ada")
    assert book.get().role("ada", TOOLS) is None
    assert book.get().role("ada", RepositoryName("home", "x")) is None
    assert book.get().role("bob", TOOLS) is Role.WRITE
    assert book.get().role("bob", RepositoryName("home", "x")) is Role.ADMIN


def test_roles_are_given_changed_and_taken(book: AccountBook) -> None:
    book.set_role("ada", TOOLS, Role.READ)
    book.set_role("ada", TOOLS, Role.ADMIN)
    assert book.get().role("ada", TOOLS) is Role.ADMIN
    assert book.get().role("ada", OTHER) is None
    book.set_role("ada", TOOLS, None)
    book.set_role("ada", TOOLS, None)
    assert book.get().role("ada", TOOLS) is None
    assert book.get().roles == {}


def test_an_owner_of_a_namespace_administers_all_below_it(book: AccountBook) -> None:
    book.set_owner("ada", "acme", True)
    book.set_role("ada", TOOLS, Role.READ)
    assert book.get().role("ada", TOOLS) is Role.ADMIN
    assert book.get().role("ada", RepositoryName("acme", "made-later")) is Role.ADMIN
    assert book.get().role("ada", RepositoryName("acme2", "tools")) is None
    book.set_owner("ada", "acme", False)
    assert book.get().role("ada", TOOLS) is Role.READ
    assert book.get().owners == {}


def test_a_repository_takes_its_roles_and_keys_along(book: AccountBook) -> None:
    book.set_role("ada", TOOLS, Role.WRITE)
    book.set_role("ada", OTHER, Role.WRITE)
    book.add_key("ada", "scoped", scope=Scope(repository="acme/tools"))
    kept, _ = book.add_key("ada", "elsewhere", scope=Scope(repository="acme/other"))
    free, _ = book.add_key("ada", "free")
    book.forget_repository(TOOLS)
    found = book.get()
    assert found.role("ada", TOOLS) is None
    assert found.role("ada", OTHER) is Role.WRITE
    assert {key.slug for key in found.keys.values()} == {kept.slug, free.slug}
    before = book.look()
    book.forget_repository(RepositoryName("acme", "never"))
    assert before.stands(), "nothing is written where there is nothing to forget"


def test_roles_are_words_in_any_case() -> None:
    assert [Role.parse(word) for word in ("read", "Write", "ADMIN")] == [Role.READ, Role.WRITE, Role.ADMIN]
    assert [str(role) for role in Role] == ["read", "write", "admin"]
    assert Role.READ < Role.WRITE < Role.ADMIN
    with pytest.raises(UsageError, match=r"'boss' is not a role .use read, write or admin"):
        Role.parse("boss")


def test_every_process_sees_a_change_at_once(store: MemoryStore, access: Access) -> None:
    elsewhere = AccountBook(store)
    seen = access.accounts.look()
    assert seen.stands()
    elsewhere.add_user("ada")
    assert not seen.stands()
    assert "ada" in access.accounts.get().passwords
