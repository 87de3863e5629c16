"""PocketRepo beside nginx and pypiserver, in one run: ``python benchmarks/run.py``. See README.md."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import fixtures
import installs
import pages
import process
import survival
import transfers
from bench import Bench
from measure import require_tools
from servers import LOAD_CORE, NGINX, PYPISERVER
from table import Line, missed, render

MEASUREMENTS: dict[str, Callable[[Bench], list[Line]]] = {
    "small-pages": pages.small_pages,
    "private-pages": pages.private_pages,
    "many-connections": pages.many_connections,
    "not-modified": pages.not_modified,
    "small-files": pages.small_files,
    "big-pages": pages.big_pages,
    "project-list": pages.project_list,
    "large-file": transfers.large_file,
    "small-uploads": transfers.small_uploads,
    "after-uploads": transfers.after_uploads,
    "form-parsing": transfers.form_parsing,
    "cold-start": process.cold_start,
    "memory": process.memory,
    "fresh-indexes": fixtures.fresh_indexes,
    "installs": installs.installs,
}
SURVIVAL: dict[str, Callable[[Bench], list[Line]]] = {
    "gigabyte": survival.gigabyte,
    "slow-clients": survival.slow_clients,
}
"""Run only when they are named: they take longer, and compare with nobody."""


def main(arguments: list[str] | None = None) -> int:
    known = [*MEASUREMENTS, *SURVIVAL]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one short round: to see that it works, not to quote"
    )
    parser.add_argument("--only", action="append", choices=known, help="only this measurement; repeatable")
    parser.add_argument("--rounds", type=int, default=3, help="rounds in which the servers take turns")
    parser.add_argument("--without", action="append", default=[], choices=[NGINX, PYPISERVER])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every round's figures there")
    asked = parser.parse_args(arguments)
    peers = tuple(name for name in (NGINX, PYPISERVER) if name not in asked.without)
    try:
        require_tools()
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, _interrupt)
    if LOAD_CORE is not None:
        os.sched_setaffinity(0, {LOAD_CORE})
    names = asked.only or list(MEASUREMENTS)
    lines: list[Line] = []
    with _work_folder() as folder:
        bench = Bench(
            folder,
            rounds=1 if asked.quick else asked.rounds,
            seconds=1 if asked.quick else 2,
            peers=peers,
            say=_say,
        )
        with bench.stack:
            for name in names:
                _say(name)
                lines += {**MEASUREMENTS, **SURVIVAL}[name](bench)
        print(render(lines), flush=True)
        if asked.json:
            asked.json.write_text(json.dumps([line.as_json() for line in lines], indent=1))
    below = missed(lines)
    for title in below:
        print(f"below its bar: {title}")
    return 1 if below else 0


@contextmanager
def _work_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="pocketrepo-bench-"))
    try:
        yield folder
    finally:
        # Tens of thousands of files: a minute of Python, a second of rm.
        subprocess.run(["rm", "-rf", str(folder)], check=False)


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
