"""Python in a browser: micropip in Pyodide, on a page of another origin, in a real Chromium.

Pyodide comes from the configured npm registry by ordinary npm, micropip from the package index by pip.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.distributions import make_wheel
from tests.journeys.environments import MACHINE, LiveServer, Shared, Unreachable, pip_run, run
from tests.journeys.webdriver import Browser, installed, open_browser

pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(installed() is None, reason="NOT RUN: Pyodide needs chromium and chromedriver"),
]

OPEN, SECRET = "acme/browser", "acme/browser-secret"
PATIENCE = 150
"""Seconds: the browser compiles the interpreter before it starts."""

PAGE = """<!doctype html><meta charset="utf-8"><title>Lab</title><link rel="icon" href="data:,">
<script>
const said = {};
function begin(name, work) {
  said[name] = null;
  work().then(value => said[name] = {value}, error => said[name] = {error: String(error)});
}
let worker;
function python(code) {
  worker ??= new Worker("lab.mjs", {type: "module"});
  return new Promise((resolve, reject) => {
    worker.onmessage = ({data}) => "error" in data ? reject(data.error) : resolve(data.value);
    worker.postMessage(code);
  });
}
</script>
"""
WORKER = """
import { loadPyodide } from "./pyodide.mjs";
const started = (async () => {
  const made = await loadPyodide();
  await made.loadPackage(new URL("micropip-MICROPIP-py3-none-any.whl", location).href);
  return made;
})();
onmessage = async ({data}) => {
  try {
    postMessage({value: await (await started).runPythonAsync(data)});
  } catch (error) {
    postMessage({error: String(error)});
  }
};
"""


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


class Lab:
    """A page in a browser, and what it can do. Its origin differs from the server's in host and port."""

    def __init__(self, browser: Browser, origin: str) -> None:
        self.browser = browser
        self.origin = origin
        self._count = 0

    def visit(self, host: str = "localhost") -> None:
        self.browser.open(f"{self.origin.replace('localhost', host)}/lab.html")

    def js(self, function: str) -> Any:
        """What an async function of JavaScript gives; its error as text begins with "! "."""
        self._count += 1
        name = f"call{self._count}"
        self.browser.run(f"begin({json.dumps(name)}, {function})")
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            done = self.browser.run(f"return said[{json.dumps(name)}]")
            if done is not None:
                return f"! {done['error']}" if "error" in done else done.get("value")
            time.sleep(0.2)
        pytest.fail(f"no end after {PATIENCE} s: {function}")

    def python(self, code: str) -> Any:
        return self.js(f"() => python({json.dumps(code)})")


@pytest.fixture(scope="session")
def pyodide(shared: Shared) -> Path:
    """A folder with Pyodide, the release of micropip that it asks for, and a page that starts them in a worker."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("NOT RUN: Pyodide needs npm")

    def fetch(folder: Path) -> None:
        folder.mkdir()
        command = [
            npm,
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--prefix",
            str(folder),
            "pyodide",
        ]
        done = run(*command, env=MACHINE, timeout=300, status=None)
        if done.returncode:
            raise Unreachable(done.output.strip().splitlines()[-1])
        lock = json.loads((folder / "node_modules/pyodide/pyodide-lock.json").read_text())
        version = lock["packages"]["micropip"]["version"]
        target = folder / "node_modules/pyodide"
        for_python = ["--python-version", lock["info"]["python"], "--only-binary", ":all:", "--no-deps"]
        pip_run("download", "--dest", str(target), *for_python, f"micropip=={version}")
        (target / "lab.html").write_text(PAGE)
        (target / "lab.mjs").write_text(WORKER.replace("MICROPIP", version))

    return shared.once("pyodide", fetch) / "node_modules/pyodide"


@pytest.fixture(scope="module")
def lab(pyodide: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    pages = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(pyodide)))
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    try:
        rebound = "--host-resolver-rules=MAP rebound.example 127.0.0.1"
        with open_browser(tmp_path_factory.mktemp("browser") / "profile", rebound) as browser:
            made = Lab(browser, f"http://localhost:{pages.server_port}")
            made.visit()
            yield made
    finally:
        pages.shutdown()
        pages.server_close()


@pytest.fixture(scope="module")
def shelf(lab: Lab, live: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> LiveServer:
    """A repository that names the page's origin, and the same as everybody's default without any."""
    folder = tmp_path_factory.mktemp("shelf")
    live.cli("repo", "create", OPEN, "--cors", lab.origin)
    make_wheel(folder, "Pocket.App", "1.0", requires=["pocket-base"])
    make_wheel(folder, "pocket-base", "1.0")
    make_wheel(folder, "pocket-base", "1.1")
    live.push(OPEN, folder)
    live.push("local/main", folder)
    return live


class TestMicropip:
    def test_installs_with_dependencies_from_an_index_of_another_origin(
        self, lab: Lab, shelf: LiveServer
    ) -> None:
        index = shelf.index(OPEN).rstrip("/")
        with shelf.requests() as requests:
            said = lab.python(
                "import micropip\n"
                f"await micropip.install('Pocket.App', index_urls={index!r})\n"
                "import pocket_app, pocket_base\n"
                "f'{pocket_app.__version__} {pocket_base.__version__}'"
            )
        assert said == "1.0 1.1"
        fetched = [each.path.rpartition("/")[2] for each in requests if "/files/" in each.path]
        assert fetched.index("pocket_app-1.0-py3-none-any.whl.metadata") >= 0
        assert {each.status for each in requests} <= {200, 301, 304}

    def test_takes_an_index_url_with_its_slash(self, lab: Lab, shelf: LiveServer) -> None:
        said = lab.python(
            "import micropip\n"
            "micropip.uninstall('pocket-base')\n"
            f"await micropip.install('pocket-base==1.0', index_urls={shelf.index(OPEN)!r})\n"
            "import importlib.metadata; importlib.metadata.version('pocket-base')"
        )
        assert said == "1.0"

    def test_finds_nothing_where_its_page_is_not_named(self, lab: Lab, shelf: LiveServer) -> None:
        index = f"{shelf.url}simple"
        said = lab.python(
            "import micropip\n"
            "micropip.uninstall(['pocket-app', 'pocket-base'])\n"
            f"await micropip.install('pocket-base', index_urls={index!r})"
        )
        assert "Can't fetch metadata for 'pocket-base'" in said


def fetched(url: str, **options: Any) -> str:
    """JavaScript that fetches, and says the status and the body's length."""
    return (
        f"async () => {{ const got = await fetch({json.dumps(url)}, {json.dumps(options)});"
        " return [got.status, (await got.text()).length, got.headers.get('etag'), got.headers.get('content-range')] }"
    )


