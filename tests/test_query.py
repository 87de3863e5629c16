"""Queries mean what they say, or are refused."""

from __future__ import annotations

import pytest
from packaging.utils import NormalizedName

from pocketrepo.errors import UsageError
from pocketrepo.model import File, Project
from pocketrepo.query import Query

FILE = File("hello_pocket-1.0-py3-none-any.whl", "1.0", "0" * 16, 1, "0" * 64, "2026")
PROJECT = Project(NormalizedName("hello-pocket"), "Hello.Pocket", (FILE,))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "name:^hello_pocket$",
        "name:^hello",
        "name:Pocket$",
        "version:1.0.0",
        "name:hello AND version:1.0",
        "filename:hello_pocket-1.0-py3-none-any.whl format:python",
    ],
)
def test_all_terms_hold(text: str) -> None:
    assert Query.parse(text).has(PROJECT, FILE)


@pytest.mark.parametrize(
    "text", ["name:^pocket", "hello AND name:other", "version:1.1", "format:npm", "filename:x"]
)
def test_one_term_that_does_not_hold_is_enough(text: str) -> None:
    assert not Query.parse(text).has(PROJECT, FILE)


@pytest.mark.parametrize(
    "text",
    [
        "name:a OR name:b",
        "NOT name:a",
        "~name:a",
        "name:~a",
        "(name:a)",
        "version:>1.0",
        "version:>=1.0",
        "version:!=1.0",
        "version:new",
        "tag:x",
        "a" * 1025,
    ],
)
def test_what_is_not_known_is_refused_and_never_taken_literally(text: str) -> None:
    with pytest.raises(UsageError):
        Query.parse(text)


def test_queries_are_told_apart() -> None:
    texts = ["", "a", "name:a", "name:a AND version:1", "version:1 AND name:a"]
    assert len({Query.parse(text).version for text in texts}) == len(texts)
    assert [Query.parse(text).only_names for text in texts] == [True, True, True, False, False]
