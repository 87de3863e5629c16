"""What holds for every page: its policy, its structure, its looks, and what others wrote into it."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from packaging.utils import NormalizedName

from pocketrepo.repository import Root
from tests.distributions import make_wheel
from tests.uploads import admit, hosted
from tests.web.page import BROWSER, PAGES, PROJECT, REPO, Page, assert_harmless, get, page, parse

HELLO = NormalizedName("hello-pocket")
CODE = "<script>alert(1)</script>'\"><img src=x onerror=alert(1)>"


def test_nothing_that_others_wrote_gets_out_of_its_place(
    root: Root, http: FlaskClient, tmp_path: Path
) -> None:
    headers = {
        "Author": CODE,
        "Author-email": f"{CODE} <x@y>",
        "Maintainer": CODE,
        "Maintainer-email": CODE,
        "License": CODE,
        "Keywords": CODE,
        "Home-page": f"javascript:{CODE}",
        "Download-URL": f"https://h.example/{CODE}",
        "Project-URL": [f"{CODE}, https://h.example/?{CODE.replace(' ', '+')}", f"x, {CODE}"],
        "Classifier": [f"Private :: {CODE}"],
        "Platform": CODE,
        "Description-Content-Type": "text/plain",
    }
    path = make_wheel(
        tmp_path,
        summary=CODE,
        description=CODE,
        headers=headers,
        metadata_version="2.1",
        requires=["x; extra == 'a'"],
    )
    admit(root, path)
    hosted(root).yank(HELLO, reason=CODE, actor="tests")
    code = CODE.replace("'", "%27").replace('"', "%22").replace("<", "%3C").replace(">", "%3E")
    for address in ("/", REPO, f"{REPO}?q={code}&page={code}", PROJECT, f"{PROJECT}?version=1.0&{code}"):
        found = page(http, address)
        forms = [element for element in found.elements if element.tag != "form"]
        assert_harmless(Page(forms))
        assert all(re.fullmatch(r"[./]+static/(style\.css|icon\.svg)", each) for each in found.loads)
    assert page(http, PROJECT).text.count(CODE) > 10


def test_every_page_has_its_policy_and_no_cookie(stocked: Root, http: FlaskClient) -> None:
    for path in [*PAGES, "/static/style.css", f"{REPO}projects/nothing/"]:
        response = http.get(path, headers={"Accept": BROWSER})
        policy = response.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert "script-src" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in response.headers


def test_every_page_needs_nothing_that_its_policy_forbids(stocked: Root, http: FlaskClient) -> None:
    for path in PAGES:
        found = page(http, path)
        assert found.all("script", "style", "iframe", "object") == []
        assert not [
            name
            for _, attributes in found.elements
            for name in attributes
            if name == "style" or name[:2] == "on"
        ]
        assert [urlsplit(form.get("action", "")).netloc for form in found.all("form")] in ([], [""])


def test_every_page_has_landmarks_and_an_outline(stocked: Root, http: FlaskClient) -> None:
    for path in [*PAGES, f"{REPO}projects/nothing/"]:
        found = parse(http.get(path, headers={"Accept": BROWSER}).text)
        assert [len(found.all(tag)) for tag in ("main", "h1", "title", "footer")] == [1, 1, 1, 1]
        assert found.all("html") == [{"lang": "en"}]
        levels = [int(heading[1]) for heading in found.headings]
        assert all(after <= before + 1 for before, after in zip([0, *levels], levels, strict=False))
        assert len(found.ids) == len(set(found.ids))
        labels = {each["for"] for each in found.all("label")}
        assert labels == {each["id"] for each in found.all("input")}
        named = [each["aria-labelledby"] for _, each in found.elements if "aria-labelledby" in each]
        assert set(named) <= set(found.ids)
        assert all("alt" in image for image in found.all("img"))
        fragments = {link[1:] for link in found.links if link.startswith("#")}
        assert fragments <= set(found.ids)


@pytest.mark.parametrize("path", ["/", REPO, PROJECT, "/static/style.css"])
def test_head_answers_like_get_without_a_body(stocked: Root, http: FlaskClient, path: str) -> None:
    got, head = http.get(path), http.head(path)
    assert head.data == b""
    assert dict(head.headers) == dict(got.headers)


@pytest.mark.parametrize("path", ["/", REPO, PROJECT, "/static/icon.svg"])
def test_a_page_that_has_not_changed_is_not_sent_again(
    stocked: Root, http: FlaskClient, tmp_path: Path, path: str
) -> None:
    first = http.get(path)
    assert first.headers["Cache-Control"] == "no-cache"
    again = {"If-None-Match": first.headers["ETag"]}
    assert (http.get(path, headers=again).status_code, http.get(path, headers=again).data) == (304, b"")
    admit(stocked, make_wheel(tmp_path, "hello-pocket", "3.0"))
    admit(stocked, make_wheel(tmp_path, "another", "3.0"))
    assert http.get(path, headers=again).status_code == (304 if path.startswith("/static") else 200)


def test_text_can_be_read_on_its_ground_in_both_schemes(http: FlaskClient) -> None:
    """Contrast of at least 4.5 for text and 3 for edges (WCAG 2.2, 1.4.3 and 1.4.11)."""
    css = get(http, "/static/style.css").text
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", part))
                   for part in re.findall(r":root \{(.*?)\}", css, re.DOTALL))  # fmt: skip
    assert light.keys() == dark.keys()
    for colours in (light, dark):
        for ground in ("ground", "raised"):
            for text in ("text", "muted", "accent"):
                assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
            assert contrast(colours["edge"], colours[ground]) >= 3
        assert contrast(colours["warning"], colours["warning-ground"]) >= 4.5
        assert contrast(colours["warning"], colours["ground"]) >= 4.5


def contrast(one: str, other: str) -> float:
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
