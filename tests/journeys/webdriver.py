"""A real browser, driven by ChromeDriver in the protocol that it speaks (W3C WebDriver, JSON over HTTP)."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = """
    --headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync --disable-dev-shm-usage --no-proxy-server --hide-scrollbars
"""


PATIENCE = 10.0
"""Seconds that something may take to appear."""


class Browser:
    """One window of a headless browser."""

    def __init__(self, session: requests.Session, address: str) -> None:
        self._session = session
        self._address = address

    def open(self, url: str) -> None:
        self._post("url", url=url)

    def click(self, selector: str) -> None:
        """As soon as it has a place on the screen."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self._post(f"element/{self._find(selector)}/click")
                return
            except AssertionError as error:
                if "not interactable" not in str(error) or time.monotonic() > deadline:
                    raise
            time.sleep(0.1)

    def type(self, selector: str, text: str) -> None:
        self._post(f"element/{self._find(selector)}/value", text=text)

    def press(self, *keys: str) -> None:
        """Press keys one after another, wherever the focus is."""
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._post("actions", actions=[{"type": "key", "id": "keyboard", "actions": strokes}])

    def run(self, script: str) -> Any:
        """The value of a JavaScript function body, which a page's own policy does not bind."""
        return self._post("execute/sync", script=script, args=[])

    def show_as(self, width: int, height: int = 900, scheme: str = "light") -> None:
        """A screen of this size in CSS pixels, whose user prefers a ``light`` or ``dark`` scheme."""
        self._command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._command("Emulation.setEmulatedMedia", features=[feature])

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        shot = self._command("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def problems(self) -> list[str]:
        """What the browser's console has complained about since the last call: broken policy, missing files."""
        return [entry["message"] for entry in self._post("se/log", type="browser")]

    def requested(self) -> set[str]:
        """The URLs that it has asked for since the last call, whatever came of it; see `open_browser`."""
        events = [
            json.loads(entry["message"])["message"] for entry in self._post("se/log", type="performance")
        ]
        return {
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        }

    def _find(self, selector: str) -> str:
        found: dict[str, str] = self._post("element", using="css selector", value=selector)
        return next(iter(found.values()))

    def _command(self, name: str, **params: Any) -> Any:
        return self._post("goog/cdp/execute", cmd=name, params=params)

    def _post(self, path: str, **body: Any) -> Any:
        response = self._session.post(f"{self._address}/{path}", json=body, timeout=60)
        value = response.json()["value"]
        assert response.ok, value["message"]
        return value


def installed() -> tuple[str, str] | None:
    """The browser and its driver, if this machine has both."""
    driver = shutil.which("chromedriver")
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    return (browser, driver) if browser and driver else None


@contextmanager
def open_browser(profile: Path, *flags: str, log_requests: bool = False) -> Iterator[Browser]:
    """A browser with a new profile, closed at the end."""
    found = installed()
    assert found is not None
    binary, driver = found
    process = subprocess.Popen(
        [driver, "--port=0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        address = f"http://127.0.0.1:{_port(process)}/session"
        with requests.Session() as session:
            session.trust_env = False
            options = {"binary": binary, "args": [*FLAGS.split(), *flags, f"--user-data-dir={profile}"]}
            logs = {"browser": "ALL"} | ({"performance": "ALL"} if log_requests else {})
            capabilities = {"goog:chromeOptions": options, "goog:loggingPrefs": logs}
            body = {"capabilities": {"alwaysMatch": capabilities}}
            made = session.post(address, json=body, timeout=60).json()["value"]
            assert "sessionId" in made, made
            address = f"{address}/{made['sessionId']}"
            try:
                yield Browser(session, address)
            finally:
                session.delete(address, timeout=60)
    finally:
        process.terminate()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


def _port(driver: subprocess.Popen[str]) -> int:
    assert driver.stdout is not None
    for line in driver.stdout:
        started = re.search(r"started successfully on port (\d+)", line)
        if started:
            return int(started[1])
    raise AssertionError("chromedriver did not start")
