"""What its owner says of a project as a whole: its status (PEP 792), where else it is (PEP 708), and who
publishes it (PEP 740)."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.utils import NormalizedName

from pocketrepo.config.url import mask
from pocketrepo.errors import UsageError
from pocketrepo.model import STATUSES, Json, normalize
from pocketrepo.publisher import Publisher

MAX_REASON = 1000
"""Characters of a reason, for a status or a yank."""
MAX_ENTRIES = 20
"""Tracks, alternate locations or publishers of one project."""
MAX_URL = 500

_NOT_TEXT = re.compile(r"[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""JSON can hold half a character, which no file can, and control characters, which no page can."""
_NOT_A_URL = re.compile(r"[^!-~]|[\"'<>\\^`{|}]")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """``status`` is one of `STATUSES`; ``tracks`` and ``alternate_locations`` are URLs of the same project's page
    on other indexes; ``publishers`` are in the text form of `Publisher`."""

    status: str = "active"
    status_reason: str = ""
    tracks: tuple[str, ...] = ()
    alternate_locations: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()

    @classmethod
    def of(cls, document: Json) -> Standing:
        """As a project's document has it."""
        stored: Json = document.get("standing", {})
        values: Json = {name: tuple(one) if isinstance(one, list) else one for name, one in stored.items()}
        return cls(**values)

    def to_json(self) -> Json:
        """For a project's document: what is not as usual."""
        usual = asdict(USUAL)
        return {name: value for name, value in asdict(self).items() if value != usual[name]}

    def changed(self, name: NormalizedName, changes: Json) -> Standing:
        """This with other values; a new status without a reason has none. Raises UsageError for what they
        cannot be."""
        unknown = changes.keys() - asdict(USUAL).keys()
        if unknown:
            raise UsageError(
                f"a project has no {min(unknown)[:60]!r}", hint=f"it has {', '.join(asdict(USUAL))}"
            )
        checked: dict[str, Any] = {field: _CHECKS[field](name, value) for field, value in changes.items()}
        if "status" in changes:
            checked.setdefault("status_reason", "")
        return replace(self, **checked)

    def loosens(self, before: Standing) -> bool:
        """Whether this takes back some of what the status before took away."""
        return STATUSES.index(self.status) < STATUSES.index(before.status)


USUAL = Standing()


def check_reason(value: object) -> str:
    """Raises UsageError unless it is text of a reasonable length."""
    if not isinstance(value, str) or len(value) > MAX_REASON or _NOT_TEXT.search(value):
        raise UsageError(f"the reason is text of up to {MAX_REASON:,} characters, without control characters")
    return value


def _status(_name: NormalizedName, value: object) -> str:
    if value not in STATUSES:
        raise UsageError(f"the status is one of {', '.join(STATUSES)}")
    return str(value)


def _reason(_name: NormalizedName, value: object) -> str:
    return check_reason(value)


def _texts(value: object, what: str) -> list[str]:
    if (
        not isinstance(value, list)
        or len(value) > MAX_ENTRIES
        or not all(isinstance(one, str) for one in value)
    ):
        raise UsageError(f"{what} are a list of up to {MAX_ENTRIES} texts")
    return list(dict.fromkeys(value))


def _pages(name: NormalizedName, value: object) -> tuple[str, ...]:
    return tuple(_page(name, url) for url in _texts(value, "locations"))


def _page(name: NormalizedName, url: str) -> str:
    """PEP 708: a fully qualified URL, of a project of the same name."""
    try:
        parts = urlsplit(url)
        usable = (
            parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not parts.username
        )
    except ValueError:
        usable = False
    if not usable or len(url) > MAX_URL or _NOT_A_URL.search(url) or parts.query or parts.fragment:
        raise UsageError(
            f"{mask(url)[:100]!r} is not the address of a project's page", hint="https://HOST/simple/NAME/"
        )
    last = unquote(parts.path.rstrip("/").rpartition("/")[2])
    if normalize(last) != name:
        raise UsageError(f"{url!r} is the page of {last!r}, not of {name}", hint="both must have one name")
    return url


def _publishers(_name: NormalizedName, value: object) -> tuple[str, ...]:
    return tuple(str(Publisher.parse(text)) for text in _texts(value, "publishers"))


_CHECKS = {
    "status": _status,
    "status_reason": _reason,
    "tracks": _pages,
    "alternate_locations": _pages,
    "publishers": _publishers,
}
