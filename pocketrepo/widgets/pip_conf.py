"""pip.conf: what is in force and why; a change is previewed as a diff, applied, and undone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from html import escape
from pathlib import Path

import ipywidgets

from pocketrepo import config
from pocketrepo.config.url import mask
from pocketrepo.errors import UsageError
from pocketrepo.widgets.connection import Connection, Target
from pocketrepo.widgets.panel import Panel, button, choice, html_of, row, text

LEVELS = {
    "site": "this environment",
    "user": "this user",
    "global": "everyone on this machine",
    "env": "PIP_CONFIG_FILE",
}
OPERATIONS: dict[str, Callable[..., config.Change]] = {
    "Ask this index instead of PyPI": config.set_index,
    "Ask this index too": config.add_index,
    "Ask this index no more": config.remove,
    "Trust this host without https": config.trust,
}


class PipConfTab(Panel):
    """Edits the pip configuration of this kernel, one previewed change at a time."""

    title = "pip.conf"

    def __init__(self, target: Target | Connection = None, *, place: config.Place | None = None) -> None:
        self._place = place
        self._change: config.Change | None = None
        self._secrets: dict[str, str] = {}
        self.scope = choice("For", [])
        self.operation = choice("Change", list(OPERATIONS))
        self.url = text("Index", placeholder="http://127.0.0.1:8080/simple/")
        self.preview = button("Preview", "Show what would change, as a diff", "primary")
        self.apply = button("Apply", "Write the change that is shown")
        self.undo = button("Undo", "Take the newest change back")
        self.shown = ipywidgets.HTML()
        self.package = text("Where from", placeholder="a package, such as hello-pocket")
        self.in_force = ipywidgets.HTML()
        controls = [self.scope, self.operation, self.url, row(self.preview, self.apply, self.undo)]
        super().__init__(target, controls, [self.shown, self.package, self.in_force])
        self.on(self.preview, self._preview)
        self.on(self.apply, self._apply)
        self.on(self.undo, self._undo)
        self.on(self.package, self._look)
        self.on(self.url, self._take)
        for control in (self.scope, self.operation):
            self.on(control, self._forget)

    @property
    def place(self) -> config.Place:
        """The surroundings of this kernel's own pip; an environment that was active where Jupyter was started is
        another one's."""
        if self._place is not None:
            return self._place
        here = config.Place.current()
        mine = here.prefix == Path(sys.prefix) and here.in_environment
        return replace(here, prefix=Path(sys.prefix), in_environment=mine or sys.prefix != sys.base_prefix)

    def refresh(self) -> None:
        if not self.url.value and (self.connection.running or not self.connection.is_local):
            self.url.value = self.connection.client.index_url
        self._look()

    def _look(self) -> None:
        """What counts here, as it is now; the chosen scope and a preview stay."""
        shown = config.show("pip", place=self.place)
        levels = list(dict.fromkeys(file.level for file in shown.files))
        if [value for _, value in self.scope.options] != levels:
            self.scope.options = [(LEVELS[level], level) for level in levels]
            usual = "site" if self.place.in_environment else "user"
            self.scope.value = usual if usual in levels else levels[-1] if levels else None
        package = self.package.value.strip()
        asked = ", ".join(index.shown for view in shown.views for index in view.indexes) or "no index"
        files = [str(file.path) for file in shown.files if file.exists]
        self.in_force.value = "".join(
            [
                html_of(config.explain(package, place=self.place)) if package else "",
                *(_warning(error) for view in shown.views for error in view.errors),
                f"<p><strong>In force:</strong> pip asks {escape(asked)}</p>",
                html_of(shown),
                f"<p>{escape('Read from ' + ', '.join(files)) if files else 'No configuration file is there.'}</p>",
            ]
        )
        newest = self._newest()
        self.allow(self.apply, self._change is not None and not self._change.applied)
        self.allow(self.undo, newest is not None)
        self.undo.tooltip = f"Undo: {newest.what}" if newest else "There is nothing to undo"

    def _newest(self) -> config.Record | None:
        return next((one for one in config.history(place=self.place) if not one.undone), None)

    def _preview(self) -> None:
        url = self.url.value.strip()
        if not url:
            raise UsageError("which index?", hint="its address, such as http://127.0.0.1:8080/simple/")
        operation = OPERATIONS[self.operation.value]
        url = self._secrets.get(url, url)
        change = operation(url, scope=self.scope.value, dry_run=True, place=self.place)
        self._change = change
        self.shown.value = html_of(change)
        self.say("not applied yet" if change.diff else "nothing to do: it is so already")
        self.allow(self.apply, bool(change.diff))

    def _apply(self) -> None:
        assert self._change is not None
        self._change = self._change.apply()
        self.shown.value = html_of(self._change)
        self.say(f"applied: {self._change.what}")
        self._look()

    def _undo(self) -> None:
        record = config.undo(place=self.place)
        self._change, self.shown.value = None, ""
        self.say(f"undone: {record.what}")
        self._look()

    def _take(self) -> None:
        """What a control holds may be saved with the notebook: a secret in it is masked there and kept here."""
        typed = self.url.value.strip()
        self.url.value = mask(typed)
        if self.url.value != typed:
            self._secrets[self.url.value] = typed
        self._forget()

    def _forget(self) -> None:
        """A preview of something else is no preview."""
        self._change, self.shown.value = None, ""
        self.allow(self.apply, False)


def _warning(text: str) -> str:
    return f'<p class="pocketrepo-warning">{escape(text)}</p>'
