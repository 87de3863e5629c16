"""Where the public index is: from pip's own constant, since pip is what asks it by default."""

from __future__ import annotations

import re
import zipfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

_SOURCE = "_internal/models/index.py"
_CONSTANT = re.compile(r'PackageIndex\(\s*"(https://[^"/]+)/"')
UNKNOWN = "https://public-index.invalid"
"""Stands for the public index where neither pip nor the copy that comes with Python is there to ask (RFC 2606)."""


@cache
def hosts() -> tuple[str, ...]:
    """The hosts that anybody may upload to: the public index, then its twin for tests."""
    return tuple(urlsplit(url).netloc for url in _urls())


@cache
def simple_url() -> str:
    """The public index's Simple API."""
    return f"{_urls()[0]}/simple"


@cache
def _urls() -> tuple[str, ...]:
    # Read, not imported: pip's modules are its own business, and take long.
    return tuple(_CONSTANT.findall(_installed() or _bundled())) or (UNKNOWN,)


def _installed() -> str:
    spec = find_spec("pip")
    for folder in (spec and spec.submodule_search_locations) or ():
        source = Path(folder, _SOURCE)
        if source.is_file():
            return source.read_text("utf-8")
    return ""


def _bundled() -> str:
    spec = find_spec("ensurepip")
    for folder in (spec and spec.submodule_search_locations) or ():
        for wheel in sorted(Path(folder, "_bundled").glob("pip-*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                return archive.read(f"pip/{_SOURCE}").decode("utf-8")
    return ""
