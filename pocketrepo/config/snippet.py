"""Set-up text for a person to paste, one function a tool. Pure: nothing is read or written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from pocketrepo.config.url import check_url, host_of, is_loopback, needs_trust, netloc_of, split_credentials
from pocketrepo.errors import UsageError

TOKEN_VARIABLE = "POCKETREPO_TOKEN"  # noqa: S105 - the variable's name, not a token
USER = "__token__"
NAME = "pocketrepo"

_PACKAGE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._\-]*[A-Za-z0-9])?(?:\[[\w\-.,]+\])?(?:==[\w.*+!]+)?\Z")
_CONFUSION = (
    "# pip asks this index and PyPI alike and takes the highest version, whoever published it:",
    "# anybody may register your private names on PyPI. An index with an upstream needs no second one.",
)


@dataclass(frozen=True)
class _Setup:
    """What a snippet needs to know; ``url`` has no credentials in it."""

    url: str
    upload: str | None
    package: str
    extra: bool
    private: bool

    @property
    def host(self) -> str:
        return netloc_of(self.url)

    @property
    def option(self) -> str:
        return "--extra-index-url" if self.extra else "--index-url"

    @property
    def trust(self) -> str:
        return f"--trusted-host {host_of(self.url)} " if needs_trust(self.url) else ""

    def authenticated(self, secret: str) -> str:
        """The URL with ``__token__:secret`` in it where the repository is private."""
        return self.url.replace("://", f"://{USER}:{secret}@", 1) if self.private else self.url

    @property
    def upload_url(self) -> str:
        if self.upload is None:
            raise UsageError(f"no upload URL can be told from {self.url}", hint="pass upload_url=")
        return self.upload


def snippet(
    tool: str,
    index_url: str,
    *,
    upload_url: str | None = None,
    package: str = "PACKAGE",
    extra: bool = False,
    private: bool = False,
) -> str:
    """Text that sets ``tool`` up for the index, ending in a line break.

    ``tool`` is one of ``SNIPPET_TOOLS``. ``upload_url`` is derived from ``index_url`` where its path ends in
    ``simple/``. ``extra`` keeps PyPI beside the index; ``private`` puts in a reference to the variable
    ``POCKETREPO_TOKEN``. A credential in ``index_url`` is never repeated: it makes the snippet a private one.

    Raises: UsageError for an unknown tool or a package that is no requirement, BadUrl for the URLs.
    """
    if tool not in _TOOLS:
        raise UsageError(f"no snippet for {tool!r}", hint="one of " + ", ".join(SNIPPET_TOOLS))
    if not _PACKAGE.match(package):
        raise UsageError(f"{package!r} is not a package name", hint="a name, or a name with one version")
    url, credentials = split_credentials(check_url(index_url))
    upload = split_credentials(check_url(upload_url))[0] if upload_url else upload_url_for(url)
    setup = _Setup(url, upload, package, extra, private or credentials is not None)
    return "\n".join(_TOOLS[tool](setup)) + "\n"


def upload_url_for(index_url: str) -> str | None:
    """The upload URL beside a Simple API URL: ``…/legacy/``, or Cloudsmith's ``/python/OWNER/REPO/``."""
    parts = urlsplit(index_url)
    segments = parts.path.strip("/").split("/")
    if segments[-1] not in ("simple", "index"):
        return None
    if len(segments) == 5 and segments[3] == "python":
        path = "/".join(["", "python", *segments[1:3], ""])
    else:
        path = "/".join(["", *segments[:-1], "legacy", ""])
    return urlunsplit(parts._replace(path=path, query=""))


def _pip(setup: _Setup) -> list[str]:
    url = setup.authenticated("${" + TOKEN_VARIABLE + "}")
    warning = _CONFUSION if setup.extra else ()
    return [*warning, f'pip install {setup.option} "{url}" {setup.trust}{setup.package}']


def _requirements(setup: _Setup) -> list[str]:
    lines = list(_CONFUSION) if setup.extra else []
    lines.append(f"{setup.option} {setup.authenticated('${' + TOKEN_VARIABLE + '}')}")
    if setup.trust:
        lines.append(setup.trust.strip())
    return [*lines, setup.package]


def _pip_conf(setup: _Setup) -> list[str]:
    lines = [f"# credentials for {setup.host} belong in netrc or a keyring"] if setup.private else []
    lines += [*(_CONFUSION if setup.extra else ()), "[global]", f"{setup.option[2:]} = {setup.url}"]
    if setup.trust:
        lines.append(f"trusted-host = {host_of(setup.url)}")
    return lines


