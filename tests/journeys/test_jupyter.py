"""JupyterLab 4 and Notebook 7 in a real browser: the panel is used by hand, and kernels end in every way they can."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import tarfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.distributions import make_wheel
from tests.journeys.conftest import CHECKOUT, hermetic
from tests.journeys.environments import MACHINE, Shared, Unreachable, Venv, make_venv, pip_install, run
from tests.journeys.jupyter import (
    Jupyter,
    Kernel,
    Page,
    configure,
    is_process,
    jupyter,
    kill,
    wait_for,
    write_notebook,
)
from tests.journeys.webdriver import Browser, installed, open_browser

pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(
        installed() is None, reason="NOT LOOKED AT: the panel needs chromium and chromedriver"
    ),
]

MB = 1_000_000
ROOM = 60 * MB
"""How much a kernel may grow while it is sent files."""
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
NOWHERE = "http://127.0.0.1:9/"
LAB_ALONE = pytest.mark.parametrize("app", ["lab"], indirect=True)
"""For what Notebook 7, which is made of the same parts, would only repeat."""
TABS = ["Server", "Upload", "Browse", "Connect", "pip.conf"]
OPENING = """import os, pocketrepo
server = pocketrepo.start(temporary=True)
print("kernel", os.getpid(), "server", server.pid, server.port)"""
BEYOND = """
    const right = document.querySelector(".jp-Notebook .jp-OutputArea").getBoundingClientRect().right
    return [...document.querySelectorAll(".pocketrepo-panel > *")]
        .filter(each => each.getClientRects().length && each.getBoundingClientRect().right > right + 1)
        .map(each => each.outerHTML.slice(0, 80))
