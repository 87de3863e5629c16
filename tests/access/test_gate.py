"""Who may do what: every kind of credential against roles, scopes and terms."""

from __future__ import annotations

from typing import Any

import pytest

from pocketrepo.access import ANONYMOUS, ANY_PROJECT, OWNER, Access, Action, Actor, Credential, Role, Scope
from pocketrepo.access import gate as gate_module
from pocketrepo.access.entitlements import Terms
from pocketrepo.clock import fixed, written
from pocketrepo.errors import Forbidden, Unauthorized
from pocketrepo.model import RepositoryName, normalize
from tests.access.conftest import OTHER, PASSWORD, TOOLS, Clock, utc

HELLO, ZEBRA = normalize("hello-pocket"), normalize("zebra")


def allowed(
    access: Access, actor: Actor, repository: RepositoryName | None = TOOLS, **more: Any
) -> set[Action]:
    found = set()
    for action in Action:
        try:
            access.require(actor, action, repository, **more)
        except Forbidden:
            continue
        found.add(action)
    return found


def by_key(access: Access, **scope: Any) -> Actor:
    _, secret = access.accounts.add_key("ada", "key", scope=Scope(**scope))
    return access.identify(Credential("", secret))


READS = {Action.READ}
WRITES = {Action.READ, Action.UPLOAD, Action.WRITE}
ALL = set(Action)


@pytest.mark.parametrize(
    ("role", "may"), [(None, set()), (Role.READ, READS), (Role.WRITE, WRITES), (Role.ADMIN, ALL)]
)
def test_each_role_includes_those_before_it(
    access: Access, ada: str, role: Role | None, may: set[Action]
) -> None:
    access.accounts.set_role(ada, TOOLS, role)
    for actor in (access.identify(Credential("ada", PASSWORD)), by_key(access)):
        assert allowed(access, actor) == may
        assert allowed(access, actor, OTHER) == set()
        assert allowed(access, actor, None) == set()
        assert access.may_read(actor, TOOLS) == (Action.READ in may)


def test_an_owner_of_a_namespace_makes_repositories_in_it_and_nowhere_else(access: Access, ada: str) -> None:
    access.accounts.set_owner(ada, "acme", True)
    actor = access.identify(Credential("ada", PASSWORD))
    access.may_create(actor, "acme")
    access.may_create(by_key(access), "acme")
    assert allowed(access, actor, OTHER) == ALL
    for somebody, owner in (
        (actor, "home"),
        (by_key(access, repository="acme/tools"), "acme"),
        (by_key(access, upload_only=True), "acme"),
        (by_key(access, project=HELLO), "acme"),
    ):
        with pytest.raises(Forbidden):
            access.may_create(somebody, owner)
    with pytest.raises(Unauthorized):
        access.may_create(ANONYMOUS, "acme")
    access.may_create(OWNER, "home")


def test_the_scope_of_a_key_narrows_what_its_user_may_do(access: Access, ada: str) -> None:
    access.accounts.set_role(ada, TOOLS, Role.ADMIN)
    access.accounts.set_role(ada, OTHER, Role.ADMIN)
    assert allowed(access, by_key(access)) == ALL
    assert allowed(access, by_key(access, repository="acme/tools")) == ALL
    assert allowed(access, by_key(access, repository="acme/tools"), OTHER) == set()
    assert allowed(access, by_key(access, upload_only=True)) == {Action.UPLOAD}
    hello = by_key(access, project=HELLO)
    assert allowed(access, hello) == READS
    assert allowed(access, hello, project=HELLO) == ALL
    assert allowed(access, hello, project=ZEBRA) == READS
    assert allowed(access, hello, project=ANY_PROJECT) == ALL
    both = by_key(access, repository="acme/tools", project=HELLO, upload_only=True)
    assert allowed(access, both, project=HELLO) == {Action.UPLOAD}
    assert allowed(access, both, project=ZEBRA) == set()
    assert allowed(access, both, OTHER, project=HELLO) == set()


def test_a_key_never_does_more_than_its_user(access: Access, ada: str) -> None:
    actor = by_key(access, repository="acme/tools")
    assert allowed(access, actor) == set()
    access.accounts.set_role(ada, TOOLS, Role.READ)
    assert allowed(access, actor) == READS
    access.accounts.set_role(ada, TOOLS, None)
    assert allowed(access, actor) == set()


