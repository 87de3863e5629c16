"""Origins as people type them and as browsers send them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketrepo.cors import Origins
from pocketrepo.errors import UsageError
from pocketrepo.model import RepositoryName
from pocketrepo.repository import Root

LAB = "https://lab.example.org"
TOOLS = RepositoryName("acme", "tools")

TYPED = [
    (LAB, LAB),
    ("https://lab.example.org/", LAB),
    ("HTTPS://Lab.Example.ORG", LAB),
    ("https://lab.example.org:443", LAB),
    ("http://lab.example.org:80/", "http://lab.example.org"),
    ("https://lab.example.org:8443", "https://lab.example.org:8443"),
    ("http://localhost:8000", "http://localhost:8000"),
    ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ("http://[::1]:8000", "http://[::1]:8000"),
    ("http://[0:0:0:0:0:0:0:1]", "http://[::1]"),
    ("https://bücher.example", "https://xn--bcher-kva.example"),
    ("*", "*"),
]


@pytest.mark.parametrize(("typed", "sent"), TYPED)
def test_an_origin_is_kept_as_browsers_send_it(typed: str, sent: str) -> None:
    assert Origins.parse([typed]).names == (sent,)


REFUSED = [
    "",
    "null",
    "lab.example.org",
    "https://",
    "https://*.example.org",
    "https://lab.example.org/path",
    "https://lab.example.org?q",
    "https://lab.example.org#x",
    "https://user@lab.example.org",
    "https://user:secret@lab.example.org",
    "https://lab.example.org:99999",
    "https://lab.example.org:x",
    "https://[::1",
    "https://lab example.org",
    "https://lab.example.org\r\nX: y",
    "https://" + "a" * 70 + ".org",
    "file:///",
    "ftp://lab.example.org",
    "javascript:alert(1)",
    "**",
]


@pytest.mark.parametrize("typed", REFUSED)
def test_what_is_no_origin_is_refused(typed: str) -> None:
    with pytest.raises(UsageError, match=r"is no origin.*\n?"):
        Origins.parse([LAB, typed])


@given(st.text(max_size=60).map(lambda text: f"https://{text}") | st.text(max_size=30))
def test_whatever_is_typed_no_header_is_broken(typed: str) -> None:
    try:
        [name] = Origins.parse([typed]).names
    except UsageError:
        return
    assert name.isascii()
    assert name.isprintable()
    assert " " not in name
    assert Origins.parse([name]).names == (name,)


def test_each_origin_counts_once_and_in_its_order() -> None:
    assert Origins.parse(["http://b.example", LAB, f"{LAB}/"]).names == ("http://b.example", LAB)


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", f"{LAB}.evil.example", f"{LAB}:8443", "*"]
)
def test_only_a_named_origin_is_let_in_and_caches_know_that_it_varies(origin: str | None) -> None:
    headers = Origins.parse([LAB]).shared([("vary", "Accept"), ("etag", '"x"')], origin)
    assert headers == [("etag", '"x"'), ("vary", "Accept, Origin")]
    assert Origins.parse([LAB]).preflight(origin) == []


def test_a_named_origin_is_let_in_without_its_credentials() -> None:
    origins = Origins.parse([LAB, "http://b.example"])
    headers = dict(origins.shared([("content-type", "text/html")], LAB) + origins.preflight(LAB))
    assert headers["access-control-allow-origin"] == LAB
    assert headers["vary"] == "Origin"
    assert headers["access-control-allow-methods"] == "GET, HEAD"
    assert "access-control-allow-credentials" not in headers
    assert "authorization" not in headers["access-control-allow-headers"]


def test_any_page_is_let_in_only_by_a_star_and_then_nothing_varies() -> None:
    headers = dict(Origins.parse(["*"]).shared([], "https://evil.example"))
    assert headers["access-control-allow-origin"] == "*"
    assert "vary" not in headers
    assert headers == dict(Origins.parse(["*"]).shared([], None))


class TestRepository:
    def test_names_no_origins_until_it_is_told(self, root: Root) -> None:
        assert root.create(TOOLS, actor="tests").origins is None
        assert root.share(TOOLS, Origins.parse([LAB]), actor="tests").origins == Origins((LAB,))
        assert root.share(TOOLS, Origins(()), actor="tests").origins is None

    def test_remembers_them_on_disk_and_on_record(self, root: Root) -> None:
        root.create(TOOLS, actor="tests")
        root.share(TOOLS, Origins.parse([LAB]), actor="ada")
        document = root.store.get(f"repos/{TOOLS}/repository.json")
        assert document is not None
        assert document["cors"] == [LAB]
        last = list(root.log.read(TOOLS))[-1]
        assert (last["event"], last["actor"], last["origins"]) == ("repository-shared", "ada", [LAB])

    def test_that_is_private_is_shared_with_nobody(self, root: Root) -> None:
        root.create(TOOLS, actor="tests", private=True)
        with pytest.raises(UsageError, match="private"):
            root.share(TOOLS, Origins.parse(["*"]), actor="tests")
        assert root.repository(TOOLS).origins is None

    def test_that_becomes_private_forgets_whom_it_was_shared_with(self, root: Root) -> None:
        root.create(TOOLS, actor="tests")
        root.share(TOOLS, Origins.parse(["*"]), actor="tests")
        assert root.set_private(TOOLS, True, actor="tests").origins is None
        assert root.set_private(TOOLS, False, actor="tests").origins is None

    def test_whose_document_says_both_is_private(self, root: Root) -> None:
        root.create(TOOLS, actor="tests", private=True)
        root.store.update(
            f"repos/{TOOLS}/repository.json", lambda document: {**(document or {}), "cors": ["*"]}
        )
        assert root.repository(TOOLS).origins is None
