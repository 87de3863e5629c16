"""The words after a magic: parsed as a command line, with errors of one line and no exit."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from pocketrepo.errors import PocketRepoError, UsageError


class HelpShown(Exception):
    """Help was asked for and printed: there is nothing more to do."""


class Parser(argparse.ArgumentParser):
    """Raises UsageError where argparse would end the process."""

    def __init__(self, **options: object) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**options, allow_abbrev=False)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint=f"{self.prog.split()[0]}? tells more")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise HelpShown


def words_of(line: str) -> list[str]:
    """As a shell would split them, comments included. Raises UsageError."""
    try:
        return shlex.split(line, comments=True)
    except ValueError as error:
        raise UsageError(f"{line.strip()}: {str(error).lower()}") from None


@contextmanager
def in_one_line() -> Iterator[None]:
    """Errors of ours fail the cell, but are shown without the traceback that leads through IPython to us."""
    try:
        yield
    except PocketRepoError as error:
        show_as(error, [f"{type(error).__name__}: {error}"])
        raise


def show_as(error: Exception, lines: list[str]) -> None:
    """Let IPython show these lines when the error reaches it: it asks an exception how it wants to be shown."""
    vars(error).setdefault("_render_traceback_", lambda: lines)
