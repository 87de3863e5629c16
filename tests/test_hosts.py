"""Which Host headers are answered."""

from __future__ import annotations

import socket

import pytest

from pocketrepo.hosts import MAX_HOST, Hosts


@pytest.mark.parametrize(
    "host",
    [
        None,
        "localhost",
        "LOCALHOST:8080",
        "localhost.",
        "app.localhost:80",
        "127.0.0.1:8080",
        "192.168.1.5",
        "[::1]:8080",
        "[fe80::1]",
        "pkgs.example.com",
        "pkgs.example.com:443",
        "Pkgs.Example.Com.",
        socket.gethostname(),
        f"{socket.gethostname()}.local:80",
    ],
)
def test_loopback_addresses_and_named_hosts_are_answered(host: str | None) -> None:
    assert Hosts(["PKGS.example.com."]).permits(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        ":80",
        "evil.example",
        "example.com",
        "pkgs.example.com.evil.example",
        "evil-pkgs.example.com",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "notlocalhost",
        "127.1",
        "0x7f000001",
        "2130706433",
        "[evil.example]:80",
        "localhost@evil.example",
        "localhost/evil.example",
        "\x00localhost",
    ],
)
def test_every_other_name_is_not(host: str) -> None:
    hosts = Hosts(["pkgs.example.com"])
    assert not hosts.permits(host)
    assert not hosts.permits(host), "and the second time, from memory"


def test_what_is_remembered_is_bounded() -> None:
    hosts = Hosts()
    for number in range(3_000):
        assert not hosts.permits(f"{number}.example")
    assert not hosts.permits("x" * (MAX_HOST + 1))
    assert len(hosts._known) <= 1_001
    assert "x" * (MAX_HOST + 1) not in hosts._known


def test_a_star_allows_any_host_of_a_sane_length() -> None:
    hosts = Hosts(["*"])
    assert hosts.permits("hub.example:443")
    assert not hosts.permits("x" * (MAX_HOST + 1))
