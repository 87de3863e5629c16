"""Somebody at a browser: fills the forms of our pages in, and follows where they lead."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from werkzeug.test import Client, TestResponse

from pocketrepo.access import Role
from pocketrepo.access.passwords import hash_password
from pocketrepo.model import RepositoryName
from pocketrepo.repository import Root
from tests.web.page import BROWSER, parse, texts

SECRET = RepositoryName("acme", "secret")
PAGE = "/acme/secret/"
PASSWORD = "correct horse"


def add_reader(root: Root, user: str = "ada", role: Role | None = Role.READ) -> str:
    """A user with a password, who has a role in the private repository; the secret of a key of theirs."""
    accounts = root.access.accounts
    accounts.add_user(user, hash_password(PASSWORD))
    accounts.set_role(user, SECRET, role)
    return accounts.add_key(user, "laptop")[1]


def opened(http: Client, path: str, **options: Any) -> TestResponse:
    """A page, as a browser asks for it."""
    return http.get(path, headers={"Accept": BROWSER}, **options)


def send(http: Client, at: TestResponse, to: str, **fields: str) -> TestResponse:
    """Send the form of a page that leads ``to`` a place below ``account/``, with ``fields`` filled in."""
    found = parse(at.text)
    [form] = [each for each in found.all("form") if each.get("action", "").endswith(f"account/{to}/")]
    filled = {each["name"]: each.get("value", "") for each in found.all("input") if "name" in each}
    address = urljoin(at.request.url, form["action"])
    return http.post(address, data=filled | fields, headers={"Origin": "http://localhost", "Accept": BROWSER})


def sign_in(http: Client, secret: str, user: str = "", *, at: str = "/account/sign-in/") -> TestResponse:
    return send(http, opened(http, at), "sign-in", user=user, secret=secret)


def sign_out(http: Client, at: str) -> TestResponse:
    return send(http, opened(http, at), "sign-out")


def problem(response: TestResponse) -> list[str]:
    """What the form says is wrong."""
    return [line for line in texts(response.text, "p") if "may stay empty" not in line][:1]


def cookies(response: TestResponse) -> dict[str, set[str]]:
    """Name -> attributes."""
    found = {}
    for line in response.headers.getlist("Set-Cookie"):
        value, *attributes = line.split("; ")
        found[value.partition("=")[0]] = set(attributes)
    return found
