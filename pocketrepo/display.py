"""How things show themselves in a notebook: plain HTML in the notebook's own colours, never a token."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pocketrepo.background import Server
    from pocketrepo.client import Pushes

_FRAME = (
    "font-family:var(--jp-ui-font-family,system-ui,sans-serif);color:var(--jp-ui-font-color1,inherit);"
    "border:1px solid var(--jp-border-color2,#8884);border-radius:6px;padding:.6em .9em;max-width:60em"
)
_CODE = (
    "font-family:var(--jp-code-font-family,ui-monospace,monospace);background:var(--jp-layout-color2,#8881);"
    "padding:.1em .4em;border-radius:3px;white-space:pre-wrap;overflow-wrap:anywhere"
)
_CELL = "text-align:left;padding:.15em .8em .15em 0;vertical-align:top"


def server_card(server: Server) -> str:
    """Address, state, and the lines that set tools up."""
    running = server.running
    state = "running" if running else "stopped"
    address = f'<a href="{escape(server.url)}">{escape(server.url)}</a>' if running else escape(server.url)
    rows = [
        ("index", _code(server.index_url)),
        ("data", _code(str(server.root))),
        ("install", _code(f"pip install --index-url {server.index_url} PACKAGE")),
        ("with uv", _code(f"uv pip install --index-url {server.index_url} PACKAGE")),
        ("push", _code("pocketrepo.push()")),
        ("stop", _code("server.stop()") if server.owned else "left to the process that started it"),
    ]
    return f'<div style="{_FRAME}"><strong>PocketRepo</strong> {state} at {address}{_table(rows)}</div>'


def pushes_table(pushes: Pushes) -> str:
    """One row a file."""
    said = {"new": "pushed", "same": "there already"}
    rows = [
        (
            escape(row.project),
            escape(row.version),
            escape(row.filename),
            f"{row.size:,} B",
            _code(row.sha256[:12]),
            said[row.result],
        )
        for row in pushes
    ]
    head = ("project", "version", "file", "size", "sha256", "result")
    note = f"index: {_code(pushes.index_url)}" if rows else "nothing to push"
    return f'<div style="{_FRAME}">{_table(rows, head)}{note}</div>'


def _table(rows: Iterable[tuple[str, ...]], head: tuple[str, ...] = ()) -> str:
    """Cells are HTML already."""
    titles = "".join(f'<th scope="col" style="{_CELL}">{escape(title)}</th>' for title in head)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) + "</tr>" for row in rows
    )
    return f"<table>{f'<thead><tr>{titles}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>"


def _code(text: str) -> str:
    return f'<code style="{_CODE}">{escape(text)}</code>'
