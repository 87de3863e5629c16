"""What a limited token has used up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from pocketrepo.access import usage as usage_module
from pocketrepo.access.entitlements import Entitlement, EntitlementBook, Terms
from pocketrepo.access.usage import Usage, UsageBook
from pocketrepo.clock import fixed
from pocketrepo.errors import LimitReached
from pocketrepo.store import MemoryStore
from tests.access.conftest import TOOLS, utc

HOME = "192.0.2.1"
MADE = utc(2026, 1, 10)


@pytest.fixture
def tokens(store: MemoryStore) -> EntitlementBook:
    return EntitlementBook(store, TOOLS)


@pytest.fixture
def book(store: MemoryStore) -> UsageBook:
    return UsageBook(store)


def token(tokens: EntitlementBook, at: datetime = MADE, **terms: Any) -> Entitlement:
    with fixed(at):
        return tokens.create(Terms(name="ci", **terms), actor="ada")[0]


def test_downloads_bytes_and_addresses_are_counted(tokens: EntitlementBook, book: UsageBook) -> None:
    ci = token(tokens, limit_num_downloads=10)
    assert book.read(ci) == Usage(since="2026-01-10T00:00:00.000000Z")
    for size, client in ((100, HOME), (50, "192.0.2.2"), (1, HOME)):
        book.reserve(ci, size, client)
    assert book.read(ci) == Usage(3, 151, 2, "2026-01-10T00:00:00.000000Z")
    book.add(ci, 2, 9, [HOME, "192.0.2.3"])
    assert book.read(ci) == Usage(5, 160, 3, "2026-01-10T00:00:00.000000Z")


def test_the_last_within_a_limit_is_given_and_the_next_is_not(
    tokens: EntitlementBook, book: UsageBook
) -> None:
    ci = token(tokens, limit_num_downloads=2)
    with fixed(utc(2026, 1, 11)):
        book.reserve(ci, 1, HOME)
        book.reserve(ci, 1, HOME)
    for _ in range(3):
        with pytest.raises(LimitReached) as caught:
            book.reserve(ci, 1, HOME)
    assert str(caught.value) == (
        "entitlement 'ci' is limited to 2 downloads since 2026-01-10T00:00:00.000000Z, "
        "the last counted at 2026-01-11T00:00:00.000000Z"
    )
    assert book.read(ci).downloads == 2, "what is refused is not counted"


def test_bytes_are_never_more_than_the_limit(tokens: EntitlementBook, book: UsageBook) -> None:
    ci = token(tokens, limit_bandwidth=1, limit_bandwidth_unit="Kilobyte")
    book.reserve(ci, 600, HOME)
    with pytest.raises(LimitReached, match="limited to 1,000 bytes since"):
        book.reserve(ci, 401, HOME)
    book.reserve(ci, 400, HOME)
    assert book.read(ci).bandwidth == 1000
    with pytest.raises(LimitReached):
        book.reserve(ci, 1, HOME)


def test_addresses_that_were_counted_may_come_back(tokens: EntitlementBook, book: UsageBook) -> None:
    ci = token(tokens, limit_num_clients=2)
    for client in (HOME, "192.0.2.2", HOME, "192.0.2.2"):
        book.reserve(ci, 1, client)
    with pytest.raises(LimitReached, match="limited to 2 clients since"):
        book.reserve(ci, 1, "192.0.2.3")
    book.reserve(ci, 1, HOME)
    assert book.read(ci) == Usage(5, 5, 2, "2026-01-10T00:00:00.000000Z")


def test_a_limit_of_nothing_is_one(tokens: EntitlementBook, book: UsageBook) -> None:
    for limit in ("limit_num_downloads", "limit_num_clients", "limit_bandwidth"):
        with pytest.raises(LimitReached):
            book.reserve(token(tokens, **{limit: 0}), 1, HOME)


def test_many_at_once_get_exactly_what_there_is(tokens: EntitlementBook, store: MemoryStore) -> None:
    ci = token(tokens, limit_num_downloads=10)

    def take(_number: int) -> bool:
        try:
            UsageBook(store).reserve(ci, 1, HOME)
        except LimitReached:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(take, range(50))) == 10


def test_addresses_are_kept_as_digests(tokens: EntitlementBook, book: UsageBook, store: MemoryStore) -> None:
    ci = token(tokens, limit_num_clients=2)
    book.reserve(ci, 1, HOME)
    [key] = [key for key in store.list("repos") if "usage" in key]
    assert HOME not in str(store.get(key))


def test_where_addresses_are_not_limited_only_so_many_are_told_apart(
    tokens: EntitlementBook, book: UsageBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage_module, "MOST_CLIENTS", 5)
    free, limited = token(tokens), token(tokens, limit_num_clients=8)
    for number in range(8):
        book.add(free, 1, 1, [str(number)])
        book.reserve(limited, 1, str(number))
    assert (book.read(free).clients, book.read(free).downloads) == (5, 8)
    assert book.read(limited).clients == 8
    with pytest.raises(LimitReached):
        book.reserve(limited, 1, "8")


def test_counters_start_again_with_each_period(tokens: EntitlementBook, book: UsageBook) -> None:
    ci = token(tokens, utc(2026, 1, 31), limit_num_downloads=1, scheduled_reset_period="Monthly")
    for inside in (utc(2026, 2, 27), utc(2026, 2, 28), utc(2026, 3, 31), utc(2027, 6, 1)):
        with fixed(inside):
            book.reserve(ci, 1, HOME)
            with pytest.raises(LimitReached):
                book.reserve(ci, 1, HOME)
            assert book.read(ci).downloads == 1
    with fixed(utc(2027, 7, 1)):
        assert book.read(ci) == Usage(since="2027-06-30T00:00:00.000000Z")


def test_a_period_can_be_counted_from_another_day(tokens: EntitlementBook, book: UsageBook) -> None:
    ci = token(
        tokens,
        limit_num_downloads=1,
        scheduled_reset_period="Weekly",
        scheduled_reset_at="2026-01-14T06:00:00Z",
    )
    with fixed(utc(2026, 1, 14, 5, 59)):
        book.reserve(ci, 1, HOME)
    with fixed(utc(2026, 1, 14, 6)):
        assert book.read(ci) == Usage(since="2026-01-14T06:00:00.000000Z")


def test_without_a_period_nothing_starts_again(tokens: EntitlementBook, book: UsageBook) -> None:
    ci = token(tokens, limit_num_downloads=1, scheduled_reset_at="2026-01-14")
    with fixed(utc(2026, 1, 13)):
        book.reserve(ci, 1, HOME)
    with fixed(utc(2030)), pytest.raises(LimitReached):
        book.reserve(ci, 1, HOME)


def test_a_clock_that_is_set_back_gives_nothing_again(tokens: EntitlementBook, book: UsageBook) -> None:
    ci = token(tokens, limit_num_downloads=1, scheduled_reset_period="Daily")
    with fixed(utc(2026, 1, 12)):
        book.reserve(ci, 1, HOME)
    for time in (utc(2026, 1, 11, 23), utc(2026, 1, 12)):
        with fixed(time), pytest.raises(LimitReached):
            book.reserve(ci, 1, HOME)


def test_a_longer_period_keeps_what_was_counted(tokens: EntitlementBook, book: UsageBook) -> None:
    ci = token(tokens, limit_num_downloads=1, scheduled_reset_period="Daily")
    with fixed(utc(2026, 1, 12, 1)):
        book.reserve(ci, 1, HOME)
        longer = tokens.update(ci.slug, {"scheduled_reset_period": "Monthly"}, actor="ada")
        with pytest.raises(LimitReached):
            book.reserve(longer, 1, HOME)


def test_a_reset_by_hand_starts_at_zero_for_everybody(tokens: EntitlementBook, book: UsageBook) -> None:
    ci = token(tokens, limit_num_downloads=1)
    book.reserve(ci, 1, HOME)
    again = tokens.reset(ci.slug, actor="ada")
    assert book.read(again).downloads == 0
    book.reserve(again, 1, HOME)
    with pytest.raises(LimitReached):
        book.reserve(again, 1, HOME)
    with pytest.raises(LimitReached):
        book.reserve(ci, 1, HOME)  # a process that has not yet seen the reset


def test_a_new_secret_keeps_the_counters_and_removal_forgets_them(
    tokens: EntitlementBook, book: UsageBook, store: MemoryStore
) -> None:
    ci = token(tokens, limit_num_downloads=1)
    book.reserve(ci, 1, HOME)
    again, _ = tokens.refresh(ci.slug, actor="ada")
    with pytest.raises(LimitReached):
        book.reserve(again, 1, HOME)
    book.forget(again)
    assert [key for key in store.list("repos") if "usage" in key] == []
