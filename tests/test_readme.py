from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pocketrepo import readme
from pocketrepo.readme import is_link, render
from tests.web.page import Page, assert_harmless, parse

MARKDOWN = "text/markdown; charset=UTF-8; variant=GFM"
RST = "text/x-rst"
PIXEL = "data:image/png;base64,iVBORw0KGgo="

HOSTILE_HTML = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    '<img src=x onerror="alert(1)">',
    '<img src="javascript:alert(1)">',
    '<img src="https://evil.example/pixel.gif">',
    '<img srcset="https://evil.example/pixel.gif 2x">',
    '<a href="javascript:alert(1)">x</a>',
    '<a href="JaVa&#115;cript:alert(1)">x</a>',
    '<a href="java\tscript:alert(1)">x</a>',
    '<a href=" javascript:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="vbscript:x">x</a>',
    '<a href="//evil.example/">x</a>',
    '<a href="/v1/packages/">x</a>',
    '<a href="https:evil.example">x</a>',
    '<a href="\\\\evil.example">x</a>',
    '<svg onload="alert(1)"><script>alert(1)</script></svg>',
    "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
    '<iframe src="https://evil.example/"></iframe>',
    '<object data="x"></object><embed src="x">',
    '<base href="https://evil.example/">',
    '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
    '<link rel="stylesheet" href="https://evil.example/x.css">',
    "<style>* { display: none }</style>",
    '<p style="position:fixed;inset:0">x</p>',
    '<form action="https://evil.example/"><input name="password"><button>x</button></form>',
    '<video src="https://evil.example/"><source src="https://evil.example/"></video>',
    '<p title="<img src=x onerror=alert(1)>">x</p>',
    '<img alt="&quot;&gt;<script>alert(1)</script>" src="https://h.example/x.png">',
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<template><script>alert(1)</script></template>",
]
HOSTILE_MARKDOWN = [
    *HOSTILE_HTML,
    "[x](javascript:alert(1))",
    "[x](<java\tscript:alert(1)>)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](https://evil.example/pixel.gif)",
    "[x][y]\n\n[y]: javascript:alert(1)",
    "<javascript:alert(1)>",
    '```"><script>alert(1)</script>\nx\n```',
    '# x <img src=x onerror=alert(1)> "y"',
    '[x](https://h.example/ "\\"><script>alert(1)</script>")',
]
HOSTILE_RST = [
    *HOSTILE_HTML,
    ".. raw:: html\n\n   <script>alert(1)</script>",
    ".. role:: html(raw)\n   :format: html\n\n:html:`<script>alert(1)</script>`",
    "`x <javascript:alert(1)>`__",
    ".. image:: javascript:alert(1)",
    ".. image:: https://evil.example/pixel.gif\n   :target: javascript:alert(1)",
    ".. image:: https://evil.example/x.svg",
    ".. meta::\n   :http-equiv=refresh: 0;url=https://evil.example/",
    ".. class:: brand\n\nx",
    ".. container:: site\n\n   x",
]


def shown(text: str, kind: str = MARKDOWN) -> Page:
    return parse(render(text, kind))


@pytest.mark.parametrize("text", HOSTILE_MARKDOWN)
def test_hostile_markdown_is_harmless(text: str) -> None:
    assert_harmless(shown(f"before\n\n{text}\n\nafter"))


@pytest.mark.parametrize("text", HOSTILE_RST)
def test_hostile_restructured_text_is_harmless(text: str) -> None:
    page = shown(f"before\n\n{text}\n\nafter\n", RST)
    assert_harmless(page)
    assert not page.all("meta")


@pytest.mark.parametrize("kind", ["text/plain", "text/html", "application/x", "text/markdown2"])
@pytest.mark.parametrize("text", HOSTILE_HTML)
def test_any_other_type_is_shown_as_text(text: str, kind: str) -> None:
    page = shown(text, kind)
    assert [tag for tag, _ in page.elements] == ["pre"]
    assert page.text == text


FRAGMENTS = [
    *HOSTILE_HTML,
    "<a href='",
    '"',
    ">",
    "</a>",
    "`",
    "\n\n",
    "[x](",
    ")",
    "<!--",
    "-->",
    "](",
    "&#106;",
    "\x00",
    "> ",
    "* ",
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=5), max_size=8))
def test_no_mixture_of_hostile_pieces_gets_through(pieces: list[str]) -> None:
    assert_harmless(shown("".join(pieces)))


def test_links_pass_nothing_on() -> None:
    page = shown("[x](https://h.example/) ![y](https://h.example/y.png)")
    assert [link["rel"] for link in page.all("a")] == ["nofollow noopener noreferrer"] * 2


def test_a_remote_image_becomes_a_link_with_its_description() -> None:
    page = shown("![the <plan>](https://h.example/plan.png?a=1&b=2)")
    assert page.loads == []
    assert page.links == ["https://h.example/plan.png?a=1&b=2"]
    assert page.text.strip() == "the <plan>"


def test_a_remote_image_without_description_is_called_like_its_file() -> None:
    assert shown("![](https://h.example/a/plan.png)").text.strip() == "plan.png"


def test_a_badge_within_a_link_leaves_the_link() -> None:
    page = shown("[![build](https://ci.example/x.svg)](https://ci.example/)")
    assert page.links == ["https://ci.example/"]
    assert page.text.strip() == "build"


def test_an_image_of_the_source_tree_is_its_description() -> None:
    page = shown("![the plan](docs/plan.png)")
    assert (page.loads, page.links, page.text.strip()) == ([], [], "the plan")


