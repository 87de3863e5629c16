"""netrc: one login a host, which pip, uv, curl and git read. No ports, so nothing for a loopback server."""

from __future__ import annotations

import io
import netrc
import re
from dataclasses import dataclass, field
from pathlib import Path

from pocketrepo.config.errors import ConfigSyntax, SecretRefused
from pocketrepo.config.guard import Edit, Format
from pocketrepo.config.ini import Splice, splice
from pocketrepo.config.url import Credentials

# Host (or "default") -> (login, account, password)
Reading = dict[str, tuple[str, str, str]]

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|(?:\\.|[^\s\\])+')
_PLAIN = re.compile(r"[^\s\"'\\#]+\Z")
_KEYS = ("login", "user", "account", "password")


class _Netrc(netrc.netrc):
    """The standard library's parser, on a text."""

    def __init__(self, text: str) -> None:
        self.hosts = {}
        self.macros = {}
        self._parse("netrc", io.StringIO(text), False)  # type: ignore[attr-defined]


def read(data: bytes, path: Path) -> Reading:
    """As the standard library's ``netrc`` reads it, which is what pip's requests does."""
    try:
        parsed = _Netrc(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise ConfigSyntax(path, 0, "contains bytes that are not utf-8") from None
    except netrc.NetrcParseError as error:
        raise ConfigSyntax(path, error.lineno or 0, error.msg) from None
    return {
        host: (login or "", account or "", password or "")
        for host, (login, account, password) in parsed.hosts.items()
    }


FORMAT: Format[Reading] = Format("netrc", read)


@dataclass
class Entry:
    """One ``machine`` or ``default``: the values' places by key, and where the entry starts and ends."""

    host: str
    start: int
    stop: int
    values: dict[str, tuple[int, int]] = field(default_factory=dict)


def parse(text: str) -> list[Entry]:
    """The entries of a text that ``read`` accepts; a ``macdef`` runs to the next blank line."""
    entries: list[Entry] = []
    position = 0
    while match := _TOKEN.search(text, position):
        position = match.end()
        word = match[0]
        if word.startswith("#"):
            position = _after(text, r"[\r\n]", position)
        elif word == "macdef":
            position = _after(text, r"\r?\n[ \t]*(?:\r?\n|\Z)", position)
        elif word == "machine" and (name := _TOKEN.search(text, position)):
            entries.append(Entry(name[0].strip('"'), match.start(), name.end()))
            position = name.end()
        elif word == "default":
            entries.append(Entry("default", match.start(), match.end()))
        elif entries and word in _KEYS and (value := _TOKEN.search(text, position)):
            entries[-1].values["login" if word == "user" else word] = value.span()
            entries[-1].stop = position = value.end()
    return entries


def _after(text: str, pattern: str, position: int) -> int:
    found = re.compile(pattern).search(text, position)
    return found.end() if found else len(text)


def set_login(host: str, credentials: Credentials) -> Edit[Reading]:
    """The host's login, in the place of its old one, else on a line of its own before any ``default``.

    Raises: SecretRefused when netrc's own syntax has no room for the user name or the password.
    """
    user, password = credentials.user, credentials.password
    if not password or not _PLAIN.match(user) or not _PLAIN.match(password):
        raise SecretRefused(
            "netrc takes a user name and a password without blanks, quotes, # or \\",
            hint="use the keyring",
        )

    def change(text: str) -> str:
        entries = parse(text)
        own = next((entry for entry in reversed(entries) if entry.host == host), None)
        if own:
            return splice(text, _values(own, user, password))
        default = next((entry for entry in entries if entry.host == "default"), None)
        line = f"machine {host} login {user} password {password}"
        break_ = "\r\n" if "\r\n" in text else "\n"
        if default:
            return text[: default.start] + line + break_ + text[default.start :]
        if text and not text.endswith("\n"):
            return text + break_ + line
        # A macro at the end runs to a blank line, which must stay between it and the new entry.
        blank = break_ if re.search(r"(?m)^\s*macdef\b", text) and not re.search(r"\n\s*\n\Z", text) else ""
        return text + blank + line + break_

    def expect(old: Reading) -> Reading:
        account = old.get(host, ("", "", ""))[1]
        return {**old, host: (user, account, password)}

    return Edit(FORMAT, change, expect)


def _values(entry: Entry, user: str, password: str) -> list[Splice]:
    values = {"login": user, "password": password}
    missing = "".join(f" {key} {value}" for key, value in values.items() if key not in entry.values)
    replaced = [(*entry.values[key], value) for key, value in values.items() if key in entry.values]
    return [*replaced, (entry.stop, entry.stop, missing)]


def remove_login(host: str) -> Edit[Reading]:
    """Without the host's entries: their whole lines where they stand alone on them."""

    def change(text: str) -> str:
        return splice(text, [_entry_splice(text, entry) for entry in parse(text) if entry.host == host])

    return Edit(FORMAT, change, lambda old: {name: login for name, login in old.items() if name != host})


def _entry_splice(text: str, entry: Entry) -> Splice:
    start, stop = entry.start, entry.stop
    before = text[text.rfind("\n", 0, start) + 1 : start]
    rest = re.compile(r"[ \t]*(#[^\r\n]*)?(\r?\n|\Z)").match(text, stop)
    if not before.strip() and rest:
        return (start - len(before), rest.end(), "")
    return (start, stop, "")
