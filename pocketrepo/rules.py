"""What the owner of a repository lets in beyond what is usual, or keeps out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from packaging.requirements import InvalidRequirement, Requirement

from pocketrepo.errors import BadUpload
from pocketrepo.model import Json


@dataclass(frozen=True, kw_only=True)
class Rules:
    """As a repository's document has them; what is not said there is False."""

    allow_replace: bool = False
    """Other bytes under a filename that is taken."""
    allow_similar: bool = False
    """A new project whose name reads like another's."""
    forbid_direct_urls: bool = False
    """Dependencies that are fetched from elsewhere, as ``name @ URL`` (PEP 440, "Direct references"), which the
    public index refuses."""

    @classmethod
    def of(cls, document: Json) -> Rules:
        return cls(**{rule: bool(document.get(rule, False)) for rule in RULES})

    def check_dependencies(self, requires_dist: Iterable[str]) -> None:
        """Raises BadUpload."""
        if not self.forbid_direct_urls:
            return
        for text in requires_dist:
            try:
                url = Requirement(text).url
            except InvalidRequirement:
                continue
            if url:
                raise BadUpload(
                    f"the dependency {text!r} is fetched from elsewhere, which this repository forbids",
                    field="requires_dist",
                    hint="depend on a version of it",
                )


RULES = tuple(rule.name for rule in fields(Rules))
