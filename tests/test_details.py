from __future__ import annotations

import pytest

from pocketrepo.details import Details, Link, details_of


def test_nothing_known_is_empty() -> None:
    assert details_of({}) == Details()


def test_a_field_of_another_type_counts_as_empty() -> None:
    fields = {"summary": ["x"], "requires_dist": "x", "classifiers": [1, "y"], "author": None}
    assert details_of(fields) == Details(classifiers=("y",))


@pytest.mark.parametrize(
    ("fields", "people"),
    [
        ({"author": "Ada"}, [Link("Ada", "")]),
        ({"author_email": "ada@h.example"}, [Link("ada@h.example", "mailto:ada@h.example")]),
        ({"author": "Ada", "author_email": "ada@h.example"}, [Link("Ada", "mailto:ada@h.example")]),
        ({"author_email": "Ada <ada@h.example>"}, [Link("Ada", "mailto:ada@h.example")]),
        (
            {"author_email": '"L, Ada" <ada@h.example>, bob@h.example'},
            [Link("L, Ada", "mailto:ada@h.example"), Link("bob@h.example", "mailto:bob@h.example")],
        ),
        (
            {"author": "Ada", "author_email": "Bob <bob@h.example>"},
            [Link("Ada", ""), Link("Bob", "mailto:bob@h.example")],
        ),
        ({"author_email": "somebody"}, [Link("somebody", "")]),
        (
            {"maintainer_email": "a&b?x=1@h.example"},
            [Link("a&b?x=1@h.example", "mailto:a%26b%3Fx%3D1@h.example")],
        ),
        (
            {"author_email": "x@y\r\nBcc: z@y"},
            [Link("x@y", "mailto:x@y"), Link("z@y", "mailto:z@y")],
        ),
    ],
)
def test_people_are_named_with_their_address(fields: dict[str, str], people: list[Link]) -> None:
    assert list(details_of(fields).people) == people


def test_links_have_their_labels() -> None:
    fields = {
        "home_page": "https://h.example/",
        "project_urls": ["Docs, https://h.example/docs", "https://x.example"],
    }
    assert details_of(fields).links == (
        Link("Homepage", "https://h.example/"),
        Link("Docs", "https://h.example/docs"),
        Link("https://x.example", "https://x.example"),
    )


def test_a_home_page_among_the_links_is_named_once() -> None:
    fields = {"home_page": "https://h.example/", "project_urls": ["Home, https://h.example/"]}
    assert details_of(fields).links == (Link("Home", "https://h.example/"),)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//h.example", "data:text/html,x", "ftp://h.example"])
def test_an_address_that_may_not_be_followed_is_only_shown(url: str) -> None:
    assert details_of({"project_urls": [f"Docs, {url}"]}).links == (Link(f"Docs: {url}", ""),)


@pytest.mark.parametrize(
    ("fields", "license"),
    [
        ({"license_expression": "MIT", "license": "x"}, "MIT"),
        ({"license": "BSD\nRedistribution and use\nin source"}, "BSD"),
        ({"license": "UNKNOWN", "classifiers": ["License :: OSI Approved :: MIT License"]}, "MIT License"),
        ({"license": "long " * 100}, "long " * 23 + "long…"),
    ],
)
def test_a_licence_is_short(fields: dict[str, str], license: str) -> None:
    assert details_of(fields).license == license


def test_what_only_extras_need_is_told_apart() -> None:
    requires = [
        "click>=8",
        'tomli; python_version < "3.11"',
        'pytest; extra == "test"',
        "rich ; extra=='extra'",
    ]
    found = details_of({"requires_dist": requires})
    assert [*found.requires, *found.optional] == requires
    assert len(found.requires) == 2


@pytest.mark.parametrize("text", ["one,two words", "one, two words,"])
def test_keywords_are_separated_by_commas(text: str) -> None:
    assert details_of({"keywords": text}).keywords == ("one", "two words")


def test_keywords_without_commas_are_separated_by_blanks() -> None:
    assert details_of({"keywords": "one two"}).keywords == ("one", "two")
