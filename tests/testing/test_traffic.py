"""The record of what was asked."""

from __future__ import annotations

import pytest

from pocketrepo.testing import Index, Request, Requests
from pocketrepo.testing.traffic import fits
from tests.testing.http import first_file, get

PIP = 'pip/26.0 {"ci":null}'


@pytest.mark.parametrize(
    ("agent", "tool"),
    [(PIP, "pip"), ("uv/0.9.1 {}", "uv"), ("python-requests/2.32", "python-requests"), ("", ""), ("?", "")],
)
def test_a_tool_is_known_by_its_user_agent(agent: str, tool: str) -> None:
    assert Request("GET", "/", 200, agent).tool == tool


@pytest.mark.parametrize(
    ("path", "pattern", "meant"),
    [
        ("/simple/lib/", "*", True),
        ("/simple/lib/", "/simple/lib/", True),
        ("/simple/lib/", "/simple/l*", True),
        ("/simple/lib/", "/simple/", False),
        ("/files/lib/1/lib-1.0.tar.gz", "lib-1.*", True),
        ("/files/lib/1/lib-1.0.tar.gz", "lib", False),
    ],
)
def test_a_pattern_without_a_slash_means_a_file(path: str, pattern: str, meant: bool) -> None:
    assert fits(path, pattern) == meant


def test_requests_are_found_by_tool_path_method_and_status(pocketrepo: Index) -> None:
    pocketrepo.add("lib==1.0")
    url = first_file(pocketrepo.index_url, "lib")
    get(f"{pocketrepo.index_url}nothing/", agent=PIP)
    get(f"{url}.metadata", agent=PIP)
    get(url, agent=PIP)
    requests = pocketrepo.requests
    assert requests.paths[:2] == ["/simple/lib/", "/simple/nothing/"]
    assert len(requests.where(tool="pip")) == 3
    assert requests.where(tool="pip", status=404).paths == ["/simple/nothing/"]
    assert requests.where(path="/simple/*") == requests[:2]
    assert len(requests.where(path="lib-1.0*.whl")) == 1
    assert requests.where(method="POST") == []
    assert pocketrepo.downloads == ["lib-1.0-py3-none-any.whl"]


def test_they_show_themselves_a_line_each() -> None:
    requests = Requests(
        [Request("GET", "/simple/lib/", 200, PIP), Request("GET", "/simple/", 0, fault="offline")]
    )
    first, second = str(requests).splitlines()
    assert first.split() == ["GET", "200", "0", "ms", "pip", "/simple/lib/"]
    assert second.endswith("/simple/  [offline]")
    assert str(requests) in repr(requests)
    assert "no requests" in str(Requests())


def test_they_can_be_forgotten(pocketrepo: Index) -> None:
    get(pocketrepo.index_url)
    pocketrepo.requests.clear()
    assert pocketrepo.requests == []
