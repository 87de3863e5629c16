"""Start a server, push the sample package of the tutorial, say where to look, and wait for Ctrl-C."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pocketrepo

TOP = Path(__file__).parent.parent
SAMPLE = TOP / "docs" / "hello-pocket"


def main(port: int = 8080) -> None:
    # A plain kill ends it as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with pocketrepo.start(TOP / "build" / "demo", port=port, any_port=True) as server:
        print(server.push(SAMPLE))
        print(f"""
  web page  {server.url}
  index     {server.index_url}

  try       .venv/bin/python -m pip install --index-url {server.index_url} hello-pocket
            .venv/bin/python -m hello_pocket
""")
        if not server.owned:
            print("It was running already; the terminal that started it stops it.")
            return
        print("Ctrl-C stops it.", flush=True)
        signal.pause()


if __name__ == "__main__":
    try:
        main(*map(int, sys.argv[1:]))
    except KeyboardInterrupt:
        print("stopped")
