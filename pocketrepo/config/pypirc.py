"""~/.pypirc, which twine and its relatives read: one section a server, listed under ``[distutils]``."""

from __future__ import annotations

from pathlib import Path

from pocketrepo.config import ini
from pocketrepo.config.guard import Edit, Format
from pocketrepo.config.match import Match

Reading = dict[str, dict[str, str | tuple[str, ...]]]

# What twine knows without a list of servers; once there is a list, only what it names is known.
IMPLIED = ("pypi", "testpypi")


def read(data: bytes, path: Path) -> Reading:
    """As ``configparser.RawConfigParser`` reads it, in UTF-8 (twine's ``get_config``)."""
    sections = ini.read(data, path)
    return {name: {key: _value(key, text) for key, text in keys.items()} for name, keys in sections.items()}


def _value(key: str, text: str) -> str | tuple[str, ...]:
    return tuple(text.split()) if key == "index-servers" else text


FORMAT: Format[Reading] = Format("pypirc", read)


def servers(reading: Reading) -> tuple[str, ...]:
    """The repositories that twine knows by name."""
    return tuple(reading.get("distutils", {}).get("index-servers", IMPLIED))


def list_server(name: str) -> Edit[Reading]:
    """The server named among ``index-servers``, together with what twine knew without a list."""

    def expect(old: Reading) -> Reading:
        return {**old, "distutils": {**old.get("distutils", {}), "index-servers": _names(old, name)}}

    return Edit(FORMAT, lambda text: _with_server(text, name), expect)


def _names(old: Reading, name: str) -> tuple[str, ...]:
    listed = old.get("distutils", {}).get("index-servers")
    known = tuple(listed) if listed is not None else _first_list(set(old))
    return known if name in known else (*known, name)


def set_publish(name: str, url: str, user: str, password: str | None = None) -> Edit[Reading]:
    """The server ``name`` at ``url``, listed, so that ``twine upload -r name`` finds it.

    A new list also names what twine knew until then. An old password is dropped with an old user.
    """
    keys = {"repository": url, "username": user} | ({"password": password} if password else {})

    def change(text: str) -> str:
        text = _with_server(text, name)
        if "password" not in keys and _differs(text, name, user):
            text = ini.parse(text).remove(name, "password")
        for key, value in keys.items():
            if _current(text, name, key) != value:
                text = ini.parse(text).set(name, key, value)
        return text

    def expect(old: Reading) -> Reading:
        section = dict(old.get(name, {}))
        if "username" in section and section["username"] != user:
            section.pop("password", None)
        return {
            **old,
            "distutils": {**old.get("distutils", {}), "index-servers": _names(old, name)},
            name: {**section, **keys},
        }

    return Edit(FORMAT, change, expect)


def _first_list(sections: set[str]) -> tuple[str, ...]:
    return ("pypi", *(["testpypi"] if "testpypi" in sections else []))


def _current(text: str, section: str, key: str) -> str | None:
    option = ini.parse(text).option(section, key)
    return "\n".join(text[slice(*span)] for span in option.spans(text)).strip() if option else None


def _with_server(text: str, name: str) -> str:
    listed = _current(text, "distutils", "index-servers")
    if listed is not None:
        return (
            text if name in listed.split() else ini.parse(text).add_word("distutils", "index-servers", name)
        )
    known = _first_list({section.name for section in ini.parse(text).sections})
    names = [*known, *([name] if name not in known else [])]
    return ini.parse(text).add_list("distutils", "index-servers", names)


def _differs(text: str, name: str, user: str) -> bool:
    old = _current(text, name, "username")
    return old is not None and old != user


def remove(match: Match) -> Edit[Reading]:
    """The servers of that name, URL or host: their sections and their places in the list."""

    def change(text: str) -> str:
        for section in ini.parse(text).sections:
            if section.name != "distutils" and _meant(
                match, section.name, _current(text, section.name, "repository")
            ):
                text = ini.parse(text).remove_section(section.name)
                text = ini.parse(text).remove_words("distutils", "index-servers", section.name.__eq__)
        return text

    def expect(old: Reading) -> Reading:
        gone = {
            name
            for name, keys in old.items()
            if name != "distutils" and _meant(match, name, str(keys.get("repository", "")))
        }
        kept = {name: dict(keys) for name, keys in old.items() if name not in gone}
        if "index-servers" in kept.get("distutils", {}):
            left = tuple(name for name in kept["distutils"]["index-servers"] if name not in gone)
            kept["distutils"]["index-servers"] = left
            if not left:
                del kept["distutils"]["index-servers"]
        return kept

    return Edit(FORMAT, change, expect)


def _meant(match: Match, name: str, url: str | None) -> bool:
    return match.name(name) or bool(url and match.url(url))
