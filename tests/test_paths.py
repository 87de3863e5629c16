"""Which paths are read, what they name, and what of them a log may say."""

from __future__ import annotations

import pytest

from pocketrepo.model import RepositoryName
from pocketrepo.paths import Target, parse, redacted

TOOLS = RepositoryName("acme", "tools")
KEY = "0123456789abcdef"
PREFIXES = [
    ("", None, ""),
    ("/acme/tools", TOOLS, ""),
    ("/public/acme/tools/python", TOOLS, ""),
    ("/basic/acme/tools/python", TOOLS, ""),
    ("/pkt_SeCret.1-2/acme/tools/python", TOOLS, "pkt_SeCret.1-2"),
]


@pytest.mark.parametrize(("prefix", "repository", "token"), PREFIXES)
def test_every_prefix_has_the_same_below_it(
    prefix: str, repository: RepositoryName | None, token: str
) -> None:
    assert parse(f"{prefix}/simple/") == Target(repository, "projects", token=token)
    assert parse(f"{prefix}/simple/Hello.Pocket/") == Target(
        repository, "project", "Hello.Pocket", token=token
    )
    for filename in ("a-1.0-py3-none-any.whl", "a-1.0+x-py3-none-any.whl.metadata", "a-1!2.0.tar.gz"):
        found = parse(f"{prefix}/files/a/{KEY}/{filename}")
        assert found == Target(repository, "file", "a", KEY, filename, token)


@pytest.mark.parametrize("prefix", [prefix for prefix, _, _ in PREFIXES])
def test_simple_has_one_other_word_in_each_layout(prefix: str) -> None:
    hosted = prefix.endswith("/python")
    for rest in ("", "hello/"):
        same = parse(f"{prefix}/simple/{rest}")
        assert parse(f"{prefix}/index/{rest}") == (same if hosted else None)
        assert parse(f"{prefix}/+simple/{rest}") == (None if hosted else same)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/simple",
        "/simple/a",
        "/simple/a/b/",
        "//simple/",
        "/simple//",
        "/+index/",
        "/++simple/",
        "/+simple//a/",
        "/acme/simple/",
        "/Acme/tools/simple/",
        "/acme/tools/python/simple/",
        "/public/acme/tools/simple/",
        "/public/v1/tools/python/simple/",
        "/public/acme/files/python/simple/",
        "/acme/files/simple/",
        "/.token/acme/tools/python/simple/",
        f"/{'x' * 300}/acme/tools/python/simple/",
        "/simple/../etc/",
        "/simple/a%2f/",
        "/simple/a\n",
        "/simple/a/\n",
        f"/files/a/{KEY}/../x",
        "/files/a/0123/x.whl",
        f"/files/a/{KEY.upper()}/x.whl",
        f"/files/a/{KEY}/x whl",
        f"/files/a/{KEY}/",
        "/token/acme/tools/python/pypi/a/json",
    ],
)
def test_anything_else_is_left_to_flask(path: str) -> None:
    assert parse(path) is None


SECRET = "pkt_" + "a1" * 24


@pytest.mark.parametrize(
    "path",
    [
        f"/{SECRET}/acme/tools/python/simple/",
        "/my-own-token/acme/tools/python/simple/hello/",
        "/my-own-token/acme/tools/python/index/",
        f"/my-own-token/acme/tools/python/files/a/{KEY}/a-1.whl",
        "/my-own-token/acme/tools/python/",
        "/my-own-token/acme/tools/python",
        "/my-own-token/acme/python/simple/",
        "//my-own-token//acme/tools/python/simple/",
        "/my-own-token/Acme/Tools/Python/simple/",
        f"/acme/tools/{SECRET}/simple/",
        f"/basic/{SECRET}/acme/tools/",
        f"/acme/tools/simple/{SECRET}/",
        f"/{SECRET}",
    ],
)
def test_a_token_in_a_path_is_not_logged_wherever_it_stands(path: str) -> None:
    said = redacted(path)
    assert "my-own-token" not in said
    assert SECRET not in said
    assert "***" in said
    assert redacted(said) == said


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/simple/python/",
        "/acme/tools/simple/python/",
        "/acme/tools/+simple/python/",
        "/+simple/python/",
        "/acme/tools/simple/python",
        "/acme/tools/projects/python/",
        "/public/acme/tools/python/simple/",
        "/basic/acme/tools/python/simple/",
        "/v1/packages/acme/tools/",
        f"/files/python/{KEY}/python-1.0.tar.gz",
        f"/acme/tools/files/python/{KEY}/python-1.0.tar.gz",
        "/python/acme/tools/",
        "/simple/pkt-helper/",
    ],
)
def test_paths_without_a_token_are_logged_as_they_are(path: str) -> None:
    assert redacted(path) == path
