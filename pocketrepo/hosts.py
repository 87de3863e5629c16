"""Which ``Host`` headers are answered: a page elsewhere must not reach this server through its own name (DNS
rebinding), and to do so it needs a name that resolves here."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

ANY = "*"
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


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
