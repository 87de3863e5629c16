"""A client that takes what it gets: no redirects followed in secret, no proxy, errors as answers."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from base64 import b64encode
from email.message import Message
from typing import Any, NamedTuple
from urllib.parse import urljoin

JSON = "application/vnd.pypi.simple.v1+json"
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Got(NamedTuple):
    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def get(url: str, *, password: str = "", accept: str = JSON, agent: str = "tester/1.0") -> Got:
    headers = {"Accept": accept, "User-Agent": agent}
    if password:
        headers["Authorization"] = f"Basic {b64encode(f'anybody:{password}'.encode()).decode()}"
    request = urllib.request.Request(url, headers=headers)
    try:
        with _opener.open(request, timeout=10) as response:
            return Got(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Got(error.code, error.headers, error.read())


def page(index_url: str, project: str) -> list[dict[str, Any]]:
    """The files on a project's page."""
    files: list[dict[str, Any]] = get(f"{index_url}{project}/").json()["files"]
    return files


def first_file(index_url: str, project: str) -> str:
    """Address of the first file on a project's page."""
    return urljoin(f"{index_url}{project}/", page(index_url, project)[0]["url"])
