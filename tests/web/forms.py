"""Uploads as clients send them, or as they should not: the form's fields, and the body made of them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from pathlib import Path

from werkzeug.test import TestResponse

Fields = list[tuple[str, str]]
Post = Callable[..., TestResponse]
"""What the fixture `post` gives."""


def form(path: Path, *, changed: dict[str, str | None] | None = None, more: Fields | None = None) -> Fields:
    """The fields that twine sends with a file; ``changed`` replaces some or, with None, leaves them out."""
    data = path.read_bytes()
    fields: dict[str, str | None] = {
        ":action": "file_upload",
        "protocol_version": "1",
        "name": "hello-pocket",
        "version": "1.0",
        "filetype": "bdist_wheel" if path.suffix == ".whl" else "sdist",
        "pyversion": "py3",
        "metadata_version": "2.4",
        "summary": "a summary",
        "md5_digest": hashlib.md5(data).hexdigest(),
        "sha256_digest": hashlib.sha256(data).hexdigest(),
        "blake2_256_digest": hashlib.blake2b(data, digest_size=32).hexdigest(),
        **(changed or {}),
    }
    return [(name, value) for name, value in fields.items() if value is not None] + (more or [])


def body(
    fields: Fields, files: list[tuple[str, str, bytes]], *, file_first: bool = False
) -> tuple[bytes, str]:
    """multipart/form-data and its content type."""
    boundary = secrets.token_hex(8)
    parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in fields]
    attached = [
        f'name="{name}"; filename="{filename}"\r\n\r\n'.encode() + data for name, filename, data in files
    ]
    ordered = attached + parts if file_first else parts + attached
    start = f"--{boundary}\r\nContent-Disposition: form-data; ".encode()
    return (
        b"".join(start + part + b"\r\n" for part in ordered) + f"--{boundary}--\r\n".encode(),
        f"multipart/form-data; boundary={boundary}",
    )
