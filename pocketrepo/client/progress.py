"""One progress bar for a terminal and for a notebook, shown only where waiting is felt."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, int], None]
"""Told (bytes done, bytes in all)."""
SHOWN_FROM = 5 * 1024 * 1024
"""Bytes; smaller files are done before a bar could be read."""


@contextmanager
def bar(label: str, size: int) -> Iterator[Progress | None]:
    """A bar for ``size`` bytes, told of progress by the function it yields; None if there is nothing to show."""
    in_notebook = "ipykernel" in sys.modules
    if size < SHOWN_FROM or not (in_notebook or sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as RichProgress

    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    ]
    console = Console(stderr=not in_notebook)
    with RichProgress(*columns, console=console, transient=True) as shown:
        task = shown.add_task(label, total=size)
        yield lambda done, total: shown.update(task, completed=done, total=total or size)
