"""What happened: the audit log of a root."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import click

from pocketrepo import api, display, tail
from pocketrepo.cli.options import client_for, url_option
from pocketrepo.cli.printing import json_option, print_json
from pocketrepo.errors import UsageError
from pocketrepo.events import EventLog
from pocketrepo.model import Json, RepositoryName
from pocketrepo.settings import Settings
from pocketrepo.store import FileStore

PIECE = 1000
"""Events read at once while following."""
_FIRST = ("time", "event", "actor", "repository")


@click.command()
@click.option("-n", "count", default=100, show_default=True, type=click.IntRange(1), help="How many events.")
@click.option("-f", "--follow", is_flag=True, help="Go on with new events as they come, until Ctrl-C.")
@click.option("-r", "--repository", metavar="OWNER/REPO", help="Only what happened there.")
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    help="Read this folder; that of the running server, or the user-data folder, unless given.",
)
@url_option
@json_option
def log(
    count: int, follow: bool, repository: str | None, root: Path | None, url: str | None, as_json: bool
) -> None:
    """Print the latest events: changes, sign-ins, denials and downloads, each with who, what, when and from where.

    Works without a server. With --follow, --json prints one object a line.
    """
    found = _events(count, follow, RepositoryName.parse(repository) if repository else None, root, url)
    if as_json and not follow:
        print_json(list(found))
        return
    with suppress(KeyboardInterrupt):
        for event in found:
            click.echo(json.dumps(event, ensure_ascii=False) if as_json else _line(event))


def _events(
    count: int, follow: bool, repository: RepositoryName | None, root: Path | None, url: str | None
) -> Iterable[Json]:
    if url and root is None:
        audit, name = client_for(None, url).audit, str(repository or "")
        return audit.follow(count, name) if follow else audit.latest(count, name)
    record = EventLog(FileStore(_root(root)))
    latest = record.latest(count, repository)
    if not follow:
        return latest.entries
    return tail.follow(latest, lambda cursor: record.after(cursor, repository, limit=PIECE))


def _root(given: Path | None) -> Path:
    """Where the log is. Raises UsageError for a folder without data, rather than making it one."""
    running = api.find_running() if given is None else None
    root = Path(running.root) if running else Settings.load(root=given).root
    if not (root / "root.json").exists():
        raise UsageError(f"{root} holds no data of PocketRepo", hint="name its folder with --root")
    return root


def _line(event: Json) -> str:
    """For people: time, event, who, where, and the rest by name."""
    rest = [f"{name}={_said(value)}" for name, value in event.items() if name not in _FIRST]
    time, what, actor, repository = (str(event.get(name, "")) for name in _FIRST)
    line = "  ".join([f"{time[:19]}Z", f"{what:20}", actor or "-", repository or "-", *rest])
    return display.printable(" ".join(line.splitlines()))


def _said(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
