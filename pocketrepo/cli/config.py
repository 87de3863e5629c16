"""``pocketrepo config``: each command parses, calls ``pocketrepo.config`` and prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.text import Text

from pocketrepo import config as api
from pocketrepo.config.errors import ChangedSince
from pocketrepo.errors import PocketRepoError, UsageError

F = TypeVar("F", bound=Callable[..., Any])

TOOL = click.Choice(["pip", "uv", "poetry", "pdm"])
SCOPE = click.Choice(["site", "user", "global", "env", "project"])
STORE = click.Choice(["auto", "netrc", "keyring", "env", "url"])


@click.group()
def config() -> None:
    """Edit the configuration of pip and its relatives safely, and explain it."""


def _target_options(command: F) -> F:
    """--tool, --scope, --file, --dry-run and --json, as every editing command has them."""
    options = [
        click.option("--scope", type=SCOPE, help="The tool's file at that level."),
        click.option("--file", type=click.Path(), help="This file, its format told by its name."),
        click.option("--dry-run", "-n", is_flag=True, help="Only show what would change."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON for programs."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@config.command("set-index")
@click.argument("url")
@click.option("--tool", type=TOOL, default="pip", show_default=True)
@click.option("--name", default="pocketrepo", show_default=True, help="The index's name, for uv and poetry.")
@click.option(
    "--credentials", type=STORE, default="auto", show_default=True, help="Where a password in URL goes."
)
@_target_options
def set_index(as_json: bool, **options: Any) -> None:
    """Make URL the index that the tool asks instead of PyPI."""
    with _errors(as_json):
        _print_change(api.set_index(**options), as_json)


@config.command("add-index")
@click.argument("url")
@click.option("--tool", type=TOOL, default="pip", show_default=True)
@click.option(
    "--name", default="pocketrepo", show_default=True, help="The index's name, for uv, poetry and pdm."
)
@click.option("--explicit", is_flag=True, help="Only for packages that name it, with uv and poetry.")
@click.option(
    "--credentials", type=STORE, default="auto", show_default=True, help="Where a password in URL goes."
)
@click.option("--yes", "-y", is_flag=True, help="Mix indexes without being asked.")
@_target_options
def add_index(as_json: bool, yes: bool, dry_run: bool, **options: Any) -> None:
    """Add URL beside the indexes there are; pip then takes the highest version of them all."""
    with _errors(as_json):
        plan = api.add_index(**options, dry_run=True)
        if not dry_run and not yes and any(notice.code == "confusion" for notice in plan.warnings):
            _confirm(plan)
        _print_change(plan if dry_run else plan.apply(), as_json)


def _confirm(plan: api.Change) -> None:
    """An explicit yes, from a person or as ``--yes``; without a terminal the answer is no."""
    err = Console(stderr=True, highlight=False, soft_wrap=True)
    for notice in plan.warnings:
        if notice.code == "confusion":
            err.print(Text(f"warning: {notice}", style="yellow"))
    if not sys.stdin.isatty():
        raise PocketRepoError("not added: mixing indexes needs a yes", hint="--yes says it")
    if not click.confirm("Mix them all the same?", default=False, err=True):
        raise PocketRepoError("not added")


@config.command()
@click.argument("what", metavar="URL|HOST|NAME")
@click.option("--tool", type=TOOL, help="Only in this tool's files.")
@_target_options
def remove(as_json: bool, **options: Any) -> None:
    """Take an index out of every file here that mentions it."""
    with _errors(as_json):
        _print_change(api.remove(**options), as_json)


@config.command()
@click.argument("host")
@click.option("--tool", type=TOOL, default="pip", show_default=True)
@_target_options
def trust(as_json: bool, **options: Any) -> None:
    """Let the tool use HOST over http or with a certificate that it cannot check."""
    with _errors(as_json):
        _print_change(api.trust(**options), as_json)


@config.command("set-publish")
@click.argument("url")
@click.option("--name", default="pocketrepo", show_default=True, help="The name for twine upload -r NAME.")
@click.option("--file", type=click.Path(), help="Instead of ~/.pypirc.")
@click.option(
    "--credentials", type=STORE, default="auto", show_default=True, help="Where a password in URL goes."
)
@click.option("--dry-run", "-n", is_flag=True, help="Only show what would change.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def set_publish(as_json: bool, **options: Any) -> None:
    """Name URL as a place to upload to, in ~/.pypirc."""
    with _errors(as_json):
        _print_change(api.set_publish(**options), as_json)


@config.command()
@click.argument("tool", type=click.Choice(list(api.SNIPPET_TOOLS)))
@click.argument("url")
@click.option("--upload-url", help="Where to upload to, if URL does not tell.")
@click.option("--package", default="PACKAGE", show_default=True)
@click.option("--extra", is_flag=True, help="Beside PyPI instead of in its place.")
@click.option("--private", is_flag=True, help="With a reference to a token.")
def snippet(tool: str, url: str, **options: Any) -> None:
    """Print set-up text to paste."""
    with _errors():
        click.echo(api.snippet(tool, url, **options), nl=False)


@config.command()
@click.option("--tool", type=TOOL)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def show(tool: str | None, as_json: bool) -> None:
    """Show every option that counts here, and where it comes from."""
    with _errors(as_json):
        shown = api.show(tool)
        if as_json:
            _print_json(shown.to_json())
            return
        _print_lines(str(shown), {"  error:": "red", "  note:": "yellow"})


@config.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
@click.option("--tool", type=TOOL, default="pip", show_default=True)
@click.option("--pip", metavar="VERSION", help="As that version of pip would do.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def explain(name: str, args: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Say which indexes are asked for NAME, which may win, and whether a stranger could.

    ARGS are further arguments of the install command, such as -r requirements.txt.
    """
    with _errors(as_json):
        found = api.explain(name, args=args, **options)
        if as_json:
            _print_json(found.to_json())
            return
        _print_lines(str(found), {"risk:": "bold red", "error:": "red", "  not ": "dim"})