FAILED = "! TypeError: Failed to fetch"


def test_a_page_of_a_named_origin_reads_and_is_told_validators_and_refusals(
    lab: Lab, shelf: LiveServer
) -> None:
    page = f"{shelf.index(OPEN)}pocket-base/"
    status, length, etag, _ = lab.js(fetched(page, headers={"If-None-Match": '"asks first"'}))
    assert (status, length > 100, etag[0]) == (200, True, '"')
    assert lab.js(fetched(f"{shelf.index(OPEN)}nothing/"))[0] == 404
    [file] = [each for each in shelf.page(OPEN, "pocket-base")["files"] if "1.0" in each["filename"]]
    url = f"{page}{file['url']}"
    assert lab.js(fetched(url, headers={"Range": "bytes=0-3"}))[::3] == [206, f"bytes 0-3/{file['size']}"]


def test_no_page_reads_with_credentials_or_what_is_not_shared(lab: Lab, shelf: LiveServer) -> None:
    page = f"{shelf.index(OPEN)}pocket-base/"
    assert lab.js(fetched(page, credentials="include")) == FAILED
    assert lab.js(fetched(page, headers={"Authorization": f"Bearer {shelf.key}"})) == FAILED
    for path in ("simple/pocket-base/", "simple/nothing/", "v1/repos/", "health", ""):
        assert lab.js(fetched(f"{shelf.url}{path}")) == FAILED
    assert lab.js(fetched(f"{shelf.url}{OPEN}/", method="POST", body="x")) == FAILED


def test_a_page_of_another_origin_reads_nothing(lab: Lab, shelf: LiveServer) -> None:
    lab.visit("lab.localhost")
    try:
        assert lab.js(fetched(f"{shelf.index(OPEN)}pocket-base/")) == FAILED
    finally:
        lab.visit()


def test_a_form_that_a_page_sends_blindly_changes_nothing(lab: Lab, shelf: LiveServer) -> None:
    """Such a request needs nobody's leave to be sent; the browser says where it comes from."""
    before = shelf.projects(OPEN)
    with shelf.requests() as requests:
        lab.js(
            "async () => { const form = new FormData(); form.append(':action', 'file_upload');"
            "form.append('content', new Blob(['x']), 'evil-1.0-py3-none-any.whl');"
            f"await fetch('{shelf.url}{OPEN}/', {{method: 'POST', mode: 'no-cors', body: form}}) }}"
        )
    assert [each.status for each in requests] == [403]
    assert shelf.projects(OPEN) == before


def test_a_name_that_resolves_to_this_machine_reads_nothing(lab: Lab, shelf: LiveServer) -> None:
    """DNS rebinding as a browser sees it: one origin, under a name that the server does not go by."""
    lab.browser.open(shelf.url.replace("127.0.0.1", "rebound.example"))
    try:
        assert "does not go by that name" in lab.browser.run("return document.body.textContent")
    finally:
        lab.visit()
