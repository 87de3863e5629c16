"""pip.conf that pip refuses, or that cannot be changed without changing more than was asked."""

from __future__ import annotations

from typing import Any

import pytest

from pocketrepo.config import pip
from pocketrepo.config.errors import ConfigSyntax, WouldBreak
from pocketrepo.config.match import Match
from tests.config.table import SAME, A, Cases, N, check, rows

EDITS = {
    "set": pip.set_index(N),
    "add": pip.add_index(N),
    "rm": pip.remove(Match(A)),
    "trust": pip.trust("n.example"),
}

CASES: Cases = {
    "swallowed": (
        "[global]\nindex-url = <A>\n  timeout = 5\n",
        {
            "set": (ConfigSyntax, 3),
            "add": "[global]\nindex-url = <A>\n  timeout = 5\nextra-index-url = <N>\n",
        },
    ),
    "default, no global": (
        "[DEFAULT]\ntimeout = 5\n",
        {
            "set": (WouldBreak, 0),
            "rm": SAME,
        },
    ),
    "latin1": (
        b"[global]\n# caf\xe9\nindex-url = <A>\n",
        {
            "set": (ConfigSyntax, 2),
        },
    ),
    "bom": (
        b"\xef\xbb\xbf[global]\nindex-url = <A>\n",
        {
            "set": (ConfigSyntax, 1),
        },
    ),
    "dup section": (
        "[global]\nindex-url = <A>\n[global]\ntimeout = 5\n",
        {
            "set": (ConfigSyntax, 3),
        },
    ),
    "dup key": (
        "[global]\nindex-url = <A>\nindex-url = <B>\n",
        {
            "set": (ConfigSyntax, 3),
        },
    ),
    "two spellings": (
        "[global]\nindex-url = <A>\nindex_url = <B>\n",
        {
            "set": (ConfigSyntax, 3),
        },
    ),
    "no header": (
        "index-url = <A>\n",
        {
            "set": (ConfigSyntax, 1),
        },
    ),
    "junk line": (
        "[global]\nindex-url\n",
        {
            "set": (ConfigSyntax, 2),
        },
    ),
}


@pytest.mark.parametrize(("operation", "before", "after"), rows(CASES))
def test_pip_conf_left_alone(operation: str, before: str | bytes, after: Any) -> None:
    check(EDITS[operation], before, after)