@config.command()
@click.argument("files", nargs=-1, type=click.Path())
@click.option("--fix", is_flag=True, help="Do what is safe to do.")
@click.option("--online", is_flag=True, help="Also try whether the indexes answer.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def doctor(context: click.Context, files: tuple[str, ...], fix: bool, online: bool, as_json: bool) -> None:
    """Find what hurts, here or in FILES; exit with 1 if anything does."""
    with _errors(as_json):
        found = api.doctor(files, online=online)
        fixed = [finding.fix() for finding in found if fix and finding.fixable]
        if fixed:
            found = api.doctor(files, online=online)
        if as_json:
            _print_json({"findings": [f.to_json() for f in found], "fixed": [c.to_json() for c in fixed]})
        else:
            for change in fixed:
                _print_change(change, as_json=False)
            _print_findings(found)
        context.exit(1 if found else 0)


def _print_findings(found: Sequence[api.Finding]) -> None:
    out = console()
    for finding in found:
        style = "red" if finding.level == "error" else "yellow"
        out.print(Text(str(finding), style=style))
    fixable = sum(finding.fixable for finding in found)
    hint = f" ({fixable} can be fixed with --fix)" if fixable else ""
    out.print(f"{len(found)} found{hint}" if found else "nothing hurts")


@config.command()
@click.option("--file", type=click.Path(), help="Only changes of this file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def history(file: str | None, as_json: bool) -> None:
    """List the changes made so far, newest first."""
    with _errors(as_json):
        records = api.history(file)
        if as_json:
            _print_json([record.to_json() for record in records])
            return
        for record in records:
            state = " (undone)" if record.undone else ""
            console().print(Text(f"{record.id}  {record.when:%Y-%m-%d %H:%M}  {record.what}{state}"))


@config.command()
@click.argument("id", required=False)
@click.option("--file", type=click.Path(), help="The newest change of this file.")
def undo(id: str | None, file: str | None) -> None:
    """Undo the change ID, or the newest one; refused if someone changed the file since."""
    with _errors():
        console().print(Text(f"undone: {api.undo(id, file=file).what}"))


def console() -> Console:
    """Made anew for each command, so that it writes to the stream that is standard output by then."""
    return Console(highlight=False, soft_wrap=True)


def _print_lines(text: str, styles: dict[str, str]) -> None:
    """The text, each line in the style of what it starts with."""
    out = console()
    for line in text.splitlines():
        style = next((style for start, style in styles.items() if line.startswith(start)), "")
        out.print(Text(line, style=style))


def _listed(indexes: Sequence[api.Index]) -> str:
    return ", ".join(index.shown for index in indexes) or "no index"


def _print_change(change: api.Change, as_json: bool) -> None:
    if as_json:
        _print_json(change.to_json())
        return
    out = console()
    if not change.files:
        out.print(Text(f"nothing to do: {change.what}"))
    else:
        out.print(Text(change.what if change.applied else f"would {change.what}", style="bold"))
        for line in change.diff.splitlines():
            out.print(Text(line, style=_style(line)))
    if change.before != change.after:
        out.print(Text(f"before: {_listed(change.before)}"))
        out.print(Text(f"after:  {_listed(change.after)}"))
    for notice in change.warnings:
        out.print(Text(f"! {notice}", style="yellow"))


def _style(line: str) -> str:
    if line.startswith(("+++", "---")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")


def _print_json(document: Any) -> None:
    click.echo(json.dumps(document, indent=2))


class _Failure(click.ClickException):
    """An error of ours: what, and what to do."""

    def __init__(self, error: PocketRepoError) -> None:
        super().__init__(f"{error.message}\n  {error.hint}" if error.hint else error.message)


class _WrongUsage(_Failure):
    """The command line makes no sense."""

    exit_code = 2


@contextmanager
def _errors(as_json: bool = False) -> Iterator[None]:
    try:
        yield
    except PocketRepoError as error:
        failure = (_WrongUsage if isinstance(error, UsageError) else _Failure)(error)
        if as_json:
            _print_json({"error": error.message, "hint": error.hint})
            raise SystemExit(failure.exit_code) from None
        if isinstance(error, ChangedSince):
            click.echo(error.diff, err=True, nl=False)
        raise failure from None
