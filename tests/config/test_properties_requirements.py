"""What holds for every requirements file, with pip's own parser as the judge of what it says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pocketrepo.config import requirements
from pocketrepo.config.errors import ConfigSyntax
from pocketrepo.config.guard import Edit
from pocketrepo.config.match import Match
from pocketrepo.config.reqfile import decode, parse
from pocketrepo.errors import UnsafeEdit
from tests.config.table import DERANDOMIZE, EXAMPLES, PATH, A, B, N, refusal

pieces = st.sampled_from(
    f"""demo|demo==1.0|other>=2 ; python_version < '3.12'|-i {A}|--index-url={A}|-i{B}|--pre|--extra-index-url {B}
    --extra-index-url "{A}"|--extra {B}|-f {A}|--trusted-host a.example|-r base.txt|-c c.txt|--hash=sha256:00
    --no-index|-e git+{A}x.git|# note|stray|-i|--index-url = x|${{TOKEN}}|\\|'q q'|--|--require-hashes
    {A}x-1.0.tar.gz#frag""".replace("\n    ", "|").split("|")
)
lines = st.lists(pieces, max_size=3).map(" ".join)
ends = st.sampled_from(["\n", "\n", "\n", "\r\n", " \\\n", "\\\n", " # c\n", "\x0c", "\u2028", ""])
files = st.lists(st.tuples(st.sampled_from(["", "", "  ", "\t"]), lines, ends), max_size=8).map(
    lambda rows: "".join("".join(row) for row in rows)
)

few = settings(max_examples=EXAMPLES, deadline=None, derandomize=DERANDOMIZE)


def edits() -> list[Edit[Any]]:
    return [requirements.set_index(N), requirements.add_index(N), requirements.remove(Match(A))]


def read_by_pip(text: str) -> list[tuple[Any, ...]] | None:
    """Requirement, options and line number of each line; None where pip gives up."""
    reader = pytest.importorskip(
        "pip._internal.req.req_file", reason="this Python has no pip to compare with"
    )
    parse_line = reader.get_line_parser(None)
    found = []
    for number, line in reader.preprocess(text):
        try:
            args, options = parse_line(line)
        except reader.OptionParsingError:
            return None
        found.append(
            (
                number,
                args.strip(),
                options.index_url,
                options.extra_index_urls or [],
                options.find_links or [],
                options.trusted_hosts or [],
                options.requirements or [],
                options.constraints or [],
                bool(options.no_index),
                bool(options.editables),
            )
        )
    return found


def read_by_us(text: str) -> list[tuple[Any, ...]] | None:
    try:
        parsed = parse(text)
    except ConfigSyntax:
        return None
    found = []
    for line in parsed:
        values: dict[str, list[str]] = {}
        for option in line.options:
            values.setdefault(option.name, []).append(option.value)
        found.append(
            (
                line.number,
                line.requirement,
                (values.get("index-url") or [None])[-1],
                values.get("extra-index-url", []),
                values.get("find-links", []),
                values.get("trusted-host", []),
                values.get("requirement", []),
                values.get("constraint", []),
                "no-index" in values,
                "editable" in values,
            )
        )
    return found


@few
@given(files)
def test_we_read_what_pip_reads(text: str) -> None:
    assert read_by_us(text) == read_by_pip(text)


@few
@given(files)
def test_options_stand_where_they_are_said_to(text: str) -> None:
    try:
        parsed = parse(text)
    except ConfigSyntax:
        assume(False)
    for line in parsed:
        assert 0 <= line.start < line.stop <= len(text)
        for option in line.options:
            assert line.start <= option.start <= option.value_start <= option.stop <= line.stop
            assert text[option.start] in "-\"'\\"


@pytest.mark.parametrize("number", range(len(edits())))
@few
@given(text=files)
def test_a_second_time_changes_nothing(number: int, text: str) -> None:
    edit = edits()[number]
    after = applied(edit, text)
    assert edit.apply(after.encode(), PATH).decode() == after


@few
@given(files)
def test_an_edit_keeps_every_requirement(text: str) -> None:
    for edit in edits():
        after = applied(edit, text)
        assert requirements_in(after) == requirements_in(text)


@few
@given(files)
def test_adding_only_inserts_one_line(text: str) -> None:
    after = applied(requirements.add_index(N), text)
    line = f"--extra-index-url {N}"
    place = after.index(line)
    rest = after[:place] + after[place + len(line) :]
    assert len(rest) - len(text) in (1, 2)
    assert rest[:place].rstrip("\r\n") == text[: len(rest[:place].rstrip("\r\n"))]
    assert rest[place:].lstrip("\r\n") == text[len(text) - len(rest[place:].lstrip("\r\n")) :]


@few
@given(files)
def test_removing_leaves_no_mention(text: str) -> None:
    after = applied(requirements.remove(Match(A)), text)
    left = [option.value for line in parse(after) for option in line.options]
    assert A not in [value for value in left if not value.startswith("git+")]


@few
@given(st.binary(max_size=60))
def test_any_bytes_are_edited_or_refused(data: bytes) -> None:
    for edit in edits():
        message = refusal(edit, data)
        assert message is None or str(PATH) in message


@few
@given(st.text(max_size=40), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_the_encoding_survives(text: str, encoding: str) -> None:
    data = text.encode(encoding, "ignore")
    try:
        decoded = decode(data)
    except (UnicodeDecodeError, LookupError):
        assume(False)
    assert decoded.encode(decoded.text) == data


def applied(edit: Edit[Any], text: str) -> str:
    try:
        return edit.apply(text.encode(), PATH).decode()
    except UnsafeEdit:
        assume(False)
        raise


def requirements_in(text: str) -> list[str]:
    return [line.requirement for line in parse(text) if line.requirement]
