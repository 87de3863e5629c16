"""Options that several commands share, and the client that they name."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pocketrepo import api
from pocketrepo.client import Client
from pocketrepo.errors import ServerError, UsageError
from pocketrepo.keys import owner_key

F = TypeVar("F", bound=Callable[..., Any])

url_option = click.option("--url", envvar="POCKETREPO_URL", help="Address of a server elsewhere.")


def repository_options(command: F) -> F:
    """``-r/--repository`` and ``--url``."""
    command = click.option(
        "-r",
        "--repository",
        metavar="OWNER/REPO",
        help="Repository of the server; its default one unless given.",
    )(command)
    return click.option(
        "--url",
        envvar="POCKETREPO_URL",
        help="Address of a repository elsewhere, instead of the local server.",
    )(command)


yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


def require_yes(yes: bool, doing: str, question: Callable[[], str]) -> None:
    """An explicit yes, from a person or as ``--yes``. Raises UsageError where nobody can be asked.

    ``question`` is only made to be asked: it may name what has to be fetched.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{doing} needs a yes", hint="add --yes")
    click.confirm(question(), abort=True)


def client_for(repository: str | None, url: str | None) -> Client:
    """The repository that the options name, on the server that this user runs unless ``url`` says otherwise.

    Raises ServerError if none runs.
    """
    if url:
        address = f"{url.rstrip('/')}/{repository.strip('/')}/" if repository else url
        return Client(address, token=os.environ.get("POCKETREPO_TOKEN"), repository=repository)
    found = api.find_running()
    if found is None:
        many = len(api.status())
        raise ServerError(
            "several servers are running" if many else "no server is running",
            hint="name one with --url, see: pocketrepo status"
            if many
            else "start one with: python -m pocketrepo serve",
        )
    key = owner_key(Path(found.root))
    if repository:
        name = repository.strip("/").lower()
        return Client(f"{found.url}{name}/", token=key, repository=name)
    return Client(found.url, token=key, repository=found.repository)
