"""The paths of everything that is read: ours, and Cloudsmith's, whose URLs need no more than another host.

A read prefix is nothing (the default repository), ``/OWNER/REPO``, ``/public/OWNER/REPO/python``,
``/basic/OWNER/REPO/python`` or ``/TOKEN/OWNER/REPO/python``. Under each lie ``simple/`` (under the first two also as
``+simple/``, devpi's word for it, under the last three as ``index/``), ``files/`` and ``pypi/``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pocketrepo.errors import UsageError
from pocketrepo.model import RepositoryName

PLAIN_FORMS = frozenset({"public", "basic"})
"""First segments of Cloudsmith's layout that are no token."""
MAX_TOKEN = 200

_PLAIN = r"[A-Za-z0-9._-]+"
_SLUG = r"[a-z0-9][a-z0-9_-]{0,62}"
_PATH = re.compile(
    rf"(?:/(?P<form>[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_TOKEN}}})/(?P<named>{_SLUG}/{_SLUG})/python(?=/)"
    rf"|/(?P<repository>{_SLUG}/{_SLUG})(?=/(?:\+?simple|files)/))?"
    rf"/(?:(?P<simple>\+?simple|index)(?:/(?P<name>{_PLAIN}))?/"
    rf"|files/(?P<project>{_PLAIN})/(?P<key>[0-9a-f]{{16}})/(?P<filename>[A-Za-z0-9._+!-]+))\Z"
)
_TOKEN_IN_PATH = re.compile(
    r"\A/+(?!(?:public|basic)/)[^/]+"
    r"(?=(?:/+[^/]+)?/+(?!(?:\+?simple|files|pypi|legacy|projects)/)[^/]+/+python(?:/|\Z))",
    re.IGNORECASE,
)
_SECRET = re.compile(r"pk[a-z]_[0-9A-Za-z]{16,}")
"""Ours, wherever somebody put it."""


class Target(NamedTuple):
    """What a path names: ``kind`` is ``projects``, ``project`` or ``file``; no repository is the default one."""

    repository: RepositoryName | None
    kind: str
    name: str = ""
    key: str = ""
    filename: str = ""
    token: str = ""


def parse(path: str) -> Target | None:
    """A path in its plainest spelling, as clients send it; None for anything else, which Flask then judges."""
    found = _PATH.match(path)
    if found is None:
        return None
    form, named, plain, simple, name, project, key, filename = found.groups()
    if simple == ("+simple" if form else "index"):
        return None
    try:
        repository = RepositoryName.parse(named or plain) if named or plain else None
    except UsageError:
        return None
    token = token_in(form or "")
    if simple:
        return Target(repository, "project" if name else "projects", name or "", token=token)
    return Target(repository, "file", project, key, filename, token)


def token_in(form: str) -> str:
    """The token that the first segment of Cloudsmith's layout is, if it is one."""
    return "" if form in PLAIN_FORMS else form


def redacted(path: str) -> str:
    """The path without a token, for logs; also one that is mistyped, as far as it can be told."""
    return _SECRET.sub("***", _TOKEN_IN_PATH.sub("/***", path))
