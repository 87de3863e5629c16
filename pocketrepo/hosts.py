"""Which ``Host`` headers are answered: a page elsewhere must not reach this server through its own name (DNS
rebinding), and to do so it needs a name that resolves here."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from typing import Any, Protocol

from pocketrepo.errors import UsageError

ANY = "*"


class Peer(Protocol):
    """A request, as far as it matters here."""

    @property
    def client(self) -> str: ...
    @property
    def headers(self) -> Any: ...


MAX_HOST = 300
"""Characters of a name and a port at the most (RFC 1035 §2.3.4 allows 255 for the name)."""


class Hosts:
    """Loopback names, IP addresses, this machine's own name, and those named in the settings; ``*`` is any."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        own = socket.gethostname().lower()
        self._allowed = {"localhost", own, f"{own}.local", *(name.lower().rstrip(".") for name in allowed)}
        self._known: dict[str, bool] = {}

    def permits(self, host: str | None) -> bool:
        """Whether a request for this ``Host`` (with or without port) is answered. None: HTTP/1.0 sends none."""
        if host is None:
            return True
        if len(host) > MAX_HOST:
            return False
        known = self._known.get(host)
        if known is None:
            if len(self._known) > 1000:
                self._known.clear()
            known = self._known[host] = self._judge(host)
        return known

    def _judge(self, host: str) -> bool:
        name = _without_port(host.strip().lower()).rstrip(".")
        if name in self._allowed or ANY in self._allowed or name.endswith(".localhost"):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


class Proxies:
    """Whose word counts for the address of a client: loopback is not among them unless it is named."""

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        """``trusted`` are addresses or networks. Raises UsageError for what is neither."""
        try:
            self._trusted = [ipaddress.ip_network(text, strict=False) for text in trusted]
        except ValueError as error:
            raise UsageError(f"trusted_proxies: {error}") from None

    def client(self, request: Peer) -> str:
        """The address that a request comes from: that of the connection, or behind trusted proxies the last that
        none of them is."""
        peer, _port = split_peer(request.client)
        if not self._trusted:
            return peer
        # All lines of the header: a proxy may add one of its own below what a client made up.
        said = ",".join(request.headers.get_all("x-forwarded-for")).split(",")
        for text in reversed(said):
            address, _port = split_peer(text)
            if not self._is_trusted(peer) or _parsed(address) is None:
                break
            peer = address
        return peer

    def _is_trusted(self, address: str) -> bool:
        found = _parsed(address)
        return found is not None and any(found in network for network in self._trusted)


def split_peer(text: str) -> tuple[str, str]:
    """The address and the port of ADDRESS:PORT or [ADDRESS]:PORT; no port where there is none.

    IPv6 is in its one spelling (RFC 5952). A listener on IPv6 sees whoever comes by IPv4 at a mapped address (RFC
    4291 §2.5.5.2): it becomes the IPv4 one, so that the same client is the same wherever it comes in.
    """
    host, port = text.strip(), ""
    if host.startswith("["):
        host, _, rest = host[1:].partition("]")
        port = rest.removeprefix(":")
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    return (str(_parsed(host) or host) if ":" in host else host), port


def join_peer(address: str, port: str) -> str:
    """As it stands in an access log."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