def _uv(setup: _Setup) -> list[str]:
    lines = ["# pyproject.toml"]
    if setup.private:
        lines += [
            f"# export UV_INDEX_{NAME.upper()}_USERNAME={USER}",
            f'# export UV_INDEX_{NAME.upper()}_PASSWORD="${TOKEN_VARIABLE}"',
        ]
    lines += ["[[tool.uv.index]]", f'name = "{NAME}"', f'url = "{setup.url}"']
    if setup.extra:
        lines += ["explicit = true", "", "[tool.uv.sources]"]
        lines += [f'{_toml_key(setup.package)} = {{ index = "{NAME}" }}']
    else:
        lines.append("default = true")
    if setup.upload:
        lines.insert(lines.index(f'url = "{setup.url}"') + 1, f'publish-url = "{setup.upload}"')
    return lines


def _poetry(setup: _Setup) -> list[str]:
    lines = [f'poetry source add --priority={"explicit" if setup.extra else "primary"} {NAME} "{setup.url}"']
    if setup.private:
        lines.append(f'poetry config http-basic.{NAME} {USER} "${TOKEN_VARIABLE}"')
    source = f" --source {NAME}" if setup.extra else ""
    return [*lines, f"poetry add{source} {_bare(setup.package)}"]


def _pdm(setup: _Setup) -> list[str]:
    name = NAME if setup.extra else "pypi"  # a source named pypi takes PyPI's place
    lines = ["# pyproject.toml"]
    if setup.private:
        lines.append(f"# pdm config pypi.{name}.username {USER}")
        lines.append(f'# pdm config pypi.{name}.password "${TOKEN_VARIABLE}"')
    lines += ["[[tool.pdm.source]]", f'name = "{name}"', f'url = "{setup.url}"']
    if needs_trust(setup.url):
        lines.append("verify_ssl = false")
    if setup.extra:
        lines.append(f'include_packages = ["{_bare(setup.package)}"]')
    return lines


def _twine(setup: _Setup) -> list[str]:
    return [
        f'export TWINE_REPOSITORY_URL="{setup.upload_url}"',
        f'export TWINE_USERNAME={USER} TWINE_PASSWORD="${TOKEN_VARIABLE}"',
        "twine upload dist/*",
    ]


def _pypirc(setup: _Setup) -> list[str]:
    return [
        "# ~/.pypirc; the password comes from a keyring, TWINE_PASSWORD or a prompt",
        "[distutils]",
        "index-servers =",
        "    pypi",
        f"    {NAME}",
        "",
        f"[{NAME}]",
        f"repository = {setup.upload_url}",
        f"username = {USER}",
    ]


def _dockerfile(setup: _Setup) -> list[str]:
    lines = []
    if is_loopback(setup.url):
        lines.append(f"# inside a container {setup.host} is the container itself: build with --network=host")
    install = f'pip install --no-cache-dir {setup.option} "{{}}" {setup.trust}{setup.package}'
    if not setup.private:
        return [*lines, "RUN " + install.format(setup.url)]
    return [
        *lines,
        f"# docker build --secret id={NAME},env={TOKEN_VARIABLE} .",
        f"RUN --mount=type=secret,id={NAME} \\",
        "    " + install.format(setup.authenticated(f"$(cat /run/secrets/{NAME})")),
    ]


def _ci(setup: _Setup) -> list[str]:
    url = setup.authenticated("${{ secrets." + TOKEN_VARIABLE + " }}")
    pip, uv = ("EXTRA_INDEX_URL", "INDEX") if setup.extra else ("INDEX_URL", "DEFAULT_INDEX")
    lines = ["# GitHub Actions; other services take the same variables", "env:"]
    lines += [f"  PIP_{pip}: {url}", f"  UV_{uv}: {url}"]
    if setup.trust:
        lines.append(f"  PIP_TRUSTED_HOST: {host_of(setup.url)}")
    if setup.upload:
        lines += [f"  TWINE_REPOSITORY_URL: {setup.upload}", f"  TWINE_USERNAME: {USER}"]
        lines.append("  TWINE_PASSWORD: ${{ secrets." + TOKEN_VARIABLE + " }}")
    return lines


def _bare(package: str) -> str:
    """The name without extras and version."""
    return re.split(r"[\[=]", package, maxsplit=1)[0]


def _toml_key(package: str) -> str:
    name = _bare(package)
    return f'"{name}"' if "." in name else name


_TOOLS: dict[str, Callable[[_Setup], list[str]]] = {
    "pip": _pip,
    "uv": _uv,
    "poetry": _poetry,
    "pdm": _pdm,
    "twine": _twine,
    "pypirc": _pypirc,
    "requirements": _requirements,
    "pip.conf": _pip_conf,
    "dockerfile": _dockerfile,
    "ci": _ci,
}
SNIPPET_TOOLS: tuple[str, ...] = tuple(_TOOLS)
