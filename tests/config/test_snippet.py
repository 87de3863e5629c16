from __future__ import annotations

import configparser
import shlex
import tomllib

import pytest

from pocketrepo.config.errors import BadUrl
from pocketrepo.config.snippet import SNIPPET_TOOLS, snippet, upload_url_for
from pocketrepo.errors import UsageError

URL = "https://repo.example/acme/internal/simple/"


@pytest.mark.parametrize("tool", SNIPPET_TOOLS)
@pytest.mark.parametrize("extra", [False, True])
@pytest.mark.parametrize("private", [False, True])
def test_every_snippet_names_the_host_and_ends_in_one_line_break(
    tool: str, extra: bool, private: bool
) -> None:
    text = snippet(tool, URL, extra=extra, private=private)
    assert "repo.example" in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("tool", SNIPPET_TOOLS)
def test_a_credential_in_the_url_is_never_repeated(tool: str) -> None:
    text = snippet(tool, "https://ada:s3cret@repo.example/simple/", package="demo")
    assert "s3cret" not in text
    assert "ada" not in text


@pytest.mark.parametrize("tool", ["pip", "uv", "poetry", "requirements", "dockerfile", "ci"])
def test_a_url_with_credentials_makes_a_private_snippet(tool: str) -> None:
    assert "POCKETREPO_TOKEN" in snippet(tool, "https://ada:s3cret@repo.example/simple/")


def test_pip_snippet_is_one_command() -> None:
    words = shlex.split(snippet("pip", URL, package="demo==1.0"))
    assert words == ["pip", "install", "--index-url", URL, "demo==1.0"]


def test_http_beyond_loopback_is_trusted_for_pip() -> None:
    assert "--trusted-host repo.example " in snippet("pip", "http://repo.example:8080/simple/")
    assert "--trusted-host" not in snippet("pip", "http://127.0.0.1:8080/simple/")


@pytest.mark.parametrize("tool", ["pip", "requirements", "pip.conf"])
def test_an_extra_index_explains_what_mixing_means(tool: str) -> None:
    assert "highest version" in snippet(tool, URL, extra=True)
    assert "highest version" not in snippet(tool, URL)


@pytest.mark.parametrize("tool", ["uv", "pdm"])
@pytest.mark.parametrize("extra", [False, True])
def test_toml_snippets_are_toml(tool: str, extra: bool) -> None:
    tables = tomllib.loads(snippet(tool, URL, extra=extra, private=True, package="zope.interface"))["tool"][
        tool
    ]
    [entry] = tables["index" if tool == "uv" else "source"]
    assert entry["url"] == URL


@pytest.mark.parametrize("tool", ["pypirc", "pip.conf"])
def test_ini_snippets_are_ini(tool: str) -> None:
    parser = configparser.RawConfigParser()
    parser.read_string(snippet(tool, URL, private=True))
    if tool == "pypirc":
        assert parser["distutils"]["index-servers"].split() == ["pypi", "pocketrepo"]
        assert parser["pocketrepo"]["repository"] == "https://repo.example/acme/internal/legacy/"
    else:
        assert parser["global"]["index-url"] == URL


@pytest.mark.parametrize(
    ("index", "upload"),
    [
        ("https://h/simple/", "https://h/legacy/"),
        ("https://h/acme/x/simple", "https://h/acme/x/legacy/"),
        ("https://h/basic/acme/x/python/simple/", "https://h/python/acme/x/"),
        ("https://h/public/acme/x/python/index/", "https://h/python/acme/x/"),
        ("https://h/root/pypi/+simple/", None),
    ],
)
def test_upload_url(index: str, upload: str | None) -> None:
    assert upload_url_for(index) == upload


def test_twine_needs_an_upload_url_that_can_be_told() -> None:
    with pytest.raises(UsageError, match="upload_url"):
        snippet("twine", "https://h/root/dev/+simple/")
    assert "https://h/root/dev/" in snippet(
        "twine", "https://h/root/dev/+simple/", upload_url="https://h/root/dev/"
    )


def test_an_unknown_tool_is_told_the_known_ones() -> None:
    with pytest.raises(UsageError, match="poetry"):
        snippet("conda", URL)


@pytest.mark.parametrize(
    "url",
    ["", " ", "repo.example/simple/", "https://h/a b/", 'https://h/"', "https://h/\nx", "https:///simple", "ftp://h/",
     "https://h/$(id)/", "https://h/`id`/", "https://h/${home}/", "https://h/#x", "https://h:port/"],
)  # fmt: skip
def test_what_is_no_index_url_is_refused(url: str) -> None:
    with pytest.raises(BadUrl):
        snippet("pip", url)


@pytest.mark.parametrize("package", ["", "a;id", "$(id)", "a b", "-r", "demo>1", "a\nb"])
def test_what_is_no_package_is_refused(package: str) -> None:
    with pytest.raises(UsageError):
        snippet("pip", URL, package=package)
