"""Users of a server; for its owner."""

from __future__ import annotations

import click

from pocketrepo.cli.options import client_for, require_yes, url_option, yes_option
from pocketrepo.cli.printing import json_option, print_found, print_json
from pocketrepo.cli.secret import new_password
from pocketrepo.errors import UsageError

password_option = click.option(
    "--password-file", metavar="FILE", help="Take the password from FILE's first line; - is standard input."
)


@click.group()
def user() -> None:
    """Make, list and remove users, and set their passwords.

    A password is asked for, or taken from a file, standard input or POCKETREPO_PASSWORD.
    """


@user.command()
@click.argument("name")
@password_option
@click.option("--no-password", is_flag=True, help="A user who has API keys only.")
@url_option
@json_option
def add(name: str, password_file: str | None, no_password: bool, url: str | None, as_json: bool) -> None:
    """Make a user, who then has no role anywhere."""
    if no_password and password_file:
        raise UsageError("--no-password and --password-file contradict each other")
    password = None if no_password else new_password(password_file, name)
    made = client_for(None, url).users.add(name, password)
    if as_json:
        print_json(made)
    else:
        click.echo(f"made user {made['name']}\nnext: pocketrepo role set OWNER/REPO {made['name']} read")


@user.command("list")
@url_option
@json_option
def list_command(url: str | None, as_json: bool) -> None:
    """List users with their roles."""
    print_found(client_for(None, url).users.list(), as_json)


@user.command()
@click.argument("name")
@yes_option
@url_option
def remove(name: str, yes: bool, url: str | None) -> None:
    """Remove a user with all keys and roles."""
    client = client_for(None, url)
    require_yes(yes, f"removing {name}", lambda: f"Remove user {name} with all keys and roles?")
    client.users.remove(name)
    click.echo(f"removed user {name}")


@user.command()
@click.argument("name")
@password_option
@click.option("--remove", is_flag=True, help="Take the password away; API keys stay.")
@url_option
def password(name: str, password_file: str | None, remove: bool, url: str | None) -> None:
    """Set a user's password; all who are signed in with the old one are signed out."""
    if remove and password_file:
        raise UsageError("--remove and --password-file contradict each other")
    new = None if remove else new_password(password_file, name)
    client_for(None, url).users.set_password(name, new)
    click.echo(f"{'removed' if remove else 'set'} the password of {name}")
