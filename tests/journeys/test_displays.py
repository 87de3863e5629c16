"""What a notebook shows in a real JupyterLab below a base URL; its links, through a real jupyter-server-proxy."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.distributions import make_wheel
from tests.journeys.conftest import hermetic
from tests.journeys.environments import Shared, Venv, make_venv, pip_install
from tests.journeys.jupyter import TOKEN, Jupyter, Page, configure, jupyter, wait_for, write_notebook
from tests.journeys.webdriver import Browser, installed, open_browser

pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(installed() is None, reason="NOT LOOKED AT: notebooks need chromium and chromedriver"),
]

BASE = "user/ana/"
HUB = "hub.example"
WIDGET = "application/vnd.jupyter.widget-view+json"
CELLS = [
    "import pocketrepo\nserver = pocketrepo.start(temporary=True)\nserver",
    "print(server.browser_url, server.port, server.root)",
    "server.push('dist')",
    "server.projects()",
    "server.show('hello-pocket')",
    "done = server.install('hello-pocket==1.0')\ndone",
    "import hello_pocket\nprint(hello_pocket.__version__)",
    "server.install('hello-pocket==1.1')",
    "import hello_pocket\nprint(hello_pocket.__version__)",
    "done",
    "server.show('hello-pocket').to_pandas()",
    "using = server.use()\nusing",
    "!pip download --no-deps hello-pocket 2>&1 | tail -1",
    "using.undo()\npocketrepo.config.set_index(server.index_url, file='pip.conf', dry_run=True)",
    "server.log",
    "import os\nos.environ['JUPYTERHUB_SERVICE_PREFIX'] = '/user/ana/'\n"
    "hub = pocketrepo.start(temporary=True)\nprint(hub.port, hub.root)",
    "server.stop()\nserver",
]


@pytest.fixture(scope="module")
def environment(shared: Shared, built_wheel: Path) -> Venv:
    """The built wheel in an environment with JupyterLab, whose server has a base URL and a proxy."""

    def install(folder: Path) -> None:
        made = make_venv(folder)
        pip_install(made, str(built_wheel), "jupyterlab", "jupyter-server-proxy", "pandas", "pip")
        configure(made)
        config = {"ServerApp": {"base_url": f"/{BASE}", "allow_remote_access": True}}
        (folder / "etc" / "jupyter").mkdir(parents=True, exist_ok=True)
        (folder / "etc" / "jupyter" / "jupyter_server_config.json").write_text(json.dumps(config))

    return Venv(shared.once("jupyter-below-a-base-url", install))


@pytest.fixture(scope="module")
def lab(environment: Venv, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    top = tmp_path_factory.mktemp("lab")
    folder, runtime = top / "notebooks", top / "runtime"
    runtime.mkdir(mode=0o700)
    dist = folder / "dist"
    dist.mkdir(parents=True)
    for version in ("1.0", "1.1"):
        code = f"__version__ = {version!r}".encode()
        make_wheel(
            dist,
            "hello-pocket",
            version,
            summary="Says hello",
            description="# Hello\n\nFrom **your** index. <script>window.pwned = 1</script>",
            headers={"Description-Content-Type": "text/markdown"},
            files={"hello_pocket.py": code},
        )
    write_notebook(folder / "displays.ipynb", *CELLS)
    environ = {**hermetic(top / "home"), "POCKETREPO_RUNTIME": str(runtime)}
    with jupyter(environment, "lab", folder, environ) as found:
        yield dataclasses.replace(found, url=found.url + BASE)
    left = [path for path in runtime.iterdir() if path.suffix in (".json", ".requests")]
    assert not left, "a server is left"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with open_browser(tmp_path_factory.mktemp("profile")) as opened:
        opened.show_as(1280, 2000)
        yield opened


@pytest.fixture(scope="module")
def page(lab: Jupyter, browser: Browser) -> Page:
    """The notebook, with all its cells run and saved."""
    opened = Page(browser, lab, "displays.ipynb")
    opened.open()
    opened.run_all(120)
    opened.saved()
    return opened


@pytest.fixture(scope="module")
def said(page: Page) -> list[str]:
    return page.outputs()


@pytest.fixture(scope="module")
def ask(lab: Jupyter, page: Page) -> Callable[..., requests.Response]:
    """A request by way of Jupyter's proxy, by somebody who is logged in at the hub and has cookies."""

    def get(path: str, host: str) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            headers = {"Host": host, "Authorization": f"token {TOKEN}", "Cookie": "jupyters=c00kie"}
            return session.get(lab.url + path, headers=headers, timeout=30)

    return get


