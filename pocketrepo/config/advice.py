"""What a person should know about an index that is being set or added."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from pocketrepo.config.credentials import Notice
from pocketrepo.config.locate import Target
from pocketrepo.config.url import (
    host_of,
    is_loopback,
    is_public,
    mask,
    needs_trust,
    same_index,
    split_credentials,
)
from pocketrepo.config.view import View

CONFUSION = (
    "pip asks all of its indexes and takes the highest version, whoever published it: anybody can register a "
    "private name on PyPI with a higher version (dependency confusion). set-index with an index that has an "
    "upstream avoids it"
)


def advice(verb: str, url: str, target: Target, before: View, after: View) -> Iterator[Notice]:
    clean, _ = split_credentials(url)
    yield from _address(clean)
    if (
        not any(same_index(index.url, clean) for index in after.indexes)
        and after.indexes
        and verb == "set-index"
    ):
        yield Notice("shadowed", _shadow(clean, after))
    elif verb == "add-index" and not any(same_index(index.url, clean) for index in after.indexes):
        yield from _not_asked(target, clean, after)
    if verb == "set-index" and not is_public(clean):
        yield Notice("alone", "packages from PyPI are found only if this index has an upstream")
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
    lost = [
        index for index in before.indexes if all(not same_index(index.url, now.url) for now in after.indexes)
    ]
    hidden = [index for index in lost if str(target.path) not in index.origin.where and index.role == "extra"]
    if verb == "add-index" and hidden:
        names = ", ".join(f"{index.shown} ({index.origin})" for index in hidden)
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


def _shadow(url: str, after: View) -> str:
    why = next((dropped.why for dropped in after.dropped if same_index(dropped.url, url)), "")
    first = after.indexes[0]
    return f"{mask(url)} is set but not asked: {why or f'{first.shown} from {first.origin} comes first'}"


def _not_asked(target: Target, url: str, after: View) -> Iterator[Notice]:
    dropped = next((dropped for dropped in after.dropped if same_index(dropped.url, url)), None)
    if dropped and not dropped.why.startswith("explicit"):
        yield Notice("shadowed", f"{mask(url)} is added but not asked: {dropped.why}")


def mixes(view: View) -> bool:
    """Whether a public index, where anybody may register a name, stands beside a private one."""
    public = [is_public(index.url) for index in view.indexes]
    return any(public) and not all(public)
