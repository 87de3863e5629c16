"""Passwords: hashed slowly, verified seldom."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from functools import cache

from werkzeug.security import check_password_hash, generate_password_hash

from pocketrepo.errors import UsageError

REMEMBERED_FOR = 60.0
"""Seconds for which a password that was right is not hashed again."""
AT_ONCE = 2
"""Passwords hashed at the same time: each takes 32 MiB and some hundred milliseconds of a core."""
SHORTEST, LONGEST = 8, 200


def hash_password(password: str) -> str:
    """With scrypt (RFC 7914). Raises UsageError for one that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(f"a password has {SHORTEST} to {LONGEST} characters")
    return generate_password_hash(password, method="scrypt")


class Passwords:
    """Verifies, with equal work for users that do not exist."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._right: dict[bytes, float] = {}
        self._slots = threading.BoundedSemaphore(AT_ONCE)

    def remembered(self, stored: str | None, password: str) -> float:
        """Until when (monotonic clock) this password needs no hashing against ``stored``; 0 if it does."""
        until = self._right.get(self._mark(stored, password), 0.0)
        return until if until > time.monotonic() else 0.0

    def verify(self, stored: str | None, password: str) -> float:
        """Until when the password may be relied on; 0 if it is wrong, or there is none."""
        until = self.remembered(stored, password)
        if until:
            return until
        with self._slots:
            right = check_password_hash(stored or _dummy(), password[: LONGEST + 1])
        if not right or stored is None:
            return 0.0
        until = time.monotonic() + REMEMBERED_FOR
        if len(self._right) > 1000:
            self._right.clear()
        self._right[self._mark(stored, password)] = until
        return until

    def _mark(self, stored: str | None, password: str) -> bytes:
        """Made with a key of this process, so that its memory holds nothing to try passwords against."""
        return hmac.digest(self._key, f"{stored}\0{password}".encode("utf-8", "replace"), hashlib.sha256)


@cache
def _dummy() -> str:
    return generate_password_hash(secrets.token_hex(16), method="scrypt")
