"""``doctor``: every check over every file that counts here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pocketrepo.config import locate
from pocketrepo.config import target as targets
from pocketrepo.config.check_effect import check_effect, check_secrets
from pocketrepo.config.check_pip import check_pip_file, check_trust
from pocketrepo.config.check_requirements import check_requirements_file
from pocketrepo.config.check_toml import check_netrc, check_pypirc, check_toml_file
from pocketrepo.config.finding import Finding
from pocketrepo.config.locate import Place, Target

__all__ = ["Finding", "doctor"]


def doctor(
    files: Sequence[str | Path] = (), *, online: bool = False, place: Place | None = None
) -> list[Finding]:
    """What hurts in the configuration here, errors first; in ``files`` alone if any are given.

    ``online`` also tries whether the indexes answer (loopback ones are always tried). Each finding says what to
    do; where that is safe, its ``fix()`` does it as a change that can be undone.

    Raises: UsageError for a file whose name says nothing of its format.
    """
    place = place or Place.current()
    if files:
        found = [targets.target(place, "pip", None, file) for file in files]
        findings = [finding for target in found for finding in _file(place, target)]
    else:
        found = list(targets.everywhere(place))
        netrc = Target("netrc", "user", locate.netrc_file(place), "netrc")
        findings = [finding for target in [*found, netrc] for finding in _file(place, target)]
        findings += check_effect(place, online=online)
    unique = dict.fromkeys(findings)
    return sorted(unique, key=lambda finding: (finding.level != "error", str(finding.where), finding.line))


def _file(place: Place, target: Target) -> Iterator[Finding]:
    if target.kind == "pip":
        yield from check_pip_file(place, target)
        yield from check_trust(place, target)
    elif target.kind == "requirements":
        yield from check_requirements_file(place, target.path)
    elif target.kind in ("uv", "pyproject"):
        yield from check_toml_file(place, target)
    elif target.kind == "pypirc":
        yield from check_pypirc(place, target.path)
    elif target.kind == "netrc":
        yield from check_netrc(place, target.path)
    yield from check_secrets(place, target.path)
