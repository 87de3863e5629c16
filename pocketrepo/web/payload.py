"""What requests and answers of the management API are made of: JSON objects, pages of lists, addresses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from flask import Response, jsonify, request

from pocketrepo.errors import BadField, UsageError
from pocketrepo.model import Json
from pocketrepo.web.state import site

MAX_PAGE_SIZE = 500
MASKED = "•" * 8
"""Where a secret would stand: only digests are kept, so that none can be shown again."""

T = TypeVar("T")


def body() -> Json:
    """The request's JSON object, empty if there is no body. Raises UsageError for anything else."""
    if not request.content_length and "Transfer-Encoding" not in request.headers:
        return {}
    try:
        found = request.get_json(force=True, silent=True)
        # Python reads NaN and half characters, which no document can hold.
        json.dumps(found, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UsageError("the body is not a JSON object")
    return found


def only(given: Json, *names: str) -> Json:
    """A body without fields that nobody knows. Raises BadField."""
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise BadField(unknown[0], "no such field", hint=f"known are {', '.join(names)}")
    return given


def words(given: Json, name: str, default: str | None = None) -> str | None:
    """A field that is text or absent. Raises BadField."""
    value = given.get(name, default)
    if value is not None and not isinstance(value, str):
        raise BadField(name, "text")
    return value


def needed(given: Json, name: str) -> str:
    """A field that is text. Raises BadField."""
    value = words(given, name)
    if value is None:
        raise BadField(name, "needed, as text")
    return value


@contextmanager
def field(name: str) -> Iterator[None]:
    """What makes no sense within the block is that field's fault."""
    try:
        yield
    except UsageError as error:
        raise BadField(name, error.message, hint=error.hint) from None


def page(items: Sequence[T], shown: Callable[[T], Any] = lambda item: item) -> Response:
    """One page of a list, with the four headers that tell where it stands."""
    number = max(1, request.args.get("page", 1, type=int))
    size = min(MAX_PAGE_SIZE, max(1, request.args.get("page_size", 30, type=int)))
    response = jsonify([shown(item) for item in items[(number - 1) * size : number * size]])
    response.headers["X-Pagination-Count"] = str(len(items))
    response.headers["X-Pagination-Page"] = str(number)
    response.headers["X-Pagination-PageSize"] = str(size)
    response.headers["X-Pagination-PageTotal"] = str(max(1, -(-len(items) // size)))
    return response


def base() -> str:
    """The address of this server, without a slash at its end."""
    return (site().settings.public_url or request.host_url).rstrip("/")
