"""JupyterLab and Notebook 7 as a person has them: a server, a notebook on a page, its kernel."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.journeys.environments import Venv
from tests.journeys.webdriver import Browser

PATIENCE = 60.0
TOKEN = "jupyters-own-token"
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}
"""No news from the internet, dark where the screen is, and every cell in the page, also those out of sight."""


IDLE = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
STARRED = "[...document.querySelectorAll('.jp-InputPrompt')].some(each => each.textContent.includes('*'))"
"""Whether cells wait to be run."""
ACCEPT = ".jp-Dialog button.jp-mod-accept"
"""Of the question which kernel to start."""


def wait_for(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """The first true answer. Fails if it never comes."""
    deadline = time.monotonic() + patience
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.1)
    return answer


def configure(env: Venv) -> None:
    """The settings that all notebooks of an environment begin with."""
    folder = env.path / "share" / "jupyter" / "lab" / "settings"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "overrides.json").write_text(json.dumps(SETTINGS))


def write_notebook(path: Path, *cells: str) -> None:
    """A notebook of code cells, as Jupyter saves it (nbformat 4.5)."""
    made = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(cells)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps({"cells": made, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))


@dataclass(frozen=True)
class Jupyter:
    """A Jupyter server; ``app`` is "lab" or "notebook"."""

    url: str
    app: str
    folder: Path

    def page(self, notebook: str) -> str:
        """The notebook alone; JupyterLab would open what was open before, too."""
        place = f"lab/tree/{notebook}?reset&" if self.app == "lab" else f"notebooks/{notebook}?"
        return f"{self.url}{place}token={TOKEN}"

    def kernels(self) -> list[str]:
        return [kernel["id"] for kernel in self._ask("GET", "api/kernels").json()]

    def interrupt(self, kernel: str) -> None:
        self._ask("POST", f"api/kernels/{kernel}/interrupt")

    def restart(self, kernel: str) -> None:
        self._ask("POST", f"api/kernels/{kernel}/restart")

    def end(self, kernel: str) -> None:
        self._ask("DELETE", f"api/kernels/{kernel}")

    def end_all(self) -> None:
        for session in self._ask("GET", "api/sessions").json():
            self._ask("DELETE", f"api/sessions/{session['id']}")

    def _ask(self, method: str, path: str) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            headers = {"Authorization": f"token {TOKEN}"}
            response = session.request(method, self.url + path, headers=headers, timeout=30)
        assert response.ok, response.text
        return response


@contextmanager
def jupyter(env: Venv, app: str, folder: Path, environ: Mapping[str, str]) -> Iterator[Jupyter]:
    """A Jupyter server whose notebooks are in ``folder``."""
    module = {"lab": "jupyterlab", "notebook": "notebook"}[app]
    runtime = folder.with_name(f"{folder.name}-runtime")
    own = {
        **environ,
        "PATH": f"{env.path / 'bin'}:{environ['PATH']}",
        "JUPYTER_RUNTIME_DIR": str(runtime),
        "JUPYTER_CONFIG_DIR": str(runtime / "config"),
        "IPYTHONDIR": str(runtime / "ipython"),
    }
    runtime.mkdir()
    command = [str(env.python), "-m", module, "--no-browser", "--allow-root", "--port=0", "--ip=127.0.0.1"]
    command += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}"]
    command += ["--expose-app-in-browser"]
    with (runtime / "log").open("w") as log:
        process = subprocess.Popen(
            command,
            env=own,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield Jupyter(wait_for(lambda: _address(process, runtime), f"{module} to start"), app, folder)
    finally:
        process.terminate()
        process.wait(30)


def _address(process: subprocess.Popen[bytes], runtime: Path) -> str | None:
    assert process.poll() is None, (runtime / "log").read_text()
    found = re.search(r"(http://127\.0\.0\.1:\d+/)", (runtime / "log").read_text())
    return found[1] if found else None


class Page:
    """A notebook that is open in the browser."""

    def __init__(self, browser: Browser, jupyter: Jupyter, name: str) -> None:
        self.browser = browser
        self.jupyter = jupyter
        self.name = name
        self.path = jupyter.folder / name

    def open(self) -> None:
        """Open it and wait until its kernel is ready."""
        self.browser.open(self.jupyter.page(self.name))
        self.wait_until(
            "window.jupyterapp && document.querySelector('.jp-Notebook .jp-Cell')", "the notebook"
        )
        self.wait_until(f"document.querySelector('{ACCEPT}') || {IDLE}", "its kernel")
        self.run(f"document.querySelector('{ACCEPT}')?.click()")
        self.wait_until(IDLE, "its kernel")

    def run(self, script: str) -> Any:
        return self.browser.run(script)

    def wait_until(self, expression: str, what: str, patience: float = PATIENCE) -> Any:
        """Wait for a JavaScript expression to be true."""
        return wait_for(lambda: self.run(f"return {expression}"), what, patience)

    def command(self, name: str) -> None:
        """A command of the application, as its menus give it."""
        self.run(f"await window.jupyterapp.commands.execute('{name}')")

    def run_all(self, patience: float = PATIENCE) -> None:
        """Run all cells and wait for the end of the last one. Others show no number, and no star either, while
        they wait behind a wanted error."""
        self.command("notebook:clear-all-cell-outputs")
        self.run("window.jupyterapp.commands.execute('notebook:run-all-cells'); return null")
        last = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].at(-1).textContent"
        self.wait_until(f"!{STARRED} && /\\d/.test({last})", "the end of the last cell", patience)

    def outputs(self) -> list[str]:
        """What stands under each code cell."""
        areas = "[...document.querySelectorAll('.jp-CodeCell .jp-OutputArea')]"
        found: list[str] = self.run(f"return {areas}.map(area => area.innerText)")
        return found

    def saved(self) -> dict[str, Any]:
        """The notebook's file, after saving."""
        self.command("docmanager:save")
        found: dict[str, Any] = json.loads(self.path.read_text("utf-8"))
        return found

    def choose(self, label: str) -> None:
        """Click a button, or a tab, by its text."""
        words = json.dumps(label)
        chosen = (
            "[...document.querySelectorAll('.jp-Notebook button, .jp-Notebook [role=tab]')]"
            f".find(e => e.innerText.trim() === {words} && e.offsetWidth && e.offsetHeight && !e.disabled)"
        )
        self.wait_until(chosen + " !== undefined", f"a button {label}")
        self.run(
            "document.querySelector('[data-chosen]')?.removeAttribute('data-chosen');"
            f"{chosen}.setAttribute('data-chosen', '')"
        )
        self.browser.click("[data-chosen]")

    def says(self, text: str, patience: float = PATIENCE) -> None:
        """Wait until the panel that is in sight shows a text."""
        shown = (
            "[...document.querySelectorAll('.jp-Notebook .jp-OutputArea')].map(e => e.innerText).join('\\n')"
        )
        self.wait_until(f"{shown}.includes({json.dumps(text)})", f"{text!r} in the panel", patience)

    def set(self, label: str, value: str) -> None:
        """Give a labelled control of the panel a value, and leave it."""
        self.run(
            f"""
            const label = [...document.querySelectorAll('.jp-Notebook label')]
                .find(e => e.textContent.trim() === {json.dumps(label)} && e.getClientRects().length)
            const control = document.getElementById(label.htmlFor)
            const option = [...(control.options ?? [])].find(each => each.text === {json.dumps(value)})
            if (option) option.selected = true
            else control.value = {json.dumps(value)}
            for (const kind of ['input', 'change']) control.dispatchEvent(new Event(kind, {{bubbles: true}}))
            """
        )

    def drop(self, *paths: Path) -> None:
        """Drop files from the disk on the upload zone."""
        self.run(
            """
            const input = document.createElement('input')
            Object.assign(input, {type: 'file', id: 'from-disk', multiple: true})
            document.body.append(input)
            """
        )
        self.browser.type("#from-disk", "\n".join(map(str, paths)))
        self.run(
            """
            const input = document.getElementById('from-disk')
            const dataTransfer = new DataTransfer()
            for (const file of input.files) dataTransfer.items.add(file)
            const zone = document.querySelector('.pocketrepo-zone')
            for (const kind of ['dragenter', 'dragover', 'drop'])
                zone.dispatchEvent(new DragEvent(kind, {dataTransfer, bubbles: true, cancelable: true}))
            input.remove()
            """
        )


class Kernel:
    """A kernel's process, watched from outside."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def forget_peak(self) -> None:
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def memory(self, field: str = "VmRSS") -> int:
        """Bytes in use, or with VmHWM the most since `forget_peak`."""
        found = re.search(rf"{field}:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert found is not None
        return int(found[1]) * 1024


def is_process(pid: int) -> bool:
    """Whether there is such a process; one that only waits to be reaped does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def kill(pid: int) -> None:
    os.kill(pid, 9)
