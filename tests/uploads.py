"""Uploads for tests: a distribution put into staging as the web does it, and what a store must look like after."""

from __future__ import annotations

import hashlib
from pathlib import Path

from packaging.utils import NormalizedName

from pocketrepo.documents import Admitted, Upload
from pocketrepo.hosted import Hosted
from pocketrepo.repository import Root
from pocketrepo.testing import staging


def stage(root: Root, path: Path) -> Upload:
    """A copy of a distribution in staging, inspected."""
    return staging.stage(root, path.name, path.read_bytes())


def admit(root: Root, path: Path) -> Admitted:
    """Upload into the default repository."""
    return hosted(root).admit(stage(root, path))


def hosted(root: Root) -> Hosted:
    return root.repository(root.default).hosted


def filenames(root: Root, name: str = "hello-pocket") -> list[str]:
    return [file.filename for file in hosted(root).project(NormalizedName(name)).value.files]


def assert_true(root: Root) -> int:
    """Every listed file can be read, matches its hash, and so does its metadata; returns how many there are."""
    count = 0
    index = hosted(root)
    for name in root.store.children(f"repos/{root.default}/projects"):
        if root.store.etag(f"repos/{root.default}/projects/{name}/project.json") is None:
            continue
        for file in index.project(NormalizedName(name)).value.files:
            blob = index.file(NormalizedName(name), file.key, file.filename)
            assert blob.size == file.size
            assert hashlib.sha256(Path(blob.path).read_bytes()).hexdigest() == file.sha256
            metadata = index.file(NormalizedName(name), file.key, f"{file.filename}.metadata")
            assert hashlib.sha256(Path(metadata.path).read_bytes()).hexdigest() == file.metadata_sha256
            count += 1
    return count


def stored(root: Root) -> list[str]:
    """Keys of everything under projects that is no document."""
    keys = root.store.list(f"repos/{root.default}/projects")
    return [key for key in keys if not key.endswith("project.json")]
