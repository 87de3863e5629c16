"""Look after the data of a root; works beside running servers."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from pocketrepo.cli.printing import json_option, print_json
from pocketrepo.maintenance import Finding
from pocketrepo.settings import Settings

root_option = click.option(
    "--root",
    type=click.Path(path_type=Path),
    help="Folder that holds all data; the user-data folder unless given.",
)


@click.command()
@root_option
@click.option("--sweep", is_flag=True, help="Remove leftovers older than an hour and rewrite wrong lists.")
@click.option("--no-hashes", is_flag=True, help="Compare sizes only; faster.")
@json_option
def check(root: Path | None, sweep: bool, no_hashes: bool, as_json: bool) -> None:
    """Compare what is listed with what is stored. Exit code 1 if something is left that is not right."""
    from pocketrepo import maintenance
    from pocketrepo.repository import open_root

    findings = maintenance.check(open_root(Settings.load(root=root)), sweep=sweep, hashes=not no_hashes)
    _report(findings, as_json, "everything is as it should be")


@click.command()
@root_option
@json_option
def rebuild(root: Path | None, as_json: bool) -> None:
    """Make lost project documents again from upload records and the event log."""
    from pocketrepo import maintenance
    from pocketrepo.repository import open_root

    _report(maintenance.rebuild(open_root(Settings.load(root=root))), as_json, "nothing was missing")


def _report(findings: list[Finding], as_json: bool, nothing: str) -> None:
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            click.echo(
                f"{finding.kind:9} {finding.where}: {finding.message}{' (fixed)' if finding.fixed else ''}"
            )
        if not findings:
            click.echo(nothing)
    sys.exit(1 if any(not finding.fixed for finding in findings) else 0)
