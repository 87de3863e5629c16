"""Tables of edits: what a file was, what was asked, what it is afterwards. <A>, <B> and <N> are index URLs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pocketrepo.config.errors import ConfigSyntax
from pocketrepo.config.guard import Edit
from pocketrepo.errors import UnsafeEdit

A, B, N = "https://a.example/simple/", "https://b.example/simple/", "https://n.example/simple/"
SAME = "the text as it was"

# The same examples every time; HYPOTHESIS_EXAMPLES=1000 looks for new ones.
EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "40"))
DERANDOMIZE = "HYPOTHESIS_EXAMPLES" not in os.environ

# After an edit: the new text; SAME; or the error and the line that it names.
After = str | bytes | tuple[type[UnsafeEdit], int]
Cases = Mapping[str, tuple[str | bytes, Mapping[str, After]]]
PATH = Path("the-file")


def urls(text: str | bytes) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    for name, url in (("<A>", A), ("<B>", B), ("<N>", N)):
        data = data.replace(name.encode(), url.encode())
    return data


def rows(cases: Cases) -> list[Any]:
    """One parameter set a row: operation, text before, what is expected."""
    return [
        pytest.param(operation, before, after, id=f"{name}-{operation}")
        for name, (before, edits) in cases.items()
        for operation, after in edits.items()
    ]


def refusal(edit: Edit[Any], data: bytes) -> str | None:
    """What the edit says against these bytes; None if it takes them."""
    try:
        edit.apply(data, PATH)
    except UnsafeEdit as error:
        return str(error)
    return None


def check(edit: Edit[Any], before: str | bytes, after: After) -> None:
    """The edit gives exactly those bytes, and nothing more to do when asked again; or that error."""
    data = urls(before)
    if isinstance(after, tuple):
        error, line = after
        with pytest.raises(error) as caught:
            edit.apply(data, PATH)
        if isinstance(caught.value, ConfigSyntax):
            assert caught.value.line == line
        return
    edited = edit.apply(data, PATH)
    assert edited == (data if after == SAME else urls(after))
    assert edit.apply(edited, PATH) == edited
