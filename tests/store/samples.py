"""A key, a file in staging, and what is found at a key."""

from __future__ import annotations

import itertools
from pathlib import Path

from pocketrepo.store import Doc, Store

KEY = "repos/acme/tools/projects/hello/project.json"
_names = itertools.count()


def staged(store: Store, data: bytes = b"bytes") -> Path:
    path = store.staging / f"staged-{next(_names)}"
    path.write_bytes(data)
    return path


def contents(store: Store, key: str) -> bytes:
    doc = store.read(key)
    assert isinstance(doc, Doc)
    return doc.data


def opened(store: Store, key: str) -> bytes:
    blob = store.open(key)
    data = Path(blob.path).read_bytes()
    assert blob.size == len(data)
    return data


def leftovers(root: Path) -> list[str]:
    """Names of what is half-made below a folder."""
    return [path.name for path in root.rglob(".tmp-*")]
