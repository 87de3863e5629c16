"""Index URLs: what is one, where its credentials sit, and how it is shown without them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from pocketrepo.config import pypi
from pocketrepo.config.errors import BadUrl

MASK = "****"

# RFC 3986 characters, less the quotes, parentheses and commas that some file format gives a meaning to.
_ALLOWED = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&*+;=%{}]+\Z")
_REFERENCE = re.compile(r"\$\{[A-Z0-9_]+\}")
_USERINFO = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*://)(?P<userinfo>[^/?#\s]*)@")
_QUERY_VALUE = re.compile(r"(?<=[?&])([\w.\-]+)=([^&\s\"'#]+)")
# An entitlement token stands where "public" or "basic" would: /TOKEN/OWNER/REPO/python/…
_TOKEN_PATH = re.compile(r"(://[^/\s]+/)(?!public/|basic/)([^/\s]+)(/[^/\s]+/[^/\s]+/python/)")
_FURY_PATH = re.compile(r"(://[^/\s]*\bfury\.io/)([^/\s]+)(/)")
_KEYED = re.compile(r"(?im)^([ +\-]?\s*(?:password|token|secret)\s*[=:]\s*)(\S.*)$")
_NETRC = re.compile(r"(?i)\b(password|account)([ \t]+)(\"[^\"]*\"|\S+)")


@dataclass(frozen=True)
class Credentials:
    """A user name and a secret, both unquoted; the secret never shows in a repr."""

    user: str
    password: str = field(repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that must not be shown, in every spelling that may occur in a file."""
        secret = self.password or self.user
        return tuple({secret, quote(secret, safe=""), quote(secret)} - {""})


def check_url(url: str) -> str:
    """``url`` itself if every tool's file can hold it as an index URL.

    Raises: BadUrl, saying which of the rules it breaks (RFC 3986; some tool splits or unquotes the rest).
    """
    if not url.strip():
        raise BadUrl("an index URL is needed", hint="such as https://host/simple/")
    if any(c.isspace() or not c.isprintable() for c in url):
        raise BadUrl("the URL holds a blank or a line break", hint="write blanks as %20")
    if "#" in url:
        raise BadUrl("the URL holds a '#'", hint="an index URL has no fragment; in a password write %23")
    if not _ALLOWED.match(url) or not _balanced(url):
        bad = sorted({c for c in url if not _ALLOWED.match(c)} or {"$", "{"})
        raise BadUrl(f"the URL holds {' '.join(bad)}", hint="percent-encode it")
    parts = _split(url)
    if parts.scheme not in ("http", "https", "file"):
        raise BadUrl(f"{mask(url)} has no scheme", hint="it starts with https://, http:// or file://")
    if parts.scheme != "file" and not parts.hostname:
        raise BadUrl(f"{mask(url)} names no host")
    return url


def _balanced(url: str) -> bool:
    bare = _REFERENCE.sub("", url)
    return not any(c in bare for c in "${}")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise BadUrl(f"{mask(url)} is not a URL: {error}") from None
    return parts


def split_credentials(url: str) -> tuple[str, Credentials | None]:
    """The URL without user info, and what was there; ``${VAR}`` references count as credentials too."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url, None
    userinfo, _, netloc = parts.netloc.rpartition("@")
    user, _, password = userinfo.partition(":")
    return urlunsplit(parts._replace(netloc=netloc)), Credentials(unquote(user), unquote(password))


def with_credentials(url: str, user: str, password: str) -> str:
    """``url`` with user info put in; ``${VAR}`` references are kept as they are, the rest is quoted."""
    parts = urlsplit(url)
    userinfo = ":".join(_quote(part) for part in (user, password) if part)
    return urlunsplit(parts._replace(netloc=f"{userinfo}@{parts.netloc}"))


def _quote(part: str) -> str:
    return part if _REFERENCE.fullmatch(part) else quote(part, safe="")


def is_reference(secret: str) -> bool:
    """Whether the text names an environment variable, ``${VAR}``, rather than being a secret itself."""
    return bool(_REFERENCE.fullmatch(secret))


def has_secret(url: str) -> bool:
    """Whether the URL gives something away that is not a reference: user info, a token in its path."""
    _, credentials = split_credentials(url)
    if credentials and not is_reference(credentials.password or credentials.user):
        return True
    return bool(_TOKEN_PATH.search(url) or _FURY_PATH.search(url))


def mask(text: str, secrets: Iterable[str] = ()) -> str:
    """``text`` with every secret in it masked: user info, token paths, query values, password lines.

    A user name stays where a password follows it; alone, it is the token (as pip's own logs have it).
    """
    for secret in secrets:
        text = text.replace(secret, MASK)
    text = _USERINFO.sub(_mask_userinfo, text)
    text = _TOKEN_PATH.sub(rf"\g<1>{MASK}\g<3>", text)
    text = _FURY_PATH.sub(rf"\g<1>{MASK}\g<3>", text)
    if "://" in text:
        text = re.sub(r"://\S+", lambda m: _QUERY_VALUE.sub(rf"\g<1>={MASK}", m[0]), text)
    return _KEYED.sub(_mask_keyed, text)


def mask_netrc(text: str) -> str:
    """A line of a netrc file without its secrets."""
    return _NETRC.sub(rf"\g<1>\g<2>{MASK}", text)


def _mask_userinfo(match: re.Match[str]) -> str:
    user, colon, password = match["userinfo"].partition(":")
    if not (password if colon else user) and not user:
        return match[0]
    shown = f"{user}:{_shown(password)}" if password else _shown(user)
    return f"{match['scheme']}{shown}@"


def _mask_keyed(match: re.Match[str]) -> str:
    return match[1] + _shown(match[2])


def _shown(secret: str) -> str:
    return secret if is_reference(secret) else MASK


def canonical(url: str) -> str:
    """One form for all spellings of an index: no user info, default port or final slash, lower-case host."""
    clean, _ = split_credentials(url.strip())
    parts = urlsplit(clean)
    netloc = parts.netloc.lower()
    for scheme, port in (("http", ":80"), ("https", ":443")):
        if parts.scheme.lower() == scheme:
            netloc = netloc.removesuffix(port)
    return urlunsplit((parts.scheme.lower(), netloc, parts.path.rstrip("/"), parts.query, ""))


def same_index(one: str, other: str) -> bool:
    return canonical(one) == canonical(other)


def netloc_of(url: str) -> str:
    """``host`` or ``host:port``, lower case, without user info."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def host_of(url: str) -> str:
    """The host alone, lower case; empty for a file URL."""
    return urlsplit(url).hostname or ""


def is_loopback(url: str) -> bool:
    host = host_of(url)
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_public(url: str) -> bool:
    """Whether anybody may upload there: PyPI and its test twin."""
    return host_of(url) in pypi.hosts()


def needs_trust(url: str) -> bool:
    """Whether pip ignores the index unless its host is trusted: http, and not loopback."""
    return urlsplit(url).scheme == "http" and not is_loopback(url)
