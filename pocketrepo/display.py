"""HTML pieces for notebooks: in the notebook's own colours, light or dark, without script."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

_FRAME = (
    "font-family:var(--jp-ui-font-family,system-ui,sans-serif);color:var(--jp-ui-font-color1,inherit);"
    "border:1px solid var(--jp-border-color2,#8884);border-radius:6px;padding:.6em .9em;max-width:60em"
)
_CODE = (
    "font-family:var(--jp-code-font-family,ui-monospace,monospace);background:var(--jp-layout-color2,#8881);"
    "padding:.1em .4em;border-radius:3px;white-space:pre-wrap;overflow-wrap:anywhere"
)
_CELL = "text-align:left;padding:.15em .8em .15em 0;vertical-align:top"


def card(*parts: str) -> str:
    """A box around pieces of HTML."""
    return f'<div style="{_FRAME}">{"".join(parts)}</div>'


def table(rows: Iterable[tuple[str, ...]], head: tuple[str, ...] = ()) -> str:
    """Cells are HTML already; titles are text."""
    titles = "".join(f'<th scope="col" style="{_CELL}">{escape(title)}</th>' for title in head)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) + "</tr>" for row in rows
    )
    return f"<table>{f'<thead><tr>{titles}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>"


def code(text: str) -> str:
    """Text to copy."""
    return f'<code style="{_CODE}">{escape(text)}</code>'
