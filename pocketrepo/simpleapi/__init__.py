"""The Simple API, both ways: choose a format, write pages, read anybody's pages.

Source: the simple repository API specification (PEP 503, 592, 629, 658, 691, 700, 708, 714,
740 and 792).
"""

from pocketrepo.simpleapi.negotiation import Format, negotiate, prefers_gzip
from pocketrepo.simpleapi.page import Link, Page
from pocketrepo.simpleapi.parsing import (
    MAX_LIST_BYTES,
    MAX_PAGE_BYTES,
    from_html,
    from_json,
    from_response,
    projects_from_html,
    projects_from_json,
    projects_from_response,
)
from pocketrepo.simpleapi.rendering import API_VERSION, file_url, render, to_html, to_json

__all__ = [
    "API_VERSION",
    "MAX_LIST_BYTES",
    "MAX_PAGE_BYTES",
    "Format",
    "Link",
    "Page",
    "file_url",
    "from_html",
    "from_json",
    "from_response",
    "negotiate",
    "prefers_gzip",
    "projects_from_html",
    "projects_from_json",
    "projects_from_response",
    "render",
    "to_html",
    "to_json",
]