@pytest.mark.parametrize(("kind", "text"), [(MARKDOWN, f"![x]({PIXEL})"), (RST, f".. image:: {PIXEL}\n")])
def test_an_image_within_the_text_is_shown(kind: str, text: str) -> None:
    assert shown(text, kind).loads == [PIXEL]


def test_an_image_within_the_text_is_of_an_image_type() -> None:
    assert shown('<img src="data:text/html,x" alt="y">').loads == []


def test_a_relative_link_keeps_its_words_alone() -> None:
    page = shown("[guide](docs/guide.md)")
    assert page.links == []
    assert page.text.strip() == "guide"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (MARKDOWN, "# One\n\n## Two\n\n##### Five"),
        (RST, "One\n===\n\nTwo\n---\n\nx\n"),
        (MARKDOWN, "<h1>a</h1><h6>b</h6>"),
    ],
)
def test_headings_stand_below_those_of_the_page(kind: str, text: str) -> None:
    headings = shown(text, kind).headings
    assert headings[0] == "h3"
    assert all("h3" <= heading <= "h6" for heading in headings)


def test_a_written_table_of_contents_leads_to_the_headings() -> None:
    links = "[a](#getting-started) [b](#getting-started-1) [c](#use-it)"
    page = shown(f"{links}\n\n# Getting started!\n## Getting started\n## `Use` it")
    assert page.links == [f"#{name}" for name in page.ids]
    assert len(set(page.ids)) == 3


def test_a_generated_table_of_contents_leads_to_the_headings() -> None:
    page = shown(".. contents::\n\nOne\n===\n\nx\n\nTwo\n===\n\nx\n", RST)
    assert len(page.links) == 2
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)


@pytest.mark.parametrize("kind", [MARKDOWN, RST])
def test_no_id_can_be_taken_for_one_of_the_page(kind: str) -> None:
    text = "# content" if kind == MARKDOWN else "content\n=======\n\nx\n\n.. _files:\n\nfiles\n=====\n\nx\n"
    assert all(name.startswith(readme.ANCHOR) for name in shown(text, kind).ids)
    assert shown('<p id="content" class="brand site">x</p>').elements == [
        ("p", {"id": f"{readme.ANCHOR}content", "class": ""})
    ]


def test_markdown_knows_tables_and_strikethrough() -> None:
    page = shown("| a | b |\n|---|--:|\n| ~~1~~ | 2 |")
    assert {"table", "th", "td", "s"} <= {tag for tag, _ in page.elements}


def test_text_without_a_type_is_restructured_text() -> None:
    assert "strong" in {tag for tag, _ in shown("**x**", "").elements}


def test_what_is_not_valid_is_shown_as_it_was_written() -> None:
    text = "Title\n==\n\nSee :func:`os.fork` and |this|."
    assert shown(text, RST).text == text


def test_a_file_of_the_server_is_not_included(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even if docutils is configured to: it looks for its settings in the working folder."""
    (tmp_path / "secret").write_text("s3cret")
    settings = "[general]\nfile_insertion_enabled: yes\nraw_enabled: yes\nhalt_level: 5\n"
    (tmp_path / "docutils.conf").write_text(settings)
    monkeypatch.chdir(tmp_path)
    for text in (
        ".. include:: secret",
        f".. include:: {tmp_path}/secret",
        ".. raw:: html\n   :file: secret",
        ".. csv-table::\n   :file: secret",
        ".. literalinclude:: secret",
        f".. raw:: html\n   :url: file://{tmp_path}/secret",
    ):
        assert "s3cret" not in render(text, RST)
    assert "<b>" not in render(".. raw:: html\n\n   <b>x</b>", RST)


@pytest.mark.parametrize("text", [".. role:: mine\n\n:mine:`x`", ".. default-role:: math\n\n`x`"])
def test_what_one_text_defines_the_next_does_not_know(text: str) -> None:
    before = render("`x`", RST)
    assert shown(text, RST).all("pre") == []
    assert shown(":mine:`x`", RST).all("pre") != []
    assert render("`x`", RST) == before


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (RST, "\n\n".join("  " * depth + "* a" for depth in range(300))),
        (MARKDOWN, "> " * 5000),
        (MARKDOWN, "<div>" * 3000),
    ],
)
def test_deep_nesting_is_survived(kind: str, text: str) -> None:
    assert_harmless(shown(text, kind))


def test_markup_beyond_the_limit_is_shown_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readme, "MARKUP_LIMIT", 8)
    assert shown("# x\n# y\n").headings == ["h3", "h3"]
    assert shown("# x\n# yz\n").headings == []


def test_endless_text_is_cut_and_says_so() -> None:
    page = shown("x" * (readme.TEXT_LIMIT + 1), "text/plain")
    assert page.text.count("x") < readme.TEXT_LIMIT + 10
    assert "Only the beginning" in page.text


def test_rendering_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    render(".. nonsense::\n\n|x| `y`_ :z:`a`", RST)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("url", ["https://h.example/", "HTTP://h.example", "mailto:ada@h.example"])
def test_a_link_to_follow(url: str) -> None:
    assert is_link(url)


@pytest.mark.parametrize(
    "url",
    ["", "h.example", "/x", "//h.example/", "https:", "https:h.example", "https:\\\\h.example", "mailto:", "ftp://h/",
     "javascript:alert(1)", "\x01https://h.example/", "https://h.example/\n", "https://[", "data:text/html,x"],
)  # fmt: skip
def test_no_link_to_follow(url: str) -> None:
    assert not is_link(url)
