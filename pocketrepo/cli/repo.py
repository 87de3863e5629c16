"""Repositories of a server."""

from __future__ import annotations

from pathlib import Path

import click

from pocketrepo.cli.options import client_for, require_yes, url_option, yes_option
from pocketrepo.cli.printing import json_option, print_json
from pocketrepo.errors import UsageError
from pocketrepo.model import Json, RepositoryName
from pocketrepo.settings import Settings

RULES = ("allow_replace", "allow_similar", "forbid_direct_urls")

cors_option = click.option(
    "--cors",
    multiple=True,
    metavar="ORIGIN",
    help="Let pages of this origin read it in a browser, as Pyodide does; * for any. More than one may be named.",
)
_WORDS = {"private": "is_private", "default": "is_default"}


@click.group()
def repo() -> None:
    """Make, list, show, change and delete repositories."""


@repo.command()
@click.argument("name", metavar="OWNER/REPO")
@click.option("--private", is_flag=True, help="For those with a role or a token only.")
@cors_option
@url_option
@json_option
def create(name: str, private: bool, cors: tuple[str, ...], url: str | None, as_json: bool) -> None:
    """Make a repository that anyone may read, unless it is private."""
    made = client_for(None, url).create_repository(name, private=private, cors=cors)
    if as_json:
        print_json(made)
    else:
        click.echo(f"made {made['namespace']}/{made['slug']}\nindex: {made['index_url']}")


@repo.command("list")
@url_option
@json_option
def list_command(url: str | None, as_json: bool) -> None:
    """List the repositories of the server."""
    found = client_for(None, url).repositories()
    if as_json:
        print_json(found)
    else:
        for entry in found:
            click.echo(_line(entry))


@repo.command()
@click.argument("name", metavar="OWNER/REPO")
@url_option
@json_option
def show(name: str, url: str | None, as_json: bool) -> None:
    """Show one repository."""
    found = client_for(None, url).show_repository(name)
    if as_json:
        print_json(found)
    else:
        click.echo(_line(found))
        click.echo(f"index: {found['index_url']}\nmade: {found['created_at']}")
        if found["cors"]:
            click.echo(f"read by pages of: {' '.join(found['cors'])}")
        for rule in RULES:
            if found[rule]:
                click.echo(f"{rule}: yes")


@repo.command("set")
@click.argument("name", metavar="OWNER/REPO")
@click.option(
    "--private/--public", default=None, help="Who may read it: those with a role or a token, or all."
)
@cors_option
@click.option("--no-cors", is_flag=True, help="Let no page of another site read it.")
@click.option(
    "--allow-replace/--no-allow-replace",
    default=None,
    help="Whether a taken filename may get other contents.",
)
@click.option(
    "--allow-similar/--no-allow-similar",
    default=None,
    help="Whether the name of a new project may read like another's.",
)
@click.option(
    "--forbid-direct-urls/--no-forbid-direct-urls",
    default=None,
    help="Whether uploads that depend on an address ('name @ URL') are refused.",
)
@url_option
@json_option
def set_command(
    name: str,
    private: bool | None,
    cors: tuple[str, ...],
    no_cors: bool,
    url: str | None,
    as_json: bool,
    **rules: bool | None,
) -> None:
    """Change a repository. The origins named take the place of those before."""
    if cors and no_cors:
        raise UsageError("--cors and --no-cors contradict each other")
    client = client_for(None, url)
    changed: Json = {}
    if private is not None:
        changed = client.set_private(name, private)
    if cors or no_cors:
        changed = client.share_repository(name, cors)
    if any(allowed is not None for allowed in rules.values()):
        changed = client.set_rules(name, **rules)
    if not changed:
        raise UsageError("nothing to change", hint="pocketrepo repo set --help")
    if as_json:
        print_json(changed)
    else:
        click.echo(f"changed {_line(changed)}")


def _line(entry: Json) -> str:
    more = ", ".join(["", *[word for word, said in _WORDS.items() if entry.get(said)]])
    return f"{entry['namespace']}/{entry['slug']}  {entry['package_group_count']} projects{more}"


@repo.command()
@click.argument("name", metavar="OWNER/REPO")
@yes_option
@url_option
def delete(name: str, yes: bool, url: str | None) -> None:
    """Remove a repository and all its files for good."""
    client = client_for(None, url)
    require_yes(yes, f"deleting {name}", lambda: f"Delete {name} and all its files for good?")
    client.delete_repository(name)
    click.echo(f"deleted {name}")


@repo.command()
@click.argument("name", metavar="OWNER/REPO")
@click.option(
    "--root", type=click.Path(path_type=Path), help="Root to change; the user-data folder unless given."
)
def default(name: str, root: Path | None) -> None:
    """Serve another repository at the root of the address; running servers take it when they start again."""
    from pocketrepo.repository import open_root, set_default

    opened = open_root(Settings.load(root=root))
    set_default(opened, RepositoryName.parse(name))
    click.echo(f"{name} is now the default repository")
