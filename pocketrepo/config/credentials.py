"""Where the secret half of an index URL goes, so that the file with the URL may be shared."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from pocketrepo.config import edit as files
from pocketrepo.config import netrc
from pocketrepo.config.edit import FileEdit
from pocketrepo.config.errors import SecretRefused
from pocketrepo.config.locate import Place, Target, netrc_file
from pocketrepo.config.url import (
    Credentials,
    has_secret,
    host_of,
    is_loopback,
    is_reference,
    netloc_of,
    split_credentials,
    with_credentials,
)
from pocketrepo.errors import UsageError

TOKEN_VARIABLE = "POCKETREPO_TOKEN"  # noqa: S105 - the variable's name, not a token
STORES = ("auto", "netrc", "keyring", "env", "url")


@dataclass(frozen=True)
class Notice:
    """Something that a person should know about a change. ``code`` is for programs."""

    code: str
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Stored:
    """What is written where: ``url`` into the file, ``netrc`` edits beside it, ``keyring`` once all is written."""

    url: str = field(repr=False)
    private: bool = False
    netrc: tuple[FileEdit, ...] = ()
    keyring: tuple[str, Credentials] | None = None
    notices: tuple[Notice, ...] = ()


def store(place: Place, target: Target, url: str, name: str, how: str = "auto") -> Stored:
    """Decide where the credentials in ``url`` go; ``how`` is one of STORES.

    Raises: SecretRefused when there is no such place for them, UsageError for an unknown ``how``.
    """
    if how not in STORES:
        raise UsageError(f"no store {how!r} for credentials", hint="one of " + ", ".join(STORES))
    clean, credentials = split_credentials(url)
    if credentials is None:
        # A token in the path has no other place, so the file that gets it is closed to others.
        return Stored(url, private=True, notices=_in_file(target.path)) if has_secret(url) else Stored(url)
    if is_reference(credentials.password or credentials.user):
        return _reference(target, url)
    if how == "auto":
        how = _usual(place, target, clean, credentials)
    if how == "url":
        return Stored(url, private=True, notices=_in_file(target.path))
    if how == "env":
        return _variable(target, clean, credentials, name)
    if how == "netrc":
        return _in_netrc(place, clean, credentials)
    return _in_keyring(clean, credentials)


def _usual(place: Place, target: Target, url: str, credentials: Credentials) -> str:
    if target.kind == "requirements" or target.tool in ("poetry", "pdm"):
        return "env"
    if not is_loopback(url) and credentials.password:
        return "netrc"
    if target.tool == "uv":
        return "env"
    if keyring_works():
        return "keyring"
    raise SecretRefused(
        "netrc knows no ports and there is no keyring"
        if is_loopback(url)
        else "netrc needs a user and a password",
        hint="with config.using(url): keeps it out of files; credentials='url' puts it in the file all the same",
    )


def _reference(target: Target, url: str) -> Stored:
    if target.kind in ("requirements", "pypirc") or target.tool == "pdm":
        return Stored(url)
    raise SecretRefused(f"{target.path.name} does not expand ${{…}}", hint="use netrc or the keyring")


def _variable(target: Target, url: str, credentials: Credentials, name: str) -> Stored:
    """A reference that the tool expands, or the variables that it reads by the index's name."""
    label = re.sub(r"[^A-Z0-9]", "_", name.upper())
    if target.kind == "requirements" or target.tool == "pdm":
        user = credentials.user if credentials.password else ""
        text = f"set {TOKEN_VARIABLE} to the token where the file is used"
        return Stored(
            with_credentials(url, user, "${" + TOKEN_VARIABLE + "}"),
            notices=(Notice("secret-variable", text),),
        )
    if target.tool == "uv":
        names = f"UV_INDEX_{label}_USERNAME and UV_INDEX_{label}_PASSWORD"
    elif target.tool == "poetry":
        names = f"POETRY_HTTP_BASIC_{label}_USERNAME and POETRY_HTTP_BASIC_{label}_PASSWORD"
    elif target.tool == "twine":
        names = "TWINE_PASSWORD"
    else:
        raise SecretRefused("pip.conf does not expand variables", hint="use netrc or the keyring")
    return Stored(url, notices=(Notice("secret-variable", f"the credentials are read from {names}"),))


def _in_netrc(place: Place, url: str, credentials: Credentials) -> Stored:
    if is_loopback(url):
        raise SecretRefused(
            "netrc knows no ports, so it is not for a loopback server", hint="use the keyring"
        )
    path, host = netrc_file(place), host_of(url)
    edit = netrc.set_login(host, credentials)
    data = files.current(path)
    login = netrc.read(data, path).get(host) if data else None
    if login and login[0] != credentials.user:
        raise SecretRefused(
            f"{path} already has the login {login[0]!r} for {host}",
            hint="netrc holds one a host: change it by hand, or use the keyring",
        )
    text = f"the credentials went to {path}, for every index on {host}"
    return Stored(
        url, netrc=(FileEdit(path, (edit,), private=True),), notices=(Notice("secret-netrc", text),)
    )


def _in_keyring(url: str, credentials: Credentials) -> Stored:
    if not keyring_works():
        raise SecretRefused("there is no keyring here", hint="pip install keyring, or use netrc")
    text = f"the credentials went to the keyring as {netloc_of(url)}; pip asks it after a 401"
    return Stored(url, keyring=(netloc_of(url), credentials), notices=(Notice("secret-keyring", text),))


def _in_file(path: Path) -> tuple[Notice, ...]:
    notices = [Notice("secret-in-file", f"{path} holds a secret and is readable by its owner only")]
    if is_tracked(path):
        notices.append(
            Notice("secret-tracked", f"{path} is tracked by git: the next commit publishes the secret")
        )
    return tuple(notices)


def keyring_works() -> bool:
    """Whether the keyring package is there with a backend that keeps things."""
    try:
        import keyring
    except ImportError:
        return False
    return bool(keyring.get_keyring().priority > 0)


def to_keyring(service: str, credentials: Credentials) -> None:
    """Save under ``host[:port]``, the name by which pip and uv ask for it.

    Raises: SecretRefused if the keyring is locked or refuses.
    """
    import keyring
    import keyring.errors

    try:
        keyring.set_password(service, credentials.user, credentials.password)
    except keyring.errors.KeyringError as error:
        raise SecretRefused(f"the keyring refused: {error}", hint="unlock it and try again") from None


def is_tracked(path: Path) -> bool:
    """Whether git tracks the file; False where there is no git or no repository."""
    git = shutil.which("git")
    if git is None or not path.parent.is_dir():
        return False
    command = [git, "-C", str(path.parent), "ls-files", "--error-unmatch", "--", path.name]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
