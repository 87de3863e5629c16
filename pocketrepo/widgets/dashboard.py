"""The dashboard: all tabs, on one connection."""

from __future__ import annotations

import ipywidgets

from pocketrepo.display import card, code, phrase, strong, text
from pocketrepo.widgets.browse import BrowseTab
from pocketrepo.widgets.connect import ConnectTab
from pocketrepo.widgets.connection import Target, connection
from pocketrepo.widgets.panel import Panel
from pocketrepo.widgets.pip_conf import PipConfTab
from pocketrepo.widgets.server import ServerTab
from pocketrepo.widgets.upload import UploadTab

ASLEEP = "was here. It lives as long as the kernel that made it; run this cell again to have it back."
TABS = (ServerTab, UploadTab, BrowseTab, ConnectTab, PipConfTab)


class Dashboard(ipywidgets.VBox):  # type: ignore[misc]
    """The panel of a repository: tabs Server, Upload, Browse, Connect and pip.conf.

    ``target``: a `Client`, a `Server` or a repository's URL; None means this user's running server, or one to be
    started on the Server tab. Raises UsageError for what is no repository's address.
    """

    def __init__(self, target: Target = None) -> None:
        self.tabs: dict[str, Panel] = {}
        self.connection = connection(target)
        for tab in TABS:
            self.tabs[tab.title] = tab(self.connection)
        pages = ipywidgets.Tab(list(self.tabs.values()), titles=list(self.tabs))
        super().__init__([pages])
        self.add_class("pocketrepo-dashboard")

    def __repr__(self) -> str:
        return "PocketRepo's dashboard: it needs its kernel, and ipywidgets in Jupyter. Run the cell again."

    def _ipython_display_(self) -> None:
        """Two outputs: a card, which the dashboard's own style hides as long as there is a dashboard, so that a
        notebook opened later says what was here; and the dashboard."""
        from IPython.display import display

        for data in ({"text/html": self._card()}, self._repr_mimebundle_()):
            display(data, raw=True)  # type: ignore[no-untyped-call]

    def _card(self) -> str:
        known = self.connection.running or not self.connection.is_local
        about = (
            phrase(text("the dashboard of"), code(self.connection.client.url))
            if known
            else text("the dashboard")
        )
        said = phrase(strong("PocketRepo:"), about, text(ASLEEP))
        return f'<div class="pocketrepo-asleep">{card(said).html}</div>'

    def close(self) -> None:
        """Leave the page; the server is left as it is."""
        if self.tabs:  # else its making failed, and Python takes away what there is
            self.connection.close()
        for tab in self.tabs.values():
            tab.close()
        super().close()
