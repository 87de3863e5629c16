"""pip.conf: each row is text -> text."""

# ruff: noqa: E501 - a text is one literal, however long

from __future__ import annotations

from typing import Any

import pytest

from pocketrepo.config import pip
from pocketrepo.config.match import Match
from tests.config.table import SAME, A, Cases, N, check, rows

EDITS = {
    "set": pip.set_index(N),
    "add": pip.add_index(N),
    "rm": pip.remove(Match(A)),
    "trust": pip.trust("n.example"),
}

CASES: Cases = {
    "empty": (
        "",
        {
            "set": "[global]\nindex-url = <N>\n",
            "add": "[global]\nextra-index-url = <N>\n",
            "rm": SAME,
            "trust": "[global]\ntrusted-host = n.example\n",
        },
    ),
    "blank": (
        "\n\n",
        {
            "set": "\n\n[global]\nindex-url = <N>\n",
            "add": "\n\n[global]\nextra-index-url = <N>\n",
            "rm": SAME,
        },
    ),
    "comment only": (
        "# mine\n",
        {
            "set": "# mine\n\n[global]\nindex-url = <N>\n",
            "add": "# mine\n\n[global]\nextra-index-url = <N>\n",
            "rm": SAME,
        },
    ),
    "no final newline": (
        "[global]\nindex-url = <A>",
        {
            "set": "[global]\nindex-url = <N>",
            "add": "[global]\nindex-url = <A>\nextra-index-url = <N>",
            "rm": "[global]\n",
            "trust": "[global]\nindex-url = <A>\ntrusted-host = n.example",
        },
    ),
    "plain": (
        "[global]\nindex-url = <A>\n",
        {
            "set": "[global]\nindex-url = <N>\n",
            "add": "[global]\nindex-url = <A>\nextra-index-url = <N>\n",
            "rm": "[global]\n",
            "trust": "[global]\nindex-url = <A>\ntrusted-host = n.example\n",
        },
    ),
    "comments": (
        "# top\n[global]\n; why\nindex-url = <A>\n# below\n\n[install]\nno-deps = yes\n",
        {
            "set": "# top\n[global]\n; why\nindex-url = <N>\n# below\n\n[install]\nno-deps = yes\n",
            "add": "# top\n[global]\n; why\nindex-url = <A>\nextra-index-url = <N>\n# below\n\n[install]\nno-deps = yes\n",
            "rm": "# top\n[global]\n; why\n# below\n\n[install]\nno-deps = yes\n",
        },
    ),
    "crlf": (
        "[global]\r\nindex-url = <A>\r\ntimeout = 5\r\n",
        {
            "set": "[global]\r\nindex-url = <N>\r\ntimeout = 5\r\n",
            "add": "[global]\r\nindex-url = <A>\r\ntimeout = 5\r\nextra-index-url = <N>\r\n",
            "rm": "[global]\r\ntimeout = 5\r\n",
            "trust": "[global]\r\nindex-url = <A>\r\ntimeout = 5\r\ntrusted-host = n.example\r\n",
        },
    ),
    "cr": (
        "[global]\rindex-url = <A>\rtimeout = 5\r",
        {
            "set": "[global]\rindex-url = <N>\rtimeout = 5\r",
            "add": "[global]\rindex-url = <A>\rtimeout = 5\rextra-index-url = <N>\r",
            "rm": "[global]\rtimeout = 5\r",
        },
    ),
    "indented": (
        "[global]\n    timeout = 5\n    index-url = <A>\n    retries = 2\n",
        {
            "set": "[global]\n    timeout = 5\n    index-url = <N>\n    retries = 2\n",
            "add": "[global]\n    timeout = 5\n    index-url = <A>\n    retries = 2\n    extra-index-url = <N>\n",
            "rm": "[global]\n    timeout = 5\n    retries = 2\n",
            "trust": "[global]\n    timeout = 5\n    index-url = <A>\n    retries = 2\n    trusted-host = n.example\n",
        },
    ),
    "tabs": (
        "[global]\n\tindex-url\t=\t<A>\n",
        {
            "set": "[global]\n\tindex-url\t=\t<N>\n",
            "add": "[global]\n\tindex-url\t=\t<A>\n\textra-index-url = <N>\n",
            "rm": "[global]\n",
        },
    ),
    "colon": (
        "[global]\nindex-url: <A>\ntimeout: 5\n",
        {
            "set": "[global]\nindex-url: <N>\ntimeout: 5\n",
            "add": "[global]\nindex-url: <A>\ntimeout: 5\nextra-index-url = <N>\n",
            "rm": "[global]\ntimeout: 5\n",
        },
    ),
    "tight": (
        "[global]\nindex-url=<A>\n",
        {
            "set": "[global]\nindex-url=<N>\n",
            "add": "[global]\nindex-url=<A>\nextra-index-url = <N>\n",
            "rm": "[global]\n",
        },
    ),
    "underscore": (
        "[global]\nindex_url = <A>\n",
        {
            "set": "[global]\nindex_url = <N>\n",
            "add": "[global]\nindex_url = <A>\nextra-index-url = <N>\n",
            "rm": "[global]\n",
        },
    ),
    "upper": (
        "[global]\nINDEX-URL = <A>\n",
        {
            "set": "[global]\nINDEX-URL = <N>\n",
            "add": "[global]\nINDEX-URL = <A>\nextra-index-url = <N>\n",
            "rm": "[global]\n",
        },
    ),
    "dashes": (
        "[global]\n--index-url = <A>\n",
        {
            "set": "[global]\n--index-url = <N>\n",
            "add": "[global]\n--index-url = <A>\nextra-index-url = <N>\n",
            "rm": "[global]\n",
        },
    ),
    "alias": (
        "[global]\npypi-url = <A>\n",
        {
            "set": "[global]\npypi-url = <N>\n",
            "add": "[global]\npypi-url = <A>\nextra-index-url = <N>\n",
            "rm": "[global]\n",
        },
    ),
    "alias later": (
        "[global]\nindex-url = <B>\npypi-url = <A>\n",
        {
            "set": "[global]\nindex-url = <B>\npypi-url = <N>\n",
            "add": "[global]\nindex-url = <B>\npypi-url = <A>\nextra-index-url = <N>\n",
            "rm": "[global]\nindex-url = <B>\n",
        },
    ),
    "value below": (
        "[global]\nindex-url =\n    <A>\ntimeout = 5\n",
        {
            "set": "[global]\nindex-url = <N>\ntimeout = 5\n",
            "add": "[global]\nindex-url =\n    <A>\ntimeout = 5\nextra-index-url = <N>\n",
            "rm": "[global]\ntimeout = 5\n",
        },
    ),
    "empty value": (
        "[global]\nindex-url =\ntimeout = 5\n",
        {
            "set": "[global]\nindex-url = <N>\ntimeout = 5\n",
            "add": "[global]\nindex-url =\ntimeout = 5\nextra-index-url = <N>\n",
            "rm": SAME,
        },
    ),
    "list below": (
        "[global]\nextra-index-url =\n    <A>\n    # second\n    <B>\ntimeout = 5\n",
        {
            "set": "[global]\nextra-index-url =\n    <A>\n    # second\n    <B>\ntimeout = 5\nindex-url = <N>\n",
            "add": "[global]\nextra-index-url =\n    <A>\n    # second\n    <B>\n    <N>\ntimeout = 5\n",
            "rm": "[global]\nextra-index-url =\n    # second\n    <B>\ntimeout = 5\n",
            "trust": "[global]\nextra-index-url =\n    <A>\n    # second\n    <B>\ntimeout = 5\ntrusted-host = n.example\n",
        },
    ),
    "list mixed": (
        "[global]\nextra-index-url = <A>\n\t<B>\n",
        {
            "set": "[global]\nextra-index-url = <A>\n\t<B>\nindex-url = <N>\n",
            "add": "[global]\nextra-index-url = <A>\n\t<B>\n\t<N>\n",
            "rm": "[global]\nextra-index-url =\n\t<B>\n",
        },
    ),
    "list on a line": (
        "[global]\nextra-index-url = <B> <A> https://c.example/\n",
        {
            "set": "[global]\nextra-index-url = <B> <A> https://c.example/\nindex-url = <N>\n",
            "add": "[global]\nextra-index-url = <B> <A> https://c.example/ <N>\n",
            "rm": "[global]\nextra-index-url = <B> https://c.example/\n",
        },
    ),
    "list blank lines": (
        "[global]\nextra-index-url =\n    <B>\n\n    <A>\n\n[install]\nno-deps = 1\n",
        {
            "set": "[global]\nextra-index-url =\n    <B>\n\n    <A>\nindex-url = <N>\n\n[install]\nno-deps = 1\n",
            "add": "[global]\nextra-index-url =\n    <B>\n\n    <A>\n    <N>\n\n[install]\nno-deps = 1\n",
            "rm": "[global]\nextra-index-url =\n    <B>\n\n\n[install]\nno-deps = 1\n",
        },
    ),
    "inline comment": (
        "[global]\nextra-index-url = <A> # ours\n",
        {
            "set": "[global]\nextra-index-url = <A> # ours\nindex-url = <N>\n",
            "add": "[global]\nextra-index-url = <A> # ours\n    <N>\n",
            "rm": "[global]\nextra-index-url = # ours\n",
        },
    ),
    "header junk": (
        "[global] # all\nindex-url = <A>\n",
        {
            "set": "[global] # all\nindex-url = <N>\n",
            "add": "[global] # all\nindex-url = <A>\nextra-index-url = <N>\n",
            "rm": "[global] # all\n",
        },
    ),
    "wrong case": (
        "[Global]\nindex-url = <A>\n",
        {
            "set": "[Global]\nindex-url = <A>\n\n[global]\nindex-url = <N>\n",
            "add": "[Global]\nindex-url = <A>\n\n[global]\nextra-index-url = <N>\n",
            "rm": "[Global]\n",
        },
    ),
    "other section": (
        "[install]\nindex-url = <A>\n",
        {
            "set": "[install]\nindex-url = <A>\n\n[global]\nindex-url = <N>\n",
            "add": "[install]\nindex-url = <A>\n\n[global]\nextra-index-url = <N>\n",
            "rm": "[install]\n",
        },
    ),
    "indented header": (
        "[global]\n  [install]\n  timeout = 5\n",
        {
            "set": "[global]\n  index-url = <N>\n  [install]\n  timeout = 5\n",
            "add": "[global]\n  extra-index-url = <N>\n  [install]\n  timeout = 5\n",
            "rm": SAME,
        },
    ),
    "default section": (
        "[DEFAULT]\ntimeout = 5\n[global]\nindex-url = <A>\n",
        {
            "set": "[DEFAULT]\ntimeout = 5\n[global]\nindex-url = <N>\n",
            "add": "[DEFAULT]\ntimeout = 5\n[global]\nindex-url = <A>\nextra-index-url = <N>\n",
            "rm": "[DEFAULT]\ntimeout = 5\n[global]\n",
        },
    ),
    "credentials": (
        "[global]\nindex-url = https://u:p%40ss@a.example/simple/\n",
        {
            "set": "[global]\nindex-url = <N>\n",
            "add": "[global]\nindex-url = https://u:p%40ss@a.example/simple/\nextra-index-url = <N>\n",
            "rm": "[global]\n",
        },
    ),
    "no slash": (
        "[global]\nindex-url = https://A.example:443/simple\n",
        {
            "set": "[global]\nindex-url = <N>\n",
            "add": "[global]\nindex-url = https://A.example:443/simple\nextra-index-url = <N>\n",
            "rm": "[global]\n",
        },
    ),
    "trusted": (
        "[global]\nindex-url = <A>\ntrusted-host =\n    a.example\n    b.example\n",
        {
            "set": "[global]\nindex-url = <N>\ntrusted-host =\n    a.example\n    b.example\n",
            "add": "[global]\nindex-url = <A>\ntrusted-host =\n    a.example\n    b.example\nextra-index-url = <N>\n",
            "rm": "[global]\ntrusted-host =\n    b.example\n",
            "trust": "[global]\nindex-url = <A>\ntrusted-host =\n    a.example\n    b.example\n    n.example\n",
        },
    ),
    "trusted shared": (
        "[global]\nindex-url = <A>\nextra-index-url = https://a.example/other/\ntrusted-host = a.example\n",
        {
            "set": "[global]\nindex-url = <N>\nextra-index-url = https://a.example/other/\ntrusted-host = a.example\n",
            "add": "[global]\nindex-url = <A>\nextra-index-url = https://a.example/other/\n    <N>\ntrusted-host = a.example\n",
            "rm": "[global]\nextra-index-url = https://a.example/other/\ntrusted-host = a.example\n",
            "trust": "[global]\nindex-url = <A>\nextra-index-url = https://a.example/other/\ntrusted-host = a.example\n    n.example\n",
        },
    ),
    "percent": (
        "[global]\nindex-url = <A>\nlog = /tmp/%(x)s.log\n",
        {
            "set": "[global]\nindex-url = <N>\nlog = /tmp/%(x)s.log\n",
            "add": "[global]\nindex-url = <A>\nlog = /tmp/%(x)s.log\nextra-index-url = <N>\n",
            "rm": "[global]\nlog = /tmp/%(x)s.log\n",
        },
    ),
    "form feed": (
        "[global]\n# a\x0cb\nindex-url = <A>\n",
        {
            "set": "[global]\n# a\x0cb\nindex-url = <N>\n",
            "add": "[global]\n# a\x0cb\nindex-url = <A>\nextra-index-url = <N>\n",
            "rm": "[global]\n# a\x0cb\n",
        },
    ),
    "find-links": (
        "[global]\nfind-links =\n    /srv/wheels\n    <A>\n",
        {
            "set": "[global]\nfind-links =\n    /srv/wheels\n    <A>\nindex-url = <N>\n",
            "add": "[global]\nfind-links =\n    /srv/wheels\n    <A>\nextra-index-url = <N>\n",
            "rm": "[global]\nfind-links =\n    /srv/wheels\n",
        },
    ),
    "twice": (
        "[global]\nindex-url = <A>\nextra-index-url = <A> <A>\n",
        {
            "set": "[global]\nindex-url = <N>\nextra-index-url = <A> <A>\n",
            "add": "[global]\nindex-url = <A>\nextra-index-url = <A> <A> <N>\n",
            "rm": "[global]\n",
        },
    ),
}


@pytest.mark.parametrize(("operation", "before", "after"), rows(CASES))
def test_pip_conf(operation: str, before: str | bytes, after: Any) -> None:
    check(EDITS[operation], before, after)
