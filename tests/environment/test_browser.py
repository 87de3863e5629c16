"""Where the browser finds a server of this machine, as the surroundings of a notebook tell."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pocketrepo.environment import browser
from pocketrepo.environment.browser import Way, way_to

URL = "http://127.0.0.1:8333/local/main/"
VARIABLES = (
    "CODESPACE_NAME",
    "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN",
    "JPY_PARENT_PID",
    "JUPYTERHUB_SERVICE_PREFIX",
    "POCKETREPO_BROWSER_URL",
)
CODESPACE = {"CODESPACE_NAME": "fun-name", "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN": "app.example"}
HUB = {"JUPYTERHUB_SERVICE_PREFIX": "/user/ana/"}


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(browser, "find_spec", lambda name: None)
    browser._colab.cache_clear()


def set_all(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_where_nothing_is_known_the_address_is_the_way() -> None:
    assert way_to(URL) == Way(URL)
    assert browser.hosts() == ()


def test_another_machine_is_reached_by_its_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, HUB)
    assert way_to("https://pkgs.example/simple/") == Way("https://pkgs.example/simple/")


@pytest.mark.parametrize(
    ("template", "url"),
    [
        ("https://hub.example/p/{port}", "https://hub.example/p/8333/local/main/"),
        ("https://hub.example/{port}/", "https://hub.example/8333/local/main/"),
        ("https://one.example", "https://one.example/local/main/"),
    ],
)
def test_what_the_user_says_comes_first(monkeypatch: pytest.MonkeyPatch, template: str, url: str) -> None:
    set_all(monkeypatch, {"POCKETREPO_BROWSER_URL": template, **HUB, **CODESPACE})
    assert way_to(URL) == Way(url)
    assert browser.hosts() == (template.split("/")[2],)


def test_a_hub_has_it_behind_jupyters_proxy_and_says_what_that_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {**HUB, **CODESPACE})
    assert way_to(URL) == Way("/user/ana/proxy/8333/local/main/", browser.PROXY)
    monkeypatch.setattr(browser, "find_spec", lambda name: name)
    assert way_to(URL) == Way("/user/ana/proxy/8333/local/main/")
    assert browser.hosts() == ("*",), "the hub's name is not known"


def test_a_codespace_has_a_name_for_each_port(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, CODESPACE)
    assert way_to(URL) == Way("https://fun-name-8333.app.example/local/main/")
    assert browser.hosts() == ("*",)
    monkeypatch.delenv("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN")
    assert way_to(URL) == Way(URL)


def test_colab_asks_its_page_once_and_else_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(script: str, timeout_sec: int) -> str:
        asked.append(script)
        return "https://abc.example/"

    output: Any = ModuleType("google.colab.output")
    output.eval_js = answer
    for name in ("google", "google.colab"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "google.colab.output", output)
    set_all(monkeypatch, HUB)
    assert way_to(URL) == way_to(URL) == Way("https://abc.example/local/main/")
    assert asked == ["google.colab.kernel.proxyPort(8333)"]
    output.eval_js = None
    assert way_to(URL.replace("8333", "8334")).url.startswith("/user/ana/proxy/8334/")


@pytest.mark.parametrize(
    ("server", "proxied", "url"),
    [
        ({"base_url": "/", "hostname": "localhost"}, True, URL),
        ({"base_url": "/", "hostname": "0.0.0.0"}, True, "/proxy/8333/local/main/"),
        ({"base_url": "/", "hostname": "0.0.0.0"}, False, URL),
        ({"base_url": "/lab/", "hostname": "localhost"}, False, "/lab/proxy/8333/local/main/"),
        (["nonsense"], True, URL),
        (None, True, URL),
    ],
)
def test_a_jupyter_server_of_our_own_tells_its_base_url(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: object, proxied: bool, url: str
) -> None:
    paths: Any = ModuleType("jupyter_core.paths")
    paths.jupyter_runtime_dir = lambda: str(tmp_path)
    for name in ("ipykernel", "jupyter_core"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "jupyter_core.paths", paths)
    monkeypatch.setattr(browser, "find_spec", lambda name: name if proxied else None)
    if server is not None:
        (tmp_path / f"jpserver-{os.getppid()}.json").write_text(json.dumps(server))
    assert way_to(URL).url == url
