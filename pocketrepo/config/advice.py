"""What a person should know about an index that is being set or added."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from pocketrepo.config.credentials import Notice
from pocketrepo.config.locate import Target
from pocketrepo.config.url import (
    canonical,
    host_of,
    is_loopback,
    is_public,
    mask,
    needs_trust,
    same_index,
    split_credentials,
)
from pocketrepo.config.view import Index, View

CONFUSION = (
    "pip asks all of its indexes and takes the highest version, whoever published it: anybody can register a "
    "private name on PyPI with a higher version (dependency confusion). set-index with an index that has an "
    "upstream avoids it"
)


def advice(verb: str, url: str, target: Target, before: View, after: View) -> Iterator[Notice]:
    """``verb`` is set-index or add-index; the views are the tool's, before and after."""
    clean, _ = split_credentials(url)
    asked = {canonical(index.url) for index in after.indexes}
    yield from _address(clean)
    if canonical(clean) not in asked:
        yield from _not_asked(verb, clean, after)
    if verb == "set-index" and not is_public(clean):
        yield Notice("alone", "packages from PyPI are found only if this index has an upstream")
    yield from _confusion(verb, target, after)
    if verb == "add-index":
        gone = [index for index in before.indexes if canonical(index.url) not in asked]
        yield from _hidden(target, [index for index in gone if index.role == "extra"])


def _confusion(verb: str, target: Target, after: View) -> Iterator[Notice]:
    if target.tool == "pip" and mixes(after):
        yield Notice("confusion", CONFUSION)
    elif verb == "add-index" and target.tool == "uv" and after.strategy.startswith("unsafe"):
        yield Notice(
            "confusion", f"uv's index strategy is {after.strategy}: every index may serve every name"
        )
    elif verb == "add-index" and target.tool == "pdm":
        yield Notice(
            "confusion", "pdm asks all of its sources and takes the best version, whoever published it"
        )


def _hidden(target: Target, gone: list[Index]) -> Iterator[Notice]:
    """pip merges no lists: the one in the stronger file stands alone."""
    others = [index for index in gone if str(target.path) not in index.origin.where]
    if others:
        names = ", ".join(f"{index.shown} ({index.origin})" for index in others)
        yield Notice(
            "hides", f"this list replaces the one in a weaker file, which is not asked any more: {names}"
        )


def _address(url: str) -> Iterator[Notice]:
    port = urlsplit(url).port
    if is_loopback(url):
        random = port is not None and port >= 32768  # where systems hand out free ports
        what = f"port {port} looks like a temporary one" if random else "a server on this machine"
        yield Notice(
            "temporary",
            f"{what}: when it stops, installs fail. For this process only: with config.using({url!r})",
        )
    if needs_trust(url):
        yield Notice(
            "untrusted",
            f"pip ignores http indexes of hosts that it is not told to trust: trust {host_of(url)}",
        )


def _not_asked(verb: str, url: str, after: View) -> Iterator[Notice]:
    """Why the index is not asked although it is written down; an explicit one is not meant to be."""
    why = next((dropped.why for dropped in after.dropped if same_index(dropped.url, url)), "")
    if why.startswith("explicit") or not (why or after.indexes):
        return
    if not why:
        why = f"{after.indexes[0].shown} from {after.indexes[0].origin} comes first"
    done = "set" if verb == "set-index" else "added"
    yield Notice("shadowed", f"{mask(url)} is {done} but not asked: {why}")


def mixes(view: View) -> bool:
    """Whether a public index, where anybody may register a name, stands beside a private one."""
    public = [is_public(index.url) for index in view.indexes]
    return any(public) and not all(public)
