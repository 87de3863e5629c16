"""What objects show of themselves: one description, as HTML in a notebook and as text everywhere else.

HTML is in the notebook's own colours, light or dark, with inline styles and without script: it reads well in a
notebook that is opened again without a kernel. Showing something asks nobody: no network, no process.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, NamedTuple, TypeVar

from pocketrepo.errors import UsageError

T = TypeVar("T")

LONGEST_TABLE = 100
"""Rows that are shown; the object has them all."""
SHORT = 24
"""Characters."""
_FRAME = (
    "font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:var(--jp-ui-font-size1,13px);"
    "line-height:1.5;color:var(--jp-ui-font-color1,inherit);border:1px solid var(--jp-border-color2,#8886);"
    "border-radius:6px;padding:.6em .9em;max-width:64em;overflow-x:auto"
)
_CODE = (
    "font-family:var(--jp-code-font-family,ui-monospace,monospace);font-size:.95em;"
    "color:var(--jp-ui-font-color1,inherit);background:var(--jp-layout-color2,#8882);padding:.1em .4em;"
    "border-radius:3px;white-space:pre-wrap;overflow-wrap:break-word;user-select:all"
)
_CONTROLS = dict.fromkeys(
    {*range(0x20), *range(0x7F, 0xA0)} - {*map(ord, "\t\n\r")}, "\N{REPLACEMENT CHARACTER}"
)
_LINK = "color:var(--jp-content-link-color,#0b6bcb);text-decoration:underline"
_MUTED = "color:var(--jp-ui-font-color2,#888)"
_TABLE = "border-collapse:collapse;margin:.4em 0 0;font-size:inherit;color:inherit"
_CELL = "text-align:left;padding:.2em 1.2em .2em 0;vertical-align:top"
_DIFF = (
    "font-family:var(--jp-code-font-family,ui-monospace,monospace);font-size:.95em;line-height:1.5;margin:.4em 0;"
    "padding:.3em 0;color:var(--jp-ui-font-color1,inherit);background:var(--jp-layout-color2,#8882);"
    "border-radius:3px;white-space:pre-wrap;overflow-wrap:anywhere"
)
_ADDED = "background:rgba(46,160,67,.25)"
_REMOVED = "background:rgba(248,81,73,.25)"
_UNITS = ("kB", "MB", "GB")


class Piece(NamedTuple):
    """Something to be shown, as text and as HTML."""

    plain: str
    html: str


class Shown(ABC):
    """Shows itself as one `Piece`."""

    @abstractmethod
    def _piece(self) -> Piece: ...

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        plain, html = self._piece()
        return {"text/plain": plain, "text/html": html}

    def _repr_html_(self) -> str:
        """For what asks for HTML alone."""
        return self._piece().html

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """For IPython in a terminal, which asks for text alone and would print a list item by item."""
        printer.text(self._piece().plain)


class Listing(Shown, list[T]):
    """A list that is also a table."""

    def to_pandas(self) -> Any:
        """The rows as a ``pandas.DataFrame``. Raises UsageError where pandas is not installed."""
        try:
            import pandas
        except ImportError:
            raise UsageError("pandas is not installed here", hint="pip install pandas") from None
        return pandas.DataFrame(self._records())

    @abstractmethod
    def _records(self) -> dict[str, list[Any]]:
        """Column -> values, for programs."""

    def __str__(self) -> str:
        return self._piece().plain


def running_cell() -> int | None:
    """The number of the notebook's cell that runs; None outside of a notebook."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    shell = get_ipython()
    return int(shell.execution_count) if shell is not None else None


def show(shown: Shown) -> None:
    """Put an object out in a notebook."""
    from IPython.display import display

    display(shown._repr_mimebundle_(), raw=True)  # type: ignore[no-untyped-call]


def text(words: str) -> Piece:
    return Piece(words, escape(words))


def code(words: str) -> Piece:
    """Text to copy: a click selects all of it."""
    return Piece(words, f'<code style="{_CODE}">{escape(words)}</code>')


