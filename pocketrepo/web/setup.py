"""The lines that set a reader's tools up for a repository.

They hold the address that the request came by, or the setting ``public_url``, and never a secret: where reading takes
one, they take it from a variable, and say where else it may stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import request

from pocketrepo.access import ANY_PROJECT, Action, Actor
from pocketrepo.config.snippet import TOKEN_VARIABLE, USER, snippet
from pocketrepo.errors import Forbidden
from pocketrepo.front import View
from pocketrepo.model import RepositoryName
from pocketrepo.web.state import site

PLACEHOLDER = "YOUR-KEY"
"""Stands for a secret, which no page knows."""


@dataclass(frozen=True)
class Login:
    """How a reader of a private repository says who they are. ``basic`` and ``in_path`` are index URLs."""

    user: str
    ask: str
    netrc: str
    keyring: str
    basic: str
    in_path: str


@dataclass(frozen=True)
class Setup:
    """``login`` is None where everybody may read. ``push`` is the command for the server's own machine, and empty
    for who is not its owner."""

    index: str
    pip: str
    uv: str
    requirements: str
    twine: str
    may_write: bool
    push: str
    login: Login | None


def address() -> str:
    """This server as its reader sees it, as far as the request tells; behind jupyter-server-proxy, which takes no
    tool without a login, as the tools see it that run beside it."""
    proxied = "X-ProxyContextPath" in request.headers and site().port
    seen = f"http://127.0.0.1:{site().port}" if proxied else request.url_root
    return (site().settings.public_url or seen).rstrip("/") + "/"


def setup(view: View, *, extra: bool = False) -> Setup:
    """For who sees the repository so."""
    name, actor = view.repository.name, view.actor
    index, private = _index(name), view.repository.private
    is_default = name == site().root.default
    return Setup(
        index,
        **{
            tool: snippet(tool, index, extra=extra, private=private)
            for tool in ("pip", "uv", "requirements", "twine")
        },
        may_write=actor is None or _may_write(actor, name),
        push="pocketrepo push" + ("" if is_default else f" -r {name}")
        if actor is None or actor.is_owner
        else "",
        login=_login(actor, name) if actor is not None else None,
    )


def install_lines(view: View, package: str) -> dict[str, str]:
    """That install ``package``, a name and a version."""
    index, private = _index(view.repository.name), view.repository.private
    login = f"{USER}:${{{TOKEN_VARIABLE}}}@" if private else ""
    return {
        "pip": snippet("pip", index, package=package, private=private),
        "uv": f'uv pip install --index-url "{index.replace("://", f"://{login}", 1)}" {package}\n',
    }


def _login(actor: Actor, name: RepositoryName) -> Login:
    root = address()
    host = urlsplit(root).hostname or ""
    user = actor.user or USER
    with_login = root.replace("://", f"://{user}:{PLACEHOLDER}@", 1)
    return Login(
        user=user,
        ask=f"read -rs {TOKEN_VARIABLE} && export {TOKEN_VARIABLE}",
        netrc=f"machine {host} login {user} password {PLACEHOLDER}",
        keyring=f"keyring set {_index(name)} {user}",
        basic=f"{with_login}basic/{name}/python/simple/",
        in_path=f"{root}{PLACEHOLDER}/{name}/python/simple/",
    )


def _may_write(actor: Actor, name: RepositoryName) -> bool:
    try:
        site().root.access.require(actor, Action.WRITE, name, project=ANY_PROJECT)
    except Forbidden:
        return False
    return True


def _index(name: RepositoryName) -> str:
    return f"{address()}{name}/simple/"
