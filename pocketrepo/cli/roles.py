"""Who may do what: roles in repositories, and owners of namespaces."""

from __future__ import annotations

import click

from pocketrepo.cli.options import client_for, url_option
from pocketrepo.cli.printing import json_option, print_found
from pocketrepo.client.administration import Owners, Roles
from pocketrepo.errors import UsageError

WHERE = "OWNER[/REPO]"
ROLES = ("read", "write", "admin", "owner")


@click.group()
def role() -> None:
    """Give, list and take roles.

    In OWNER/REPO a user may read, write, or also admin: give roles and tokens. An owner of the namespace OWNER makes
    repositories there and administers them all.
    """


@role.command("set")
@click.argument("where", metavar=WHERE)
@click.argument("user")
@click.argument("name", metavar="|".join(ROLES), type=click.Choice(ROLES))
@url_option
def set_command(where: str, user: str, name: str, url: str | None) -> None:
    """Give USER a role in place of the one they had there."""
    place = _place(where, url)
    if isinstance(place, Owners) != (name == "owner"):
        raise UsageError(
            "owner is a role in a namespace, the others are in a repository",
            hint=f"pocketrepo role set {where.partition('/')[0]}{'' if name == 'owner' else '/REPO'} {user} {name}",
        )
    if isinstance(place, Owners):
        place.add(user)
    else:
        place.set(user, name)
    click.echo(f"{user}: {name} in {where}")


@role.command("list")
@click.argument("where", metavar=WHERE)
@url_option
@json_option
def list_command(where: str, url: str | None, as_json: bool) -> None:
    """List who has which role."""
    print_found(_place(where, url).list(), as_json)


@role.command()
@click.argument("where", metavar=WHERE)
@click.argument("user")
@url_option
def remove(where: str, user: str, url: str | None) -> None:
    """Take USER's role away."""
    _place(where, url).remove(user)
    click.echo(f"{user}: no role in {where}")


def _place(where: str, url: str | None) -> Roles | Owners:
    """A repository's roles, or a namespace's owners."""
    if "/" in where:
        return client_for(where, url).roles
    return client_for(f"{where}/any", url).owners
