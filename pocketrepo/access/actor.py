"""Who asks, once that is known, and what can be asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from pocketrepo.access.accounts import Key
from pocketrepo.access.entitlements import Entitlement


class Action(Enum):
    READ = "read"
    UPLOAD = "upload to"
    WRITE = "write to"
    """All that changes files or what is said of them, but for adding some."""
    ADMIN = "administer"


@dataclass(frozen=True)
class Actor:
    """``name`` is what the log says. A user acts by a password or by a ``key``, which may narrow what it may do;
    an ``entitlement`` only reads."""

    name: str
    is_owner: bool = False
    user: str = ""
    key: Key | None = None
    entitlement: Entitlement | None = None
    until: float = math.inf
    """Seconds of the monotonic clock until which this may be relied on without looking at the credential again."""

    @property
    def is_known(self) -> bool:
        return self.is_owner or bool(self.user) or self.entitlement is not None


ANONYMOUS = Actor("anonymous")
OWNER = Actor("owner", is_owner=True)
