"""People and their credentials, and what is put on record of them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from pocketrepo.model import RepositoryName
from pocketrepo.repository import Root

TOOLS = RepositoryName("acme", "tools")
PASSWORD = "correct horse battery"
Headers = dict[str, str]
KeyOf = Callable[..., Headers]
"""What the fixture `key_of` gives."""


def bearer(secret: str) -> Headers:
    return {"Authorization": f"Bearer {secret}"}


def basic(user: str, password: str) -> Headers:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def recorded(root: Root, *kinds: str) -> list[dict[str, Any]]:
    """What was put on record, of these kinds if any are named, without its times."""
    events = (event for event in root.log.read() if not kinds or event["event"] in kinds)
    return [{name: value for name, value in event.items() if name != "time"} for event in events]
