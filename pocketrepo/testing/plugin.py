"""The pytest plugin: fixtures, a marker and an option. It loads nothing else before a test asks for an index."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pocketrepo.testing.index import Index
    from pocketrepo.testing.server import Server

KEEP = "--pocketrepo-keep"
MARKER = "pocketrepo"


@dataclass
class _Use:
    """An index in the hands of a test: how many requests and errors there were before, and how many errors the
    test has been told of."""

    index: Index
    requests: int
    errors: int
    told: int

    @classmethod
    def begin(cls, index: Index) -> _Use:
        return cls(index, len(index.requests), len(index.errors), len(index.errors))

    def tell(self) -> list[str]:
        """Errors that are news."""
        news = self.index.errors[self.told :]
        self.told = len(self.index.errors)
        return news


_uses = pytest.StashKey[list[_Use]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("pocketrepo").addoption(
        KEEP,
        action="store_true",
        help="keep the package indexes of failed tests, and say how to look at them",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{MARKER}(packages=[...], scenario=..., token=...): what the index of this test holds from the start, and "
        "the token that reading it takes",
    )


@pytest.fixture(scope="session")
def _pocketrepo_server() -> Iterator[Server]:
    from pocketrepo.testing.server import Server

    server = Server()
    yield server
    server.stop()


@pytest.fixture
def pocketrepo_factory(
    request: pytest.FixtureRequest, _pocketrepo_server: Server
) -> Iterator[Callable[..., Index]]:
    """Makes more package indexes for this test, each empty: ``pocketrepo_factory("mirror")``."""
    from pocketrepo.testing.index import Index

    made: list[Index] = []

    def make(name: str = "index") -> Index:
        index = Index(name, server=_pocketrepo_server)
        made.append(index)
        request.node.stash.setdefault(_uses, []).append(_Use.begin(index))
        return index

    yield make
    for index in made:
        index.close()
    _no_errors(request.node)


@pytest.fixture
def pocketrepo(request: pytest.FixtureRequest, pocketrepo_factory: Callable[..., Index]) -> Index:
    """An empty package index for this test alone."""
    index = pocketrepo_factory(request.node.name)
    for marker in reversed(list(request.node.iter_markers(MARKER))):
        _prepare(index, **marker.kwargs)
    return index


@pytest.fixture(scope="session")
def pocketrepo_session(_pocketrepo_server: Server) -> Iterator[Index]:
    """One package index for all tests of this process. Fill it in a session fixture of your own, and only read it
    in tests."""
    from pocketrepo.testing.index import Index

    with Index("session", server=_pocketrepo_server) as index:
        yield index


def _prepare(
    index: Index, *, packages: tuple[str, ...] = (), scenario: str | None = None, token: str | None = None
) -> None:
    """What a marker says."""
    for release in packages:
        index.add(release)
    if scenario is not None:
        index.load(scenario)
    if token is not None:
        index.require_token("read", token)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    shared = getattr(item, "funcargs", {}).get("pocketrepo_session")
    if shared is not None:
        item.stash.setdefault(_uses, []).append(_Use.begin(shared))
    try:
        result = yield
    except BaseException:
        for use in item.stash.get(_uses, []):
            use.tell()  # the report of the failure shows them
        raise
    _no_errors(item)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for use in item.stash.get(_uses, []):
            index = use.index
            report.sections.append((f"requests to {index.url}", str(index.requests[use.requests :])))
            report.sections += [("fault of the package index", error) for error in index.errors[use.errors :]]
            if item.config.getoption(KEEP) and not index.closed:
                index.keep = True
                said = f"{index.folder}\npython -m pocketrepo serve --root {index.folder / 'root'}"
                report.sections.append(("package index kept", said))
    return report


def _no_errors(item: pytest.Item) -> None:
    """Fail the test for faults of the server that nobody told it of yet."""
    news = [error for use in item.stash.get(_uses, []) for error in use.tell()]
    if news:
        pytest.fail(f"the package index met a fault\n\n{news[-1]}", pytrace=False)
