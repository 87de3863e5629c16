"""What all tabs share."""

from __future__ import annotations

import threading

import ipywidgets
import pytest

from pocketrepo.errors import Refused
from pocketrepo.widgets.panel import Panel, button, text


class Plain(Panel):
    title = "Plain"

    def __init__(self) -> None:
        self.press = button("Press", "Press it")
        self.name = text("Name")
        super().__init__("http://127.0.0.1:9/", [self.press, self.name])


@pytest.fixture
def panel() -> Plain:
    return Plain()


def said(panel: Panel) -> str:
    return str(panel._said.value)


def raises(error: Exception) -> None:
    raise error


def test_a_refusal_in_a_callback_is_said_with_what_to_do(panel: Plain) -> None:
    panel.on(panel.press, lambda: raises(Refused("<no>", hint="ask again")))
    panel.press.click()
    assert "&lt;no&gt; (ask again)" in said(panel)
    assert 'role="alert"' in said(panel)


def test_a_fault_in_a_callback_is_said_too(panel: Plain) -> None:
    panel.on(panel.name, lambda: raises(ZeroDivisionError("by zero")))
    panel.name.value = "x"
    assert "ZeroDivisionError: by zero" in said(panel)


def test_work_switches_its_button_off_and_says_what_is_done(panel: Plain) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def job() -> None:
        begun.set()
        assert go_on.wait(10)
        panel.say("ready")

    panel.work("working", job, panel.press)
    assert begun.wait(10)
    assert panel.press.disabled
    assert "working …" in said(panel)
    go_on.set()
    panel.settle()
    assert not panel.press.disabled
    assert "ready" in said(panel)


def test_work_that_fails_says_so_and_gives_its_button_back(panel: Plain) -> None:
    panel.work("working", lambda: raises(Refused("not today")), panel.press)
    panel.settle()
    assert "not today" in said(panel)
    assert not panel.press.disabled


def test_work_that_has_nothing_to_say_leaves_nothing(panel: Plain) -> None:
    panel.work("working", lambda: None)
    panel.settle()
    assert said(panel) == ""


def test_jobs_run_one_at_a_time(panel: Plain) -> None:
    running = threading.Lock()
    done = []

    def job() -> None:
        assert running.acquire(blocking=False)
        done.append(threading.get_ident())
        running.release()

    for _ in range(5):
        panel.work("working", job)
    panel.settle()
    assert len(done) == 5


def test_a_button_that_makes_no_sense_stays_off_when_its_work_ends(panel: Plain) -> None:
    panel.work("working", lambda: panel.allow(panel.press, False), panel.press)
    panel.settle()
    assert panel.press.disabled
    panel.allow(panel.press, True)
    assert not panel.press.disabled


def test_a_value_that_the_panel_sets_itself_calls_nobody(panel: Plain) -> None:
    heard: list[str] = []
    panel.on(panel.name, lambda: heard.append(panel.name.value))
    with panel.filling():
        panel.name.value = "from the panel"
    panel.name.value = "from a person"
    assert heard == ["from a person"]


def test_a_person_is_heard_while_another_thread_fills(panel: Plain) -> None:
    heard: list[str] = []
    panel.on(panel.name, lambda: heard.append(panel.name.value))

    def person() -> None:
        panel.name.value = "from a person"

    with panel.filling():
        thread = threading.Thread(target=person)
        thread.start()
        thread.join()
    assert heard == ["from a person"]


def test_each_control_has_a_layout_of_its_own() -> None:
    one, other = text("One"), text("Other")
    assert isinstance(one.layout, ipywidgets.Layout)
    assert one.layout is not other.layout
