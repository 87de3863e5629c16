"""Entitlement tokens: their terms, their secrets, and when they may not be used."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pocketrepo.access.entitlements import UNITS, Entitlement, EntitlementBook, Terms
from pocketrepo.clock import fixed, written
from pocketrepo.errors import AlreadyExists, NotFound, UsageError
from pocketrepo.keys import digest
from pocketrepo.store import MemoryStore
from tests.access.conftest import OTHER, TOOLS, utc


@pytest.fixture
def book(store: MemoryStore) -> EntitlementBook:
    return EntitlementBook(store, TOOLS)


def made(book: EntitlementBook, **terms: Any) -> Entitlement:
    return book.create(Terms(**{"name": "ci", **terms}), actor="ada")[0]


def test_a_token_is_told_once_and_only_its_digest_is_kept(book: EntitlementBook, store: MemoryStore) -> None:
    found, secret = book.create(Terms(name="ci"), actor="ada")
    assert secret.startswith("pkt_")
    assert book.get() == {digest(secret): found}
    assert book.find(found.slug) == found
    assert (found.created_by, found.updated_by, found.repository) == ("ada", "ada", TOOLS)
    assert secret not in json.dumps(store.get(book.key)) + repr(found)


def test_tokens_of_another_repository_are_unknown(book: EntitlementBook, store: MemoryStore) -> None:
    found = made(book)
    other = EntitlementBook(store, OTHER)
    assert other.all() == []
    with pytest.raises(NotFound, match=r"no entitlement .* in acme/other"):
        other.find(found.slug)


@pytest.mark.parametrize("token", ["abcdefgh", "A.b_c-d9", "x" * 48])
def test_a_token_of_ones_own_is_taken_as_it_is(book: EntitlementBook, token: str) -> None:
    found, secret = book.create(Terms(name="ci"), actor="ada", token=token)
    assert secret == token
    assert book.get()[digest(token)] == found
    with pytest.raises(AlreadyExists, match="this token is taken"):
        book.create(Terms(name="again"), actor="ada", token=token)
    assert len(book.all()) == 1


@pytest.mark.parametrize(
    "token", ["short12", "x" * 49, "-abcdefgh", ".abcdefgh", "with space", "ünicode1", "a/b/c/d/e"]
)
def test_a_token_that_no_url_or_header_carries_well_is_refused(book: EntitlementBook, token: str) -> None:
    with pytest.raises(UsageError, match="8 to 48") as caught:
        book.create(Terms(name="ci"), actor="ada", token=token)
    assert token not in str(caught.value)
    with pytest.raises(UsageError, match="8 to 48"):
        book.refresh(made(book).slug, actor="ada", token=token)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "  "),
        ("name", "x" * 201),
        ("name", 5),
        ("is_active", "yes"),
        ("limit_num_downloads", -1),
        ("limit_num_downloads", 1.5),
        ("limit_num_downloads", True),
        ("limit_num_clients", "10"),
        ("limit_bandwidth", -1),
        ("limit_bandwidth_unit", "Kibibyte"),
        ("limit_date_range_from", "soon"),
        ("limit_date_range_to", 5),
        ("limit_package_query", "size:5"),
        ("limit_package_query", "x" * 1025),
        ("scheduled_reset_period", "Hourly"),
        ("scheduled_reset_period", None),
        ("scheduled_reset_at", "soon"),
        ("eula_required", None),
        ("metadata", [1]),
    ],
)
def test_terms_that_make_no_sense_are_refused_by_name(book: EntitlementBook, field: str, value: Any) -> None:
    found = made(book)
    for change in (
        lambda: made(book, **{field: value}),
        lambda: book.update(found.slug, {field: value}, actor="ada"),
    ):
        with pytest.raises(UsageError, match=field):
            change()
    assert book.all() == [found]


def test_an_unknown_field_is_refused(book: EntitlementBook) -> None:
    found = made(book)
    with pytest.raises(UsageError, match=r"limit_downloads.*known are eula_required"):
        book.update(found.slug, {"limit_downloads": 1}, actor="ada")


def test_terms_are_changed_by_name_and_say_by_whom(book: EntitlementBook) -> None:
    found, secret = book.create(Terms(name="ci", limit_num_clients=3), actor="ada")
    changed = book.update(found.slug, {"limit_num_downloads": 5, "is_active": False}, actor="bob")
    assert changed.terms == Terms(name="ci", limit_num_clients=3, limit_num_downloads=5, is_active=False)
    assert (changed.created_by, changed.updated_by) == ("ada", "bob")
    assert changed.updated > found.updated
    assert book.get()[digest(secret)] == changed
    assert (
        book.update(found.slug, {"limit_num_downloads": None}, actor="bob").terms.limit_num_downloads is None
    )


def test_a_refreshed_token_keeps_all_but_its_secret(book: EntitlementBook) -> None:
    found, old = book.create(Terms(name="ci", limit_num_downloads=5), actor="ada")
    again, new = book.refresh(found.slug, actor="bob")
    assert new != old
    assert book.get() == {digest(new): again}
    assert (again.slug, again.terms, again.updated_by) == (found.slug, found.terms, "bob")
    own, chosen = book.refresh(found.slug, actor="bob", token="my-own-token")
    assert chosen == "my-own-token"
    assert book.get() == {digest("my-own-token"): own}
    with pytest.raises(AlreadyExists):
        book.refresh(made(book).slug, actor="bob", token="my-own-token")


def test_a_removed_token_is_unknown(book: EntitlementBook) -> None:
    found, kept = made(book), made(book, name="other")
    book.remove(found.slug)
    assert book.all() == [kept]
    for change in (
        lambda: book.remove(found.slug),
        lambda: book.refresh(found.slug, actor="ada"),
        lambda: book.reset(found.slug, actor="ada"),
        lambda: book.update(found.slug, {"name": "x"}, actor="ada"),
    ):
        with pytest.raises(NotFound):
            change()


def test_a_disabled_token_says_since_when(book: EntitlementBook) -> None:
    found = made(book)
    assert found.why_not() == ""
    off = book.update(found.slug, {"is_active": False}, actor="ada")
    assert off.why_not() == f"entitlement 'ci' is disabled since {off.updated}"
    assert book.update(found.slug, {"is_active": True}, actor="ada").why_not() == ""


def test_a_date_range_has_its_first_moment_and_not_its_last(book: EntitlementBook) -> None:
    found = made(book, limit_date_range_from="2026-03-01", limit_date_range_to="2026-03-31T12:00:00+02:00")
    with fixed(utc(2026, 2, 28, 23, 59)):
        assert found.why_not() == "entitlement 'ci' is not valid before 2026-03-01"
    for inside in (utc(2026, 3, 1), utc(2026, 3, 31, 9, 59)):
        with fixed(inside):
            assert found.why_not() == ""
    with fixed(utc(2026, 3, 31, 10)):
        assert found.why_not() == "entitlement 'ci' has expired on 2026-03-31T12:00:00+02:00"


def test_bandwidth_is_in_powers_of_a_thousand() -> None:
    assert Terms(name="x").limit_in_bytes is None
    sizes = [Terms(name="x", limit_bandwidth=2, limit_bandwidth_unit=unit).limit_in_bytes for unit in UNITS]
    assert sizes == [2 * 1000**power for power in range(9)]


@pytest.mark.parametrize("limit", ["limit_num_downloads", "limit_num_clients", "limit_bandwidth"])
def test_only_tokens_with_a_limit_are_counted_before_each_download(limit: str) -> None:
    assert not Terms(name="x", limit_date_range_to=written(utc(2030)), limit_package_query="a").is_counted
    assert Terms(name="x", **{limit: 0}).is_counted


def test_what_is_kept_and_not_enforced_is_kept(book: EntitlementBook) -> None:
    found = made(book, eula_required=True, limit_path_query="x/*", metadata={"team": "ci"})
    assert book.find(found.slug).terms == found.terms
    assert found.why_not() == ""
