"""Whose word counts for the address of a client."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from werkzeug.datastructures import Headers

from pocketrepo.errors import UsageError
from pocketrepo.hosts import Proxies, join_peer, split_peer


@dataclass
class Asked:
    client: str
    headers: Headers = field(default_factory=Headers)


def client(peer: str, *forwarded: str, trusted: tuple[str, ...] = ("10.0.0.0/8", "::1")) -> str:
    return Proxies(trusted).client(Asked(peer, Headers([("x-forwarded-for", line) for line in forwarded])))


@pytest.mark.parametrize("peer", ["192.0.2.1:5000", "192.0.2.1"])
def test_without_trusted_proxies_the_connection_alone_counts(peer: str) -> None:
    assert client(peer, "203.0.113.9", trusted=()) == "192.0.2.1"
    assert client(peer, "203.0.113.9") == "192.0.2.1"


def test_loopback_is_no_proxy_unless_it_is_named() -> None:
    assert client("127.0.0.1:1", "203.0.113.9") == "127.0.0.1"
    assert client("[::1]:1", "203.0.113.9") == "203.0.113.9"
    assert client("127.0.0.1:1", "203.0.113.9", trusted=("127.0.0.1",)) == "203.0.113.9"


@pytest.mark.parametrize(
    ("forwarded", "found"),
    [
        (["203.0.113.9"], "203.0.113.9"),
        (["6.6.6.6, 203.0.113.9"], "203.0.113.9"),
        (["6.6.6.6, 203.0.113.9, 10.0.0.7"], "203.0.113.9"),
        (["10.0.0.8, 10.0.0.7"], "10.0.0.8"),
        (["6.6.6.6", "203.0.113.9"], "203.0.113.9"),
        (["203.0.113.9:4711"], "203.0.113.9"),
        (["[2001:db8::5]:4711"], "2001:db8::5"),
        (["2001:db8::5"], "2001:db8::5"),
        ([], "10.0.0.1"),
        ([""], "10.0.0.1"),
        (["unknown"], "10.0.0.1"),
        (["6.6.6.6, _hidden"], "10.0.0.1"),
        (["6.6.6.6, <script>, 10.0.0.7"], "10.0.0.7"),
        (["6.6.6.6,"], "10.0.0.1"),
    ],
)
def test_behind_a_trusted_proxy_the_last_address_that_none_of_them_is_counts(
    forwarded: list[str], found: str
) -> None:
    assert client("10.0.0.1:5000", *forwarded) == found


def test_an_address_in_ipv6_clothes_is_the_same_address() -> None:
    assert client("[::ffff:10.0.0.1]:5000", "203.0.113.9") == "203.0.113.9"
    for trusted in ((), ("10.0.0.0/8",)):
        for peer in ("[::ffff:192.0.2.1]:5000", "::ffff:192.0.2.1", "[::FFFF:c000:201]:5000", "192.0.2.1"):
            assert client(peer, trusted=trusted) == "192.0.2.1"
    assert client("10.0.0.1:1", "::ffff:203.0.113.9") == "203.0.113.9"


def test_an_ipv6_address_has_one_spelling() -> None:
    for peer in ("[2001:db8::5]:5000", "2001:DB8:0:0::5", "[2001:0db8::0005]"):
        assert client(peer, trusted=()) == "2001:db8::5"
        assert client("10.0.0.1:1", peer) == "2001:db8::5"


@pytest.mark.parametrize("peer", ["192.0.2.1:80", "[2001:db8::5]:80"])
def test_an_address_and_its_port_are_told_apart_and_put_together(peer: str) -> None:
    address, port = split_peer(peer)
    assert (join_peer(address, port), port) == (peer, "80")
    assert split_peer(address) == (address, "")


def test_who_comes_by_ipv4_to_a_listener_on_ipv6_is_logged_by_the_ipv4_address() -> None:
    assert join_peer(*split_peer("[::ffff:192.0.2.1]:80")) == "192.0.2.1:80"


@pytest.mark.parametrize("trusted", ["proxy.example", "10.0.0.0/99", ""])
def test_what_is_neither_address_nor_network_is_refused(trusted: str) -> None:
    with pytest.raises(UsageError, match="trusted_proxies"):
        Proxies([trusted])
