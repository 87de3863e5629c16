"""Who may have built a project's files: the publishers that attestations are checked against (PEP 740)."""

from __future__ import annotations

import re
from typing import NamedTuple

from pocketrepo.errors import UsageError

_REPOSITORY = r"[A-Za-z0-9._-]{1,100}(?:/[A-Za-z0-9._-]{1,100})+"
_FORMS = {
    "github": re.compile(rf"({_REPOSITORY}):([A-Za-z0-9._-]{{1,100}}\.ya?ml)\Z"),
    "gitlab": re.compile(rf"({_REPOSITORY}):([A-Za-z0-9._/-]{{1,200}})\Z"),
    "google": re.compile(r"([^\s:@]{1,200}@[A-Za-z0-9.-]{1,200})()\Z"),
}
HINT = "github:OWNER/REPO:WORKFLOW.yml, gitlab:GROUP/PROJECT:PATH or google:EMAIL"


class Publisher(NamedTuple):
    """A workflow of a source repository, or a service account; as text ``github:OWNER/REPO:WORKFLOW``,
    ``gitlab:GROUP/PROJECT:PATH`` or ``google:EMAIL``. ``identity`` is the source repository or the address."""

    kind: str
    identity: str
    workflow: str = ""

    def __str__(self) -> str:
        return ":".join(filter(None, self))

    @classmethod
    def parse(cls, text: str) -> Publisher:
        """Raises UsageError with the forms that there are."""
        kind, _, rest = text.strip().partition(":")
        form = _FORMS.get(kind.lower())
        found = form.match(rest) if form else None
        if found is None:
            raise UsageError(f"{text[:200]!r} is not a publisher", hint=f"write {HINT}")
        return cls(kind.lower(), *found.groups())
