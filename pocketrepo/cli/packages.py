"""What is in a repository: push, look, fetch, yank, delete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click
from packaging.requirements import InvalidRequirement, Requirement

from pocketrepo.cli.options import F, client_for, repository_options, require_yes, yes_option
from pocketrepo.cli.printing import json_option, print_json
from pocketrepo.errors import NotFound, UsageError
from pocketrepo.model import RepositoryName, newest
from pocketrepo.simpleapi import Link


@click.command()
@click.argument("what", nargs=-1)
@repository_options
@click.option("--create", is_flag=True, help="Make the repository if it does not exist.")
@json_option
def push(what: tuple[str, ...], repository: str | None, url: str | None, create: bool, as_json: bool) -> None:
    """Upload wheels, sdists, folders of them, or source trees, which are built first.

    Without WHAT: dist/, or else the source tree here. `push python OWNER/REPO FILE`, as other tools order it, is
    understood too.
    """
    what, repository = _repository_among(what, repository)
    client = client_for(repository, url)
    if create:
        known = {f"{entry['namespace']}/{entry['slug']}" for entry in client.repositories()}
        if client.repository not in known:
            client.create_repository(client.repository)
    rows = client.push(what or None)
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        click.echo(str(rows))
        click.echo(f"index: {rows.index_url}")


def _repository_among(what: tuple[str, ...], repository: str | None) -> tuple[tuple[str, ...], str | None]:
    """A positional OWNER/REPO counts only if there is no such path."""
    if len(what) > 1 and what[0] == "python" and not Path("python").exists():
        what = what[1:]
    if repository is None and what and not Path(what[0]).exists():
        try:
            return what[1:], str(RepositoryName.parse(what[0]))
        except UsageError:
            pass
    return what, repository


@click.command("list")
@repository_options
@json_option
def list_command(repository: str | None, url: str | None, as_json: bool) -> None:
    """List the projects of a repository."""
    _print_names(client_for(repository, url).projects(), as_json)


@click.command()
@click.argument("text")
@repository_options
@json_option
def search(text: str, repository: str | None, url: str | None, as_json: bool) -> None:
    """List projects whose name contains TEXT."""
    _print_names(client_for(repository, url).search(text), as_json)


def _print_names(names: list[str], as_json: bool) -> None:
    if as_json:
        print_json(names)
    else:
        for name in names:
            click.echo(name)


@click.command()
@click.argument("name")
@repository_options
@json_option
def show(name: str, repository: str | None, url: str | None, as_json: bool) -> None:
    """Show the versions and files of a project."""
    page = client_for(repository, url).show(name)
    if as_json:
        print_json(
            {
                "name": page.name,
                "status": page.status,
                "status_reason": page.status_reason,
                "versions": list(page.versions),
                "files": [asdict(f) for f in page.links],
            }
        )
        return
    click.echo(f"{page.name} {newest(page.versions) or '(no files)'}")
    if page.status != "active" or page.status_reason:
        click.echo(f"  {page.status}  {page.status_reason}".rstrip())
    for link in page.links:
        click.echo("  " + _line(link))


def _line(link: Link) -> str:
    size = f"{link.size:,} B" if link.size is not None else ""
    python = f"python {link.requires_python}" if link.requires_python else ""
    yanked = f"yanked {link.yanked}".strip() if link.yanked is not None else ""
    return "  ".join(filter(None, [link.filename, size, python, yanked]))


@click.command()
@click.argument("requirements", nargs=-1, required=True, metavar="NAME[==VERSION]...")
@click.option("-d", "--dest", type=click.Path(path_type=Path), default=Path(), help="Folder to put files in.")
@repository_options
@json_option
def download(
    requirements: tuple[str, ...], dest: Path, repository: str | None, url: str | None, as_json: bool
) -> None:
    """Fetch all files of a version, checked against their hashes."""
    client = client_for(repository, url)
    paths = []
    for text in requirements:
        name, version = _pinned(text)
        paths += client.download(name, version, to=dest)
    if as_json:
        print_json([str(path) for path in paths])
    else:
        for path in paths:
            click.echo(path)


def _pinned(text: str) -> tuple[str, str | None]:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        raise UsageError(f"{text!r} is not NAME or NAME==VERSION") from None
    pins = list(requirement.specifier)
    if not pins:
        return requirement.name, None
    if len(pins) > 1 or pins[0].operator != "==" or "*" in pins[0].version:
        raise UsageError(f"{text!r}: only NAME or NAME==VERSION can be named here")
    return requirement.name, pins[0].version


@click.command()
@click.argument("requirements", nargs=-1, required=True)
@repository_options
@click.option("--extra-index-url", multiple=True, help="Another index to take packages from as well.")
def install(
    requirements: tuple[str, ...], repository: str | None, url: str | None, extra_index_url: tuple[str, ...]
) -> None:
    """Install into this Python's environment, from the repository alone unless told otherwise."""
    client_for(repository, url).install(*requirements, extra_index_urls=extra_index_url)


def _about_files(verb: str) -> Callable[[F], F]:
    """Arguments of the commands that change listed files."""

    def wrap(command: F) -> F:
        command = click.argument("requirement", metavar="NAME[==VERSION]")(command)
        command = click.option("--file", "filename", default="", help=f"{verb} only this file.")(command)
        return json_option(repository_options(command))

    return wrap


@click.command()
@_about_files("Yank")
@click.option("--reason", default="", help="Shown to people whose pinned install takes it.")
def yank(
    requirement: str, filename: str, reason: str, repository: str | None, url: str | None, as_json: bool
) -> None:
    """Mark a version so that installers pass over it unless it is pinned."""
    name, version = _pinned(requirement)
    if version is None and not filename:
        raise UsageError("name the version to yank", hint=f"pocketrepo yank {name}==1.0 --reason ...")
    client = client_for(repository, url)
    _print_changed("yanked", client.yank(name, version, filename=filename, reason=reason), as_json)


@click.command()
@_about_files("Unyank")
def unyank(requirement: str, filename: str, repository: str | None, url: str | None, as_json: bool) -> None:
    """Take the mark of `yank` away."""
    name, version = _pinned(requirement)
    client = client_for(repository, url)
    _print_changed("unyanked", client.unyank(name, version, filename=filename), as_json)


@click.command()
@_about_files("Delete")
@yes_option
def delete(
    requirement: str, filename: str, yes: bool, repository: str | None, url: str | None, as_json: bool
) -> None:
    """Remove a version, or a whole project, for good. Filenames stay taken."""
    name, version = _pinned(requirement)
    client = client_for(repository, url)
    what = filename or f"{name} {version or '(all versions)'}"
    require_yes(yes, f"deleting {what}", lambda: f"Delete {what} from {client.repository} for good?")
    try:
        removed = client.delete(name, version, filename=filename)
    except NotFound as error:
        raise NotFound(f"nothing deleted: {error.message}") from None
    _print_changed("deleted", removed, as_json)


def _print_changed(verb: str, filenames: list[str], as_json: bool) -> None:
    if as_json:
        print_json({verb: filenames})
    else:
        for filename in filenames:
            click.echo(f"{verb} {filename}")
