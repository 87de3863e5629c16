"""The web pages in a real browser, served as a person would serve them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pocketrepo import events
from pocketrepo.access import Role
from pocketrepo.access.passwords import hash_password
from pocketrepo.model import RepositoryName, normalize
from pocketrepo.repository import open_root
from pocketrepo.settings import Settings
from tests.distributions import make_sdist, make_wheel
from tests.journeys.webdriver import Browser, installed, open_browser
from tests.uploads import admit, hosted, stage

pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(installed() is None, reason="NOT LOOKED AT: the pages need chromium and chromedriver"),
]

PAGES = [
    "",
    "local/main/",
    "local/main/?q=nothing-like-that",
    "acme/many/?page=2",
    "acme/empty-but-with-a-name-that-is-longer-than-a-phone-is-wide/",
    "local/main/projects/hello-pocket/",
    "local/main/projects/hello-pocket/?version=1.0",
    "local/main/projects/hostile/",
    "local/main/projects/a-name-that-goes-on-and-on-and-on-without-ever-coming-to-an-end/",
]
PRIVATE = "acme/secret/"
USER, PASSWORD = "ada", "correct horse"
FOR_READERS = [
    "",
    PRIVATE,
    f"{PRIVATE}projects/classified/",
    f"{PRIVATE}projects/nothing/",
    "account/sign-in/",
]
WIDTHS = [360, 768, 1280]
README = """# Hello

