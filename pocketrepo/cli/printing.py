"""Output for programs; light, because `serve` starts with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pocketrepo.client.administration import Issued

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_found(found: Any, as_json: bool) -> None:
    """A listing: as JSON, or as the table that it is in a terminal."""
    if as_json:
        print_json(found)
    else:
        click.echo(found)


def print_issued(issued: Issued, field: str, as_json: bool) -> None:
    """A secret, once: alone on standard output, so that it can be piped to where it is kept."""
    if as_json:
        print_json({**issued.about, field: issued.secret})
        return
    click.echo(f"the secret of {issued.name} ({issued.slug}), which nobody can show again:", err=True)
    click.echo(issued.secret)
