"""The specification of the storage seam: every backend's tests subclass `StoreContract` and give a ``store``."""

from __future__ import annotations

from tests.store.contract.batches import Batches
from tests.store.contract.blobs import Blobs
from tests.store.contract.content import Content
from tests.store.contract.documents import Documents
from tests.store.contract.keys import Keys
from tests.store.contract.logs import Logs
from tests.store.contract.updates import Updates


class StoreContract(Keys, Documents, Blobs, Logs, Content, Updates, Batches):
    """All that a backend must do."""
