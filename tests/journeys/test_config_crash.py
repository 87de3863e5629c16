"""Eight processes edit the same files and are killed at random moments: nothing is torn, lost or left behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pocketrepo import config
from pocketrepo.config import pip, requirements, toml
from pocketrepo.config.locate import Place
from tests.journeys.config_editor import FILES

pytestmark = pytest.mark.journey

EDITS = 1000
PROCESSES = 8
SECONDS = 240.0


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder in memory where there is one: what is tested is order, not the disk's speed."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


def started(home: Path, name: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.journeys.config_editor", str(home), name, str(EDITS)]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2], stderr=subprocess.PIPE)


def noted(home: Path, word: str) -> list[str]:
    return [
        line.split()[1]
        for log in home.glob("*.log")
        for line in log.read_text().splitlines()
        if line.startswith(word) and line.endswith("/")
    ]


def urls(home: Path) -> list[str]:
    """The indexes in all files, as the tool that owns it reads them."""
    found: list[str] = []
    for path in (home / name for name in FILES):
        if path.name == "pip.conf":
            found += pip.read(path.read_bytes(), path)["global"]["extra-index-url"]
        elif path.name == "uv.toml":
            found += [entry["url"] for entry in toml.read(path.read_bytes(), path)["index"]]
        else:
            found += [value for line in requirements.read(path.read_bytes(), path) for _, _, value in line]
    return found


def test_a_thousand_edits_by_eight_processes_survive_kill_9(home: Path) -> None:
    chance = random.Random(8)
    running = [started(home, f"w{number}") for number in range(PROCESSES)]
    kills = 0
    deadline = time.monotonic() + SECONDS
    goal = 0
    while goal < EDITS and time.monotonic() < deadline:
        goal = len(noted(home, "done")) + chance.randrange(5, 25)
        while len(noted(home, "done")) < goal and time.monotonic() < deadline:
            time.sleep(chance.uniform(0.0, 0.02))
        victim = chance.randrange(PROCESSES)
        if running[victim].poll() is not None:
            _, problem = running[victim].communicate()
            assert running[victim].returncode == 0, problem.decode()
        running[victim].send_signal(signal.SIGKILL)
        running[victim].communicate()
        kills += 1
        running[victim] = started(home, f"k{kills}")
    for process in running:
        process.kill()
        process.communicate()

    place = Place({}, home, home, home / "venv")
    for name in FILES:
        config.add_index("https://last.example/simple/", file=name, place=place)
    done, began, found = set(noted(home, "done")), set(noted(home, "began")), urls(home)
    written = [url for url in found if "last.example" not in url]
    assert len(done) >= EDITS
    assert kills >= 20
    assert done <= set(written)
    assert set(written) <= began
    assert len(written) == len(set(written))
    left = {str(path.relative_to(home)) for folder in "abcd" for path in (home / folder).iterdir()}
    assert left == set(FILES)
    state = place.state
    assert list((state / "pending").iterdir()) == []
    assert [path for path in (state / "history").iterdir() if path.name.startswith(".")] == []


def test_the_change_of_a_killed_process_can_be_undone_by_another(home: Path) -> None:
    place = Place({}, home, home, home / "venv")
    process = started(home, "w")
    while not noted(home, "done"):
        time.sleep(0.05)
    process.kill()
    process.communicate()
    file = home / FILES[0]
    before = file.read_bytes()
    change = config.add_index("https://last.example/simple/", file=file, place=place)
    assert change.id is not None
    script = (
        "import sys; from pathlib import Path; from pocketrepo import config; from pocketrepo.config import Place;"
        "home = Path(sys.argv[1]); config.undo(place=Place({}, home, home, home / 'venv'))"
    )
    subprocess.run([sys.executable, "-c", script, str(home)], check=True, cwd=Path(__file__).parents[2])
    assert file.read_bytes() == before