def strong(words: str) -> Piece:
    return Piece(words, f"<strong>{escape(words)}</strong>")


def muted(words: str) -> Piece:
    return Piece(words, f'<span style="{_MUTED}">{escape(words)}</span>')


def link(label: str, url: str) -> Piece:
    """A link that opens beside the notebook; as text, its label."""
    address = escape(url)
    return Piece(
        label,
        f'<a href="{address}" target="_blank" rel="noopener noreferrer" style="{_LINK}">{escape(label)}</a>',
    )


def phrase(*pieces: Piece) -> Piece:
    """Pieces in one line."""
    return Piece(" ".join(one.plain for one in pieces), " ".join(one.html for one in pieces))


def block(*pieces: Piece) -> Piece:
    """Pieces one below the other."""
    shown = [one for one in pieces if one.plain or one.html]
    return Piece(
        "\n".join(one.plain for one in shown if one.plain),
        "".join(f"<div>{one.html}</div>" for one in shown if one.html),
    )


def card(*pieces: Piece) -> Piece:
    """A box around pieces, one below the other."""
    plain, html = block(*pieces)
    return Piece(plain, f'<div style="{_FRAME}">{html}</div>')


def facts(rows: Iterable[tuple[str, Piece]]) -> Piece:
    """Labels with what they stand for."""
    rows = list(rows)
    width = max((len(label) for label, _ in rows), default=0)
    return Piece(
        "\n".join(
            f"  {label:{width}}  {_indented(value.plain, width + 4)}".rstrip() for label, value in rows
        ),
        _html_table([], [(muted(label), value) for label, value in rows]),
    )


def table(head: Sequence[str], rows: Sequence[tuple[Piece, ...]]) -> Piece:
    """Rows under their titles, the first `LONGEST_TABLE` of them."""
    hidden = len(rows) - LONGEST_TABLE
    rows = rows[:LONGEST_TABLE]
    widths = [max(len(cell.plain) for cell in column) for column in zip(map(text, head), *rows, strict=True)]
    lines = [
        "  ".join(f"{cell.plain:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [tuple(text(title.upper()) for title in head), *rows]
    ]
    shown = Piece("\n".join(lines), _html_table(head, rows))
    return block(shown, muted(f"and {hidden:,} more")) if hidden > 0 else shown


def diff(unified: str) -> Piece:
    """A unified diff, with what is added and removed on grounds of their own."""
    lines = "".join(
        f'<span style="display:block;padding:0 .6em;{_ground(line)}">{escape(line) or " "}</span>'
        for line in unified.splitlines()
    )
    return Piece(unified.rstrip("\n"), f'<pre style="{_DIFF}">{lines}</pre>')


def _ground(line: str) -> str:
    if line.startswith(("---", "+++", "@@", "\\")):
        return _MUTED
    if line.startswith(("+", "-")):
        return _ADDED if line[0] == "+" else _REMOVED
    return ""


def printable(text: str) -> str:
    """``text`` without the control characters that HTML cannot hold and a terminal would obey."""
    return text.translate(_CONTROLS)


def size(count: int) -> str:
    """Bytes as a person reads them, in powers of 1000."""
    if count < 1000:
        return f"{count} bytes"
    power = min((len(str(count)) - 1) // 3, len(_UNITS))
    number = count / 1000**power
    return f"{number:.{1 if number < 10 else 0}f} {_UNITS[power - 1]}"


def _html_table(head: Sequence[str], rows: Sequence[tuple[Piece, ...]]) -> str:
    titles = "".join(f'<th scope="col" style="{_cell(title)}">{escape(title)}</th>' for title in head)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_cell(cell.plain)}">{cell.html}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    heading = f"<thead><tr>{titles}</tr></thead>" if head else ""
    return f'<table style="{_TABLE}">{heading}<tbody>{body}</tbody></table>'


def _cell(words: str) -> str:
    """What is short is not broken into lines."""
    return f"{_CELL};white-space:{'nowrap' if len(words) <= SHORT else 'normal'}"


def _indented(words: str, width: int) -> str:
    return words.replace("\n", "\n" + " " * width)
