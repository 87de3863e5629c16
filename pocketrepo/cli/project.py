"""Projects as a whole: their status, where else they are, who publishes them."""

from __future__ import annotations

from typing import cast

import click

from pocketrepo.cli.options import client_for, repository_options
from pocketrepo.cli.printing import json_option, print_json
from pocketrepo.errors import UsageError
from pocketrepo.model import STATUSES, Json, Status
from pocketrepo.publisher import HINT

LISTS = {"tracks": "tracks", "alternate-locations": "alternate_locations", "publishers": "publishers"}
"""What can be cleared -> its name in the API."""


@click.command()
@click.argument("name")
@click.argument("status", type=click.Choice(STATUSES))
@click.option("--reason", default="", help="Shown to people and tools that look at the project.")
@repository_options
@json_option
def mark(name: str, status: str, reason: str, repository: str | None, url: str | None, as_json: bool) -> None:
    """Give a project a status.

    An archived project takes no uploads; one in quarantine offers no files either. A deprecated one goes on as
    before, and an active one is as usual.
    """
    said = client_for(repository, url).mark(name, cast(Status, status), reason=reason)
    if as_json:
        print_json(said)
    else:
        click.echo(f"{said['name']} is {said['status']}")


@click.group()
def project() -> None:
    """Show and set what holds for a project as a whole."""


@project.command()
@click.argument("name")
@repository_options
@json_option
def show(name: str, repository: str | None, url: str | None, as_json: bool) -> None:
    """Show a project's status, other locations, publishers, and files, in quarantine or not."""
    _print(client_for(repository, url).project_settings(name), as_json)


@project.command("set")
@click.argument("name")
@click.option(
    "--tracks", multiple=True, metavar="URL", help="Page of the same project that this one extends."
)
@click.option(
    "--alternate-location",
    "alternate_locations",
    multiple=True,
    metavar="URL",
    help="Page of the same project that counts as the same.",
)
@click.option(
    "--publisher",
    "publishers",
    multiple=True,
    help=f"Whose attestations uploads may carry: {HINT}.",
)
@click.option("--clear", multiple=True, type=click.Choice(list(LISTS)), help="Have none of these any more.")
@repository_options
@json_option
def set_command(
    name: str,
    tracks: tuple[str, ...],
    alternate_locations: tuple[str, ...],
    publishers: tuple[str, ...],
    clear: tuple[str, ...],
    repository: str | None,
    url: str | None,
    as_json: bool,
) -> None:
    """Set where else a project is (PEP 708) and who publishes it (PEP 740).

    What is given replaces what was there. Publishers can be set before the first upload.
    """
    given = {"tracks": tracks, "alternate_locations": alternate_locations, "publishers": publishers}
    changes: dict[str, tuple[str, ...]] = {field: value for field, value in given.items() if value}
    changes |= {LISTS[what]: () for what in clear}
    if not changes:
        raise UsageError("there is nothing to set", hint="pocketrepo project set --help")
    _print(client_for(repository, url).set_project(name, **changes), as_json)


def _print(said: Json, as_json: bool) -> None:
    if as_json:
        print_json(said)
        return
    click.echo(f"{said['name']} is {said['status']}  {said['status_reason']}".rstrip())
    for what, field in LISTS.items():
        for entry in said[field]:
            click.echo(f"  {what.removesuffix('s') if what != 'tracks' else what}  {entry}")
    for file in said["files"]:
        click.echo(f"  file  {file['filename']}")
