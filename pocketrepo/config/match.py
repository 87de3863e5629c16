"""What ``remove`` was asked to remove: an index by its URL, its host or its name."""

from __future__ import annotations

from dataclasses import dataclass

from pocketrepo.config.url import canonical, host_of, netloc_of
from pocketrepo.errors import UsageError


@dataclass(frozen=True)
class Match:
    """Tells whether a URL, a host or a name found in a file is meant by ``what``."""

    what: str

    @classmethod
    def of(cls, what: str) -> Match:
        if not what.strip():
            raise UsageError("nothing to remove", hint="name an index by URL, host or name")
        return cls(what.strip())

    @property
    def _is_url(self) -> bool:
        return "://" in self.what

    def url(self, url: str) -> bool:
        """By URL: the same index, whatever its credentials. By host: any index there, or at that port."""
        if "://" not in url:
            return False
        try:
            if self._is_url:
                return canonical(url) == canonical(self.what)
            return self.what.lower() in (host_of(url), netloc_of(url))
        except ValueError:  # urlsplit refuses some texts, which then are no index
            return False

    def host(self, host: str) -> bool:
        """Whether a ``trusted-host`` entry speaks of the host; whether others need it, the caller knows."""
        wanted = netloc_of(self.what) if self._is_url else self.what.lower()
        return host.lower() in (wanted, wanted.partition(":")[0])

    def name(self, name: str | None) -> bool:
        return name is not None and not self._is_url and name.lower() == self.what.lower()
