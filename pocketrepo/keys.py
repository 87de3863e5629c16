"""Keys: the one that each root has for its owner, and the form that all of ours take."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import zlib
from contextlib import suppress
from pathlib import Path

from pocketrepo.errors import Unavailable
from pocketrepo.store.disk import flush

OWNER_KEY_FILE = "owner.key"
TOKEN_USER = "__token__"  # noqa: S105  the user name that upload clients send with a token
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


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


def digest(secret: str) -> str:
    """What is kept of a secret of high entropy: its SHA-256, in hex."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def prove(key: str, nonce: str, port: int) -> str:
    """What a server answers to show that it knows the owner's key without telling it.

    The port is part of it, so that a program on another port cannot pass the question on to the real server.
    """
    return hmac.new(key.encode(), f"{nonce}:{port}".encode(), hashlib.sha256).hexdigest()
