"""An HTML page as tests get it and look at it: its elements, and where its links lead."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urlsplit

from werkzeug.test import Client, TestResponse

BROWSER = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)
PIP = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
"""What browsers and pip send as ``Accept``."""
REPO = "/local/main/"
PROJECT = f"{REPO}projects/hello-pocket/"
PAGES = ["/", REPO, f"{REPO}?q=hello", "/acme/tools/", PROJECT, f"{PROJECT}?version=1.9"]
"""One of each kind, in the root that `stocked` gives."""

LOADING = {("link", "href"), ("img", "src"), ("script", "src"), ("iframe", "src"), ("source", "src")}
FOLLOWED = {
    ("a", "href"),
    ("form", "action"),
    ("area", "href"),
    ("button", "formaction"),
    ("blockquote", "cite"),
}


class Element(NamedTuple):
    tag: str
    attributes: dict[str, str]


@dataclass
class Page:
    """``elements`` in their order; ``text`` is what stands between tags."""

    elements: list[Element] = field(default_factory=list)
    text: str = ""

    def all(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.elements if tag in tags]

    @property
    def loads(self) -> list[str]:
        """Addresses that a browser fetches by itself."""
        return self._values(LOADING)

    @property
    def links(self) -> list[str]:
        """Addresses that a person may follow."""
        return self._values(FOLLOWED)

    @property
    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]

    @property
    def headings(self) -> list[str]:
        return [tag for tag, _ in self.elements if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit()]

    def _values(self, wanted: set[tuple[str, str]]) -> list[str]:
        return [
            attributes[name]
            for tag, attributes in self.elements
            for name in attributes
            if (tag, name) in wanted
        ]


def parse(html: str) -> Page:
    page = Page()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            page.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

        def handle_data(self, data: str) -> None:
            page.text += data

    reader = Reader()
    reader.feed(str(html))  # a Markup would escape what it is joined with
    reader.close()
    return page


def assert_harmless(page: Page) -> None:
    """Nothing in it runs, styles itself, posts elsewhere or leads where no link of ours may lead."""
    for tag, attributes in page.elements:
        assert tag not in ("script", "style", "iframe", "object", "embed", "base", "svg", "math", "template")
        assert not [
            name for name in attributes if name.startswith("on") or name in ("style", "srcset", "action")
        ]
    for address in page.links:
        assert urlsplit(address).scheme in ("", "http", "https", "mailto"), address
    for address in page.loads:
        assert urlsplit(address).scheme in ("", "data"), address
        assert not address.startswith("//"), address


def get(http: Client, path: str, *, status: int = 200, **headers: str) -> TestResponse:
    """As a browser asks, unless ``headers`` say otherwise."""
    sent = {"Accept": BROWSER} | {name.replace("_", "-"): value for name, value in headers.items()}
    response = http.get(path, headers=sent)
    assert response.status_code == status, response.text
    return response


def page(http: Client, path: str, *, status: int = 200) -> Page:
    return parse(get(http, path, status=status).text)


def texts(html: str, tag: str) -> list[str]:
    """What stands in each of these elements, without further tags and as it is escaped."""
    found = re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", html, re.DOTALL)
    return [re.sub(r"<[^>]*>", "", each) for each in found]
