"""Repositories as the asker of the present request may read them."""

from __future__ import annotations

from pocketrepo.access import ANONYMOUS, Action
from pocketrepo.errors import NoSuchRepository, Unauthorized
from pocketrepo.front import View
from pocketrepo.repository import Repository
from pocketrepo.web.auth import asking
from pocketrepo.web.session import signed_in
from pocketrepo.web.state import ASKED, name_in_url, site


def view_for_reading(owner: str, repo: str) -> View:
    """For pages: a repository as its reader sees it. Raises Unauthorized, Forbidden."""
    return site().front.view(name_in_url(owner, repo), ASKED, signed_in())


def repository_for_api(owner: str, repo: str) -> Repository:
    """For the API, where entitlement tokens and cookies do not count. Raises Unauthorized, Forbidden, and
    NoSuchRepository for who would see it."""
    root = site().root
    name = name_in_url(owner, repo) or root.default
    try:
        repository = root.repository(name)
    except NoSuchRepository as missing:
        raise root.access.hide(asking(), missing) from None
    if repository.private:
        root.access.require(asking(), Action.READ, name)
    return repository


def readable(repositories: list[Repository]) -> list[Repository]:
    """Those of a list that the asker may read; a private one is not so much as named to others, and whether there
    is one is not told by how a wrong credential is answered."""
    if all(not repository.private for repository in repositories):
        return repositories
    access = site().root.access
    try:
        actor = asking()
    except Unauthorized:
        actor = ANONYMOUS
    actor = actor if actor.is_known else signed_in() or actor
    return [one for one in repositories if not one.private or access.may_read(actor, one.name)]
