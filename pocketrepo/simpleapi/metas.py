"""Names of the ``meta`` elements of HTML pages, which tell what JSON has keys for (PEP 629, 708, 792)."""

from __future__ import annotations

VERSION = "pypi:repository-version"
TRACKS = "pypi:tracks"
ALTERNATE_LOCATIONS = "pypi:alternate-locations"
STATUS = "pypi:project-status"
STATUS_REASON = "pypi:project-status-reason"
