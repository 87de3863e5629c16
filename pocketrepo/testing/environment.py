"""The environment in which a tool knows one index and nothing else of this user or machine."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pocketrepo.environment import Address, changed, publishing, reading

_FOREIGN = re.compile(
    "(PIP|UV|TWINE|PDM|POETRY|HATCH|FLIT|POCKETREPO|PYTHON|XDG|CONDA|VIRTUAL_ENV|NETRC|KEYRING)(_|\\Z)"
    "|PYTHON|.*_PROXY\\Z",
    re.IGNORECASE,
)
"""Names of variables that would bring settings, caches, credentials or packages of the outside in."""


def hermetic(address: Address, home: Path, proxy: str) -> dict[str, str]:
    """This process's variables without those that tools are configured by, and with what makes pip, uv, twine, pdm,
    poetry, hatch and flit use one index, with their home and caches in ``home``. What is not on this machine is
    asked of ``proxy``.

    ``address`` has to have a login.
    """
    assert address.login is not None
    user, secret = address.login
    environ = {name: value for name, value in os.environ.items() if not _FOREIGN.match(name)}
    cache = home / ".cache"
    own = {
        "HOME": str(home),
        "XDG_CONFIG_DIRS": str(home / ".none"),
        "PYTHONNOUSERSITE": "1",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "PIP_CACHE_DIR": str(cache / "pip"),
        "UV_CACHE_DIR": str(cache / "uv"),
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "PDM_CACHE_DIR": str(cache / "pdm"),
        "PDM_CHECK_UPDATE": "0",
        "PDM_PYPI_URL": address.index_url,
        "PDM_PUBLISH_REPO": address.upload_url,
        "PDM_PUBLISH_USERNAME": user,
        "PDM_PUBLISH_PASSWORD": secret,
        "POETRY_CACHE_DIR": str(cache / "poetry"),
        "POETRY_NO_INTERACTION": "1",
        "POETRY_REPOSITORIES_POCKETREPO_URL": address.upload_url,
        "POETRY_HTTP_BASIC_POCKETREPO_USERNAME": user,
        "POETRY_HTTP_BASIC_POCKETREPO_PASSWORD": secret,
        "HATCH_INDEX_REPO": address.upload_url,
        "HATCH_INDEX_USER": user,
        "HATCH_INDEX_AUTH": secret,
        "FLIT_INDEX_URL": address.upload_url,
        "FLIT_USERNAME": user,
        "FLIT_PASSWORD": secret,
    }
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        own |= {name: proxy, name.upper(): proxy}
    return changed(environ | own, reading(address, {}) | publishing(address))
