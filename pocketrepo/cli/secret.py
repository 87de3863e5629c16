"""Where commands take secrets from. Never from an argument, which every process of the machine can read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from pocketrepo.errors import UsageError

PASSWORD = "POCKETREPO_PASSWORD"  # noqa: S105  the name of a variable


def new_password(file: str | None, who: str) -> str:
    """From ``file`` (``-`` is standard input), else from the environment, else from a prompt. Raises UsageError where
    nobody can be asked."""
    if file is not None:
        return first_line(file)
    if PASSWORD in os.environ:
        return os.environ[PASSWORD]
    if not _somebody_is_there():
        raise UsageError(
            "there is nobody to ask for the password",
            hint=f"give it as --password-file FILE, or in {PASSWORD}",
        )
    typed: str = click.prompt(f"Password of {who}", hide_input=True, confirmation_prompt=True, err=True)
    return typed


def _somebody_is_there() -> bool:
    return sys.stdin.isatty()


def first_line(file: str) -> str:
    """Of a file, or for ``-`` of standard input. Raises UsageError."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{file} cannot be read: {reason}") from None
    line = text.partition("\n")[0].removesuffix("\r")
    if not line:
        raise UsageError(f"{'standard input' if file == '-' else file} has no secret in its first line")
    return line
