"""``names.json``: the projects of a repository that have files, and names that are reserved for projects to come."""

from __future__ import annotations

from packaging.utils import NormalizedName

from pocketrepo.clock import later, now
from pocketrepo.model import Json, ProjectList
from pocketrepo.store import Store

RESERVED_FOR = 300.0
"""Seconds from the decision on a new name to its listing at the most; whoever crashes in between blocks no other name
for longer."""


class NameList:
    """The document, as those who write it see it. Each change is one conditional write."""

    def __init__(self, store: Store, key: str) -> None:
        self._store = store
        self._key = key

    def reserve(self, name: NormalizedName) -> NormalizedName | None:
        """Keep a name from all that read like it, until it is listed or the time is over.

        If there is one already that it reads like, listed or reserved, that is returned and nothing is done.
        """
        similar: NormalizedName | None = None

        def change(document: Json | None) -> Json | None:
            nonlocal similar
            document = _complete(document)
            reserved = {other: end for other, end in document["reserved"].items() if end > now()}
            similar = ProjectList(document["names"] | reserved).similar(name)
            if similar is not None:
                return None
            document["reserved"] = reserved | {name: later(RESERVED_FOR)}
            return document

        self._store.update(self._key, change)
        return similar

    def put(self, name: NormalizedName, display_name: str | None) -> None:
        """List a project under its display name, or for None no more; it is reserved no more either."""

        def change(document: Json | None) -> Json:
            document = _complete(document)
            for names in (document["names"], document["reserved"]):
                names.pop(name, None)
            if display_name is not None:
                document["names"][name] = display_name
            return document

        self._store.update(self._key, change)


def _complete(document: Json | None) -> Json:
    return {"names": {}, "reserved": {}, **(document or {})}
