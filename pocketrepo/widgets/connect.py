"""Connect: what to paste into each tool so that it uses this repository."""

from __future__ import annotations

import ipywidgets

from pocketrepo.config import SNIPPET_TOOLS, snippet
from pocketrepo.config.snippet import TOKEN_VARIABLE
from pocketrepo.widgets.connection import Connection, Target
from pocketrepo.widgets.panel import LABELS, Panel, choice, text, wide

NAMES = {"pypirc": ".pypirc", "requirements": "requirements.txt", "dockerfile": "Dockerfile", "ci": "CI"}
ONLY = "Only this index (index-url)"
BESIDE = "This index and PyPI (extra-index-url)"
WHY = {
    ONLY: "Every package comes from here, also those that yours need. Nobody elsewhere can slip one in. What only "
    "PyPI has is not found, unless the repository has an upstream.",
    BESIDE: "pip asks both and takes the highest version, whoever published it: a stranger who registers the name of "
    "your package on PyPI wins. uv, poetry and pdm are told to look here for this package alone, which is safe.",
}
PRIVATE = (
    "Set this variable where the tool runs, to a token that may read, or push. Its value is shown nowhere."
)
FOR_UPLOADS = ("twine", "pypirc")


class ConnectTab(Panel):
    """Snippets for pip, uv, poetry, pdm, twine and more; a token is a reference to a variable, never its value."""

    title = "Connect"

    def __init__(self, target: Target | Connection = None) -> None:
        self.tool = choice("Tool", [(NAMES.get(tool, tool), tool) for tool in SNIPPET_TOOLS])
        self.package = text("Package", placeholder="PACKAGE")
        self.beside = choice("Indexes", [ONLY, BESIDE])
        self.private = ipywidgets.Checkbox(description="Readers need a token", indent=False)
        self.why = ipywidgets.HTML()
        self.snippet = ipywidgets.Textarea(description="To paste", layout=wide(), style=LABELS)
        self.note = ipywidgets.HTML()
        controls = [self.tool, self.package, self.beside, self.private, self.why, self.snippet, self.note]
        super().__init__(target, controls)
        for control in (self.tool, self.package, self.beside, self.private):
            self.on(control, self.refresh)

    def refresh(self) -> None:
        uploads = self.tool.value in FOR_UPLOADS
        self.beside.disabled = self.private.disabled = uploads
        self.why.value = "" if uploads else f"<p>{WHY[self.beside.value]}</p>"
        self.snippet.value = self.note.value = ""
        self.snippet.value = self._snippet()
        self.snippet.rows = self.snippet.value.count("\n") + 2
        if TOKEN_VARIABLE in self.snippet.value:
            self.note.value = f"<p><code>{TOKEN_VARIABLE}=••••</code> {PRIVATE}</p>"
        self.say("")

    def _snippet(self) -> str:
        client = self.connection.client
        made = snippet(
            self.tool.value,
            client.index_url,
            upload_url=client.upload_url,
            package=self.package.value.strip() or "PACKAGE",
            extra=self.beside.value == BESIDE,
            private=self.private.value,
        )
        return made.rstrip("\n")
