"""Who may do what: a yes or no before any index is asked, so that answers never depend on who asks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import zlib
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from pocketrepo.errors import Forbidden, NoSuchRepository, PocketRepoError, Unauthorized, Unavailable
from pocketrepo.model import RepositoryName
from pocketrepo.store.disk import flush

OWNER_KEY_FILE = "owner.key"
TOKEN_USER = "__token__"  # noqa: S105  the user name that upload clients send with a token
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Action(Enum):
    READ = "read"
    WRITE = "write"
    ADMIN = "administer"


@dataclass(frozen=True)
class Actor:
    """Who asks. ``name`` is what the event log says."""

    name: str
    is_owner: bool = False


ANONYMOUS = Actor("anonymous")
OWNER = Actor("owner", is_owner=True)


class Access:
    """The gate of one root. Its owner's key is made on first use and readable by this user alone."""

    def __init__(self, root: Path) -> None:
        self._owner_digest = _digest(owner_key(root))

    def identify(self, authorization: str | None) -> Actor:
        """The actor behind an ``Authorization`` header (Basic, RFC 7617, or Bearer, RFC 6750).

        Anonymous without one. Raises Unauthorized for a credential that is not known.
        """
        if not authorization:
            return ANONYMOUS
        secret = _secret_of(authorization)
        if secret is not None and hmac.compare_digest(_digest(secret), self._owner_digest):
            return OWNER
        raise Unauthorized("this credential is not known", hint="check the user name and the key")

    def require(self, actor: Actor, action: Action, repository: RepositoryName | None = None) -> None:
        """Raises Unauthorized (nobody) or Forbidden (somebody without the right)."""
        if actor.is_owner or action is Action.READ:
            return
        if actor == ANONYMOUS:
            raise Unauthorized(
                f"a credential is needed to {action.value} {repository or 'here'}",
                hint=f"send user {TOKEN_USER} with the key from the server's {OWNER_KEY_FILE}",
            )
        raise Forbidden(f"{actor.name} may not {action.value} {repository or 'here'}")

    def hide(self, actor: Actor, missing: NoSuchRepository) -> PocketRepoError:
        """What to say of a repository that does not exist: only who may see everything is told so.

        Never "not found" to others: installers fall through to the next index at that.
        """
        if actor.is_owner:
            return missing
        return Unauthorized(f"a credential is needed to read {missing.repository}")


def owner_key(root: Path) -> str:
    """The key of a root's owner; made if it is not there. Raises Unavailable if it can be neither."""
    path = root / OWNER_KEY_FILE
    with suppress(FileNotFoundError):
        return _read_key(path)
    draft = root / f".{OWNER_KEY_FILE}-{secrets.token_hex(8)}"
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(new_secret() + "\n")
            file.flush()
            flush(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process made it first
        finally:
            draft.unlink()
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}") from None
    return _read_key(path)


def _read_key(path: Path) -> str:
    try:
        key = path.read_text("ascii").strip()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        key = ""
    if not key:
        # An empty key would be known to everybody.
        raise Unavailable(f"{path} holds no key", hint="remove the file, and a new key is made")
    return key


def new_secret(prefix: str = "pkr") -> str:
    """A credential of 256 random bits in base 62, with a prefix and a checksum that secret scanners can look
    for: ``pkr_`` + 43 characters + 6 of CRC-32."""
    body = _base62(secrets.randbits(256), 43)
    return f"{prefix}_{body}{_base62(zlib.crc32(body.encode()), 6)}"


def _base62(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits


def _secret_of(authorization: str) -> str | None:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(value.strip(), validate=True).decode("utf-8").partition(":")
    except ValueError:  # not ASCII, not base64, not UTF-8
        return None
    return password or user


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def prove(key: str, nonce: str, port: int) -> str:
    """What a server answers to show that it knows the owner's key without telling it.

    The port is part of it, so that a program on another port cannot pass the question on to the real server.
    """
    return hmac.new(key.encode(), f"{nonce}:{port}".encode(), hashlib.sha256).hexdigest()
