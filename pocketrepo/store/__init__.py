"""The storage seam: keys -> bytes, and one conditional write per change.

A key is ``/``-separated segments that the project made itself; no segment is ``.``, ``..`` or empty. Above
this seam there are no locks, no retries and no paths; below it nothing knows what the bytes mean.
``tests/store/contract/`` is the specification that every backend passes.
"""

from pocketrepo.store.base import ABSENT, UNCHANGED, Blob, Change, Doc, Store, Unchanged
from pocketrepo.store.file import FileStore
from pocketrepo.store.memory import MemoryStore

__all__ = [
    "ABSENT",
    "UNCHANGED",
    "Blob",
    "Change",
    "Doc",
    "FileStore",
    "MemoryStore",
    "Store",
    "Unchanged",
]
