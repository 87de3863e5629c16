"""Browse: find a project, see its releases and metadata, yank and delete."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import ipywidgets

from pocketrepo.widgets.connection import Connection, Target
from pocketrepo.widgets.panel import LABELS, Panel, button, choice, html_of, row, text, wide


class BrowseTab(Panel):
    """The projects of the repository; what cannot be taken back is asked about first."""

    title = "Browse"

    def __init__(self, target: Target | Connection = None) -> None:
        self.search = text("Search", placeholder="part of a name, then Enter")
        self.projects = ipywidgets.Select(
            options=[], description="Projects", layout=wide(height="9em"), style=LABELS
        )
        self.version = choice("Version", [])
        self.reload = button("Reload", "List the projects again")
        self.yank = button("Yank …", "Let installers pass over this version, unless it is pinned")
        self.unyank = button("Unyank", "Take the yank of this version back")
        self.delete = button("Delete …", "Remove this version for good", "danger")
        self.question = ipywidgets.HTML()
        self.reason = text("Reason", placeholder="shown to those who install it, may be empty")
        self.sure = button("Yes", "Do it")
        self.cancel = button("Cancel", "Leave it as it is")
        self.confirm = ipywidgets.VBox(
            [self.question, self.reason, row(self.sure, self.cancel)], layout=wide()
        )
        self.confirm.add_class("pocketrepo-confirm")
        self.shown = ipywidgets.HTML()
        self._agreed: Callable[[], None] = lambda: None
        self._ask_nothing()
        actions = row(self.reload, self.yank, self.unyank, self.delete)
        super().__init__(
            target, [self.search, self.projects, self.version, actions, self.confirm], [self.shown]
        )
        self.on(self.search, self.refresh)
        self.on(self.reload, self.refresh)
        self.on(self.projects, lambda: self.work("reading", self._show))
        self.on(self.version, self._ask_nothing)
        self.on(self.yank, self._ask_yank)
        self.on(self.unyank, self._unyank)
        self.on(self.delete, self._ask_delete)
        self.on(self.sure, self._do)
        self.on(self.cancel, self._ask_nothing)

    def refresh(self) -> None:
        if self.connection.running or not self.connection.is_local:
            self.work("listing", self._list, self.reload)
        else:
            self._list_nothing()

    def _list(self) -> None:
        found = list(self.connection.client.search(self.search.value))
        self._fill(self.projects, found)
        self._show()
        if not found:
            self.say("no project of such a name" if self.search.value else "nothing was pushed yet")

    def _list_nothing(self) -> None:
        self._fill(self.projects, [])
        self._fill(self.version, [])
        self.shown.value = ""
        self._allow(False)
        self.say("no server is running", hint="start it on the Server tab")

    def _show(self) -> None:
        name = self.projects.value
        self._ask_nothing()
        self._allow(name is not None)
        project = self.connection.client.show(name) if name is not None else None
        self._fill(self.version, [release.version for release in project.releases] if project else [])
        self.shown.value = html_of(project) if project else ""

    def _fill(self, control: ipywidgets.Widget, options: list[str]) -> None:
        """Other options; what was chosen stays so, if it is still there."""
        chosen = control.value
        with self.filling():
            control.options = options
            control.value = chosen if chosen in options else next(iter(options), None)

    def _allow(self, allowed: bool) -> None:
        for each in (self.yank, self.unyank, self.delete):
            self.allow(each, allowed)

    def _ask_nothing(self) -> None:
        self.confirm.layout.display = "none"

    def _ask(self, question: str, yes: str, agreed: Callable[[], None], *, reason: bool = False) -> None:
        self.question.value = f'<p role="alert">{escape(question)}</p>'
        self.reason.layout.display = "" if reason else "none"
        self.reason.value = ""
        self.sure.description, self.sure.button_style = yes, "" if reason else "danger"
        self._agreed = agreed
        self.confirm.layout.display = ""

    def _ask_yank(self) -> None:
        name, version = self.projects.value, self.version.value

        def agreed() -> None:
            done = self.connection.client.yank(name, version, reason=self.reason.value)
            self._after(f"yanked {', '.join(done)}")

        question = (
            f"Yank {name} {version}? Installers pass over it, unless somebody asks for exactly this version."
        )
        self._ask(question, f"Yank {version}", agreed, reason=True)

    def _ask_delete(self) -> None:
        name, version = self.projects.value, self.version.value

        def agreed() -> None:
            done = self.connection.client.delete(name, version)
            self._after(f"deleted {', '.join(done)}")

        question = f"Delete {name} {version} for good? Its file names stay taken."
        self._ask(question, f"Delete {version}", agreed)

    def _do(self) -> None:
        agreed = self._agreed
        self._ask_nothing()
        self.work("working", agreed, self.yank, self.unyank, self.delete)

    def _unyank(self) -> None:
        name, version = self.projects.value, self.version.value

        def job() -> None:
            self._after(f"unyanked {', '.join(self.connection.client.unyank(name, version))}")

        self.work("working", job, self.yank, self.unyank, self.delete)

    def _after(self, said: str) -> None:
        self._list()
        self.say(said)
