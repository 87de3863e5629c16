"""Requirements and constraints files: each row is text -> text."""

# ruff: noqa: E501 - a text is one literal, however long

from __future__ import annotations

from typing import Any

import pytest

from pocketrepo.config import requirements
from pocketrepo.config.errors import ConfigSyntax, WouldBreak
from pocketrepo.config.match import Match
from tests.config.table import SAME, A, Cases, N, check, rows

EDITS = {
    "set": requirements.set_index(N),
    "add": requirements.add_index(N),
    "rm": requirements.remove(Match(A)),
    "trust": requirements.trust("n.example"),
}

CASES: Cases = {
    "empty": (
        "",
        {
            "set": "--index-url <N>\n",
            "add": "--extra-index-url <N>\n",
            "rm": SAME,
            "trust": "--trusted-host n.example\n",
        },
    ),
    "one": (
        "demo\n",
        {
            "set": "--index-url <N>\ndemo\n",
            "add": "--extra-index-url <N>\ndemo\n",
            "rm": SAME,
        },
    ),
    "no final newline": (
        "demo",
        {
            "set": "--index-url <N>\ndemo",
            "add": "--extra-index-url <N>\ndemo",
            "rm": SAME,
            "trust": "--trusted-host n.example\ndemo",
        },
    ),
    "comments": (
        "# top\n# -*- coding: utf-8 -*-\n\ndemo==1.0 # pinned\n",
        {
            "set": "# top\n# -*- coding: utf-8 -*-\n\n--index-url <N>\ndemo==1.0 # pinned\n",
            "add": "# top\n# -*- coding: utf-8 -*-\n\n--extra-index-url <N>\ndemo==1.0 # pinned\n",
            "rm": SAME,
        },
    ),
    "index": (
        "-i <A>\ndemo\n",
        {
            "set": "-i <N>\ndemo\n",
            "add": "-i <A>\n--extra-index-url <N>\ndemo\n",
            "rm": "demo\n",
        },
    ),
    "index long": (
        "--index-url=<A>\ndemo\n",
        {
            "set": "--index-url=<N>\ndemo\n",
            "add": "--index-url=<A>\n--extra-index-url <N>\ndemo\n",
            "rm": "demo\n",
        },
    ),
    "attached": (
        "-i<A>\ndemo\n",
        {
            "set": "-i<N>\ndemo\n",
            "add": "-i<A>\n--extra-index-url <N>\ndemo\n",
            "rm": "demo\n",
        },
    ),
    "quoted": (
        '--index-url "<A>"\ndemo\n',
        {
            "set": "--index-url <N>\ndemo\n",
            "add": '--index-url "<A>"\n--extra-index-url <N>\ndemo\n',
            "rm": "demo\n",
        },
    ),
    "abbrev": (
        "--index <A>\ndemo\n",
        {
            "set": "--index <N>\ndemo\n",
            "add": "--index <A>\n--extra-index-url <N>\ndemo\n",
            "rm": "demo\n",
        },
    ),
    "alias": (
        "--pypi-url <A>\n",
        {
            "set": "--pypi-url <N>\n",
            "add": "--pypi-url <A>\n--extra-index-url <N>\n",
            "rm": "",
        },
    ),
    "quoted eq": (
        '--index-url="<A>"\n',
        {
            "set": "--index-url <N>\n",
            "add": '--index-url="<A>"\n--extra-index-url <N>\n',
            "rm": "",
        },
    ),
    "last": (
        "demo\n-i <A>",
        {
            "set": "demo\n-i <N>",
            "add": "demo\n-i <A>\n--extra-index-url <N>",
            "rm": "demo\n",
        },
    ),
    "two": (
        "-i <B>\n--extra-index-url https://c.example/\n-i <A>\n",
        {
            "set": "-i <B>\n--extra-index-url https://c.example/\n-i <N>\n",
            "add": "-i <B>\n--extra-index-url https://c.example/\n-i <A>\n--extra-index-url <N>\n",
            "rm": "-i <B>\n--extra-index-url https://c.example/\n",
            "trust": "-i <B>\n--extra-index-url https://c.example/\n-i <A>\n--trusted-host n.example\n",
        },
    ),
    "crlf": (
        "-i <A>\r\ndemo\r\n",
        {
            "set": "-i <N>\r\ndemo\r\n",
            "add": "-i <A>\r\n--extra-index-url <N>\r\ndemo\r\n",
            "rm": "demo\r\n",
            "trust": "-i <A>\r\n--trusted-host n.example\r\ndemo\r\n",
        },
    ),
    "cr": (
        "-i <A>\rdemo\r",
        {
            "set": "-i <N>\rdemo\r",
            "add": "-i <A>\r--extra-index-url <N>\rdemo\r",
            "rm": "demo\r",
        },
    ),
    "continued": (
        "--index-url \\\n    <A>\ndemo \\\n  --hash=sha256:0000\n",
        {
            "set": "--index-url \\\n    <N>\ndemo \\\n  --hash=sha256:0000\n",
            "add": "--index-url \\\n    <A>\n--extra-index-url <N>\ndemo \\\n  --hash=sha256:0000\n",
            "rm": "demo \\\n  --hash=sha256:0000\n",
        },
    ),
    "several": (
        "-i <A> --extra-index-url <B> --pre\ndemo\n",
        {
            "set": "-i <N> --extra-index-url <B> --pre\ndemo\n",
            "add": "-i <A> --extra-index-url <B> --pre\n--extra-index-url <N>\ndemo\n",
            "rm": "--extra-index-url <B> --pre\ndemo\n",
        },
    ),
    "comment behind": (
        "-i <A> # ours\ndemo\n",
        {
            "set": "-i <N> # ours\ndemo\n",
            "add": "-i <A> # ours\n--extra-index-url <N>\ndemo\n",
            "rm": "demo\n",
        },
    ),
    "hash in url": (
        "--extra-index-url https://b.example/#frag\n",
        {
            "set": "--index-url <N>\n--extra-index-url https://b.example/#frag\n",
            "add": "--extra-index-url https://b.example/#frag\n--extra-index-url <N>\n",
            "rm": SAME,
        },
    ),
    "extra": (
        "demo\n--extra-index-url <A>\n--trusted-host a.example\nother\n",
        {
            "set": "--index-url <N>\ndemo\n--extra-index-url <A>\n--trusted-host a.example\nother\n",
            "add": "demo\n--extra-index-url <A>\n--trusted-host a.example\n--extra-index-url <N>\nother\n",
            "rm": "demo\nother\n",
            "trust": "demo\n--extra-index-url <A>\n--trusted-host a.example\n--trusted-host n.example\nother\n",
        },
    ),
    "on requirement": (
        "demo --extra-index-url <A>\n",
        {
            "set": "--index-url <N>\ndemo --extra-index-url <A>\n",
            "add": "--extra-index-url <N>\ndemo --extra-index-url <A>\n",
            "rm": "demo\n",
        },
    ),
    "on nested": (
        "-r base.txt -i <A>\n",
        {
            "set": "--index-url <N>\n-r base.txt -i <A>\n",
            "add": "--extra-index-url <N>\n-r base.txt -i <A>\n",
            "rm": "-r base.txt\n",
        },
    ),
    "second url": (
        "--extra-index-url <B> <A>\n",
        {
            "set": "--index-url <N>\n--extra-index-url <B> <A>\n",
            "add": "--extra-index-url <B> <A>\n--extra-index-url <N>\n",
            "rm": SAME,
        },
    ),
    "second url 2": (
        "--extra-index-url <A> <B>\n",
        {
            "set": "--index-url <N>\n--extra-index-url <A> <B>\n",
            "add": "--extra-index-url <A> <B>\n--extra-index-url <N>\n",
            "rm": (WouldBreak, 0),
        },
    ),
    "variable": (
        "-i https://u:${TOKEN}@a.example/simple/\ndemo\n",
        {
            "set": "-i <N>\ndemo\n",
            "add": "-i https://u:${TOKEN}@a.example/simple/\n--extra-index-url <N>\ndemo\n",
            "rm": "demo\n",
        },
    ),
    "markers": (
        "demo; python_version < \"3.12\" and extra == 'x'\n-e git+https://a.example/x.git#egg=x\n",
        {
            "set": "--index-url <N>\ndemo; python_version < \"3.12\" and extra == 'x'\n-e git+https://a.example/x.git#egg=x\n",
            "add": "--extra-index-url <N>\ndemo; python_version < \"3.12\" and extra == 'x'\n-e git+https://a.example/x.git#egg=x\n",
            "rm": SAME,
        },
    ),
    "form feed": (
        "demo\x0cother\n-i <A>\n",
        {
            "set": "demo\x0cother\n-i <N>\n",
            "add": "demo\x0cother\n-i <A>\n--extra-index-url <N>\n",
            "rm": "demo\x0cother\n",
        },
    ),
    "line separator": (
        "demo\u2028-i <A>\n",
        {
            "set": "demo\u2028-i <N>\n",
            "add": "demo\u2028-i <A>\n--extra-index-url <N>\n",
            "rm": "demo\u2028",
        },
    ),
    "equals": (
        "--index-url = <A>\n",
        {
            "set": "--index-url <N> <A>\n",
            "add": "--index-url = <A>\n--extra-index-url <N>\n",
            "rm": SAME,
        },
    ),
    "no-index": (
        "--no-index\n-f ./wheels\n",
        {
            "set": "--index-url <N>\n--no-index\n-f ./wheels\n",
            "add": "--no-index\n-f ./wheels\n--extra-index-url <N>\n",
            "rm": SAME,
        },
    ),
    "find-links": (
        "-f <A>\ndemo\n",
        {
            "set": "--index-url <N>\n-f <A>\ndemo\n",
            "add": "-f <A>\n--extra-index-url <N>\ndemo\n",
            "rm": "demo\n",
        },
    ),
    "utf8 bom": (
        b"\xef\xbb\xbf-i <A>\ndemo\n",
        {
            "set": b"\xef\xbb\xbf-i <N>\ndemo\n",
            "add": b"\xef\xbb\xbf-i <A>\n--extra-index-url <N>\ndemo\n",
            "rm": b"\xef\xbb\xbfdemo\n",
        },
    ),
    "utf16": (
        b"\xff\xfed\x00e\x00m\x00o\x00\n\x00-\x00i\x00 \x00h\x00t\x00t\x00p\x00s\x00:\x00/\x00/\x00a\x00.\x00e\x00x\x00a\x00m\x00p\x00l\x00e\x00/\x00s\x00i\x00m\x00p\x00l\x00e\x00/\x00\n\x00",
        {
            "set": b"\xff\xfed\x00e\x00m\x00o\x00\n\x00-\x00i\x00 \x00h\x00t\x00t\x00p\x00s\x00:\x00/\x00/\x00n\x00.\x00e\x00x\x00a\x00m\x00p\x00l\x00e\x00/\x00s\x00i\x00m\x00p\x00l\x00e\x00/\x00\n\x00",
            "add": b"\xff\xfed\x00e\x00m\x00o\x00\n\x00-\x00i\x00 \x00h\x00t\x00t\x00p\x00s\x00:\x00/\x00/\x00a\x00.\x00e\x00x\x00a\x00m\x00p\x00l\x00e\x00/\x00s\x00i\x00m\x00p\x00l\x00e\x00/\x00\n\x00-\x00-\x00e\x00x\x00t\x00r\x00a\x00-\x00i\x00n\x00d\x00e\x00x\x00-\x00u\x00r\x00l\x00 \x00h\x00t\x00t\x00p\x00s\x00:\x00/\x00/\x00n\x00.\x00e\x00x\x00a\x00m\x00p\x00l\x00e\x00/\x00s\x00i\x00m\x00p\x00l\x00e\x00/\x00\n\x00",
            "rm": b"\xff\xfed\x00e\x00m\x00o\x00\n\x00",
        },
    ),
    "latin1 cookie": (
        b"# -*- coding: latin-1 -*-\n# caf\xe9\n-i <A>\n",
        {
            "set": b"# -*- coding: latin-1 -*-\n# caf\xe9\n-i <N>\n",
            "add": b"# -*- coding: latin-1 -*-\n# caf\xe9\n-i <A>\n--extra-index-url <N>\n",
            "rm": b"# -*- coding: latin-1 -*-\n# caf\xe9\n",
        },
    ),
    "bad option": (
        "--frobnicate x\n",
        {
            "set": (ConfigSyntax, 1),
        },
    ),
    "no value": (
        "demo\n-i\n",
        {
            "set": (ConfigSyntax, 2),
        },
    ),
    "bad quote": (
        '-i "https://a\n',
        {
            "set": (ConfigSyntax, 1),
        },
    ),
    "comment in continuation": (
        "-i \\\n# no\n<A>\n",
        {
            "set": (ConfigSyntax, 1),
        },
    ),
    "trailing backslash": (
        "demo \\\n",
        {
            "set": "--index-url <N>\ndemo \\\n",
            "add": "--extra-index-url <N>\ndemo \\\n",
            "rm": SAME,
        },
    ),
    "constraint": (
        "-c c.txt\ndemo\n",
        {
            "set": "--index-url <N>\n-c c.txt\ndemo\n",
            "add": "--extra-index-url <N>\n-c c.txt\ndemo\n",
            "rm": SAME,
        },
    ),
}


@pytest.mark.parametrize(("operation", "before", "after"), rows(CASES))
def test_requirements(operation: str, before: str | bytes, after: Any) -> None:
    check(EDITS[operation], before, after)
