"""A newcomer's first minute: `scripts/demo` in a new checkout, with an empty home."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.examples import TOP
from tests.journeys.environments import MACHINE

pytestmark = pytest.mark.journey

TRACKED = ("pocketrepo", "scripts", "docs", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "my checkouts" / "pocketrepo"
    folder.mkdir(parents=True)
    for name in TRACKED:
        source = TOP / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)
    return folder


def demo(checkout: Path) -> tuple[str, Any, str]:
    """Run it until it is ready, look at its index, and press Ctrl-C: all that it printed, and the index as JSON."""
    (checkout.parent / "home").mkdir(exist_ok=True)
    environ = {name: value for name, value in MACHINE.items() if not name.startswith(("POCKETREPO_", "XDG_"))}
    process = subprocess.Popen(
        [checkout / "scripts" / "demo", "0"],
        env={**environ, "HOME": str(checkout.parent / "home"), "PYTHON": os.path.realpath(sys.executable)},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        else:
            if re.search("No matching distribution|Retrying|timed out", said):
                pytest.skip("the configured package index cannot be reached")
            pytest.fail(said)
        found = re.search(r"index +(\S+)", said)
        assert found
        accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
        with urllib.request.urlopen(urllib.request.Request(found[1], headers=accept), timeout=10) as response:
            index = json.load(response)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=90)
        assert process.returncode == 0, rest
        return said, index, rest
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def test_the_demo_shows_something_real_and_starts_again_without_installing(checkout: Path) -> None:
    said, index, rest = demo(checkout)
    assert "making .venv" in said
    assert "pushed         hello_pocket-1.0-py3-none-any.whl" in said
    assert [project["name"] for project in index["projects"]] == ["hello-pocket"]
    assert rest == "stopped\n"
    again, index, _ = demo(checkout)
    assert "installing" not in again
    assert "there already  hello_pocket-1.0-py3-none-any.whl" in again
    assert [project["name"] for project in index["projects"]] == ["hello-pocket"]
