"""The credentials of a request, whichever way they come: a header, a path, a cookie."""

from __future__ import annotations

import base64
from typing import NamedTuple

from pocketrepo.keys import TOKEN_USER

TOKEN_USERS = frozenset({"", "token", TOKEN_USER})
"""User names that stand for no user: the secret alone says who asks."""
MAX_CREDENTIAL = 4096
"""Characters of a header beyond which it is not looked at."""


class Credential(NamedTuple):
    """A secret and the user name that came with it, which may be empty."""

    user: str
    secret: str

    @property
    def names_a_user(self) -> bool:
        return self.user not in TOKEN_USERS

    def __repr__(self) -> str:
        return f"Credential(user={self.user!r}, secret='•••')" if self.names_a_user else "Credential('•••')"

    @classmethod
    def of_header(cls, authorization: str) -> Credential | None:
        """What an ``Authorization`` header says (Basic, RFC 7617; Bearer, RFC 6750); None if it makes no sense.

        A token may stand as the password of any of `TOKEN_USERS`, or alone, as the user name or the password.
        """
        if len(authorization) > MAX_CREDENTIAL:
            return None
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return cls("", value.strip())
        if scheme.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(value.strip(), validate=True).decode("utf-8").partition(":")
        except ValueError:  # not ASCII, not base64, not UTF-8
            return None
        return cls(user, password) if password else cls("", user)
