"""Pages as other indexes write them, and the one link of each as it is read."""

from __future__ import annotations

import json
from typing import Any

from pocketrepo.simpleapi import Link, from_html, from_json

URL = "https://index.example/simple/foo/"
FILE_URL = "https://index.example/simple/foo/foo-1.0.tar.gz"
JSON = "application/vnd.pypi.simple.v1+json"


def json_page(*files: Any, **document: Any) -> bytes:
    return json.dumps({"files": files, **document}).encode()


def html_page(body: str) -> bytes:
    return f"<!DOCTYPE html><html><body>{body}</body></html>".encode()


def json_link(**item: Any) -> Link:
    (link,) = from_json(json_page({"url": "foo-1.0.tar.gz", **item}), URL).links
    return link


def html_link(attributes: str) -> Link:
    (link,) = from_html(html_page(f'<a href="foo-1.0.tar.gz" {attributes}>foo-1.0.tar.gz</a>'), URL).links
    return link
