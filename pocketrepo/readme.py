"""A project's description as HTML that is safe to put into a page.

Markdown and reStructuredText become HTML with `nh3` as the last judge of what stays; anything else, and whatever
fails to render, is shown as the text it is. Nothing is fetched: images come from the page itself (``data:``) or
become links.
"""

from __future__ import annotations

import logging
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape, unescape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from markupsafe import Markup

if TYPE_CHECKING:
    from markdown_it.rules_core import StateCore

MARKUP_LIMIT = 128 * 1024
"""Characters of markup that are rendered: the most hostile text of this length takes a few seconds, once."""
TEXT_LIMIT = 512 * 1024
"""Characters of text that are shown."""
ANCHOR = "readme-"
"""Before every id and fragment, so that a description cannot take an id of the page around it."""

_LINK_SCHEMES = ("http", "https", "mailto")
_LINK_REL = "nofollow noopener noreferrer"
_DATA_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml)[;,]", re.IGNORECASE)
_TAGS = """
    a abbr aside b blockquote br caption cite code dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6
    hr i img ins kbd li ol p pre q s samp section small span strong sub summary sup table tbody td tfoot th thead
    tr tt u ul var
"""
_ALIGNED = ("p", "div", "h1", "h2", "h3", "h4", "h5", "h6")
_ATTRIBUTES: dict[str, set[str]] = {
    **{tag: {"align"} for tag in _ALIGNED},
    "*": {"id"},
    "a": {"href", "title"},
    "abbr": {"title"},
    "details": {"open"},
    "img": {"align", "alt", "height", "src", "title", "width"},
    "ol": {"start"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan", "scope"},
}
_CLASSES = {"aside": {"admonition"}, "p": {"admonition-title"}}

# In what nh3 wrote a tag always has this form, with every quote in a value escaped.
_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?: [a-z-]+="[^"]*")*)>')
_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')

_one_at_a_time = threading.Lock()
log = logging.getLogger("pocketrepo")


def render(text: str, content_type: str = "") -> Markup:
    """``text`` as safe HTML. ``content_type`` is the core metadata's Description-Content-Type; where it is empty,
    reStructuredText is assumed, as the specification says."""
    kind = content_type.partition(";")[0].strip().lower()
    if len(text) <= MARKUP_LIMIT and kind in ("text/markdown", "text/x-rst", ""):
        try:
            with _one_at_a_time:
                html = _markdown(text) if kind == "text/markdown" else _restructured_text(text)
            if html is not None:
                return Markup(_fit(_clean(html)))  # noqa: S704  cleaned
        except Exception as error:  # whatever a parser trips over, the text itself can be read
            log.info("a description cannot be rendered: %r", error)
    return _plain(text)


def is_link(url: str) -> bool:
    """Whether a URL that somebody else wrote may be followed from a page: absolute, and http, https or mailto."""
    if any(character <= " " or character == "\\" for character in url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in _LINK_SCHEMES and bool(parts.path if parts.scheme == "mailto" else parts.netloc)


def _plain(text: str) -> Markup:
    shown = Markup('<pre class="plain">{}</pre>').format(text[:TEXT_LIMIT])
    if len(text) > TEXT_LIMIT:
        shown += Markup("<p>Only the beginning is shown; the metadata file has all of it.</p>")
    return shown


def _markdown(text: str) -> str:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.core.ruler.push("name_headings", _name_headings)
    return str(parser.render(text))


def _name_headings(state: StateCore) -> None:
    """Give headings the ids that hand-written tables of contents link to."""
    taken: Counter[str] = Counter()
    for token, inline in zip(state.tokens, state.tokens[1:], strict=False):
        if token.type == "heading_open":
            words = "".join(
                part.content for part in inline.children or () if part.type in ("text", "code_inline")
            )
            slug = re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-")
            token.attrSet("id", f"{slug}-{taken[slug]}" if taken[slug] else slug)
            taken[slug] += 1


def _restructured_text(text: str) -> str | None:
    """None for text that is not valid: docutils would leave out what it does not understand."""
    import io

    from docutils.core import publish_parts
    from docutils.utils import SystemMessage
    from docutils.writers.html5_polyglot import Writer
    from readme_renderer.rst import SETTINGS, ReadMeHTMLTranslator

    settings = {
        **SETTINGS,
        "_disable_config": True,  # else a docutils.conf of the working folder has the last word
        "file_insertion_enabled": False,
        "raw_enabled": False,
        "id_prefix": "",
        "section_self_link": False,
        "syntax_highlight": "none",
        "toc_backlinks": False,
        "warning_stream": io.StringIO(),
    }
    writer = Writer()
    writer.translator_class = ReadMeHTMLTranslator
    with _own_roles():
        try:
            parts = publish_parts(text, writer=writer, settings_overrides=settings)
        except SystemMessage:
            return None
    return str(parts["docinfo"] + parts["fragment"]) or None


@contextmanager
def _own_roles() -> Iterator[None]:
    """Docutils keeps the roles that a text defines for all texts after it."""
    from docutils.parsers.rst import roles

    registry: dict[str, object] = roles._roles  # type: ignore[attr-defined]
    before = dict(registry)
    try:
        yield
    finally:
        registry.clear()
        registry.update(before)


def _clean(html: str) -> str:
    import nh3

    return nh3.clean(
        html,
        tags=set(_TAGS.split()),
        clean_content_tags={"script", "style", "template", "title"},
        attributes=_ATTRIBUTES,
        attribute_filter=_judge_attribute,
        allowed_classes=_CLASSES,
        id_prefix=ANCHOR,
        link_rel=_LINK_REL,
        url_schemes={*_LINK_SCHEMES, "data"},
    )


def _judge_attribute(_tag: str, name: str, value: str) -> str | None:
    if name == "href":
        if value.startswith("#"):
            return f"#{ANCHOR}{value[1:]}"
        return value if is_link(value) else None
    if name == "src":
        return value if _DATA_IMAGE.match(value) or is_link(value) else None
    return value


def _fit(html: str) -> str:
    """Cleaned HTML as a part of our page: headings below the page's own, and links for images that are
    elsewhere, which the page must not load."""
    within_link = False

    def replace(tag: re.Match[str]) -> str:
        nonlocal within_link
        closing, name, attributes = tag.groups()
        if name == "a":
            within_link = not closing
        elif name == "img":
            return _image(tag[0], dict(_ATTRIBUTE.findall(attributes)), within_link)
        elif name[0] == "h" and name[1:].isdigit():
            return f"<{closing}h{min(int(name[1:]) + 2, 6)}{attributes}>"
        return tag[0]

    return _TAG.sub(replace, html)


def _image(tag: str, attributes: dict[str, str], within_link: bool) -> str:
    """The image itself if it is within the text; else its description, linked if it can be."""
    source = attributes.get("src", "")
    if source.startswith("data:"):
        return tag
    described = unescape(attributes.get("alt", "")).strip() or unescape(source).rpartition("/")[2] or "image"
    if within_link or not source:
        return f'<span class="image">{escape(described)}</span>'
    return f'<a class="image" href="{source}" rel="{_LINK_REL}">{escape(described)}</a>'
