"""The search query of the management API: terms that must all hold."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from packaging.utils import NormalizedName

from pocketrepo.errors import UsageError
from pocketrepo.model import File, Project, normalize, version_order

FIELDS = ("name", "version", "filename", "format")
_OPERATORS = tuple("~()<>=!")
_TERM = re.compile(r'(?:(?P<field>[a-z]+):)?(?P<value>"[^"]*"|\S+)')


@dataclass(frozen=True)
class Query:
    """``name:x AND version:1.0``; a bare word is looked for within names. ``^`` and ``$`` anchor a name."""

    terms: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Query:
        """Raises UsageError for a field that is not known, and for what this grammar has no word for: taken
        literally, it would narrow or widen what a token sees without a word."""
        cls.check_length(text)
        terms = []
        for found in _TERM.finditer(text):
            field, value = found["field"] or "", found["value"].strip('"')
            if not field and value == "AND":
                continue
            if field and field not in FIELDS:
                raise UsageError(f"the query has an unknown field {field!r}", hint=f"use {', '.join(FIELDS)}")
            if (not field and value in ("OR", "NOT")) or value[:1] in _OPERATORS:
                raise UsageError(
                    f"the query has {value!r}, which is not known", hint="terms are joined by AND"
                )
            if field == "version" and not version_order(value)[0]:
                raise UsageError(f"{value!r} is not a version")
            terms.append((field, value))
        return cls(tuple(terms))

    @staticmethod
    def check_length(text: str) -> None:
        """Raises UsageError."""
        if len(text) > 1024:
            raise UsageError("the query is longer than 1,024 characters")

    @property
    def only_names(self) -> bool:
        """Whether a project's name alone decides."""
        return all(field in ("", "name") for field, _ in self.terms)

    @property
    def version(self) -> str:
        """Tells queries apart."""
        return hashlib.sha256(repr(self.terms).encode()).hexdigest()[:16]

    def may_have(self, name: NormalizedName) -> bool:
        """Whether a project of this name can match, before it is loaded."""
        return all(_name_matches(value, name) for field, value in self.terms if field in ("", "name"))

    def has(self, project: Project, file: File) -> bool:
        for field, value in self.terms:
            if field == "version" and version_order(value) != version_order(file.version):
                return False
            if field == "filename" and value != file.filename:
                return False
            if field == "format" and value != "python":
                return False
        return self.may_have(project.name)


def _name_matches(value: str, name: str) -> bool:
    wanted = normalize(value.strip("^$*"))
    if value.startswith("^") and value.endswith("$"):
        return name == wanted
    if value.startswith("^"):
        return name.startswith(wanted)
    if value.endswith("$"):
        return name.endswith(wanted)
    return wanted in name
