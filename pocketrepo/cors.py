"""Which pages of other sites may read a repository in a browser (CORS, Fetch standard §3.3), as Pyodide does.

Off until origins are named. Never with credentials: such a page sees what everybody may see.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from pocketrepo.errors import UsageError

ANY = "*"
PREFLIGHT_LASTS = 600
"""Seconds for which a browser may remember that it may ask."""

_EXPOSED = ("access-control-expose-headers", "accept-ranges, content-disposition, content-range, etag")
"""Beside those that every page may read, such as the type and the length."""
_PREFLIGHT = [
    ("access-control-allow-methods", "GET, HEAD"),
    (
        "access-control-allow-headers",
        "accept, cache-control, if-modified-since, if-none-match, if-range, pragma, range",
    ),
    ("access-control-max-age", str(PREFLIGHT_LASTS)),
]
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Origins:
    """The origins that a repository names, as browsers write them; ``*`` stands for any."""

    names: tuple[str, ...]

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Origins:
        """In the order given, each once. Raises UsageError for what is no origin."""
        return cls(tuple(dict.fromkeys(map(_parse, texts))))

    def admit(self, origin: str | None) -> bool:
        """Whether a request with this ``Origin`` comes from a page that may read the answer."""
        return origin is not None and (ANY in self.names or origin in self.names)

    def shared(self, headers: Headers, origin: str | None) -> Headers:
        """The headers of an answer to a request with this ``Origin``.

        Where answers depend on who asks, caches are told so, also in answers to others (RFC 9110 §12.5.5).
        """
        varies = [value for name, value in headers if name.lower() == "vary"]
        for_any = ANY in self.names
        if varies or not for_any:
            others = [(name, value) for name, value in headers if name.lower() != "vary"]
            headers = [*others, ("vary", ", ".join([*varies, "Origin"]))]
        if for_any or self.admit(origin):
            headers = [*headers, ("access-control-allow-origin", ANY if for_any else str(origin)), _EXPOSED]
        return headers

    def preflight(self, origin: str | None) -> Headers:
        """What a browser that asks first is told beside: which methods and headers it may use."""
        return _PREFLIGHT if self.admit(origin) else []


def _parse(text: str) -> str:
    """One origin as browsers serialize it (RFC 6454 §6.2)."""
    if text == ANY:
        return ANY
    wrong = UsageError(
        f"{text!r} is no origin",
        hint="a scheme and a host, such as https://lab.example.org, or * for any page",
    )
    try:
        parts = urlsplit(text)
        port = parts.port
        host = _host(parts.hostname or "")
    except ValueError:
        raise wrong from None
    scheme = parts.scheme
    if scheme not in _DEFAULT_PORTS or not host or "@" in parts.netloc:
        raise wrong
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise wrong
    return f"{scheme}://{host}" + (f":{port}" if port not in (None, _DEFAULT_PORTS[scheme]) else "")


def _host(name: str) -> str:
    """In ASCII, an IPv6 address in brackets; empty if it is none. Raises ValueError."""
    if ":" in name:
        return f"[{ipaddress.IPv6Address(name)}]"
    ascii_name = name.encode("idna").decode()
    return ascii_name if _HOST.fullmatch(ascii_name) else ""
