"""What all tabs share: a line that says what came of it, callbacks whose errors land there, and work in a thread."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from importlib.resources import files
from typing import Any, ClassVar

import ipywidgets

from pocketrepo.errors import PocketRepoError
from pocketrepo.widgets.connection import Connection, Target, connection

log = logging.getLogger(__name__)

STYLE = (files("pocketrepo.widgets") / "static" / "panel.css").read_text("utf-8")
LABELS = {"description_width": "8em"}


class Panel(ipywidgets.VBox):  # type: ignore[misc]
    """One tab. ``target`` is what it is about: a client, a server, a URL, or None for this user's server.

    Jupyter delivers one callback after another and shows nobody what they raise. So every callback is wired with
    `on`, which says the error in the panel, and what may take long runs by `work`.
    """

    title: ClassVar[str]

    def __init__(
        self,
        target: Target | Connection,
        controls: Sequence[ipywidgets.Widget],
        results: Sequence[ipywidgets.Widget] = (),
    ) -> None:
        self.connection = connection(target)
        self._said = ipywidgets.HTML()
        self._turn = threading.Lock()
        self._filling = 0
        self._jobs: list[threading.Thread] = []
        self._refused: set[ipywidgets.Button] = set()
        self._working: Counter[ipywidgets.Button] = Counter()
        super().__init__([ipywidgets.HTML(f"<style>{STYLE}</style>"), *controls, self._said, *results])
        self.add_class("pocketrepo-panel")
        self.connection.listen(self.guarded(self.refresh))
        self.guarded(self.refresh)()

    def __repr__(self) -> str:
        return f"PocketRepo's {self.title} panel: it needs its kernel, and ipywidgets in Jupyter. Run the cell again."

    def refresh(self) -> None:
        """Show the state as it is now; called when the connection has changed."""

    def say(self, text: str, kind: str = "done", hint: str = "") -> None:
        """One line between the controls and what they show; ``kind`` is done, busy or error."""
        role = "alert" if kind == "error" else "status"
        shown = escape(f"{text} ({hint})" if hint else text)
        self._said.value = f'<p class="pocketrepo-said {kind}" role="{role}">{shown}</p>' if shown else ""

    def guarded(self, callback: Callable[..., None]) -> Callable[..., None]:
        """``callback`` with its errors said in the panel."""

        def call(*arguments: Any) -> None:
            try:
                callback(*arguments)
            except PocketRepoError as error:
                self.say(error.message, "error", error.hint)
            except Exception as error:
                log.exception("a panel's callback failed")
                self.say(f"{type(error).__name__}: {error}", "error", "this is a fault of the panel itself")

        return call

    def on(self, control: ipywidgets.Widget, callback: Callable[[], None]) -> None:
        """Call back when a button is clicked, or the value of another control was changed from outside."""
        if isinstance(control, ipywidgets.Button):
            control.on_click(self.guarded(lambda _: callback()))
        else:
            by_person = self.guarded(lambda _: callback() if threading.get_ident() != self._filling else None)
            control.observe(by_person, "value")

    @contextmanager
    def filling(self) -> Iterator[None]:
        """While this thread gives controls their values, these do not call back."""
        self._filling = threading.get_ident()
        try:
            yield
        finally:
            self._filling = 0

    def work(self, doing: str, job: Callable[[], None], *buttons: ipywidgets.Button) -> None:
        """Run ``job`` in a thread, one at a time; meanwhile the buttons are off and the panel says what is done."""
        self._working.update(buttons)
        self._switch(*buttons)
        self.say(f"{doing} …", "busy")

        def run() -> None:
            with self._turn:
                before = self._said.value
                self.guarded(job)()
                if self._said.value == before:
                    self._said.value = ""
            self._working.subtract(buttons)
            self._switch(*buttons)

        thread = threading.Thread(target=run, name=f"pocketrepo-{doing}", daemon=True)
        self._jobs = [*(job for job in self._jobs if job.is_alive()), thread]
        thread.start()

    def allow(self, button: ipywidgets.Button, allowed: bool) -> None:
        """Whether the button makes sense now; while its work runs it is off in any case."""
        (self._refused.discard if allowed else self._refused.add)(button)
        self._switch(button)

    def _switch(self, *buttons: ipywidgets.Button) -> None:
        for each in buttons:
            each.disabled = each in self._refused or self._working[each] > 0

    def settle(self, timeout: float = 30.0) -> None:
        """Wait for what runs in threads; at most ``timeout`` seconds each."""
        for job in self._jobs:
            job.join(timeout)


def html_of(shown: Any) -> str:
    """What an object shows of itself in a notebook."""
    return str(shown._repr_mimebundle_()["text/html"])


def button(label: str, tooltip: str, style: str = "") -> ipywidgets.Button:
    """A button that says what it does; ``style`` is primary, danger or nothing."""
    return ipywidgets.Button(description=label, tooltip=tooltip, button_style=style)


def text(label: str, value: str = "", placeholder: str = "") -> ipywidgets.Text:
    """A labelled line that is read when it is left or Enter is pressed."""
    return ipywidgets.Text(
        value=value,
        description=label,
        placeholder=placeholder,
        continuous_update=False,
        layout=wide(),
        style=LABELS,
    )


def choice(label: str, options: Sequence[Any]) -> ipywidgets.Dropdown:
    """A labelled list to choose one from; options are values, or pairs of label and value."""
    return ipywidgets.Dropdown(options=options, description=label, layout=wide(), style=LABELS)


def wide(**more: str) -> ipywidgets.Layout:
    """As wide as there is room, up to what can be read. Each control has its own: they can be hidden by it."""
    return ipywidgets.Layout(width="auto", max_width="44em", **more)


def row(*controls: ipywidgets.Widget) -> ipywidgets.HBox:
    """Controls beside each other, and below where there is no room."""
    return ipywidgets.HBox(controls, layout=ipywidgets.Layout(flex_flow="row wrap"))