def test_a_key_is_known_alone_and_with_its_own_user(access: Access, ada: str) -> None:
    access.accounts.add_user("bob")
    _, secret = access.accounts.add_key("ada", "laptop")
    for user in ("", "token", "__token__", "ada"):
        assert access.identify(Credential(user, secret)).user == "ada"
    for user in ("bob", "nobody", "Ada"):
        with pytest.raises(Unauthorized, match="not known"):
            access.identify(Credential(user, secret))


def test_a_key_that_expired_or_was_revoked_is_refused(access: Access, ada: str) -> None:
    key, secret = access.accounts.add_key("ada", "laptop", expires=written(utc(2030)))
    access.accounts.set_role("ada", TOOLS, Role.READ)
    with fixed(utc(2029)):
        reader = access.reader(TOOLS, Credential("", secret))
        assert reader.stands()
    with fixed(utc(2030)):
        assert not reader.stands()
        with pytest.raises(Unauthorized, match="the key 'laptop' has expired"):
            access.identify(Credential("", secret))
    access.accounts.revoke_key(key.slug)
    with fixed(utc(2029)):
        assert not reader.stands()
        with pytest.raises(Unauthorized, match="not known"):
            access.identify(Credential("", secret))


def test_an_entitlement_token_reads_its_own_repository_and_that_is_all(access: Access) -> None:
    _, secret = access.entitlements(TOOLS).create(Terms(name="ci"), actor="ada")
    for user in ("", "token", "__token__"):
        actor = access.identify(Credential(user, secret), repository=TOOLS)
        assert allowed(access, actor) == READS
        assert allowed(access, actor, OTHER) == set()
        assert allowed(access, actor, None) == set()
    with pytest.raises(Forbidden):
        access.may_create(actor, "acme")
    for credential, repository in (
        (Credential("", secret), OTHER),
        (Credential("", secret), None),
        (Credential("ada", secret), TOOLS),
    ):
        with pytest.raises(Unauthorized, match="not known"):
            access.identify(credential, repository=repository)


def test_a_token_that_may_not_be_used_says_why(access: Access) -> None:
    book = access.entitlements(TOOLS)
    found, secret = book.create(Terms(name="ci"), actor="ada")
    reader = access.reader(TOOLS, Credential("", secret))
    assert reader.stands()
    book.update(found.slug, {"is_active": False}, actor="ada")
    assert not reader.stands()
    with pytest.raises(Forbidden, match="'ci' is disabled since"):
        access.reader(TOOLS, Credential("", secret))
    book.update(found.slug, {"is_active": True, "limit_date_range_to": "2030-01-01"}, actor="ada")
    with fixed(utc(2029)):
        dated = access.reader(TOOLS, Credential("", secret))
        assert dated.stands()
    with fixed(utc(2030)):
        assert not dated.stands()
        with pytest.raises(Forbidden, match="'ci' has expired on 2030-01-01"):
            access.reader(TOOLS, Credential("", secret))
    new, fresh = book.refresh(found.slug, actor="ada")
    with pytest.raises(Unauthorized):
        access.reader(TOOLS, Credential("", secret))
    with fixed(utc(2029)):
        assert access.reader(TOOLS, Credential("", fresh)).actor.entitlement == new


def test_a_reader_by_password_is_asked_again_when_roles_change(
    access: Access, ada: str, ticks: Clock
) -> None:
    access.accounts.set_role(ada, TOOLS, Role.READ)
    reader = access.reader(TOOLS, Credential("ada", PASSWORD))
    assert reader.stands()
    access.accounts.set_role(ada, TOOLS, None)
    assert not reader.stands()
    with pytest.raises(Forbidden):
        access.reader(TOOLS, Credential("ada", PASSWORD))


def test_names_of_repositories_that_strangers_make_up_do_not_fill_the_memory(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_module, "MAX_BOOKS", 10)
    for number in range(100):
        access.entitlements(RepositoryName("acme", str(number)))
    assert len(access._entitlements) <= 10


def test_secrets_are_in_no_repr(access: Access, ada: str) -> None:
    _, secret = access.accounts.add_key("ada", "laptop")
    _, token = access.entitlements(TOOLS).create(Terms(name="ci"), actor="ada")
    key_actor = access.identify(Credential("", secret))
    token_actor = access.identify(Credential("", token), repository=TOOLS)
    said = repr([Credential("ada", PASSWORD), Credential("", secret), key_actor, token_actor, access, OWNER])
    said += repr([access.accounts, access.accounts.get(), access.entitlements(TOOLS)])
    for word in (secret, token, PASSWORD, access._owner_key):
        assert word not in said