A paragraph with `code`, **weight** and [a link](https://h.example/).

```python
print("a line of code that is a good deal longer than the screen of a phone can show at once")
```

| one | two | three | four | five | six | seven |
|-----|-----|-------|------|------|-----|-------|
| some words | some words | some words | some words | some words | some words | some words |

![A drawing](https://h.example/drawing.png)
"""
HOSTILE = """<script>window.pwned = 1</script><img src=x onerror="window.pwned = 1">
<img src="https://evil.example/pixel.gif"><p style="position: fixed; inset: 0">over everything</p>
<a id="trap" href="javascript:window.pwned = 1">trap</a>

"""

BEYOND = """
    const scrolls = each => each && (getComputedStyle(each).overflowX !== "visible" || scrolls(each.parentElement))
    return [...document.querySelectorAll("main *, header *, footer *")]
        .filter(each => each.getBoundingClientRect().right > innerWidth + 1 && !scrolls(each.parentElement))
        .map(each => each.outerHTML.slice(0, 80))
"""
"""Elements that stick out to the right, but for those within something that scrolls by itself."""
STANDING_ALONE = "header a, nav a, .jump a, .rows .name, button, input, summary"
SMALL = f"""
    return [...document.querySelectorAll("{STANDING_ALONE}")]
        .filter(each => each.getClientRects().length && each.getBoundingClientRect().height < 24)
        .map(each => each.outerHTML)
"""
"""Things to hit that a finger misses."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds a root with something on every page."""
    folder = tmp_path_factory.mktemp("pages")
    _fill(folder)
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """A server in its own process."""
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    command = [sys.executable, "-m", "pocketrepo", "serve", "--root", str(folder / "root"), "--port", "0"]
    process = subprocess.Popen(
        command,
        env={**os.environ, "POCKETREPO_RUNTIME": str(runtime)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        found = next(filter(None, (re.search(r"web page +(http://\S+)", line) for line in process.stdout)))
        yield found[1]
    finally:
        process.terminate()
        process.wait(15)
        process.stdout.close()


def _fill(folder: Path) -> None:
    root = open_root(Settings(root=folder / "root"))
    markdown = {"Description-Content-Type": "text/markdown"}
    headers = {
        **markdown,
        "Author-email": "Ada Lovelace <ada@h.example>",
        "Project-URL": ["Source, https://h.example/" + "long-path/" * 12],
        "Classifier": ["Private :: Do Not Upload"],
        "License-Expression": "MIT",
    }
    requires = [
        "click>=8.1,!=8.1.4; python_version >= '3.11' and platform_system != 'Windows'",
        "rich; extra == 'x'",
    ]
    for version in ("1.0", "1.1", "2.0rc1"):
        admit(
            root, make_wheel(folder, version=version, description=README, headers=headers, requires=requires)
        )
    admit(root, make_sdist(folder, version="1.1"))
    hosted(root).yank(normalize("hello-pocket"), version="1.0", reason="x" * 300, actor="tests")
    admit(
        root,
        make_wheel(
            folder, "hostile", description=HOSTILE + "word" * 500, summary="y" * 300, headers=markdown
        ),
    )
    admit(root, make_wheel(folder, "a-name-that-goes-on-and-on-and-on-without-ever-coming-to-an-end"))
    root.create(
        RepositoryName("acme", "empty-but-with-a-name-that-is-longer-than-a-phone-is-wide"), actor="tests"
    )
    secret = root.create(RepositoryName.parse(PRIVATE.strip("/")), actor="tests", private=True)
    secret.hosted.admit(stage(root, make_wheel(folder, "classified")))
    root.access.accounts.add_user(USER, hash_password(PASSWORD))
    root.access.accounts.set_role(USER, secret.name, Role.READ)
    many = root.create(RepositoryName("acme", "many"), actor="tests")
    for number in range(102):
        many.hosted.admit(stage(root, make_wheel(folder, f"number-{number}")))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with open_browser(tmp_path_factory.mktemp("browser") / "profile") as found:
        yield found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_fits_the_screen_and_the_browser_has_no_complaint(
    address: str, browser: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    """Screenshots stay in the test's folder, for a person to look at."""
    browser.show_as(width, 800, scheme)
    browser.problems()
    for number, page in enumerate(PAGES):
        browser.open(address + page)
        browser.run("document.querySelectorAll('details').forEach(each => { each.open = true })")
        assert browser.run("return innerWidth") == width
        assert browser.run("return document.documentElement.scrollWidth") <= width, page
        assert browser.run(BEYOND) == [], page
        browser.screenshot(tmp_path / f"{number}-{width}-{scheme}.png", whole=True)
    assert browser.problems() == []


def test_the_colours_follow_the_scheme(address: str, browser: Browser) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        browser.show_as(1280, 800, scheme)
        browser.open(address)
        ground = browser.run("return getComputedStyle(document.body).backgroundColor")
        grounds.append(sum(map(int, re.findall(r"\d+", ground))))
    assert grounds[0] > 600
    assert grounds[1] < 150


def test_a_person_finds_a_project_and_its_older_release(address: str, browser: Browser) -> None:
    browser.show_as(360, 800)
    browser.open(address)
    browser.click("a[href='./local/main/']")
    browser.type("#q", "Hello_P")
    browser.click("button")
    assert browser.run("return location.search") == "?q=Hello_P"
    assert browser.run("return document.querySelectorAll('.rows > li').length") == 1
    browser.click(".rows a.name")
    assert browser.run("return document.querySelector('h1').textContent") == "hello-pocket"
    browser.click("a[href='?version=1.0']")
    assert "Yanked" in browser.run("return document.querySelector('.notice').textContent")


def test_a_click_on_a_line_to_copy_selects_all_of_it(address: str, browser: Browser) -> None:
    browser.show_as(1280, 800)
    browser.open(f"{address}local/main/")
    browser.click("pre.copy")
    assert browser.run("return getSelection().toString().trim()") == f"{address}local/main/simple/"


def test_the_keyboard_gets_past_the_header_first(address: str, browser: Browser) -> None:
    tab, enter = "\ue004", "\ue007"
    browser.show_as(360, 800)
    browser.open(f"{address}local/main/")
    browser.type("body", tab)
    assert browser.run("return document.activeElement.textContent") == "Skip to content"
    assert browser.run("return document.activeElement.getBoundingClientRect().left") >= 0
    assert browser.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.type("a.skip", enter)
    assert browser.run("return document.activeElement.id") == "content"


def test_what_stands_alone_can_be_hit_with_a_finger(address: str, browser: Browser) -> None:
    """24 pixels at least (WCAG 2.2, 2.5.8)."""
    browser.show_as(360, 800)
    for page in PAGES:
        browser.open(address + page)
        assert browser.run(SMALL) == [], page


def test_a_hostile_description_does_nothing(address: str, browser: Browser) -> None:
    browser.show_as(1280, 800)
    browser.open(f"{address}local/main/projects/hostile/")
    browser.click("#readme-trap")
    assert browser.run("return window.pwned") is None
    assert browser.run("return document.cookie") == ""
    loaded = browser.run("return performance.getEntriesByType('resource').map(each => each.name)")
    assert loaded
    assert all(each.startswith(address) for each in loaded)
    assert browser.run("return document.elementFromPoint(60, 30).closest('header') !== null")


def signs_in(browser: Browser, page: str, secret: str = PASSWORD) -> None:
    """A person who opens a page, is asked to sign in, and does."""
    browser.open(page)
    browser.type("#user", USER)
    browser.type("#secret", secret)
    browser.click(".sign-in button")


@pytest.fixture
def stranger(browser: Browser, address: str) -> Iterator[Browser]:
    """A browser that nobody is signed in with, before and after."""
    yield browser
    browser.open(address)
    if browser.run("return document.querySelector('form.account') !== null"):
        browser.click("form.account button")


def test_a_person_signs_in_where_they_are_asked_and_out_again(
    address: str, stranger: Browser, folder: Path
) -> None:
    browser = stranger
    browser.show_as(360, 800)
    page = f"{address}{PRIVATE}projects/classified/?version=1.0"
    signs_in(browser, page, "wrong")
    assert "not known" in browser.run("return document.querySelector('[role=alert]').textContent")
    assert browser.run("return document.querySelector('#user').value") == USER
    browser.type("#secret", PASSWORD + "\ue007")
    assert browser.run("return location.href") == page
    assert browser.run("return document.querySelector('h1').textContent") == "classified"
    assert f"Signed in as {USER}" in browser.run("return document.querySelector('header').textContent")
    assert browser.run("return document.cookie") == "", "script sees none of it"
    browser.click("form.account button")
    assert browser.run("return location.href") == address
    browser.open(page)
    assert browser.run("return document.querySelector('h1').textContent") == "Sign in"
    log = [entry["event"] for entry in open_root(Settings(root=folder / "root")).log.read()]
    own = [event for event in log if event in (events.DENIED, events.SIGNED_IN, events.SIGNED_OUT)]
    assert own[-3:] == [events.DENIED, events.SIGNED_IN, events.SIGNED_OUT]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_pages_for_readers_fit_the_screen(
    address: str, stranger: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    browser = stranger
    browser.show_as(width, 800, scheme)
    signs_in(browser, f"{address}{PRIVATE}", "wrong")
    _assert_fits(browser, width, "refused")
    browser.screenshot(tmp_path / f"refused-{width}-{scheme}.png", whole=True)
    signs_in(browser, f"{address}{PRIVATE}")
    for number, page in enumerate(FOR_READERS):
        browser.open(address + page)
        browser.run("document.querySelectorAll('details').forEach(each => { each.open = true })")
        _assert_fits(browser, width, page)
        browser.screenshot(tmp_path / f"{number}-{width}-{scheme}.png", whole=True)


def _assert_fits(browser: Browser, width: int, page: str) -> None:
    assert browser.run("return document.documentElement.scrollWidth") <= width, page
    assert browser.run(BEYOND) == [], page
    assert browser.run(SMALL) == [], page
