"""What holds for every uv.toml and pyproject.toml, and for everything that is shown to people."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pocketrepo.config import netrc, toml, uv
from pocketrepo.config.diff import unified
from pocketrepo.config.guard import Edit
from pocketrepo.config.match import Match
from pocketrepo.config.url import Credentials, mask, split_credentials, with_credentials
from pocketrepo.errors import UnsafeEdit
from tests.config.table import DERANDOMIZE, EXAMPLES, PATH, A, B, N, refusal

blocks = st.sampled_from(
    [
        f'[[index]]\nname = "a"\nurl = "{A}"\n',
        f"[[index]] # why\nurl = '{B}'\nname = 'b'\ndefault = true\n",
        f'  [[index]]\n  name = "c"\n  url = "{A}"\n  explicit = true\n',
        "[pip]\nstrict = true # yes\n",
        f'[pip]\nindex-url = "{A}"\nextra-index-url = [\n  "{B}", # b\n  "{A}"\n]\n',
        '[sources]\nx = { index = "b" }\n',
        "# a comment\n",
        "\n",
    ]
)
heads = st.sampled_from(
    [
        "",
        "# head\n\n",
        'note = """\n[[index]]\n"""\n',
        f'index-url = "{A}"\nno-index = false\n',
        f'index = [{{ name = "i", url = "{A}" }}, # one\n  {{ name = "j", url = "{B}" }}]\n',
    ]
)

few = settings(max_examples=EXAMPLES, deadline=None, derandomize=DERANDOMIZE)


@st.composite
def files(draw: st.DrawFn) -> str:
    text = draw(heads) + "".join(draw(st.lists(blocks, max_size=5)))
    if draw(st.booleans()):
        text = text.rstrip("\n")
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assume(False)
    return text


def edits() -> list[Edit[Any]]:
    return [
        uv.set_index(N, "uv", "n"),
        uv.add_index(N, "uv", "n"),
        uv.remove(Match(A), "uv"),
        uv.trust("n.example", "uv"),
    ]


def applied(edit: Edit[Any], text: str) -> str:
    try:
        return edit.apply(text.encode(), PATH).decode()
    except UnsafeEdit:
        assume(False)
        raise


def comments(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip().startswith("#")]


@pytest.mark.parametrize("number", range(len(edits())))
@few
@given(text=files())
def test_a_second_time_changes_nothing(number: int, text: str) -> None:
    edit = edits()[number]
    after = applied(edit, text)
    assert edit.apply(after.encode(), PATH).decode() == after


@pytest.mark.parametrize("number", range(len(edits())))
@few
@given(text=files())
def test_comments_line_breaks_and_the_end_of_the_file_stay(number: int, text: str) -> None:
    after = applied(edits()[number], text)
    assert comments(text) == comments(after)
    if "\r\n" in text:
        assert "\n" not in after.replace("\r\n", "")
    if number != 2 and text and not text.endswith("\n"):
        assert not after.endswith("\n")


@few
@given(files())
def test_no_edit_is_refused_for_a_file_that_uv_reads(text: str) -> None:
    for edit in edits():
        edit.apply(text.encode(), PATH)


@few
@given(files())
def test_adding_keeps_all_that_was_there(text: str) -> None:
    before = toml.read(text.encode(), PATH)
    after = toml.read(applied(uv.add_index(N, "uv", "n"), text).encode(), PATH)
    assert after.pop("index")[:-1] == before.pop("index", [])
    assert after == before


@few
@given(st.binary(max_size=60))
def test_any_bytes_are_edited_or_refused(data: bytes) -> None:
    for edit in edits():
        message = refusal(edit, data)
        assert message is None or str(PATH) in message


secrets = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=20).filter(
    lambda text: text not in "password machine https repo.example simple"
)


@few
@given(secrets, st.sampled_from(["ada", "__token__", ""]))
def test_a_secret_in_a_url_is_never_shown(secret: str, user: str) -> None:
    url = with_credentials("https://repo.example/simple/", user, secret)
    assert split_credentials(url) == (
        "https://repo.example/simple/",
        Credentials(user or secret, secret if user else ""),
    )
    for text in (mask(url), mask(f"index-url = {url} # x"), unified(PATH, b"", f"i = {url}\n".encode())):
        assert secret not in text
        assert quote(secret, safe="") not in text
    assert secret not in repr(Credentials("ada", secret))


@few
@given(secrets)
def test_a_password_in_netrc_or_pypirc_is_never_shown(secret: str) -> None:
    assume(not set(secret) & set("\"'\\#"))
    files = {".netrc": f"machine h login u\n  password {secret}\n", ".pypirc": f"[n]\npassword = {secret}\n"}
    for name, text in files.items():
        assert secret not in unified(Path(name), None, text.encode()).replace("@@", "")


@few
@given(secrets)
def test_netrc_gives_back_what_was_put_in(secret: str) -> None:
    assume(not set(secret) & set("\"'\\#"))
    data = netrc.set_login("h.example", Credentials("u", secret)).apply(
        b"machine b login x password y\n", PATH
    )
    assert netrc.read(data, PATH)["h.example"] == ("u", "", secret)