"""
"""Controls of the panel that stick out of the notebook; a table may, within its card, which scrolls."""


@pytest.fixture(scope="session")
def notebook_env(shared: Shared, built_wheel: Path, uv_program: Path) -> Venv:
    """JupyterLab 4, Notebook 7, and the built wheel with its extra; by uv, which is fast, where it finds all."""

    def install(folder: Path) -> None:
        env = make_venv(folder)
        wanted = [f"{built_wheel}[notebook]", "jupyterlab>=4,<5", "notebook>=7,<8", "pip", "uv"]
        command = [uv_program, "pip", "install", "--quiet", "--python", env.python, *wanted]
        if run(*command, env=MACHINE, status=None).returncode:
            pip_install(env, *wanted)
        configure(env)

    return Venv(shared.once("jupyter", install))


@pytest.fixture(scope="session")
def axe(shared: Shared) -> str:
    """axe-core, as npm has it."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("NOT LOOKED AT: accessibility needs axe-core, by npm")

    def fetch(folder: Path) -> None:
        folder.mkdir()
        done = run(npm, "pack", "--silent", "axe-core@4", env=MACHINE, cwd=folder, status=None)
        if done.returncode:
            raise Unreachable(f"npm pack axe-core: {done.output.strip()[-200:]}")
        [archive] = folder.glob("*.tgz")
        with tarfile.open(archive) as packed:
            packed.extract("package/axe.min.js", folder)

    return (shared.once("axe", fetch) / "package" / "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="module", params=["lab", "notebook"])
def app(
    request: pytest.FixtureRequest, notebook_env: Venv, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Jupyter]:
    """A Jupyter server of each kind, away from this user's settings."""
    folder = tmp_path_factory.mktemp(request.param)
    # What tried to leave this machine would fail.
    outside = {"HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE}
    environ = {**hermetic(folder / "home"), **outside, "POCKETREPO_RUNTIME": str(folder / "run")}
    del environ["PIP_CONFIG_FILE"]
    (folder / "run").mkdir(mode=0o700)
    (folder / "notebooks").mkdir()
    with jupyter(notebook_env, request.param, folder / "notebooks", environ) as found:
        yield found


@pytest.fixture(scope="module")
def browser(app: Jupyter, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    profile = tmp_path_factory.mktemp("browser") / "profile"
    with open_browser(profile, OFFLINE) as found:
        yield found


@pytest.fixture
def page(app: Jupyter, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A notebook with a server and its panel, run."""
    browser.show_as(1100, 1100)
    opened = Page(browser, app, re.sub(r"\W+", "-", request.node.name) + ".ipynb")
    write_notebook(opened.path, OPENING, "server.ui()")
    opened.open()
    opened.run_all()
    opened.says("Running")
    yield opened
    app.end_all()


def pids(page: Page) -> tuple[int, int, int]:
    """Of the kernel and of its server, and the server's port."""
    kernel, server, port = re.findall(r"\d+", page.outputs()[0])
    return int(kernel), int(server), int(port)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of 5 MB, one of 300 MB, and one that is none."""
    folder = tmp_path_factory.mktemp("files")
    make_wheel(folder, "five", files={"five/data.bin": os.urandom(5 * MB)})
    noise = os.urandom(50 * MB)
    make_wheel(folder, "big", files={f"big/{number}.bin": noise for number in range(6)})
    (folder / "broken-1.0-py3-none-any.whl").write_bytes(b"PK nonsense")
    return folder


def test_the_panel_is_used_from_the_first_file_to_the_last(page: Page, files: Path) -> None:
    kernel = Kernel(pids(page)[0])
    page.choose("Upload")
    kernel.forget_peak()
    before = kernel.memory()
    page.drop(files / "five-1.0-py3-none-any.whl", files / "broken-1.0-py3-none-any.whl")
    page.says("broken-1.0-py3-none-any.whl: refused: this is not a zip archive")
    page.drop(files / "big-1.0-py3-none-any.whl")
    page.says("big-1.0-py3-none-any.whl: pushed", patience=120)
    assert kernel.memory("VmHWM") - before < ROOM

    page.choose("Browse")
    page.says("five-1.0-py3-none-any.whl")
    page.choose("Yank …")
    page.says("Yank five 1.0?")
    page.choose("Yank 1.0")
    page.says("yanked five-1.0-py3-none-any.whl")

    page.choose("Connect")
    page.set("Tool", "uv")
    page.wait_until(
        "document.querySelector('.jp-Notebook textarea').value.includes('tool.uv.index')", "the snippet"
    )

    conf = page.jupyter.folder.parent / "home" / "config" / "pip" / "pip.conf"
    page.choose("pip.conf")
    page.set("For", "this user")
    page.choose("Preview")
    page.says("+index-url")
    assert not conf.exists()
    page.choose("Apply")
    page.says("applied: set-index")
    assert "index-url" in conf.read_text()
    page.choose("Undo")
    page.says("undone: set-index")
    assert not conf.exists()

    page.choose("Server")
    page.choose("Stop")
    page.says("Stopped")
    assert not listens(pids(page)[2])
    page.choose("Start")
    page.says("started")


@LAB_ALONE
def test_nothing_leaves_this_machine_and_no_secret_is_saved(page: Page, tmp_path: Path) -> None:
    home = page.jupyter.folder.parent / "home"
    keys = [path.read_text().strip() for path in home.glob("pocketrepo-*/owner.key")]
    assert keys
    with open_browser(tmp_path / "profile", OFFLINE, log_requests=True) as browser:
        opened = Page(browser, page.jupyter, page.name)
        opened.open()
        opened.run_all()
        opened.choose("pip.conf")
        opened.set("Index", "https://ada:s3cret@repo.example/simple/")
        opened.choose("Preview")
        opened.says("+index-url")
        saved = json.dumps(opened.saved())
        asked = {urlsplit(url) for url in browser.requested()}
    assert "run this cell again" in saved
    assert not any(secret in saved for secret in ["s3cret", *keys])
    assert len(asked) > 50
    assert {url.hostname for url in asked if url.scheme in ("http", "https", "ws", "wss")} == {"127.0.0.1"}


def test_whatever_ends_the_kernel_ends_its_server(page: Page) -> None:
    kernel, server, port = pids(page)
    [id] = page.jupyter.kernels()
    page.jupyter.interrupt(id)
    page.wait_until("true", "the page")
    assert is_process(server)
    assert listens(port)

    page.jupyter.restart(id)
    wait_for(lambda: not is_process(server) and not listens(port), "the end of the server after a restart")

    page.run_all()
    page.says("Running")
    kernel, server, port = pids(page)
    kill(kernel)
    wait_for(lambda: not is_process(server) and not listens(port), "the end of the server after kill -9")


@LAB_ALONE
def test_a_panel_whose_kernel_was_restarted_says_so_and_cannot_be_used(page: Page) -> None:
    [id] = page.jupyter.kernels()
    page.jupyter.restart(id)
    page.run("document.querySelector('.pocketrepo-dashboard').dispatchEvent(new PointerEvent('pointerdown'))")
    page.says("The kernel was restarted: run the cell again.")
    assert page.run(
        "return document.querySelector('.pocketrepo-dashboard .lm-TabBar').closest('[inert]') !== null"
    )
    page.run_all()
    page.says("Running")
    assert "The kernel was restarted" not in page.outputs()[1]


def test_a_notebook_that_is_opened_again_says_what_was_there(page: Page, browser: Browser) -> None:
    assert "lives as long as" not in page.outputs()[1]
    page.saved()
    page.jupyter.end_all()
    browser.open("about:blank")
    page.open()
    page.says("run this cell again to have it back")
    page.run_all()
    page.says("Running")


@LAB_ALONE
def test_a_reloaded_page_has_its_panel_again(page: Page, files: Path) -> None:
    page.saved()
    page.open()
    page.choose("Upload")
    page.drop(files / "five-1.0-py3-none-any.whl")
    page.says("five-1.0-py3-none-any.whl: pushed")


@LAB_ALONE
def test_the_panel_is_used_without_a_mouse(page: Page, browser: Browser) -> None:
    tab, enter, right = "\ue004", "\ue007", "\ue014"
    page.run("document.querySelector('.pocketrepo-dashboard [role=tab]').focus()")
    browser.press(right, enter, tab)
    assert page.run("return document.activeElement.innerText") == "Choose files …"
    page.run("document.querySelector('.pocketrepo-dashboard [role=tab][aria-selected=true]').focus()")
    browser.press(right, enter, tab)
    reached = []
    for _ in range(4):
        reached.append(
            page.run(
                "return document.activeElement.labels?.[0]?.innerText ?? document.activeElement.innerText"
            )
        )
        browser.press(tab)
    assert reached == ["Search", "Projects", "Version", "Reload"]


@LAB_ALONE
def test_nothing_is_in_the_way_of_assistive_technology(page: Page, axe: str, files: Path) -> None:
    page.run(axe)
    for scheme in ("light", "dark"):
        page.browser.show_as(1100, 1100, scheme)
        for each in open_everything(page, files):
            found = page.run(
                "const found = await axe.run('.pocketrepo-dashboard', {resultTypes: ['violations']});"
                "return found.violations.map(one => [one.impact, one.id, one.nodes.map(node => node.html)])"
            )
            assert [one for one in found if one[0] in ("serious", "critical")] == [], (each, scheme)


@LAB_ALONE
def test_the_panel_fits_its_notebook(page: Page, files: Path, tmp_path: Path) -> None:
    """Screenshots stay in the test's folder, for a person to look at."""
    for width, scheme in ((1100, "light"), (1100, "dark"), (480, "light")):
        if width < 700:
            page.command("application:toggle-left-area")
        page.browser.show_as(width, 1100, scheme)
        for each in open_everything(page, files):
            page.browser.screenshot(tmp_path / f"{each}-{width}-{scheme}.png")
            assert page.run(BEYOND) == [], (each, width)
        ground = page.run("return getComputedStyle(document.querySelector('.jp-Notebook')).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", ground)[:3])) < 200) == (scheme == "dark")


def open_everything(page: Page, files: Path) -> Iterator[str]:
    """Each tab in turn, with something on it."""
    for each in TABS:
        page.choose(each)
        if each == "Upload":
            page.drop(files / "five-1.0-py3-none-any.whl", files / "broken-1.0-py3-none-any.whl")
            page.says("broken-1.0-py3-none-any.whl: refused")
        elif each == "Browse":
            page.choose("Delete …")
            page.says("for good?")
        elif each == "pip.conf":
            page.set("Where from", "five")
            page.choose("Preview")
            page.says("not applied yet")
        yield each


def test_the_first_lesson_runs_through(app: Jupyter, browser: Browser) -> None:
    """All lessons are executed by `test_notebooks`, in a kernel without a page."""
    browser.show_as(1100, 1100)
    shutil.copy(CHECKOUT / "notebooks" / "quickstart.ipynb", app.folder)
    page = Page(browser, app, "quickstart.ipynb")
    page.open()
    page.run_all(patience=120)
    for cell in page.saved()["cells"]:
        if cell["cell_type"] == "code" and cell["source"]:
            allowed = "raises-exception" in cell["metadata"].get("tags", [])
            assert cell["execution_count"], cell["id"]
            assert allowed or all(output["output_type"] != "error" for output in cell["outputs"]), cell
    app.end_all()
