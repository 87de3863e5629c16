"""What holds for every pip.conf, ugly ones first."""

from __future__ import annotations

import configparser
import io
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pocketrepo.config import ini, pip
from pocketrepo.config.guard import Edit
from pocketrepo.config.match import Match
from pocketrepo.errors import UnsafeEdit
from tests.config.table import DERANDOMIZE, EXAMPLES, PATH, A, B, N, refusal

indents = st.sampled_from(["", "", "", "  ", "    ", "\t"])
values = st.sampled_from([A, B, f"{A} {B}", "5", "yes", "", f"{A} # ours", "a,b", "%(x)s", "'q'"])
KEYS = [
    "index-url",
    "extra-index-url",
    "trusted-host",
    "timeout",
    "find-links",
    "--no-index",
    "Proxy",
    "pypi_url",
]
delimiters = st.sampled_from([" = ", "=", ": ", " =", "\t=\t"])
fillers = st.lists(st.sampled_from(["", "   ", "# note", "  ; note"]), max_size=2)
continuations = st.lists(st.builds(lambda v: f"      {v}", values), max_size=2)
headers = st.sampled_from(
    [["[global]"], ["[install]"], ["[DEFAULT]"], ["[global]", "  [install]"], ["[global] # x", "[Global]"]]
)

few = settings(max_examples=EXAMPLES, deadline=None, derandomize=DERANDOMIZE)


@st.composite
def files(draw: st.DrawFn) -> str:
    """Files with unlike keys and sections, most of which pip reads."""
    lines = draw(fillers)
    for header in draw(headers):
        lines.append(header)
        indent = draw(indents)
        for key in draw(st.lists(st.sampled_from(KEYS), max_size=4, unique=True)):
            spelled = (
                draw(st.sampled_from([key, key, key.replace("-", "_"), key.upper()]))
                if key[0] != "-"
                else key
            )
            lines.append(f"{indent}{spelled}{draw(delimiters)}{draw(values)}")
            lines += [*draw(continuations), *draw(fillers)]
    line_break = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    return line_break.join(lines) + draw(st.sampled_from(["", line_break]))


def edits() -> list[Edit[pip.Reading]]:
    return [
        pip.set_index(N),
        pip.add_index(N),
        pip.trust("n.example"),
        pip.remove(Match(A)),
        pip.remove(Match("b.example")),
    ]


def lines_of(text: str) -> list[str]:
    return [line.text for line in ini.parse(text).lines]


def is_within(some: list[str], lines: list[str]) -> bool:
    """Whether ``some`` is ``lines`` less some of them, in order."""
    rest = iter(lines)
    return all(line in rest for line in some)


def applied(edit: Edit[pip.Reading], text: str) -> str:
    """The edited text; inputs that pip or the guard refuses are of no interest to the property."""
    try:
        return edit.apply(text.encode(), PATH).decode()
    except UnsafeEdit:
        assume(False)
        raise


def test_the_generator_makes_files_that_can_be_edited() -> None:
    """Otherwise the properties below would say nothing."""
    found: list[str] = []

    @few
    @given(files())
    def collect(text: str) -> None:
        try:
            pip.read(text.encode(), PATH)
        except UnsafeEdit:
            return
        found.append(text)

    collect()
    assert len(found) >= 10


@few
@given(files())
def test_parse_sees_what_configparser_sees(text: str) -> None:
    parser = configparser.RawConfigParser()
    try:
        parser.read_file(io.StringIO(text, newline=None))
    except configparser.Error:
        assume(False)
    seen = {
        (section.name, option.key): [
            word for span in option.spans(text) for word in text[slice(*span)].split()
        ]
        for section in ini.parse(text).sections
        if section.name != "DEFAULT"
        for option in section.options
    }
    defaults = parser.defaults()
    read = {
        (section, key): value.split()
        for section in parser.sections()
        for key, value in parser.items(section)
        if (section, key) in seen or key not in defaults
    }
    assert seen == read


@few
@given(files())
def test_setting_adds_or_changes_one_option_and_keeps_every_other_line(text: str) -> None:
    after = applied(pip.set_index(N), text)
    before_lines, after_lines = lines_of(text), lines_of(after)
    gone = [line for line in before_lines if line not in after_lines]
    assert all(re.search(r"(?i)index[-_]url|pypi|://|^\s*(5|yes|a,b|'q'|%)", line) for line in gone)
    assert after.count(N) == 1


@few
@given(files())
def test_adding_keeps_every_line(text: str) -> None:
    for edit in (pip.add_index(N), pip.trust("n.example")):
        after = applied(edit, text)
        changed = [line for line in lines_of(after) if "n.example" in line]
        assert len(changed) == 1
        kept = [line for line in lines_of(after) if line not in changed]
        new = [line for line in kept if line in ("", "[global]")]
        assert is_within([line for line in kept if line not in new], lines_of(text))
        assert len([line for line in lines_of(text) if line not in kept]) <= 1


@few
@given(files())
def test_removing_adds_no_line(text: str) -> None:
    after = applied(pip.remove(Match(A)), text)
    untouched = [line for line in lines_of(after) if not set("=:#") & set(line)]
    assert is_within(untouched, lines_of(text))
    assert len(lines_of(after)) <= len(lines_of(text))


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
    comments = [line for line in lines_of(text) if line.strip().startswith(("#", ";"))]
    assert is_within(comments, lines_of(after))
    used = {line.break_ for line in ini.parse(text).lines if line.break_}
    if used:
        assert {line.break_ for line in ini.parse(after).lines if line.break_} <= used
    if number < 3 and lines_of(text) and not text.endswith(("\n", "\r")):
        assert not after.endswith(("\n", "\r"))


@pytest.mark.parametrize("number", range(len(edits())))
@few
@given(text=files())
def test_other_options_mean_what_they_meant(number: int, text: str) -> None:
    after = applied(edits()[number], text)
    asked = {"index-url", "pypi-url", "extra-index-url", "trusted-host", "find-links"}
    before, now = pip.read(text.encode(), PATH), pip.read(after.encode(), PATH)
    for section in before:
        for key in set(before[section]) - asked:
            assert now[section][key] == before[section][key]


@few
@given(st.binary(max_size=80))
def test_any_bytes_are_edited_or_refused(data: bytes) -> None:
    for edit in edits():
        message = refusal(edit, data)
        assert message is None or str(PATH) in message
