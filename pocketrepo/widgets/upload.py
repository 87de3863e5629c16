"""Upload: files dropped or chosen in the browser, pushed from here; refused ones with their reason."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import ipywidgets

from pocketrepo import display
from pocketrepo.client.listings import SAID
from pocketrepo.client.progress import Progress
from pocketrepo.errors import BadUpload, PocketRepoError
from pocketrepo.widgets.connection import Connection, Target
from pocketrepo.widgets.panel import Panel
from pocketrepo.widgets.reception import Reception

if TYPE_CHECKING:
    from pocketrepo.widgets.zone import Receive, UploadZone

SMALL = 10_000_000
"""Bytes; what ipywidgets' FileUpload sends in one message. Jupyter drops larger ones, without a word."""
WITHOUT_ZONE = (
    "<p>One step for small files: up to 10&nbsp;MB each, as larger ones are lost on their way to the kernel. For "
    "files of any size install <code>anywidget</code> where Jupyter runs and in this kernel's environment, or use "
    "<code>server.push(path)</code>.</p>"
)
SHOWN = 20
"""Rows; older ones are dropped."""


def _zone(receive: Receive) -> UploadZone | None:
    """None where anywidget is not installed."""
    try:
        from pocketrepo.widgets.zone import UploadZone
    except ModuleNotFoundError as error:
        if error.name != "anywidget":
            raise
        return None
    return UploadZone(receive)


class UploadTab(Panel):
    """Takes wheels and sdists from the browser, whatever machine that is on, and pushes them."""

    title = "Upload"

    def __init__(self, target: Target | Connection = None) -> None:
        self.zone = _zone(self._push)
        self.small = ipywidgets.FileUpload(
            accept=".whl,.gz,.zip",
            multiple=True,
            description="Choose files, 10 MB at most",
            tooltip="Choose wheels or sdists of up to 10 MB each",
            layout=ipywidgets.Layout(width="auto"),
        )
        without = ipywidgets.VBox([ipywidgets.HTML(WITHOUT_ZONE), self.small])
        # Hidden by the zone's own style sheet, where Jupyter can show the zone at all.
        without.add_class("pocketrepo-without-zone")
        self._rows: list[tuple[display.Piece, ...]] = []
        self.done = ipywidgets.HTML()
        super().__init__(target, [*([self.zone] if self.zone else []), without], [self.done])
        self.on(self.small, self._take_small)

    def _push(self, reception: Reception, progress: Progress) -> None:
        """Push a file that has come, and say what came of it."""
        try:
            pushed = self.connection.client.upload(reception.path, progress=progress)
            if pushed.sha256 != reception.sha256:
                raise BadUpload(f"{pushed.filename} has changed on this machine's disk")
        except PocketRepoError as error:
            self._add(reception, f"refused: {error}")
        else:
            self._add(reception, SAID[pushed.result])
            self.connection.changed()

    def _add(self, reception: Reception, outcome: str) -> None:
        name = reception.path.name
        row = (display.text(name), display.text(display.size(reception.size)), display.text(outcome))
        self._rows = [row, *self._rows][:SHOWN]
        self.done.value = display.table(["file", "size", "result"], self._rows).html
        self.say(f"{name}: {outcome}", "error" if outcome.startswith("refused") else "done")

    def _take_small(self) -> None:
        taken, self.small.value = self.small.value, ()
        if taken:
            self.work(f"pushing {len(taken)}", lambda: self._push_small(taken))

    def _push_small(self, taken: Iterable[dict[str, Any]]) -> None:
        for item in taken:
            self.guarded(self._push_one)(item["name"], item["content"])

    def _push_one(self, name: str, content: memoryview) -> None:
        reception = Reception(name, len(content), limit=SMALL)
        try:
            reception.write(0, content)
            self._push(reception, lambda done, total: None)
        finally:
            reception.close()
