"""``python -m pocketrepo``."""

from __future__ import annotations


def main() -> None:
    from pocketrepo.cli import main as run

    run()


if __name__ == "__main__":
    main()
