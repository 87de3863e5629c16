"""netrc: each row is text -> text."""

# ruff: noqa: E501 - a text is one literal, however long

from __future__ import annotations

from typing import Any

import pytest

from pocketrepo.config import netrc
from pocketrepo.config.errors import ConfigSyntax
from pocketrepo.config.url import Credentials
from tests.config.table import SAME, Cases, check, rows

EDITS = {
    "set": netrc.set_login("a.example", Credentials("u", "new")),
    "rm": netrc.remove_login("a.example"),
}

CASES: Cases = {
    "empty": (
        "",
        {
            "set": "machine a.example login u password new\n",
            "rm": SAME,
        },
    ),
    "other": (
        "machine b.example login x password y\n",
        {
            "set": "machine b.example login x password y\nmachine a.example login u password new\n",
            "rm": SAME,
        },
    ),
    "no final newline": (
        "machine b.example login x password y",
        {
            "set": "machine b.example login x password y\nmachine a.example login u password new",
            "rm": SAME,
        },
    ),
    "same": (
        "machine a.example login u password old\n",
        {
            "set": "machine a.example login u password new\n",
            "rm": "",
        },
    ),
    "multi-line": (
        "machine a.example\n  login u\n  password old\n\nmachine b.example\n  login x\n  password y\n",
        {
            "set": "machine a.example\n  login u\n  password new\n\nmachine b.example\n  login x\n  password y\n",
            "rm": "\nmachine b.example\n  login x\n  password y\n",
        },
    ),
    "default": (
        "machine b.example login x password y\ndefault login anonymous password me@\n",
        {
            "set": "machine b.example login x password y\nmachine a.example login u password new\ndefault login anonymous password me@\n",
            "rm": SAME,
        },
    ),
    "comment": (
        "# mine\nmachine a.example login u password old # ours\n",
        {
            "set": "# mine\nmachine a.example login u password new # ours\n",
            "rm": "# mine\n",
        },
    ),
    "macro": (
        "machine b.example login x password y\nmacdef init\n  machine a.example\n  bye\n\n",
        {
            "set": "machine b.example login x password y\nmacdef init\n  machine a.example\n  bye\n\nmachine a.example login u password new\n",
            "rm": SAME,
        },
    ),
    "macro at end": (
        "macdef init\n  bye\n",
        {
            "set": (ConfigSyntax, 2),
        },
    ),
    "quoted": (
        'machine a.example login "u" password "o ld"\n',
        {
            "set": "machine a.example login u password new\n",
            "rm": "",
        },
    ),
    "crlf": (
        "machine b.example login x password y\r\n",
        {
            "set": "machine b.example login x password y\r\nmachine a.example login u password new\r\n",
            "rm": SAME,
        },
    ),
    "password first": (
        "machine a.example password old login u\n",
        {
            "set": "machine a.example password new login u\n",
            "rm": "",
        },
    ),
    "no password": (
        "machine a.example login u\n",
        {
            "set": "machine a.example login u password new\n",
            "rm": "",
        },
    ),
    "account": (
        "machine a.example login u account z password old\n",
        {
            "set": "machine a.example login u account z password new\n",
            "rm": "",
        },
    ),
    "two on a line": (
        "machine b.example login x password y machine a.example login u password old\n",
        {
            "set": "machine b.example login x password y machine a.example login u password new\n",
            "rm": "machine b.example login x password y \n",
        },
    ),
    "broken": (
        "machine\n",
        {
            "set": (ConfigSyntax, 2),
        },
    ),
    "junk": (
        "hello world\n",
        {
            "set": (ConfigSyntax, 1),
        },
    ),
}


@pytest.mark.parametrize(("operation", "before", "after"), rows(CASES))
def test_netrc(operation: str, before: str | bytes, after: Any) -> None:
    check(EDITS[operation], before, after)
