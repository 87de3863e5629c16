"""The examples in the documentation, run as a reader would run them.

A ``console`` block is a dialogue: what follows ``$`` is typed, the rest is expected; ``...`` stands for anything, on
a line of its own for any number of lines. A ``python`` block is run by itself. A block of any language after a
paragraph that ends in a path, as ```` `a/b.py`: ````, is what the reader puts into that file. A block after the
comment ``<!-- not run: REASON -->`` is left alone, and so is ``text`` and other languages.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sysconfig
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
SAMPLE = TOP / "docs" / "hello-pocket"
WRITTEN = "http://127.0.0.1:8080/"
"""The address in the documentation; where the server really listens takes its place."""

_BLOCK = re.compile(
    r"^(?P<fence>`{3,})(?P<language>\w*)\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL
)
_FILE = re.compile(r"`([\w./-]+)`:\n\n\Z")
_NOT_RUN = re.compile(r"<!-- not run: .+ -->\n\Z")


@dataclass(frozen=True)
class Example:
    """One block; ``file`` is where the reader puts it, if anywhere."""

    language: str
    text: str
    line: int
    file: str | None


def examples(page: str) -> Iterator[Example]:
    """Those blocks of a page that something is done with."""
    for block in _BLOCK.finditer(page):
        before = page[: block.start()]
        file = _FILE.search(before)
        if not _NOT_RUN.search(before) and (file or block["language"] in ("console", "python")):
            yield Example(block["language"], block["text"], before.count("\n") + 1, file and file[1])


@contextmanager
def reader(folder: Path) -> Iterator[Reader]:
    """Somebody with an empty home, an environment with PocketRepo, and nothing of this machine's settings."""
    environment = folder / "environment"
    venv.EnvBuilder(symlinks=True).create(environment)
    [site] = environment.glob("lib/python3*/site-packages")
    # What is installed here is there, and what a reader installs goes nowhere else.
    (site / "here.pth").write_text(
        f"{TOP}\n{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n"
    )
    for program, module in (("pip", "pip"), ("pocketrepo", "pocketrepo")):
        shim = environment / "bin" / program
        shim.write_text(f'#!/bin/sh\nexec python -m {module} "$@"\n')
        shim.chmod(0o755)
    (folder / "work").mkdir()
    found = Reader(folder / "work", _surroundings(folder / "home", environment / "bin"))
    try:
        yield found
    finally:
        found.leave()


def _surroundings(home: Path, programs: Path) -> dict[str, str]:
    home.mkdir()
    return {
        "PATH": f"{programs}:/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "NO_COLOR": "1",
        "COLUMNS": "500",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "POCKETREPO_PORT": "0",
        "PYTHONUNBUFFERED": "1",  # as in a terminal
    }


@dataclass
class Reader:
    """Does what examples say, in one folder, with terminals in which servers go on running."""

    folder: Path
    environ: dict[str, str]
    url: str = WRITTEN
    _servers: list[subprocess.Popen[str]] = field(default_factory=list)

    def follow(self, page: str) -> None:
        """Do all of a page's examples. Fails the test at the first that does not do what it says."""
        for example in examples(page):
            if example.file:
                target = self.folder / example.file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(example.text)
            elif example.language == "python":
                self._run(["python", "-c", example.text], example)
            else:
                for command, expected in dialogue(example.text):
                    self._type(command, expected, example)

    def have_sample(self, tree: str) -> None:
        """The sample package of the tutorial as a source tree, and its wheel in a folder of wheels."""
        from flit_core.wheel import make_wheel_in  # type: ignore[import-untyped]

        shutil.copytree(SAMPLE, self.folder / tree, ignore=shutil.ignore_patterns("__pycache__"))
        (self.folder / "wheelhouse").mkdir()
        make_wheel_in(self.folder / tree / "pyproject.toml", self.folder / "wheelhouse")

    def leave(self) -> None:
        """Close the terminals that servers run in."""
        for server in self._servers:
            try:
                os.killpg(server.pid, signal.SIGTERM)
                server.communicate(timeout=20)
            except ProcessLookupError:
                pass
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.communicate()

    def _type(self, command: str, expected: str, example: Example) -> None:
        command = command.replace(WRITTEN, self.url)
        if re.search(r"\bserve\b", command):
            said = self._serve(command)
        else:
            said = self._run(["sh", "-c", command], example, status=int("Error: " in expected))
        said = said.replace(self.url, WRITTEN)
        if expected and not agrees(said, expected):
            pytest.fail(
                f"line {example.line}: $ {command}\n{said}\n-- is not what the page says:\n{expected}", False
            )

    def _run(self, command: list[str], example: Example, status: int = 0) -> str:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode != status:
            pytest.fail(
                f"line {example.line}: {command[-1]}\nexit status {done.returncode}\n{done.stdout}", False
            )
        return done.stdout

    def _serve(self, command: str) -> str:
        """Start a server in a terminal of its own; returns what it announces."""
        server = subprocess.Popen(
            ["sh", "-c", f"exec {command}"],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._servers.append(server)
        assert server.stdout is not None
        said = ""
        for line in server.stdout:
            said += line
            if line.startswith("  stop "):
                break
        found = re.search(r"web page +(\S+)", said)
        if found is None:
            pytest.fail(f"$ {command}\n{said}", False)
        self.url = found[1]
        return said


def dialogue(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block with the output that the page shows, which may be none."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield command, expected


def agrees(said: str, expected: str) -> bool:
    """Whether output is as a page shows it, where ``...`` may stand for anything."""
    pattern = ""
    for line in expected.rstrip().splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += r".*?".join(re.escape(part) for part in line.rstrip().split("...")) + r"[ ]*\n"
    return re.fullmatch(pattern, said.rstrip() + "\n") is not None
