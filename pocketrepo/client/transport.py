"""HTTP for the client: one session, answers as results or as the errors that the server raised."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests

import pocketrepo
from pocketrepo import errors
from pocketrepo.client.progress import Progress
from pocketrepo.config.url import is_loopback, netloc_of

CHUNK = 256 * 1024
TIMEOUT = (5.0, 60.0)
"""Seconds to connect, and between two bytes of an answer."""
ACCEPT = ", ".join(
    [
        "application/vnd.pypi.simple.v1+json",
        "application/vnd.pypi.simple.v1+html;q=0.2",
        "text/html;q=0.1",
    ]
)


class Transport:
    """Sends requests with one credential, ``login`` as (user, password), or with none; to the host of ``url`` alone,
    whatever its pages link to."""

    def __init__(self, url: str, login: tuple[str, str] | None) -> None:
        self._host = netloc_of(url)
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"pocketrepo/{pocketrepo.__version__}"
        self._session.auth = login
        # A proxy for the internet must not see, or fail, what goes to this machine.
        self._session.trust_env = not is_loopback(url)

    def page(self, url: str) -> requests.Response:
        """A page of the Simple API, as JSON if the index has it."""
        return self.request("GET", url, headers={"Accept": ACCEPT})

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """The answer, if it is a success. Raises what the server said otherwise; ServerError without answer."""
        follow = method == "GET"
        if netloc_of(url) != self._host:
            options["auth"] = _nobody
        try:
            response = self._session.request(method, url, timeout=TIMEOUT, allow_redirects=follow, **options)
            if response.status_code >= 300:
                raise _error(response)
        except requests.ConnectionError:
            # Without its causes: a notebook would show hundreds of lines of them for a server that was stopped.
            raise errors.ServerError(
                f"no answer from {shown(url)}", hint="is the server running? try: pocketrepo status"
            ) from None
        except requests.RequestException as error:
            raise errors.ServerError(f"{method} {shown(url)} failed: {type(error).__name__}") from error
        return response

    def needs_login(self, url: str) -> bool:
        """Whether a page is for those with a credential only. Raises Unauthorized or Forbidden if ours will not do
        either, ServerError without answer."""
        for login in (_nobody, None):  # None is the session's own, or a netrc's
            with suppress(errors.Unauthorized, errors.Forbidden):
                self.request("GET", url, headers={"Accept": ACCEPT}, auth=login, stream=True).close()
                return login is None
        if self._session.auth:
            raise errors.Unauthorized(f"{shown(url)} does not take this token")
        raise errors.Unauthorized(f"{shown(url)} needs a token", hint="pocketrepo.connect(url, token=...)")

    def json(self, method: str, url: str, **options: Any) -> Any:
        """The decoded answer of the management API. Raises ServerError also if it is something else."""
        response = self.request(method, url, **options)
        try:
            return response.json()
        except ValueError:
            raise errors.ServerError(
                f"{shown(url)} did not answer in JSON", hint="is it a PocketRepo?"
            ) from None

    def upload(self, url: str, fields: list[tuple[str, str]], path: Path, progress: Progress | None) -> None:
        """Send a form with fields and one file as ``content``. Raises AlreadyExists for a taken filename."""
        body = FormBody(fields, path, progress)
        try:
            self.request("POST", url, data=body, headers={"Content-Type": body.content_type})
        except errors.PocketRepoError as error:
            # Servers agree on the words, not on the status.
            if "already exists" in error.message:
                raise errors.AlreadyExists(error.message) from None
            raise


def chunks(response: requests.Response) -> Iterator[bytes]:
    """The body of a streamed answer. Raises ServerError if it does not come whole."""
    try:
        yield from response.iter_content(CHUNK)
    except requests.RequestException as error:
        raise errors.ServerError(f"{shown(response.url)} broke off", hint="try again") from error


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Sends no credential, not even one from a netrc."""
    return request


_KINDS: dict[int, type[errors.PocketRepoError]] = {
    400: errors.Refused,
    401: errors.Unauthorized,
    402: errors.LimitReached,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.AlreadyExists,
    413: errors.TooLarge,
    422: errors.Refused,
    503: errors.Unavailable,
}


def _error(response: requests.Response) -> errors.PocketRepoError:
    try:
        said = str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        said = " ".join(response.text.split())[:500] or response.reason
    kind = _KINDS.get(response.status_code)
    if kind is not None:
        return kind(said)
    return errors.ServerError(f"{shown(response.url)} answered {response.status_code}: {said}")


def shown(url: str) -> str:
    """A URL without credentials and query, to be printed."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


class FormBody:
    """``multipart/form-data`` (RFC 7578) that streams the file; sized, so that it is not sent chunked."""

    def __init__(self, fields: list[tuple[str, str]], path: Path, progress: Progress | None) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields
        ]
        parts.append(
            f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="content"; filename="{quote(path.name, safe="+!()~ ")}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        self._head = "".join(parts).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._path = path
        self._size = path.stat().st_size
        self._progress = progress

    def __len__(self) -> int:
        return len(self._head) + self._size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        with self._path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
                if self._progress:
                    self._progress(file.tell(), self._size)
        yield self._tail
