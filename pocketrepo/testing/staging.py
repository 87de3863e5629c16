"""A distribution put into a root without HTTP, by the steps of an upload: staged, inspected, admitted."""

from __future__ import annotations

import hashlib
import secrets

from pocketrepo.archive import inspect
from pocketrepo.documents import Upload
from pocketrepo.repository import Root


def stage(root: Root, filename: str, data: bytes, *, actor: str = "tests") -> Upload:
    """Bytes in staging, inspected. Raises BadUpload; nothing is left then."""
    staged = root.store.staging / secrets.token_hex(16)
    staged.write_bytes(data)
    try:
        distribution = inspect(staged, filename)
    except BaseException:
        staged.unlink()
        raise
    sha256 = hashlib.sha256(data).hexdigest()
    return Upload(distribution=distribution, staged=staged, size=len(data), sha256=sha256, actor=actor)
