"""Tests that each have a package index to themselves: what pytest takes for one, all in all."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from bench import Bench
from servers import POCKETREPO, PYPISERVER
from table import Line, Target

TESTS = {POCKETREPO: 100, PYPISERVER: 20}
"""In one run of pytest. pypiserver takes the time for each test, so fewer of them say the same."""
MUST, AMBITIOUS = 50, 25
"""Milliseconds a test."""

FIXTURES = {
    POCKETREPO: """
def test(pocketrepo, number):
    pocketrepo.add(f"lib-{number}==1.0")
    assert_listed(pocketrepo.index_url, number)
""",
    PYPISERVER: """
import os
import pytest
from pathlib import Path
from pocketrepo.testing.distribution import core_metadata, wheel_members, zip_bytes
from servers import pypiserver

@pytest.fixture
def index(tmp_path):
    folder = tmp_path / "packages"
    folder.mkdir()
    with pypiserver(Path(os.environ["PYPISERVER"]), folder, tmp_path) as server:
        yield folder, f"http://127.0.0.1:{server.port}/simple/"

def test(index, number):
    folder, url = index
    metadata = core_metadata(f"lib-{number}", "1.0")
    members = wheel_members(f"lib-{number}", "1.0", metadata=metadata, files={})
    (folder / f"lib_{number}-1.0-py3-none-any.whl").write_bytes(zip_bytes(members))
    assert_listed(url, number)
""",
}
"""What differs: how a test comes by its index, and how a wheel gets there."""
CONFTEST = """
def pytest_generate_tests(metafunc):
    metafunc.parametrize("number", range({tests}))
"""
ASSERTION = """
from urllib.request import urlopen

def assert_listed(url, number):
    with urlopen(f"{url}lib-{number}/") as page:
        assert f"lib_{number}-1.0-py3-none-any.whl" in page.read().decode()
"""


def fresh_indexes(bench: Bench) -> list[Line]:
    """A whole run of pytest with all that it starts, divided by the number of its tests."""
    runs = bench.rounds_of({name: lambda name=name: _run(bench, name) for name in TESTS})
    wall = {name: [seconds for seconds, _cpu in rounds] for name, rounds in runs.items()}
    cpu = {name: [seconds for _wall, seconds in rounds] for name, rounds in runs.items()}
    title = "a test with an index of its own and one wheel"
    targets = (Target("", MUST, AMBITIOUS), Target(PYPISERVER, 0.2, 0.05))
    return [
        Line(title, "ms", wall, targets),
        Line(f"{title}: CPU", "ms", cpu, (Target("", MUST, AMBITIOUS),)),
    ]


def _run(bench: Bench, name: str) -> tuple[float, float]:
    """Milliseconds a test: on the clock, and of CPU time."""
    folder = bench.work / f"tests-{name}"
    folder.mkdir(exist_ok=True)
    (folder / "conftest.py").write_text(CONFTEST.format(tests=TESTS[name]))
    (folder / "test_index.py").write_text(ASSERTION + FIXTURES[name])
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    if name == PYPISERVER:
        environ["PYPISERVER"] = str(bench.pypiserver)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    start, before = time.perf_counter(), _cpu_of_children()
    subprocess.run(command, cwd=folder, env=environ, check=True, stdout=subprocess.PIPE, timeout=600)
    wall, cpu = time.perf_counter() - start, _cpu_of_children() - before
    return wall / TESTS[name] * 1000, cpu / TESTS[name] * 1000


def _cpu_of_children() -> float:
    """Seconds that ended child processes took, with those that they started and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
