"""What pip, uv and twine are told by environment variables: where to install from, where to publish, as whom."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from pocketrepo.config.url import host_of, is_loopback, needs_trust, with_credentials
from pocketrepo.errors import UsageError

Mode = Literal["only", "extra"]
"""Whether the repository takes the place of every other index, or stands beside them."""
Changes = dict[str, str | None]
"""Variable -> its value, None for one that is not to be set."""

OTHER_SOURCES = frozenset(
    {
        "PIP_EXTRA_INDEX_URL",
        "PIP_FIND_LINKS",
        "PIP_INDEX_URL",
        "PIP_NO_INDEX",
        "UV_DEFAULT_INDEX",
        "UV_EXTRA_INDEX_URL",
        "UV_FIND_LINKS",
        "UV_INDEX",
        "UV_INDEX_STRATEGY",
        "UV_INDEX_URL",
        "UV_NO_INDEX",
    }
)
"""Variables that name, or forbid, where packages come from."""
UPLOAD_LOGINS = (("TWINE_USERNAME", "TWINE_PASSWORD"), ("UV_PUBLISH_USERNAME", "UV_PUBLISH_PASSWORD"))


@dataclass(frozen=True)
class Address:
    """A repository as tools are told of it. ``login`` is (user, secret); ``private`` says that reading takes it."""

    index_url: str
    upload_url: str
    login: tuple[str, str] | None = field(default=None, repr=False)
    private: bool = False

    @property
    def source(self) -> str:
        """The index URL for installers, with the login if reading takes it: never to be shown."""
        if not (self.private and self.login):
            return self.index_url
        return with_credentials(self.index_url, *self.login)


def reading(address: Address, environ: Mapping[str, str], mode: Mode = "only") -> Changes:
    """Changes after which installers take packages from the repository, and never wait for an answer to a prompt.

    "only" leaves out every other index that variables or configuration files name. Raises UsageError for another
    mode.
    """
    if mode not in get_args(Mode):
        raise UsageError(f"there is no mode {mode!r}", hint="only or extra")
    told: Changes = {"PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if mode == "only":
        told |= dict.fromkeys(OTHER_SOURCES)
        told |= {"PIP_INDEX_URL": address.source, "UV_DEFAULT_INDEX": address.source}
        told |= {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1"}
    else:
        for name in ("PIP_EXTRA_INDEX_URL", "UV_INDEX"):
            told[name] = " ".join(filter(None, [address.source, environ.get(name)]))
    if needs_trust(address.index_url):
        trusted = [environ.get("PIP_TRUSTED_HOST"), host_of(address.index_url)]
        told["PIP_TRUSTED_HOST"] = " ".join(filter(None, trusted))
    if is_loopback(address.index_url):
        # A proxy for the internet must not see, or fail, what stays on this machine.
        host = host_of(address.index_url)
        without = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
        told["no_proxy"] = told["NO_PROXY"] = f"{without},{host}".strip(",")
    return told


def publishing(address: Address) -> Changes:
    """Changes after which twine and ``uv publish`` upload to the repository.

    Without a login of ours none of another place is left to be sent there.
    """
    told: Changes = {
        "TWINE_NON_INTERACTIVE": "1",
        "TWINE_REPOSITORY": None,
        "TWINE_REPOSITORY_URL": address.upload_url,
        "UV_PUBLISH_INDEX": None,
        "UV_PUBLISH_TOKEN": None,
        "UV_PUBLISH_URL": address.upload_url,
    }
    for names in UPLOAD_LOGINS:
        told |= dict(zip(names, address.login or (None, None), strict=True))
    return told


def changed(environ: Mapping[str, str], changes: Changes) -> dict[str, str]:
    """An environment with changes made to it."""
    merged = {**environ, **changes}
    return {name: value for name, value in merged.items() if value is not None}
