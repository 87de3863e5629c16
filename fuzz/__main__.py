"""``python -m fuzz TARGET [SECONDS]``: fuzz a target, with the corpus that is kept and the seeds as a start.

What is new goes to a folder under the system's temporary one, which is printed. Needs ``pip install atheris``.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from pathlib import Path

import atheris

from fuzz import CORPUS, TARGETS


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"usage: python -m fuzz {'|'.join(TARGETS)} [SECONDS]")
    name = sys.argv[1]
    seconds = sys.argv[2] if len(sys.argv) > 2 else "60"
    # Loaded without counters first: what it imports is not what is fuzzed.
    modules = importlib.import_module(f"fuzz.{name}").MODULES
    for loaded in [each for each in sys.modules if each.startswith(("fuzz.", "tests.", *modules))]:
        del sys.modules[loaded]
    with atheris.instrument_imports(include=list(modules)):
        target = importlib.import_module(f"fuzz.{name}")
    found = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    for number, seed in enumerate(target.seeds()):
        (found / f"seed-{number}").write_bytes(seed)
    print(f"new inputs: {found}", flush=True)
    flags = [
        f"-max_total_time={seconds}",
        f"-artifact_prefix={found}{os.sep}",
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-max_len=16384",
    ]
    arguments = [sys.argv[0], *flags, str(found), str(CORPUS / name)]
    atheris.Setup(arguments, target.check, enable_python_coverage=True)
    atheris.Fuzz()


main()
