"""Releases as an index lists them, and what each says of the Python that made it."""

from __future__ import annotations

import sys
from collections.abc import Callable

from pocketrepo.sourcetree import Release
from tests.journeys.environments import hashes

Build = Callable[..., Release]
"""What the fixture `built` gives."""
RUNNING = f">={sys.version_info.major}.{sys.version_info.minor}"
"""The Python that a tree needs if it does not say so itself."""


def listing(*releases: Release) -> dict[str, str | None]:
    return {name: digest for each in releases for name, digest in hashes(each.wheel.parent).items()}
