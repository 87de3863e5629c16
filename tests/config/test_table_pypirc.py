""".pypirc: each row is text -> text."""

# ruff: noqa: E501 - a text is one literal, however long

from __future__ import annotations

from typing import Any

import pytest

from pocketrepo.config import pypirc
from pocketrepo.config.errors import ConfigSyntax
from pocketrepo.config.match import Match
from tests.config.table import SAME, Cases, check, rows

UPLOAD = "https://n.example/legacy/"
EDITS = {
    "set": pypirc.set_publish("n", UPLOAD, "__token__"),
    "pw": pypirc.set_publish("n", UPLOAD, "__token__", "s3cret"),
    "rm": pypirc.remove(Match("a.example")),
    "rm name": pypirc.remove(Match("n")),
}

CASES: Cases = {
    "empty": (
        "",
        {
            "set": "[distutils]\nindex-servers =\n    pypi\n    n\n\n[n]\nrepository = https://n.example/legacy/\nusername = __token__\n",
            "pw": "[distutils]\nindex-servers =\n    pypi\n    n\n\n[n]\nrepository = https://n.example/legacy/\nusername = __token__\npassword = s3cret\n",
            "rm": SAME,
            "rm name": SAME,
        },
    ),
    "only pypi": (
        "[pypi]\nusername = __token__\npassword = pypi-x\n",
        {
            "set": "[pypi]\nusername = __token__\npassword = pypi-x\n\n[distutils]\nindex-servers =\n    pypi\n    n\n\n[n]\nrepository = https://n.example/legacy/\nusername = __token__\n",
            "pw": "[pypi]\nusername = __token__\npassword = pypi-x\n\n[distutils]\nindex-servers =\n    pypi\n    n\n\n[n]\nrepository = https://n.example/legacy/\nusername = __token__\npassword = s3cret\n",
            "rm": SAME,
            "rm name": SAME,
        },
    ),
    "both": (
        "[pypi]\nusername = u\n\n[testpypi]\nusername = v\n",
        {
            "set": "[pypi]\nusername = u\n\n[testpypi]\nusername = v\n\n[distutils]\nindex-servers =\n    pypi\n    testpypi\n    n\n\n[n]\nrepository = https://n.example/legacy/\nusername = __token__\n",
            "pw": "[pypi]\nusername = u\n\n[testpypi]\nusername = v\n\n[distutils]\nindex-servers =\n    pypi\n    testpypi\n    n\n\n[n]\nrepository = https://n.example/legacy/\nusername = __token__\npassword = s3cret\n",
            "rm": SAME,
            "rm name": SAME,
        },
    ),
    "listed": (
        "[distutils]\nindex-servers =\n    pypi\n    a\n\n[a]\nrepository = https://a.example/legacy/\nusername = u\npassword = p\n",
        {
            "set": "[distutils]\nindex-servers =\n    pypi\n    a\n    n\n\n[a]\nrepository = https://a.example/legacy/\nusername = u\npassword = p\n\n[n]\nrepository = https://n.example/legacy/\nusername = __token__\n",
            "pw": "[distutils]\nindex-servers =\n    pypi\n    a\n    n\n\n[a]\nrepository = https://a.example/legacy/\nusername = u\npassword = p\n\n[n]\nrepository = https://n.example/legacy/\nusername = __token__\npassword = s3cret\n",
            "rm": "[distutils]\nindex-servers =\n    pypi\n\n",
            "rm name": SAME,
        },
    ),
    "one line": (
        "[distutils]\nindex-servers = pypi a\n[a]\nrepository: https://a.example/legacy/\n",
        {
            "set": "[distutils]\nindex-servers = pypi a n\n[a]\nrepository: https://a.example/legacy/\n\n[n]\nrepository = https://n.example/legacy/\nusername = __token__\n",
            "pw": "[distutils]\nindex-servers = pypi a n\n[a]\nrepository: https://a.example/legacy/\n\n[n]\nrepository = https://n.example/legacy/\nusername = __token__\npassword = s3cret\n",
            "rm": "[distutils]\nindex-servers = pypi\n",
            "rm name": SAME,
        },
    ),
    "crlf": (
        "[distutils]\r\nindex-servers =\r\n  pypi\r\n",
        {
            "set": "[distutils]\r\nindex-servers =\r\n  pypi\r\n  n\r\n\r\n[n]\r\nrepository = https://n.example/legacy/\r\nusername = __token__\r\n",
            "pw": "[distutils]\r\nindex-servers =\r\n  pypi\r\n  n\r\n\r\n[n]\r\nrepository = https://n.example/legacy/\r\nusername = __token__\r\npassword = s3cret\r\n",
            "rm": SAME,
            "rm name": SAME,
        },
    ),
    "comments": (
        "# mine\n[distutils] ; list\nindex-servers =\n    pypi\n    # private\n    n\n[n]\nrepository = https://old.example/\nusername = __token__\npassword = keep\n",
        {
            "set": "# mine\n[distutils] ; list\nindex-servers =\n    pypi\n    # private\n    n\n[n]\nrepository = https://n.example/legacy/\nusername = __token__\npassword = keep\n",
            "pw": "# mine\n[distutils] ; list\nindex-servers =\n    pypi\n    # private\n    n\n[n]\nrepository = https://n.example/legacy/\nusername = __token__\npassword = s3cret\n",
            "rm": SAME,
            "rm name": "# mine\n[distutils] ; list\nindex-servers =\n    pypi\n    # private\n",
        },
    ),
    "other user": (
        "[distutils]\nindex-servers =\n    n\n[n]\nrepository = https://old.example/\nusername = ada\npassword = gone\n",
        {
            "set": "[distutils]\nindex-servers =\n    n\n[n]\nrepository = https://n.example/legacy/\nusername = __token__\n",
            "pw": "[distutils]\nindex-servers =\n    n\n[n]\nrepository = https://n.example/legacy/\nusername = __token__\npassword = s3cret\n",
            "rm": SAME,
            "rm name": "[distutils]\n",
        },
    ),
    "percent": (
        "[distutils]\nindex-servers = pypi\n[pypi]\npassword = a%b%(c)s\n",
        {
            "set": "[distutils]\nindex-servers = pypi\n    n\n[pypi]\npassword = a%b%(c)s\n\n[n]\nrepository = https://n.example/legacy/\nusername = __token__\n",
            "pw": "[distutils]\nindex-servers = pypi\n    n\n[pypi]\npassword = a%b%(c)s\n\n[n]\nrepository = https://n.example/legacy/\nusername = __token__\npassword = s3cret\n",
            "rm": SAME,
            "rm name": SAME,
        },
    ),
    "no final newline": (
        "[distutils]\nindex-servers =\n    pypi",
        {
            "set": "[distutils]\nindex-servers =\n    pypi\n    n\n\n[n]\nrepository = https://n.example/legacy/\nusername = __token__",
            "pw": "[distutils]\nindex-servers =\n    pypi\n    n\n\n[n]\nrepository = https://n.example/legacy/\nusername = __token__\npassword = s3cret",
            "rm": SAME,
            "rm name": SAME,
        },
    ),
    "dup": (
        "[pypi]\nusername=a\n[pypi]\nusername=b\n",
        {
            "set": (ConfigSyntax, 3),
        },
    ),
    "junk": (
        "pypi\n",
        {
            "set": (ConfigSyntax, 1),
        },
    ),
}


@pytest.mark.parametrize(("operation", "before", "after"), rows(CASES))
def test_pypirc(operation: str, before: str | bytes, after: Any) -> None:
    check(EDITS[operation], before, after)
