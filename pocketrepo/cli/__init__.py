"""The command line: each command parses, calls the API and prints.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.
"""

from __future__ import annotations

import importlib
import logging
import sys
from typing import Any

import click

import pocketrepo
from pocketrepo.errors import PocketRepoError

COMMANDS = {
    "check": "maintain",
    "config": "config",
    "delete": "packages",
    "download": "packages",
    "entitlement": "entitlements",
    "install": "packages",
    "key": "keys",
    "list": "packages",
    "log": "log",
    "mark": "project",
    "project": "project",
    "push": "packages",
    "rebuild": "maintain",
    "repo": "repo",
    "role": "roles",
    "search": "packages",
    "serve": "serve",
    "show": "packages",
    "status": "serve",
    "stop": "serve",
    "unyank": "packages",
    "user": "users",
    "yank": "packages",
}
"""Command -> module; loaded when it is asked for."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        home = COMMANDS.get(name)
        if home is None:
            return None
        module = importlib.import_module(f"pocketrepo.cli.{home}")
        command: click.Command = getattr(module, f"{name}_command" if name == "list" else name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PocketRepoError as error:
            raise _Failure(error) from None


class _Failure(click.ClickException):
    """An error of ours as one or two lines and exit code 1."""

    exit_code = 1

    def __init__(self, error: PocketRepoError) -> None:
        super().__init__(f"{error.message}\n  {error.hint}" if error.hint else error.message)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(pocketrepo.__version__, prog_name="pocketrepo")
def cli() -> None:
    """Your own PyPI, in your pocket."""


def main() -> None:
    """Entry point of ``pocketrepo`` and ``python -m pocketrepo``."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(message)s")
    cli(prog_name="pocketrepo")
