"""Repositories as the asker of the present request may read them.

What cannot be a repository's name is hidden like a repository that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable

from pocketrepo.access import ANONYMOUS, Action
from pocketrepo.errors import NoSuchRepository, PocketRepoError, Unauthorized, UsageError
from pocketrepo.front import View
from pocketrepo.model import RepositoryName
from pocketrepo.repository import Repository
from pocketrepo.web.auth import asking
from pocketrepo.web.session import signed_in
from pocketrepo.web.state import ASKED, site


def name_for_reading(owner: str, repo: str, token: str = "") -> RepositoryName | None:
    """The repository that a URL names, None for the default one. Raises Unauthorized, Forbidden."""
    return _name(owner, repo, lambda missing: site().front.hidden(missing, ASKED, signed_in(), token))


def name_for_api(owner: str, repo: str) -> RepositoryName:
    """The same for uploads and the API, where cookies do not count. Raises Unauthorized, Forbidden, and
    NoSuchRepository for who would see it."""
    return _name(owner, repo, _hidden) or site().root.default


def view_for_reading(owner: str, repo: str, token: str = "") -> View:
    """A repository as its reader sees it. Raises Unauthorized, Forbidden."""
    return site().front.view(name_for_reading(owner, repo, token), ASKED, signed_in(), token)


def repository_for_api(owner: str, repo: str) -> Repository:
    """For the API, where entitlement tokens and cookies do not count. Raises Unauthorized, Forbidden, and
    NoSuchRepository for who would see it."""
    root = site().root
    name = name_for_api(owner, repo)
    try:
        repository = root.repository(name)
    except NoSuchRepository as missing:
        raise _hidden(missing) from None
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


def _name(
    owner: str, repo: str, hidden: Callable[[NoSuchRepository], PocketRepoError]
) -> RepositoryName | None:
    if not owner:
        return None
    try:
        return RepositoryName.parse(f"{owner}/{repo}")
    except UsageError as wrong:
        raise hidden(NoSuchRepository(f"{owner}/{repo}", hint=wrong.hint)) from None


def _hidden(missing: NoSuchRepository) -> PocketRepoError:
    return site().root.access.hide(asking(), missing)
