"""A whole installation: pip and uv, without their caches, from PocketRepo and from the same bytes behind nginx."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import corpus
from bench import Bench
from servers import NGINX, POCKETREPO, Server, nginx, pocketrepo
from table import Line, Target

REQUIREMENT = "jupyterlab"
"""With all that it depends on about ninety wheels. They come from the index that pip is configured for."""
TOOLS = {
    "uv": [sys.executable, "-m", "uv", "pip", "install", "--no-cache", "--link-mode=copy"],
    "pip": [sys.executable, "-m", "pip", "install", "--no-cache-dir", "--no-compile"],
}
QUIETLY = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_CONFIG_FILE": os.devnull}


def installs(bench: Bench) -> list[Line]:
    """Seconds of the installer, and CPU seconds of the server that it asks."""
    made = corpus.of_wheels(bench.work, "closure", _closure(bench))
    lines: list[Line] = []
    with ExitStack() as stack:
        ours = stack.enter_context(pocketrepo(made.root, bench.work))
        servers = {POCKETREPO: ours}
        if bench.has(NGINX):
            static = bench.work / "closure" / "static"
            corpus.save_index(made, ours, static)
            servers[NGINX] = stack.enter_context(nginx(static, bench.work))
        for tool in TOOLS:
            found = bench.rounds_of({name: _job(bench, tool, server) for name, server in servers.items()})
            wall = {name: [seconds for seconds, _ in rounds] for name, rounds in found.items()}
            cpu = {name: [used for _, used in rounds] for name, rounds in found.items()}
            title = f"{tool} installs {REQUIREMENT}, {len(made.wheels)} wheels"
            lines += [
                Line(title, "s", wall, (Target(NGINX, 1.2, 1.05),)),
                Line(f"{title}: server CPU", "ms", cpu, (Target(NGINX, 5, 3),)),
            ]
    return lines


def _closure(bench: Bench) -> list[Path]:
    folder = bench.work / "wheels"
    bench.say(f"downloading {REQUIREMENT}")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:"]
    subprocess.run([*command, "--dest", str(folder), REQUIREMENT], check=True, timeout=600)
    return sorted(folder.iterdir())


def _job(bench: Bench, tool: str, server: Server) -> Callable[[], tuple[float, float]]:
    def run() -> tuple[float, float]:
        target = bench.work / "installed"
        url = f"http://127.0.0.1:{server.port}/simple/"
        command = [*TOOLS[tool], "--quiet", "--index-url", url, "--target", str(target), REQUIREMENT]
        used, start = server.cpu(), time.perf_counter()
        subprocess.run(command, check=True, timeout=600, env={**os.environ, **QUIETLY})
        seconds, used = time.perf_counter() - start, server.cpu() - used
        shutil.rmtree(target)
        return seconds, used * 1e3

    return run
