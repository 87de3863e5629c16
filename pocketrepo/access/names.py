"""What users and tokens can be called."""

from __future__ import annotations

import re

from pocketrepo.access.credential import TOKEN_USERS
from pocketrepo.errors import UsageError

_USER = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}\Z")
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,47}\Z")
_NOT_USERS = TOKEN_USERS | {"owner", "anonymous"}


def check_user(name: str) -> None:
    """Raises UsageError."""
    if not _USER.match(name) or name in _NOT_USERS:
        raise UsageError(
            f"{name!r} cannot be a user's name",
            hint="use up to 63 of a-z, 0-9, '_', '.' and '-'; 'token', 'owner' and 'anonymous' are taken",
        )


def check_token(token: str) -> None:
    """A token that somebody chose. Raises UsageError."""
    if not _TOKEN.match(token):
        raise UsageError(
            "a token of your own has 8 to 48 of A-Z, a-z, 0-9, '.', '_' and '-', and begins with a letter or digit"
        )
