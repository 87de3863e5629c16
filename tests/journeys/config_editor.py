"""A process that edits configuration files and notes each edit once it is done: run by a test, and killed."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

from pocketrepo import config
from pocketrepo.config.locate import Place

FILES = [f"{folder}/{name}" for folder in "abcd" for name in ("pip.conf", "requirements.txt", "uv.toml")]


def main(home: str, name: str, limit: str) -> None:
    """Add indexes to the files in turn, until ``limit`` or a signal."""
    place = Place({}, Path(home), Path(home), Path(home) / "venv")
    log = os.open(Path(home) / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in itertools.count():
        if number == int(limit):
            return
        url = f"https://{name}.example/{number}/simple/"
        os.write(log, f"began {url}\n".encode())
        config.add_index(url, file=FILES[number % len(FILES)], name=f"{name}-{number}", place=place)
        os.write(log, f"done {url}\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