def test_every_cell_shows_what_it_did(said: list[str]) -> None:
    shown = dict(enumerate(said))
    assert "running at" in shown[0]
    assert "hello_pocket-1.1-py3-none-any.whl" in shown[2]
    assert "hello-pocket" in shown[3]
    assert "Says hello" in shown[4]
    assert "installed hello-pocket 1.0" in shown[5]
    assert shown[5].count("hello-pocket 1.0") == 1, "printed, and not displayed once more"
    assert shown[6].strip() == "1.0"
    assert "reloaded hello-pocket 1.0 -> 1.1; import hello_pocket again" in shown[7]
    assert shown[8].strip() == "1.1"
    assert "installed" in shown[9], "in a later cell it is displayed"
    assert "requires_python" in shown[10], "a frame"
    assert "this index alone" in shown[11]
    assert "Successfully downloaded hello-pocket" in shown[12]
    assert "not applied yet" in shown[13]
    assert "/simple/hello-pocket/" in shown[14]
    assert "stopped, was at" in shown[16]


def test_links_lead_through_the_proxy_to_pages_that_work(
    page: Page, browser: Browser, said: list[str]
) -> None:
    address, port, _ = re.findall(r"\S+", said[1].strip().splitlines()[-1])
    assert address == f"/{BASE}proxy/{port}/"
    links = page.run("return [...document.querySelectorAll('.jp-OutputArea a')].map(a => a.href)")
    ours = [link for link in links if f"/proxy/{port}/" in link]
    assert {link.partition("/proxy/")[0] + "/" for link in ours} == {page.jupyter.url}
    assert any(link.endswith("/projects/hello-pocket/") for link in ours)


def test_pages_are_whole_behind_the_proxy(
    page: Page, browser: Browser, said: list[str], tmp_path: Path
) -> None:
    port = said[15].split()[-2]
    browser.problems()
    browser.open(f"{page.jupyter.url}proxy/{port}/local/main/?token={TOKEN}")
    assert "local/main" in page.run("return document.title")
    assert page.run("return document.styleSheets.length") == 1
    assert f"http://127.0.0.1:{port}/local/main/simple/" in page.run("return document.body.innerText")
    assert not [line for line in browser.problems() if f"/proxy/{port}/" in line]
    browser.screenshot(tmp_path / "page.png")
    page.open()


def test_below_a_hub_it_answers_to_whatever_the_hub_is_called(
    ask: Callable[..., requests.Response], said: list[str]
) -> None:
    port = said[15].split()[-2]
    answer = ask(f"proxy/{port}/", HUB)
    assert answer.status_code == 200, answer.text
    assert "PocketRepo" in answer.text


def test_jupyters_cookies_and_headers_are_neither_kept_nor_echoed(
    ask: Callable[..., requests.Response], page: Page, said: list[str]
) -> None:
    port, root = said[15].split()[-2:]
    runtime = page.jupyter.folder.with_name("runtime")
    for path in ("", "local/main/", "simple/nothing-here/", "no/such/page/", "v1/user/self/"):
        answer = ask(f"proxy/{port}/{path}", HUB)
        for secret in ("c00kie", TOKEN):
            assert secret not in answer.text, path
    kept = {
        path: path.read_bytes() for top in (Path(root), runtime) for path in top.rglob("*") if path.is_file()
    }
    assert any(path.suffix == ".requests" and b"/no/such/page/" in text for path, text in kept.items())
    for path, text in kept.items():
        assert b"c00kie" not in text, path
        assert TOKEN.encode() not in text, path


def test_the_saved_notebook_has_html_and_text_and_no_secret(page: Page, said: list[str]) -> None:
    saved = page.saved()
    text = json.dumps(saved)
    key = (Path(said[15].split()[-1]) / "owner.key").read_text().strip()
    assert len(key) > 20
    assert key not in text
    assert TOKEN not in text
    shown = list(bundles(saved))
    assert len(shown) >= 10
    for bundle in shown:
        assert {"text/html", "text/plain"} <= set(bundle)
        assert WIDGET not in bundle


def bundles(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for cell in notebook["cells"]:
        for output in cell["outputs"]:
            if output["output_type"] in ("execute_result", "display_data"):
                yield output["data"]


def test_it_is_dark_where_the_notebook_is(page: Page, browser: Browser) -> None:
    def brightness() -> int:
        color = page.run("return getComputedStyle(document.querySelector('.jp-OutputArea td code')).color")
        return sum(int(part) for part in re.findall(r"\d+", color)[:3])

    assert brightness() < 300
    browser.show_as(1280, 2000, "dark")
    wait_for(lambda: brightness() > 450, "light text on a dark ground")
    browser.show_as(1280, 2000)


def test_a_notebook_that_nobody_trusts_and_nobody_ran_still_reads_well(page: Page, browser: Browser) -> None:
    saved = page.saved()
    saved["metadata"]["from"] = "somebody else"  # or Jupyter knows the contents as its own
    (page.jupyter.folder / "reopened.ipynb").write_text(json.dumps(saved))
    reopened = Page(browser, page.jupyter, "reopened.ipynb")
    reopened.open()
    shown = "\n".join(reopened.outputs())
    for words in (
        "running at",
        "Says hello",
        "hello_pocket-1.1-py3-none-any.whl",
        "this index alone",
        "[global]",
    ):
        assert words in shown, words
    assert page.run("return window.pwned") is None
