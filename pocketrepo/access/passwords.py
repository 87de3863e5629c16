"""Passwords: hashed slowly, verified seldom."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable

from werkzeug.security import check_password_hash, generate_password_hash

from pocketrepo.errors import UsageError

REMEMBERED_FOR = 60.0
"""Seconds for which a password that was right is not hashed again."""
REMEMBERED = 1000
"""Passwords remembered."""
AT_ONCE = 2
"""Passwords hashed at the same time: each takes 32 MiB and some hundred milliseconds of a core."""
SHORTEST, LONGEST = 8, 200
METHOD = "scrypt:32768:8:1"
NOBODYS = f"{METHOD}$nobody${'0' * 128}"
"""Hash of no password, as much work as a real one: it must not show who has an account."""


def hash_password(password: str) -> str:
    """With scrypt (RFC 7914). Raises UsageError for one that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(f"a password has {SHORTEST} to {LONGEST} characters")
    return generate_password_hash(password, method=METHOD)


class Passwords:
    """Verifies, with equal work for users that do not exist."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._right: dict[bytes, float] = {}
        self._turns = [threading.Lock() for _ in range(64)]
        self._slots = threading.BoundedSemaphore(AT_ONCE)

    def remembered(self, stored: str | None, password: str) -> float:
        """Until when (monotonic clock) this password needs no hashing against ``stored``; 0 if it does."""
        return self._remembered(self._mark(stored, password))

    def verify(
        self, stored: str | None, password: str, *, attempt: Callable[[], Callable[[], None]]
    ) -> float:
        """Until when the password may be relied on; 0 if it is wrong, or there is none.

        Requests that bring the same password at once wait for the first of them. ``attempt`` is called before a
        password is hashed, and what it returns if that was right.
        """
        mark = self._mark(stored, password)
        with self._turns[mark[0] % len(self._turns)]:
            until = self._remembered(mark)
            if until:
                return until
            was_right = attempt()
            with self._slots:
                right = check_password_hash(stored or NOBODYS, password[: LONGEST + 1])
            if not right or stored is None:
                return 0.0
            was_right()
            until = time.monotonic() + REMEMBERED_FOR
            if len(self._right) >= REMEMBERED:
                self._right.clear()
            self._right[mark] = until
            return until

    def _remembered(self, mark: bytes) -> float:
        until = self._right.get(mark, 0.0)
        return until if until > time.monotonic() else 0.0

    def _mark(self, stored: str | None, password: str) -> bytes:
        """Made with a key of this process, so that its memory holds nothing to try passwords against."""
        return hmac.digest(self._key, f"{stored}\0{password}".encode("utf-8", "replace"), hashlib.sha256)
