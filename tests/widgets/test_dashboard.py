"""The dashboard as a whole: what it shows where it cannot be shown, and what everybody can use of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import ipywidgets
import pytest
from IPython.core.formatters import DisplayFormatter

import pocketrepo
from pocketrepo import widgets
from pocketrepo.background import Server
from pocketrepo.client import Client
from pocketrepo.widgets.dashboard import TABS, Dashboard

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def dashboard(client: Client) -> Iterator[Dashboard]:
    made = Dashboard(client)
    for tab in made.tabs.values():
        tab.settle()
    yield made
    made.close()


def everything(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from everything(child)


def test_the_tabs_are_in_the_order_of_use(dashboard: Dashboard) -> None:
    [pages] = dashboard.children
    assert pages.titles == ("Server", "Upload", "Browse", "Connect", "pip.conf")
    assert len({id(tab.connection) for tab in dashboard.tabs.values()}) == 1


def test_every_control_says_what_it_is(dashboard: Dashboard) -> None:
    controls = [
        each
        for each in everything(dashboard)
        if isinstance(each, ipywidgets.ValueWidget | ipywidgets.Button)
        and not isinstance(each, ipywidgets.HTML)
    ]
    assert len(controls) > 20
    for each in controls:
        assert each.description.strip(), each
        if isinstance(each, ipywidgets.Button):
            assert each.tooltip, each.description


def test_where_it_cannot_be_shown_a_sentence_says_what_to_do(dashboard: Dashboard) -> None:
    """Jupyter cuts it after 110 characters."""
    upload = dashboard.tabs["Upload"]
    shown = [repr(each) for each in (dashboard, *dashboard.tabs.values(), upload.zone)]
    for sentence in shown:
        assert len(sentence) <= 110
        assert sentence.startswith("PocketRepo")
        assert sentence.endswith("Run the cell again.")


def test_a_notebook_keeps_a_card_beside_the_widget(
    dashboard: Dashboard, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[dict[str, object]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    DisplayFormatter().format(dashboard)
    [card, widget] = shown
    assert client.url in str(card["text/html"])
    assert "run this cell again" in str(card["text/html"])
    assert VIEW not in card
    assert VIEW in widget


def test_the_card_is_hidden_by_the_dashboards_own_style(dashboard: Dashboard) -> None:
    """So it is seen exactly where there is no dashboard."""
    style = next(each.value for each in everything(dashboard) if "<style>" in str(getattr(each, "value", "")))
    assert ".pocketrepo-asleep {\n  display: none;" in style
    assert "pocketrepo-asleep" in dashboard._card()


def test_no_state_that_a_notebook_may_save_holds_a_secret(client: Client) -> None:
    [_, token] = client._login or ("", "")
    assert token
    for each in everything(Dashboard(client)):
        assert token not in str(each.get_state())


def test_ui_opens_it(client: Client, server: Server) -> None:
    assert client.ui().connection.client is client
    assert server.ui().connection.server is server


def test_a_closed_dashboard_leaves_the_server_alone(server: Server) -> None:
    dashboard = Dashboard(server)
    dashboard.close()
    assert server.running


@pytest.mark.parametrize("name", widgets.__all__)
def test_every_widget_is_public_and_stands_alone(name: str) -> None:
    kind = getattr(pocketrepo.widgets, name)
    assert kind.__doc__
    assert kind("http://127.0.0.1:9/").layout is not None
    assert name in dir(widgets)


def test_the_tabs_are_those_that_are_public() -> None:
    assert {tab.__name__ for tab in TABS} | {"Dashboard"} == set(widgets.__all__)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Dashbord'"):
        widgets.Dashbord  # noqa: B018


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout


def test_without_ipywidgets_one_line_says_what_to_install() -> None:
    code = """
import sys
sys.modules["ipywidgets"] = None
import pocketrepo
try:
    pocketrepo.connect("http://127.0.0.1:9/").ui()
except pocketrepo.PocketRepoError as error:
    print(error)
"""
    assert "pocketrepo[notebook]" in run(code)


def test_nothing_is_loaded_before_a_widget_is_used() -> None:
    code = "import sys, pocketrepo.widgets; print('ipywidgets' in sys.modules, 'requests' in sys.modules)"
    assert run(code).split() == ["False", "False"]
