"""Entitlement tokens of a repository."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from pocketrepo.access.periods import PERIODS
from pocketrepo.cli.options import F, client_for, repository_options, require_yes, yes_option
from pocketrepo.cli.printing import json_option, print_found, print_issued, print_json
from pocketrepo.cli.secret import first_line
from pocketrepo.errors import UsageError
from pocketrepo.model import Json

NONE = "none"
"""What takes a limit away."""
_OPTIONS = [
    click.option("--max-downloads", metavar="N", help="Downloads in a period."),
    click.option("--max-clients", metavar="N", help="Addresses that download in a period."),
    click.option("--max-bandwidth", metavar="SIZE", help="Bytes in a period: 500 MB, 5 GB."),
    click.option("--starts", metavar="TIME", help="Not valid before: 2026-12-31, or with a time."),
    click.option("--expires", metavar="TIME", help="Not valid from then on: 30d, 12h, 2026-12-31."),
    click.option("--packages", metavar="QUERY", help="Nothing but what matches is there: name:^acme-."),
    click.option("--reset", type=click.Choice(PERIODS, case_sensitive=False), help="How long a period is."),
    click.option("--reset-at", metavar="TIME", help="Count periods from then on."),
    click.option("--metadata", metavar="JSON", help="An object of your own, for notes."),
    click.option("--active/--inactive", default=None, help="Whether it can be used."),
    click.option("--eula/--no-eula", "eula_required", default=None, help="Kept, not enforced."),
    click.option("--path-query", metavar="QUERY", help="Kept, not enforced."),
]


def _terms_options(command: F) -> F:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


token_option = click.option(
    "--token-file", metavar="FILE", help="A secret of your own, in FILE's first line; - is standard input."
)


@click.group()
def entitlement() -> None:
    """Make and manage tokens that only read one private repository, within limits.

    Limits hold for a period, which has no end unless --reset says so. SLUG is what `entitlement list` calls a token.
    """


@entitlement.command()
@click.option("--name", required=True, help="Whom or what the token is for.")
@_terms_options
@token_option
@repository_options
@json_option
def create(
    name: str, token_file: str | None, repository: str | None, url: str | None, as_json: bool, **terms: Any
) -> None:
    """Make a token, and print its secret once: nobody can show it again."""
    token = first_line(token_file) if token_file else ""
    made = client_for(repository, url).entitlements.create(name, token=token, **_given(terms))
    print_issued(made, "token", as_json)


@entitlement.command("list")
@repository_options
@json_option
def list_command(repository: str | None, url: str | None, as_json: bool) -> None:
    """List tokens with what they have used, without their secrets."""
    print_found(client_for(repository, url).entitlements.list(), as_json)


@entitlement.command()
@click.argument("slug")
@repository_options
@json_option
def show(slug: str, repository: str | None, url: str | None, as_json: bool) -> None:
    """Show one token, its limits and its use."""
    _print(client_for(repository, url).entitlements.show(slug), as_json)


@entitlement.command()
@click.argument("slug")
@click.option("--name", help="Whom or what the token is for.")
@_terms_options
@repository_options
@json_option
def update(slug: str, repository: str | None, url: str | None, as_json: bool, **terms: Any) -> None:
    """Change what is named; none takes a limit away, as in --max-downloads none."""
    given = _given(terms)
    if not given:
        raise UsageError("nothing to change", hint="see: pocketrepo entitlement update --help")
    _print(client_for(repository, url).entitlements.update(slug, **given), as_json)


@entitlement.command()
@click.argument("slug")
@token_option
@repository_options
@json_option
def refresh(
    slug: str, token_file: str | None, repository: str | None, url: str | None, as_json: bool
) -> None:
    """Make a new secret and print it once; the old one is refused at once."""
    token = first_line(token_file) if token_file else ""
    print_issued(client_for(repository, url).entitlements.refresh(slug, token=token), "token", as_json)


@entitlement.command()
@click.argument("slug")
@repository_options
@json_option
def reset(slug: str, repository: str | None, url: str | None, as_json: bool) -> None:
    """Start a token's counters at zero."""
    _print(client_for(repository, url).entitlements.reset(slug), as_json)


@entitlement.command()
@click.argument("source", metavar="OWNER/REPO")
@repository_options
@json_option
def sync(source: str, repository: str | None, url: str | None, as_json: bool) -> None:
    """Take over the tokens of another repository, secrets and limits alike."""
    print_found(client_for(repository, url).entitlements.sync(source), as_json)


@entitlement.command()
@click.argument("slug")
@yes_option
@repository_options
def delete(slug: str, yes: bool, repository: str | None, url: str | None) -> None:
    """Remove a token; it is refused at once."""
    client = client_for(repository, url)
    require_yes(yes, f"deleting {slug}", lambda: f"Delete token {slug} of {client.repository}?")
    client.entitlements.delete(slug)
    click.echo(f"deleted {slug}")


def _given(terms: Json) -> Json:
    """The terms that were named, as the client takes them. Raises UsageError."""
    read: dict[str, Callable[[str], Any]] = {
        "max_downloads": _number,
        "max_clients": _number,
        "metadata": _metadata,
    }
    given: Json = {}
    for term, value in terms.items():
        if value == NONE:
            given[term] = None
        elif value is not None:
            given[term] = read[term](value) if term in read else value
    return given


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a whole number", hint=f"or {NONE}, for no limit") from None


def _metadata(text: str) -> Json:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UsageError("--metadata is not a JSON object", hint="""as in --metadata '{"customer": 7}'""")
    return found


def _print(found: Json, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        if value not in (None, "", {}) and not name.endswith("_url"):
            click.echo(f"{name:24} {value}")
