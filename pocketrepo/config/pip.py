"""pip.conf and pip.ini: what pip reads in one file, and the edits of it."""

from __future__ import annotations

import locale
from collections.abc import Callable
from pathlib import Path

from pocketrepo.config import ini
from pocketrepo.config.guard import Edit, Format
from pocketrepo.config.match import Match
from pocketrepo.config.url import host_of, netloc_of

Reading = dict[str, dict[str, str | tuple[str, ...]]]

INDEX_KEYS = ("index-url", "pypi-url")
LIST_KEYS = ("extra-index-url", "find-links", "trusted-host")


def normal(key: str) -> str:
    """pip's name for an option key: lower case, ``-`` for ``_``, without leading dashes."""
    return key.lower().replace("_", "-").removeprefix("--")


def read(data: bytes, path: Path) -> Reading:
    """What pip 26.3 reads; older ones differ only in letting a second spelling of a key win.

    pip decodes with the locale's encoding.
    """
    sections = ini.read(data, path, encoding=locale.getencoding(), normal=normal)
    return {name: {key: _value(key, text) for key, text in keys.items()} for name, keys in sections.items()}


def _value(key: str, text: str) -> str | tuple[str, ...]:
    return tuple(text.split()) if key in LIST_KEYS else text


FORMAT: Format[Reading] = Format("pip", read)


def set_index(url: str, section: str = "global") -> Edit[Reading]:
    """``index-url``, or its alias ``pypi-url`` where that comes later and so is the one that counts."""
    return Edit(
        FORMAT, lambda text: _set_index(text, section, url), lambda old: _expect_index(old, section, url)
    )


def _index_key(keys: list[str]) -> str:
    return next((key for key in reversed(keys) if key in INDEX_KEYS), "index-url")


def _set_index(text: str, section: str, url: str) -> str:
    parsed = ini.parse(text, normal)
    found = parsed.find(section)
    return parsed.set(section, _index_key([option.key for option in found.options] if found else []), url)


def _expect_index(old: Reading, section: str, url: str) -> Reading:
    keys = dict(old.get(section, {}))
    keys[_index_key(list(keys))] = url
    return {**old, section: keys}


def add_index(url: str, section: str = "global") -> Edit[Reading]:
    return _add_word("extra-index-url", url, section)


def trust(host: str, section: str = "global") -> Edit[Reading]:
    return _add_word("trusted-host", host, section)


def _add_word(key: str, word: str, section: str) -> Edit[Reading]:
    def expect(old: Reading) -> Reading:
        keys = dict(old.get(section, {}))
        words = tuple(keys.get(key, ()))
        keys[key] = words if word in words else (*words, word)
        return {**old, section: keys}

    return Edit(FORMAT, lambda text: ini.parse(text, normal).add_word(section, key, word), expect)


def set_option(section: str, key: str, value: str) -> Edit[Reading]:
    """Any other option, as ``pip config set SECTION.KEY VALUE`` has it."""

    def expect(old: Reading) -> Reading:
        return {**old, section: {**old.get(section, {}), key: _value(key, value)}}

    return Edit(FORMAT, lambda text: ini.parse(text, normal).set(section, key, value), expect)


def unset_option(section: str, key: str) -> Edit[Reading]:
    def expect(old: Reading) -> Reading:
        return {
            name: {k: v for k, v in keys.items() if (name, k) != (section, key)} for name, keys in old.items()
        }

    return Edit(FORMAT, lambda text: ini.parse(text, normal).remove(section, key), expect)


def remove(match: Match) -> Edit[Reading]:
    """Every mention: as index, extra index or link page, and the host's trust once no index there is left."""
    return Edit(FORMAT, lambda text: _remove(text, match), lambda old: _expect_removal(old, match))


def _remove(text: str, match: Match) -> str:
    for section, key in _options(text):
        if key in INDEX_KEYS:
            option = ini.parse(text, normal).option(section, key)
            if option and _is_meant(match, _whole_value(text, option)):
                text = ini.parse(text, normal).remove(section, key)
        elif key in LIST_KEYS[:2]:
            text = ini.parse(text, normal).remove_words(section, key, match.url)
    left = _hosts(_mentions(text))
    for section, key in _options(text):
        if key == "trusted-host":
            text = ini.parse(text, normal).remove_words(section, key, _untrusted(match, left))
    return text


def _is_meant(match: Match, value: str) -> bool:
    """Whether the first word of an ``index-url`` is; what follows it, such as a comment, breaks it for pip."""
    return match.url(value.split()[0]) if value.split() else False


def _options(text: str) -> list[tuple[str, str]]:
    return [
        (section.name, option.key)
        for section in ini.parse(text, normal).sections
        for option in section.options
    ]


def _whole_value(text: str, option: ini.Option) -> str:
    return "\n".join(text[slice(*span)] for span in option.spans(text)).strip()


def _mentions(text: str) -> list[str]:
    """Every word of every index option."""
    parsed = ini.parse(text, normal)
    options = [option for section in parsed.sections for option in section.options]
    return [
        word
        for option in options
        if option.key in INDEX_KEYS + LIST_KEYS[:2]
        for word in _whole_value(text, option).split()
    ]


def _hosts(urls: list[str]) -> set[str]:
    return {part for url in urls if "://" in url for part in (host_of(url), netloc_of(url))}


def _untrusted(match: Match, left: set[str]) -> Callable[[str], bool]:
    return lambda host: match.host(host) and host.lower() not in left


def _expect_removal(old: Reading, match: Match) -> Reading:
    kept: Reading = {}
    for section, keys in old.items():
        kept[section] = {}
        for key, value in keys.items():
            if key in LIST_KEYS[:2]:
                value = tuple(word for word in value if not match.url(word))
                if not value:
                    continue
            elif key in INDEX_KEYS and _is_meant(match, str(value)):
                continue
            kept[section][key] = value
    left = _hosts([word for keys in kept.values() for key in keys for word in _urls(key, keys[key])])
    for keys in kept.values():
        if "trusted-host" in keys:
            hosts = tuple(host for host in keys["trusted-host"] if not _untrusted(match, left)(host))
            keys["trusted-host"] = hosts
            if not hosts:
                del keys["trusted-host"]
    return kept


def _urls(key: str, value: str | tuple[str, ...]) -> tuple[str, ...]:
    if key in INDEX_KEYS:
        return (str(value),)
    return tuple(value) if key in LIST_KEYS[:2] else ()
