"""API keys."""

from __future__ import annotations

import click

from pocketrepo.cli.options import client_for, url_option
from pocketrepo.cli.printing import json_option, print_found, print_issued


@click.group()
def key() -> None:
    """Make, list and revoke API keys."""


@key.command()
@click.option("--name", required=True, help="What the key is for.")
@click.option("--user", help="Whose key; needed from the server's owner, who makes keys for users.")
@click.option(
    "--expires", default="365d", show_default=True, metavar="TIME", help="30d, 12h, 2026-12-31 or never."
)
@click.option("--repository", metavar="OWNER/REPO", help="Good for this repository only.")
@click.option("--project", metavar="NAME", help="Writes to this project only.")
@click.option("--upload-only", is_flag=True, help="Only uploads, and neither reads nor administers.")
@url_option
@json_option
def create(
    name: str,
    user: str | None,
    expires: str,
    repository: str | None,
    project: str | None,
    upload_only: bool,
    url: str | None,
    as_json: bool,
) -> None:
    """Make a key, and print its secret once: nobody can show it again."""
    issued = client_for(None, url).keys.create(
        name, user=user, expires=expires, repository=repository, project=project, upload_only=upload_only
    )
    print_issued(issued, "key", as_json)


@key.command("list")
@click.option("--user", default="", help="Only this user's; for the server's owner.")
@url_option
@json_option
def list_command(user: str, url: str | None, as_json: bool) -> None:
    """List keys without their secrets."""
    print_found(client_for(None, url).keys.list(user), as_json)


@key.command()
@click.argument("slug")
@url_option
def revoke(slug: str, url: str | None) -> None:
    """Revoke the key that `key list` calls SLUG; it is refused at once."""
    client_for(None, url).keys.revoke(slug)
    click.echo(f"revoked {slug}")
