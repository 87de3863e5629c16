"""Where the browser of whoever reads this notebook finds a server of this machine.

Tools run beside the kernel and use its loopback address. The browser may be elsewhere, and reach the kernel's
machine through Jupyter, Colab or Codespaces only.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pocketrepo.config.url import is_loopback, mask
from pocketrepo.display import Piece, link

VARIABLE = "POCKETREPO_BROWSER_URL"
PROXY = "the link needs jupyter-server-proxy where Jupyter runs: pip install jupyter-server-proxy"
COLAB_TIMEOUT = 5
"""Seconds that the page gets to say its address."""


class Way(NamedTuple):
    """An address for the browser, and what it takes to work; the note is empty where nothing does."""

    url: str
    note: str = ""


def way_to(url: str) -> Way:
    """The way to a page of a server on this machine; any other URL leads there by itself.

    The first that is known counts: ``POCKETREPO_BROWSER_URL`` (``{port}`` in it stands for the port), Colab,
    JupyterHub or Binder, a Jupyter server with a base URL or open to other machines, Codespaces, and else the URL.
    """
    if not is_loopback(url):
        return Way(url)
    parts = urlsplit(url)
    port, path = parts.port or 80, parts.path.lstrip("/")
    told = os.environ.get(VARIABLE)
    if told:
        return Way(f"{told.replace('{port}', str(port)).rstrip('/')}/{path}")
    if "google.colab" in sys.modules:
        with suppress(Exception):  # whatever a page that is closed does
            return Way(f"{_colab(port).rstrip('/')}/{path}")
    base = os.environ.get("JUPYTERHUB_SERVICE_PREFIX") or _jupyter_base()
    if base:
        return Way(
            f"{base.rstrip('/')}/proxy/{port}/{path}", "" if find_spec("jupyter_server_proxy") else PROXY
        )
    name, domain = map(os.environ.get, ("CODESPACE_NAME", "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN"))
    if name and domain:
        return Way(f"https://{name}-{port}.{domain}/{path}")
    return Way(url)


def linked(url: str) -> Piece:
    """A page's address: as text for this machine, as HTML for the browser."""
    there = way_to(mask(url)).url
    return Piece(mask(url), link(there, there).html)


def hosts() -> tuple[str, ...]:
    """Names under which the browser asks a server of this machine; ``*`` where they cannot be known.

    Whoever reaches it through a hub asks for the hub's name. That opens no way to a page elsewhere which has its own
    name resolve to loopback: that is the browser's machine then, and not this one.
    """
    told = urlsplit(os.environ.get(VARIABLE, "")).hostname
    if told:
        return (told,)
    elsewhere = "JUPYTERHUB_SERVICE_PREFIX" in os.environ or "CODESPACE_NAME" in os.environ
    return ("*",) if elsewhere or "google.colab" in sys.modules else ()


def _jupyter_base() -> str:
    """The base URL of the Jupyter server that started this kernel, if a loopback address would not reach us from
    where it is opened: it has a base URL, as behind a proxy, or listens for other machines."""
    server = _jupyter_server()
    base = str(server.get("base_url", "/"))
    if base != "/":
        return base
    opened_elsewhere = server.get("hostname", "localhost") not in ("localhost", "127.0.0.1", "::1")
    return "/" if opened_elsewhere and find_spec("jupyter_server_proxy") else ""


def _jupyter_server() -> dict[str, Any]:
    """What the Jupyter server that started this kernel wrote of itself; empty for none."""
    if "ipykernel" not in sys.modules:
        return {}
    from jupyter_core.paths import jupyter_runtime_dir

    pid = os.environ.get("JPY_PARENT_PID") or os.getppid()
    try:
        found = json.loads((Path(jupyter_runtime_dir()) / f"jpserver-{pid}.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@lru_cache
def _colab(port: int) -> str:
    """Only the page knows: it is asked once for each port."""
    from google.colab.output import eval_js

    return str(eval_js(f"google.colab.kernel.proxyPort({port})", timeout_sec=COLAB_TIMEOUT))
