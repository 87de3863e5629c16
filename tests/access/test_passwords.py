"""Passwords: equal work for everybody, once a minute, and guesses that get slower for the guesser alone."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pocketrepo.access import Access, Credential, passwords, throttle
from pocketrepo.access.passwords import LONGEST, SHORTEST, hash_password
from pocketrepo.access.throttle import FOR_ADDRESS, FOR_USER, REMEMBERED, WINDOW, Throttle
from pocketrepo.errors import TooManyAttempts, Unauthorized, UsageError
from tests.access.conftest import PASSWORD, TOOLS, Clock, Hashed


def refused(access: Access, user: str, password: str, client: str = "192.0.2.1") -> None:
    with pytest.raises(Unauthorized, match="this credential is not known"):
        access.identify(Credential(user, password), client=client)


def right(access: Access, client: str = "192.0.2.1") -> None:
    assert access.identify(Credential("ada", PASSWORD), client=client).user == "ada"


@pytest.mark.parametrize("password", ["x" * (SHORTEST - 1), "x" * (LONGEST + 1), ""])
def test_passwords_have_a_sensible_length(password: str) -> None:
    with pytest.raises(UsageError, match="8 to 200 characters"):
        hash_password(password)


def test_passwords_are_hashed_with_scrypt() -> None:
    stored = hash_password(PASSWORD)
    assert stored.startswith("scrypt:32768:8:1$")
    assert PASSWORD not in stored
    assert passwords.NOBODYS.split("$")[0] == stored.split("$")[0], "as much work for users that do not exist"
    assert len(passwords.NOBODYS.split("$")[2]) == len(stored.split("$")[2])


def test_a_right_password_is_hashed_once_a_minute(
    access: Access, ada: str, hashed: Hashed, ticks: Clock
) -> None:
    for _ in range(5):
        right(access)
    assert len(hashed) == 1
    ticks.time += passwords.REMEMBERED_FOR
    right(access)
    assert len(hashed) == 2


def test_fifty_requests_at_once_hash_a_right_password_once(access: Access, ada: str, hashed: Hashed) -> None:
    start = threading.Barrier(50)

    def ask(_number: int) -> None:
        start.wait(10)
        right(access)

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(ask, range(50)))
    assert len(hashed) == 1


def test_what_is_remembered_is_dropped_when_the_account_changes(
    access: Access, ada: str, hashed: Hashed
) -> None:
    right(access)
    access.accounts.set_password("ada", hash_password("another one"))
    refused(access, "ada", PASSWORD)
    access.accounts.remove_user("ada")
    refused(access, "ada", "another one")
    assert len(hashed) == 3


def test_a_reader_is_good_until_the_minute_is_over_or_the_account_changes(
    access: Access, ada: str, ticks: Clock
) -> None:
    access.accounts.set_owner("ada", "acme", True)
    reader = access.reader(TOOLS, Credential("ada", PASSWORD))
    assert reader.stands()
    ticks.time += passwords.REMEMBERED_FOR
    assert not reader.stands()
    again = access.reader(TOOLS, Credential("ada", PASSWORD))
    access.accounts.set_owner("ada", "acme", False)
    assert not again.stands()


def test_users_that_do_not_exist_or_have_no_password_take_the_same_work(
    access: Access, ada: str, hashed: Hashed
) -> None:
    access.accounts.add_user("keys-only")
    for user in ("ada", "nobody", "keys-only"):
        before = len(hashed)
        refused(access, user, "a wrong one")
        assert len(hashed) == before + 1, user


def test_what_names_no_user_is_not_hashed(access: Access, hashed: Hashed) -> None:
    for user in ("", "token", "__token__"):
        refused(access, user, "a wrong token")
    assert hashed == []


def test_nothing_is_hashed_where_an_answer_is_wanted_at_once(
    access: Access, ada: str, hashed: Hashed
) -> None:
    with pytest.raises(Unauthorized):
        access.identify(Credential("ada", PASSWORD), at_once=True)
    assert hashed == []
    right(access)
    assert access.identify(Credential("ada", PASSWORD), at_once=True).user == "ada"
    for _ in range(3 * FOR_ADDRESS):
        with pytest.raises(Unauthorized):
            access.identify(Credential("ada", "wrong"), at_once=True)
    assert len(hashed) == 1


def test_a_guesser_is_slowed_and_told_for_how_long(
    access: Access, ada: str, hashed: Hashed, ticks: Clock
) -> None:
    for number in range(FOR_USER):
        refused(access, "ada", f"guess {number}")
    for _ in range(3):
        with pytest.raises(TooManyAttempts) as caught:
            access.identify(Credential("ada", "one more"), client="192.0.2.1")
    assert 0 < caught.value.retry_after <= WINDOW / FOR_USER + 1
    assert len(hashed) == FOR_USER, "what is refused costs nothing"
    ticks.time += caught.value.retry_after
    refused(access, "ada", "one more")


def test_guesses_at_once_are_no_way_around(access: Access, ada: str, hashed: Hashed) -> None:
    start = threading.Barrier(40)

    def guess(number: int) -> str:
        start.wait(10)
        try:
            access.identify(Credential("ada", f"guess {number}"), client="192.0.2.1")
        except TooManyAttempts:
            return "slowed"
        except Unauthorized:
            return "wrong"
        return "in"

    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(guess, range(40)))
    assert sorted(answers) == ["slowed"] * (40 - FOR_USER) + ["wrong"] * FOR_USER
    assert len(hashed) == FOR_USER


def test_nobody_else_is_locked_out(access: Access, ada: str, ticks: Clock) -> None:
    access.accounts.add_user("bob", hash_password("bobs own password"))
    _, secret = access.accounts.add_key("ada", "laptop")
    for number in range(FOR_USER):
        refused(access, "ada", f"guess {number}")
    with pytest.raises(TooManyAttempts):
        access.identify(Credential("ada", PASSWORD), client="192.0.2.1")
    right(access, client="192.0.2.2")
    right(access, client="192.0.2.1")  # now it is remembered
    assert access.identify(Credential("bob", "bobs own password"), client="192.0.2.1").user == "bob"
    assert access.identify(Credential("ada", secret), client="192.0.2.1").key is not None


def test_keys_and_tokens_that_are_right_are_never_slowed(access: Access, ada: str, hashed: Hashed) -> None:
    _, secret = access.accounts.add_key("ada", "laptop")
    for number in range(FOR_ADDRESS):
        refused(access, "token", f"guess {number}", "192.0.2.9") if number < FOR_USER else refused(
            access, "", f"guess {number}", "192.0.2.9"
        )
    with pytest.raises(TooManyAttempts):
        access.identify(Credential("", "one more"), client="192.0.2.9")
    for credential in (Credential("ada", secret), Credential("token", secret), Credential("", secret)):
        assert access.identify(credential, client="192.0.2.9").user == "ada"


def test_addresses_of_one_ipv6_network_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine has a network of 64 bits to take addresses from."""
    monkeypatch.setattr(throttle, "FOR_ADDRESS", 2)
    guard = Throttle()
    for address in ("2001:db8::1", "2001:db8:0:0:ffff::9"):
        guard.attempt("", address)
    with pytest.raises(TooManyAttempts):
        guard.attempt("", "2001:db8::2")
    for other in ("2001:db8:0:1::1", "fe80::1%eth0", "192.0.2.1", "192.0.2.2", "192.0.2.3", "no:address"):
        guard.attempt("", other)


def test_an_address_is_slowed_whatever_names_it_tries(access: Access, hashed: Hashed) -> None:
    for number in range(FOR_ADDRESS):
        refused(access, f"user{number}", "password1")
    with pytest.raises(TooManyAttempts):
        access.identify(Credential("yet-another", "password1"), client="192.0.2.1")
    refused(access, "yet-another", "password1", client="192.0.2.2")


def test_who_knows_the_password_is_forgiven_their_typing_errors(ticks: Clock) -> None:
    guard = Throttle()
    for _ in range(3 * FOR_ADDRESS):
        for _ in range(FOR_USER - 1):
            guard.attempt("ada", "home")
        guard.attempt("ada", "home")()
        ticks.time += WINDOW
    guard.attempt("eve", "home")
    for _ in range(FOR_ADDRESS * 2):
        guard.attempt("bob", "home")()
    assert len(guard._levels) == 2  # the address, and eve


def test_buckets_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Throttle()
    for number in range(REMEMBERED + 10):
        guard.attempt("x" * 4000, str(number))
    assert len(guard._levels) == REMEMBERED
    assert all(len(user) <= throttle.LONGEST_NAME for user, _ in guard._levels)
