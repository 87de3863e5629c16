"""Start, find and stop servers."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import click

from pocketrepo.cli.printing import json_option, print_json
from pocketrepo.records import RunRecord
from pocketrepo.settings import Settings


def _setting_options(command: Any) -> Any:
    """A flag for every setting, from their one table."""
    for item in reversed(fields(Settings)):
        flag = f"--{item.name.replace('_', '-')}"
        help_text = _sentence(item.metadata["help"])
        if item.type == "bool":
            option = click.option(flag, is_flag=True, default=None, help=help_text)
        elif str(item.type).startswith("tuple"):
            option = click.option(flag.removesuffix("s"), item.name, multiple=True, help=help_text)
        else:
            kind = {"int": int, "float": float, "Path": click.Path(path_type=Path)}.get(str(item.type), str)
            option = click.option(flag, type=kind, help=help_text)
        command = option(command)
    return command


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


@click.command()
@click.argument("dists", nargs=-1, type=click.Path(path_type=Path))
@_setting_options
@click.option("--owner", type=int, default=0, hidden=True, help="End with this process.")
@click.option("--temporary", is_flag=True, hidden=True, help="Remove the root at the end.")
def serve(dists: tuple[Path, ...], owner: int, temporary: bool, **given: Any) -> None:
    """Serve a repository until Ctrl-C.

    DISTS are folders or files that are offered at once, as they lie there, beside what is pushed.
    """
    from pocketrepo.server import serve as run

    # An option that can be given many times is an empty tuple where it was not given.
    settings = Settings.load(**{name: None if value == () else value for name, value in given.items()})
    run(
        settings,
        list(dists),
        ready=_hand_over if owner else _announce,
        report=lambda line: click.echo(line, err=True),
        owner=owner,
        temporary=temporary,
    )


def _hand_over(record: RunRecord) -> None:
    """Tell the process that started us where we are, then keep its pipes free."""
    print(json.dumps(asdict(record)), flush=True)
    sys.stdout.close()


def _announce(record: RunRecord) -> None:
    key_file = Path(record.root) / "owner.key"
    rows = [
        ("web page", record.url),
        ("index", record.index_url),
        ("data", record.root),
        ("", ""),
        ("pip", f"pip install --index-url {record.index_url} PACKAGE"),
        ("uv", f"uv pip install --index-url {record.index_url} PACKAGE"),
        ("push", "pocketrepo push dist/*"),
        (
            "twine",
            f'TWINE_PASSWORD="$(cat {key_file})" twine upload -u __token__ '
            f"--repository-url {record.upload_url} dist/*",
        ),
        ("", ""),
        ("stop", "Ctrl-C here, or: pocketrepo stop"),
    ]
    click.echo(f"PocketRepo serves {record.repository}")
    for label, value in rows:
        click.echo(f"  {label:9} {value}".rstrip())


@click.command()
@click.option("--root", type=click.Path(path_type=Path), help="Only servers of this root.")
@json_option
def status(root: Path | None, as_json: bool) -> None:
    """Show this user's running servers. Exit code 1 if there is none."""
    from pocketrepo import api

    found = api.status(root)
    if as_json:
        print_json([asdict(record) for record in found])
    else:
        for record in found:
            owner = f"for process {record.started_by}" if record.started_by else "by hand"
            click.echo(
                f"{record.url}  {record.root}  pid {record.pid}, started {record.started[:19]}Z {owner}"
            )
        if not found:
            click.echo("no server is running", err=True)
    sys.exit(0 if found else 1)


@click.command()
@click.option("--root", type=click.Path(path_type=Path), help="Only the servers of this root.")
def stop(root: Path | None) -> None:
    """Stop this user's running server; requests in flight are finished first."""
    from pocketrepo import api

    for record in api.stop(root):
        click.echo(f"stopped {record.url}")
