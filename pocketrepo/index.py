"""The three questions that a repository answers, and the wrapper that layers answers.

Everything that reads is an `Index`: hosted files, a folder of distributions, another index upstream, and
wrappers around them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from packaging.utils import NormalizedName

from pocketrepo.errors import NoSuchFile, NoSuchProject
from pocketrepo.model import COMPANIONS, File, Project, ProjectList
from pocketrepo.query import Query
from pocketrepo.snapshot import Memo, Snapshot
from pocketrepo.store import Blob

T = TypeVar("T", bound=Project | ProjectList)
S = TypeVar("S")


class Index(ABC):
    """Which projects? Which files has this project? Give me this file."""

    @abstractmethod
    def projects(self) -> Snapshot[ProjectList]: ...

    @abstractmethod
    def project(self, name: NormalizedName) -> Snapshot[Project]:
        """Raises NoSuchProject, and nothing else that a caller could mistake for "not here"."""

    @abstractmethod
    def file(self, name: NormalizedName, key: str, filename: str) -> Blob:
        """The bytes of a listed file, or of what is beside it, as ``FILENAME.metadata`` (PEP 658). Raises
        NoSuchProject, NoSuchFile."""

    def resident_projects(self) -> Snapshot[ProjectList] | None:
        """The answer to `projects` if it takes no more than a ``stat``, else None."""
        return None

    def resident(self, name: NormalizedName) -> Snapshot[Project] | None:
        """The answer to `project` if it takes no more than a ``stat``, else None. Raises NoSuchProject."""
        return None

    def finder(self, name: NormalizedName) -> Callable[[], Snapshot[Project] | None]:
        """`resident` for this one name, to be asked again and again; may answer None where that raises."""
        return partial(self.resident, name)


def listed(project: Project, key: str, filename: str) -> tuple[File, str]:
    """The file that a URL names, and the suffix of the companion that is meant, empty for the file itself.
    Raises NoSuchFile unless it is listed."""
    file = project.by_key.get((key, filename))
    if file is not None:
        return file, ""
    for suffix in COMPANIONS:
        file = project.by_key.get((key, filename.removesuffix(suffix)))
        if file is not None and filename.endswith(suffix) and file.digest(suffix):
            return file, suffix
    raise NoSuchFile(filename)


class Filtered(Index):
    """What of an index matches a query. Its snapshots are kept apart, so that others never see them."""

    def __init__(self, inner: Index, query: Query, memo: Memo, label: str) -> None:
        self._inner = inner
        self._query = query
        self._memo = memo
        self._label = f"{label}?{query.version}"

    def projects(self) -> Snapshot[ProjectList]:
        return self._narrow_list(self._inner.projects())

    def resident_projects(self) -> Snapshot[ProjectList] | None:
        whole = self._inner.resident_projects() if self._query.only_names else None
        return None if whole is None else self._narrow_list(whole)

    def project(self, name: NormalizedName) -> Snapshot[Project]:
        if not self._query.may_have(name):
            raise NoSuchProject(name)
        return self._narrow(name, self._inner.project(name))

    def resident(self, name: NormalizedName) -> Snapshot[Project] | None:
        whole = self._inner.resident(name) if self._query.may_have(name) else None
        return None if whole is None else self._narrow(name, whole)

    def file(self, name: NormalizedName, key: str, filename: str) -> Blob:
        listed(self.project(name).value, key, filename)
        return self._inner.file(name, key, filename)

    def _narrow(self, name: NormalizedName, whole: Snapshot[Project]) -> Snapshot[Project]:
        def narrowed() -> Project:
            files = tuple(file for file in whole.value.files if self._query.has(whole.value, file))
            return replace(whole.value, files=files)

        found = remember(self._memo, f"{self._label}/{name}", whole.etag, narrowed, [whole])
        if not found.value.files:
            raise NoSuchProject(name)
        return found

    def _narrow_list(self, whole: Snapshot[ProjectList]) -> Snapshot[ProjectList]:
        def narrowed() -> ProjectList:
            names = whole.value.names
            return ProjectList({name: names[name] for name in names if self._has(name)})

        if self._query.only_names:
            return remember(self._memo, self._label, whole.etag, narrowed, [whole])
        # Which projects have a file that matches can change without the list of projects.
        return Snapshot(narrowed(), whole.etag, cost=whole.cost)

    def _has(self, name: NormalizedName) -> bool:
        if self._query.only_names or not self._query.may_have(name):
            return self._query.may_have(name)
        try:
            return bool(self.project(name))
        except NoSuchProject:
            return False


class Layered(Index):
    """Several indexes of the same trust as one: a project's files are those of all layers, and where two layers
    list one filename, the first wins. What else is said of a project, its first layer says; one that a layer has in
    quarantine has no files."""

    def __init__(self, layers: Sequence[Index], memo: Memo, label: str) -> None:
        self._layers = layers
        self._memo = memo
        self._label = label

    def projects(self) -> Snapshot[ProjectList]:
        return self._join_lists([layer.projects() for layer in self._layers])

    def resident_projects(self) -> Snapshot[ProjectList] | None:
        parts = [layer.resident_projects() for layer in self._layers]
        ready = [part for part in parts if part is not None]
        return self._join_lists(ready) if len(ready) == len(parts) else None

    def project(self, name: NormalizedName) -> Snapshot[Project]:
        return self._join(name, self._having(name, lambda layer: layer.project(name)))

    def resident(self, name: NormalizedName) -> Snapshot[Project] | None:
        parts = self._having(name, lambda layer: layer.resident(name))
        ready = [part for part in parts if part is not None]
        return self._join(name, ready) if len(ready) == len(parts) else None

    def file(self, name: NormalizedName, key: str, filename: str) -> Blob:
        listed(self.project(name).value, key, filename)
        for layer in self._layers:
            try:
                return layer.file(name, key, filename)
            except (NoSuchProject, NoSuchFile):
                continue
        raise NoSuchFile(filename)

    def _having(self, name: NormalizedName, ask: Callable[[Index], S]) -> list[S]:
        answers = []
        for layer in self._layers:
            try:
                answers.append(ask(layer))
            except NoSuchProject:
                continue
        if not answers:
            raise NoSuchProject(name)
        return answers

    def _join(self, name: NormalizedName, parts: list[Snapshot[Project]]) -> Snapshot[Project]:
        if len(parts) == 1:
            return parts[0]
        files: dict[str, File] = {}
        for part in parts:
            for file in part.value.files:
                files.setdefault(file.filename, file)
        quarantined = any(part.value.status == "quarantined" for part in parts)
        merged = replace(parts[0].value, files=() if quarantined else tuple(files.values()))
        return remember(self._memo, f"{self._label}/{name}", _joined(parts), lambda: merged, parts)

    def _join_lists(self, parts: list[Snapshot[ProjectList]]) -> Snapshot[ProjectList]:
        names = {name: display for part in reversed(parts) for name, display in part.value.names.items()}
        return remember(
            self._memo, self._label, _joined(parts), lambda: ProjectList(dict(sorted(names.items()))), parts
        )


def remember(
    memo: Memo, key: str, etag: str, make: Callable[[], T], parts: Sequence[Snapshot[T]]
) -> Snapshot[T]:
    """What was made of ``parts``, from the memo if they are still at ``etag``."""
    held = memo.get(key)
    if held is not None and held.etag == etag:
        return held
    snapshot = Snapshot(make(), etag, cost=sum(part.cost for part in parts))
    memo.put(key, snapshot)
    return snapshot


def _joined(parts: Sequence[Snapshot[T]]) -> str:
    return "+".join(part.etag for part in parts)
