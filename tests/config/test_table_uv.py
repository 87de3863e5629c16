"""uv.toml: each row is text -> text."""

# ruff: noqa: E501 - a text is one literal, however long

from __future__ import annotations

from typing import Any

import pytest

from pocketrepo.config import uv
from pocketrepo.config.errors import ConfigSyntax
from pocketrepo.config.match import Match
from tests.config.table import SAME, A, Cases, N, check, rows

EDITS = {
    "set": uv.set_index(N, "uv", "n"),
    "add": uv.add_index(N, "uv", "n"),
    "rm": uv.remove(Match(A), "uv"),
    "trust": uv.trust("n.example", "uv"),
}

CASES: Cases = {
    "empty": (
        "",
        {
            "set": '[[index]]\nname = "n"\nurl = "<N>"\ndefault = true\n',
            "add": '[[index]]\nname = "n"\nurl = "<N>"\n',
            "rm": SAME,
            "trust": 'allow-insecure-host = ["n.example"]\n',
        },
    ),
    "comment only": (
        "# mine\n",
        {
            "set": '# mine\n\n[[index]]\nname = "n"\nurl = "<N>"\ndefault = true\n',
            "add": '# mine\n\n[[index]]\nname = "n"\nurl = "<N>"\n',
            "rm": SAME,
        },
    ),
    "no final newline": (
        '[[index]]\nname = "a"\nurl = "<A>"',
        {
            "set": '[[index]]\nname = "a"\nurl = "<A>"\n\n[[index]]\nname = "n"\nurl = "<N>"\ndefault = true',
            "add": '[[index]]\nname = "a"\nurl = "<A>"\n\n[[index]]\nname = "n"\nurl = "<N>"',
            "rm": "",
            "trust": 'allow-insecure-host = ["n.example"]\n\n[[index]]\nname = "a"\nurl = "<A>"',
        },
    ),
    "plain": (
        '[[index]]\nname = "a"\nurl = "<A>"\n',
        {
            "set": '[[index]]\nname = "a"\nurl = "<A>"\n\n[[index]]\nname = "n"\nurl = "<N>"\ndefault = true\n',
            "add": '[[index]]\nname = "a"\nurl = "<A>"\n\n[[index]]\nname = "n"\nurl = "<N>"\n',
            "rm": "",
            "trust": 'allow-insecure-host = ["n.example"]\n\n[[index]]\nname = "a"\nurl = "<A>"\n',
        },
    ),
    "default": (
        '[[index]]\nname = "a"\nurl = "<A>" # ours\ndefault = true\n',
        {
            "set": '[[index]]\nname = "a"\nurl = "<N>" # ours\ndefault = true\n',
            "add": '[[index]]\nname = "a"\nurl = "<A>" # ours\ndefault = true\n\n[[index]]\nname = "n"\nurl = "<N>"\n',
            "rm": "",
        },
    ),
    "crlf": (
        '# c\r\n[[index]]\r\nname = "a"\r\nurl = "<A>" # why\r\n\r\n# below\r\n[pip]\r\nstrict = true\r\n',
        {
            "set": '# c\r\n[[index]]\r\nname = "a"\r\nurl = "<A>" # why\r\n\r\n[[index]]\r\nname = "n"\r\nurl = "<N>"\r\ndefault = true\r\n\r\n# below\r\n[pip]\r\nstrict = true\r\n',
            "add": '# c\r\n[[index]]\r\nname = "a"\r\nurl = "<A>" # why\r\n\r\n[[index]]\r\nname = "n"\r\nurl = "<N>"\r\n\r\n# below\r\n[pip]\r\nstrict = true\r\n',
            "rm": "# c\r\n\r\n# below\r\n[pip]\r\nstrict = true\r\n",
            "trust": 'allow-insecure-host = ["n.example"]\r\n\r\n# c\r\n[[index]]\r\nname = "a"\r\nurl = "<A>" # why\r\n\r\n# below\r\n[pip]\r\nstrict = true\r\n',
        },
    ),
    "split": (
        '[[index]]\nname = "a"\nurl = "<A>"\n\n# pip\n[pip]\nstrict = true\n\n# second\n[[index]]\nname = "b"\nurl = "<B>"\n\n# last\n[sources]\nx = 1\n',
        {
            "set": '[[index]]\nname = "a"\nurl = "<A>"\n\n# pip\n[pip]\nstrict = true\n\n# second\n[[index]]\nname = "b"\nurl = "<B>"\n\n[[index]]\nname = "n"\nurl = "<N>"\ndefault = true\n\n# last\n[sources]\nx = 1\n',
            "add": '[[index]]\nname = "a"\nurl = "<A>"\n\n# pip\n[pip]\nstrict = true\n\n# second\n[[index]]\nname = "b"\nurl = "<B>"\n\n[[index]]\nname = "n"\nurl = "<N>"\n\n# last\n[sources]\nx = 1\n',
            "rm": '# pip\n[pip]\nstrict = true\n\n# second\n[[index]]\nname = "b"\nurl = "<B>"\n\n# last\n[sources]\nx = 1\n',
        },
    ),
    "inline array": (
        'index = [{name = "a", url = "<A>"}, # one\n  {name = "b", url = "<B>"}]\n[pip]\nstrict = true\n',
        {
            "set": 'index = [{name = "a", url = "<A>"}, # one\n  {name = "b", url = "<B>"},\n  { name = "n", url = "<N>", default = true }]\n[pip]\nstrict = true\n',
            "add": 'index = [{name = "a", url = "<A>"}, # one\n  {name = "b", url = "<B>"},\n  { name = "n", url = "<N>" }]\n[pip]\nstrict = true\n',
            "rm": 'index = [{name = "b", url = "<B>"}]\n[pip]\nstrict = true\n',
            "trust": 'index = [{name = "a", url = "<A>"}, # one\n  {name = "b", url = "<B>"}]\nallow-insecure-host = ["n.example"]\n[pip]\nstrict = true\n',
        },
    ),
    "one line array": (
        'index = [{ name = "a", url = "<A>" }]\n',
        {
            "set": 'index = [{ name = "a", url = "<A>" }, { name = "n", url = "<N>", default = true }]\n',
            "add": 'index = [{ name = "a", url = "<A>" }, { name = "n", url = "<N>" }]\n',
            "rm": "",
        },
    ),
    "multi-line string": (
        'note = """\n[[index]]\nname = "q"\n"""\n[[index]]\nname = "a"\nurl = \'<A>\'\n',
        {
            "set": 'note = """\n[[index]]\nname = "q"\n"""\n[[index]]\nname = "a"\nurl = \'<A>\'\n\n[[index]]\nname = "n"\nurl = "<N>"\ndefault = true\n',
            "add": 'note = """\n[[index]]\nname = "q"\n"""\n[[index]]\nname = "a"\nurl = \'<A>\'\n\n[[index]]\nname = "n"\nurl = "<N>"\n',
            "rm": 'note = """\n[[index]]\nname = "q"\n"""\n',
        },
    ),
    "indented": (
        '  [[index]]\n  name   =  "a"\n  url    =  "<A>"\n\n  [pip]\n  strict = true\n',
        {
            "set": '  [[index]]\n  name   =  "a"\n  url    =  "<A>"\n\n  [[index]]\n  name = "n"\n  url = "<N>"\n  default = true\n\n  [pip]\n  strict = true\n',
            "add": '  [[index]]\n  name   =  "a"\n  url    =  "<A>"\n\n  [[index]]\n  name = "n"\n  url = "<N>"\n\n  [pip]\n  strict = true\n',
            "rm": "  [pip]\n  strict = true\n",
            "trust": 'allow-insecure-host = ["n.example"]\n\n  [[index]]\n  name   =  "a"\n  url    =  "<A>"\n\n  [pip]\n  strict = true\n',
        },
    ),
    "empty array": (
        "index = []\n",
        {
            "set": 'index = [{ name = "n", url = "<N>", default = true }]\n',
            "add": 'index = [{ name = "n", url = "<N>" }]\n',
            "rm": "",
        },
    ),
    "old keys": (
        'index-url = "<A>"\nextra-index-url = ["<B>", "<A>"]\n',
        {
            "set": 'index-url = "<N>"\nextra-index-url = ["<B>", "<A>"]\n',
            "add": 'index-url = "<A>"\nextra-index-url = ["<B>", "<A>"]\n\n[[index]]\nname = "n"\nurl = "<N>"\n',
            "rm": 'extra-index-url = ["<B>"]\n',
        },
    ),
    "pip table": (
        '[pip]\nindex-url = "<A>"\nextra-index-url = [\n  "<A>", # ours\n  "<B>",\n]\n',
        {
            "set": '[pip]\nindex-url = "<A>"\nextra-index-url = [\n  "<A>", # ours\n  "<B>",\n]\n\n[[index]]\nname = "n"\nurl = "<N>"\ndefault = true\n',
            "add": '[pip]\nindex-url = "<A>"\nextra-index-url = [\n  "<A>", # ours\n  "<B>",\n]\n\n[[index]]\nname = "n"\nurl = "<N>"\n',
            "rm": '[pip]\nextra-index-url = [\n  "<B>",\n]\n',
        },
    ),
    "comment before": (
        '# head of the file\n\n# ours\n[[index]]\nname = "a"\nurl = "<A>"\n\n# pip\n[pip]\nstrict = true\n',
        {
            "set": '# head of the file\n\n# ours\n[[index]]\nname = "a"\nurl = "<A>"\n\n[[index]]\nname = "n"\nurl = "<N>"\ndefault = true\n\n# pip\n[pip]\nstrict = true\n',
            "add": '# head of the file\n\n# ours\n[[index]]\nname = "a"\nurl = "<A>"\n\n[[index]]\nname = "n"\nurl = "<N>"\n\n# pip\n[pip]\nstrict = true\n',
            "rm": "# head of the file\n\n# ours\n\n# pip\n[pip]\nstrict = true\n",
            "trust": '# head of the file\n\nallow-insecure-host = ["n.example"]\n\n# ours\n[[index]]\nname = "a"\nurl = "<A>"\n\n# pip\n[pip]\nstrict = true\n',
        },
    ),
    "quoted keys": (
        '[["index"]]\n"name" = "a"\n"url" = "<A>"\n',
        {
            "set": '[["index"]]\n"name" = "a"\n"url" = "<A>"\n\n[[index]]\nname = "n"\nurl = "<N>"\ndefault = true\n',
            "add": '[["index"]]\n"name" = "a"\n"url" = "<A>"\n\n[[index]]\nname = "n"\nurl = "<N>"\n',
            "rm": "",
        },
    ),
    "name taken": (
        '[[index]]\nname = "n"\nurl = "<B>"\n',
        {
            "set": '[[index]]\nname = "n"\nurl = "<B>"\n\n[[index]]\nname = "n-2"\nurl = "<N>"\ndefault = true\n',
            "add": '[[index]]\nname = "n"\nurl = "<B>"\n\n[[index]]\nname = "n-2"\nurl = "<N>"\n',
            "rm": SAME,
        },
    ),
    "already": (
        '[[index]]\nname = "n"\nurl = "<N>"\n',
        {
            "set": '[[index]]\nname = "n"\nurl = "<N>"\ndefault = true\n',
            "add": SAME,
            "rm": SAME,
        },
    ),
    "unicode": (
        '# café \u2028 x\n[[index]]\nname = "a"\nurl = "<A>"\n',
        {
            "set": '# café \u2028 x\n[[index]]\nname = "a"\nurl = "<A>"\n\n[[index]]\nname = "n"\nurl = "<N>"\ndefault = true\n',
            "add": '# café \u2028 x\n[[index]]\nname = "a"\nurl = "<A>"\n\n[[index]]\nname = "n"\nurl = "<N>"\n',
            "rm": "# café \u2028 x\n",
        },
    ),
    "blank tail": (
        "[pip]\nstrict = true\n\n\n",
        {
            "set": '[pip]\nstrict = true\n\n[[index]]\nname = "n"\nurl = "<N>"\ndefault = true\n\n\n',
            "add": '[pip]\nstrict = true\n\n[[index]]\nname = "n"\nurl = "<N>"\n\n\n',
            "rm": SAME,
        },
    ),
    "credentials": (
        '[[index]]\nname = "a"\nurl = "https://u:p@a.example/simple"\n',
        {
            "set": '[[index]]\nname = "a"\nurl = "https://u:p@a.example/simple"\n\n[[index]]\nname = "n"\nurl = "<N>"\ndefault = true\n',
            "add": '[[index]]\nname = "a"\nurl = "https://u:p@a.example/simple"\n\n[[index]]\nname = "n"\nurl = "<N>"\n',
            "rm": "",
        },
    ),
    "broken": (
        "index = \n",
        {
            "set": (ConfigSyntax, 1),
        },
    ),
    "duplicate key": (
        "x = 1\nx = 2\n",
        {
            "set": (ConfigSyntax, 2),
        },
    ),
    "bom": (
        "\ufeffx = 1\n",
        {
            "set": (ConfigSyntax, 1),
        },
    ),
    "latin1": (
        b"# caf\xe9\n",
        {
            "set": (ConfigSyntax, 1),
        },
    ),
}


@pytest.mark.parametrize(("operation", "before", "after"), rows(CASES))
def test_uv_toml(operation: str, before: str | bytes, after: Any) -> None:
    check(EDITS[operation], before, after)
