"""The operations: each plans its edits, compares the indexes before and after, and carries them out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from pocketrepo.config import journal, pip, pypirc, requirements, sources, uv
from pocketrepo.config import target as targets
from pocketrepo.config.advice import advice
from pocketrepo.config.change import Change, carried_out, planned
from pocketrepo.config.credentials import Notice, keyring_works, store
from pocketrepo.config.edit import FileEdit, check_writable, preview
from pocketrepo.config.effective import effective
from pocketrepo.config.errors import ConfigSyntax, DanglingName, NothingToUndo, NotWritable, WouldBreak
from pocketrepo.config.guard import Edit
from pocketrepo.config.journal import Record
from pocketrepo.config.locate import Place, Target, pypirc_file, variables
from pocketrepo.config.match import Match
from pocketrepo.config.url import check_url, host_of, mask, needs_trust, split_credentials
from pocketrepo.config.view import Index, View
from pocketrepo.errors import UsageError

NAME = "pocketrepo"
USER = "__token__"


def set_index(
    url: str,
    *,
    tool: str = "pip",
    scope: str | None = None,
    file: str | Path | None = None,
    name: str = NAME,
    credentials: str = "auto",
    dry_run: bool = False,
    place: Place | None = None,
) -> Change:
    """Make ``url`` the index that the tool asks instead of PyPI.

    Without a scope or a file the change goes to the active environment's file, else to the user's; for uv,
    Poetry and PDM to the project. ``credentials`` says where user and password in the URL go: netrc, keyring,
    env (a reference to a variable), url (into the file), or auto.

    Raises: BadUrl, UsageError, SecretRefused, ConfigSyntax, WouldBreak, NotWritable, Locked.
    """
    return _write("set-index", url, tool, scope, file, name, credentials, dry_run, place)


def add_index(
    url: str,
    *,
    tool: str = "pip",
    scope: str | None = None,
    file: str | Path | None = None,
    name: str = NAME,
    explicit: bool = False,
    credentials: str = "auto",
    dry_run: bool = False,
    place: Place | None = None,
) -> Change:
    """One more index beside those there are. For pip that means: the highest version wins, whoever published it.

    ``explicit`` (uv, Poetry): only packages that name the index are looked for there.

    Raises: as ``set_index``.
    """
    if explicit and tool in ("pip", "pdm"):
        raise UsageError(f"{tool} has no explicit indexes", hint="uv and poetry do")
    return _write("add-index", url, tool, scope, file, name, credentials, dry_run, place, explicit)


def _write(
    verb: str,
    url: str,
    tool: str,
    scope: str | None,
    file: str | Path | None,
    name: str,
    credentials: str,
    dry_run: bool,
    place: Place | None,
    explicit: bool = False,
) -> Change:
    place = place or Place.current()
    check_url(url)
    target = targets.target(place, tool, scope, file)
    stored = store(place, target, url, name, credentials)
    edit = _index_edit(verb, target, stored.url, name, explicit)
    own = FileEdit(target.path, (edit,), stored.private)
    views: list[View] = []

    def look(at: Place) -> tuple[Index, ...]:
        views.append(effective(at, target))
        return views[-1].indexes

    what = f"{verb} {mask(split_credentials(url)[0])} in {target.path}"
    change = planned(place, what, [own, *stored.netrc], look, keyring=stored.keyring)
    change = replace(change, warnings=(*advice(verb, url, target, *views), *stored.notices))
    return change if dry_run else carried_out(change)


def _index_edit(verb: str, target: Target, url: str, name: str, explicit: bool) -> Edit[Any]:
    setting = verb == "set-index"
    if target.kind == "pip":
        return pip.set_index(url) if setting else pip.add_index(url)
    if target.kind == "requirements":
        return requirements.set_index(url) if setting else requirements.add_index(url)
    if target.tool == "uv":
        if setting:
            return uv.set_index(url, target.kind, name)
        return uv.add_index(url, target.kind, name, explicit=explicit)
    if target.tool in sources.ROOTS:
        if setting:
            return sources.set_index(url, target.tool, name)
        return sources.add_index(url, target.tool, name, explicit=explicit)
    raise UsageError(
        f"{target.path.name} lists no indexes to install from", hint="set-publish is for uploads"
    )


def remove(
    what: str,
    *,
    tool: str | None = None,
    scope: str | None = None,
    file: str | Path | None = None,
    dry_run: bool = False,
    place: Place | None = None,
) -> Change:
    """Take an index out, by its URL, host or name: out of one file, or out of every file here that mentions it.

    A file that cannot be edited is left alone and named in the warnings when it was not asked for by name.
    netrc and keyring entries stay; other programs may use them.

    Raises: UsageError, DanglingName, ConfigSyntax, WouldBreak, NotWritable, Locked.
    """
    place = place or Place.current()
    match = Match.of(split_credentials(what)[0] if "://" in what else what)
    one = file is not None or scope is not None
    if one:
        found = [targets.target(place, tool or "pip", scope, file)]
    else:
        found = [target for target in targets.everywhere(place) if tool in (None, target.tool)]
    edits: dict[Path, FileEdit] = {}
    warnings: list[Notice] = []
    for target in found:
        earlier = edits[target.path].edits if target.path in edits else ()
        edit = FileEdit(target.path, (*earlier, _removal(match, target)))
        try:
            if preview(edit).changed:
                check_writable(target.path)
                edits[target.path] = edit
        except (ConfigSyntax, DanglingName, NotWritable, WouldBreak) as error:
            if one:
                raise
            warnings.append(Notice("left", str(error)))
    change = planned(place, f"remove {mask(match.what)}", edits.values(), lambda at: _all_indexes(at, found))
    change = replace(change, warnings=tuple(warnings))
    return change if dry_run else carried_out(change)


def _all_indexes(place: Place, found: list[Target]) -> tuple[Index, ...]:
    views = {target.tool: effective(place, target) for target in found if target.kind != "requirements"}
    return tuple(index for view in views.values() for index in view.indexes)


def _removal(match: Match, target: Target) -> Edit[Any]:
    if target.kind == "pip":
        return pip.remove(match)
    if target.kind == "requirements":
        return requirements.remove(match)
    if target.kind == "pypirc":
        return pypirc.remove(match)
    if target.tool in sources.ROOTS:
        return sources.remove(match, target.tool)
    return uv.remove(match, target.kind)


def trust(
    host: str,
    *,
    tool: str = "pip",
    scope: str | None = None,
    file: str | Path | None = None,
    dry_run: bool = False,
    place: Place | None = None,
) -> Change:
    """Let the tool talk to ``host`` (or ``host:port``) over http, or without checking its certificate.

    Raises: UsageError, ConfigSyntax, WouldBreak, NotWritable, Locked.
    """
    place = place or Place.current()
    host = host_of(host) if "://" in host else host
    if not host or any(c.isspace() or c in "/@*#,;\"'" for c in host):
        raise UsageError(f"{host!r} is not a host", hint="such as repo.example or repo.example:8080")
    target = targets.target(place, tool, scope, file)
    if target.kind == "pip":
        edit: Edit[Any] = pip.trust(host)
    elif target.kind == "requirements":
        edit = requirements.trust(host)
    elif target.tool == "uv":
        edit = uv.trust(host, target.kind)
    elif target.tool == "pdm":
        edit = sources.trust(host, "pdm")
    else:
        raise UsageError(f"{target.tool} keeps this outside {target.path.name}")
    what = f"trust {host} in {target.path}"
    change = planned(place, what, [FileEdit(target.path, (edit,))], lambda at: effective(at, target).indexes)
    risk = Notice("trust", f"whoever can pose as {host} on the network can replace any package from it")
    change = replace(change, warnings=(risk,))
    return change if dry_run else carried_out(change)


def set_publish(
    url: str,
    *,
    name: str = NAME,
    file: str | Path | None = None,
    credentials: str = "auto",
    dry_run: bool = False,
    place: Place | None = None,
) -> Change:
    """Name ``url`` as a place to upload to in ~/.pypirc, so that ``twine upload -r NAME`` finds it.

    A password in the URL goes to the keyring if there is one; else twine takes it from TWINE_PASSWORD.
    ``credentials='url'`` writes it into the file, which then is its owner's only.

    Raises: BadUrl, UsageError, SecretRefused, ConfigSyntax, WouldBreak, NotWritable, Locked.
    """
    place = place or Place.current()
    clean, given = split_credentials(check_url(url))
    path = place.below(file) if file is not None else pypirc_file(place)
    if name == "distutils" or not name.strip() or any(c in name for c in "[]\r\n #;") or name != name.strip():
        raise UsageError(f"{name!r} cannot name a server")
    target = Target("twine", "file" if file else "user", path, "pypirc")
    user = (given.user if given and given.password else "") or USER
    secret = (given.password or given.user) if given else ""
    warnings: list[Notice] = []
    keyring = None
    if secret and credentials == "auto":
        credentials = "keyring" if keyring_works() else "env"
    in_file = bool(secret) and credentials == "url"
    if secret and not in_file:
        stored = store(place, target, url, name, credentials)
        warnings += stored.notices
        # twine asks the keyring by the upload URL, not by its host.
        keyring = (clean, stored.keyring[1]) if stored.keyring else None
    elif in_file:
        warnings += store(place, target, url, name, "url").notices
    edit = pypirc.set_publish(name, clean, user, secret if in_file else None)
    own = FileEdit(path, (edit,), private=in_file or not path.exists())
    if needs_trust(clean):
        warnings.append(Notice("http", "uploads over http send the password readable to everyone on the way"))
    change = planned(place, f"set-publish {name} {mask(clean)} in {path}", [own], keyring=keyring)
    change = replace(change, warnings=tuple(warnings))
    return change if dry_run else carried_out(change)


def history(file: str | Path | None = None, *, place: Place | None = None) -> list[Record]:
    """The changes made so far, newest first; those of one file if it is given."""
    place = place or Place.current()
    return journal.records(place, place.below(file) if file is not None else None)


def undo(id: str | None = None, *, file: str | Path | None = None, place: Place | None = None) -> Record:
    """Undo one change: that of the id, else the newest not yet undone (of the file, if given).

    Raises: NothingToUndo; ChangedSince, with a diff, if someone changed a file since; NotWritable, Locked.
    """
    place = place or Place.current()
    if id is not None:
        record = journal.find(place, id)
    else:
        found = [record for record in history(file, place=place) if not record.undone]
        if not found:
            raise NothingToUndo("nothing to undo" + (f" in {file}" if file else ""))
        record = found[0]
    journal.undo(place, record)
    return record


@contextlib.contextmanager
def using(url: str, *, extra: bool = False) -> Iterator[str]:
    """``url`` as the index of every pip and uv started from this process until the block ends; no file is touched.

    Right for a temporary server, and for a URL with credentials. ``extra`` keeps the usual index beside it.

    Raises: BadUrl.
    """
    check_url(url)
    changes: dict[str, str | None]
    if extra:
        changes = {"PIP_EXTRA_INDEX_URL": url, "UV_INDEX": url}
    else:
        changes = {"PIP_INDEX_URL": url, "UV_DEFAULT_INDEX": url, "PIP_NO_INDEX": "0"}
    if needs_trust(url):
        changes["PIP_TRUSTED_HOST"] = host_of(url)
    with variables(changes):
        yield url
