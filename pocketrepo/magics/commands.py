"""The commands of ``%pocket`` and what may follow each."""

from __future__ import annotations

from typing import Any

from pocketrepo.magics.arguments import Parser

Argument = tuple[tuple[str, ...], dict[str, Any]]


def argument(*flags: str, **options: Any) -> Argument:
    return flags, options


REPOSITORY = (
    "a variable that holds a server or a client, or a URL; else the server of `start`, or the one that runs"
)
TO = argument("--to", metavar="REPOSITORY", help=REPOSITORY)
FROM = argument("--from", metavar="REPOSITORY", dest="source", help=REPOSITORY)

COMMANDS: dict[str, tuple[str, list[Argument]]] = {
    "start": (
        "Start a server in the background, or attach to the one that runs; the result is the server.",
        [
            argument("--temporary", action="store_true", help="keep no data beyond the end of the server"),
            argument("--root", metavar="FOLDER", help="where the data is; else the user-data folder"),
            argument("--port", type=int, default=0, metavar="N", help="else any free one"),
        ],
    ),
    "stop": ("Stop the server that this kernel started.", []),
    "status": ("Show the server, without starting one.", []),
    "push": (
        "Upload wheels, sdists, folders of them, source trees, or a module that is imported here.",
        [
            argument(
                "what",
                nargs="*",
                help="paths, globs or names of modules; else dist/, or the source tree here",
            ),
            TO,
        ],
    ),
    "install": (
        "Install into this kernel, from the repository alone. Further options, as --upgrade, are the installer's.",
        [
            argument(
                "requirements",
                nargs="+",
                metavar="REQUIREMENT",
                help="like hello-pocket or 'hello-pocket>=1'",
            ),
            argument(
                "--extra-index-url",
                action="append",
                default=[],
                metavar="URL",
                help="take packages from here too",
            ),
            FROM,
        ],
    ),
    "use": (
        "Point %pip, !pip, !uv and !twine of this kernel at the repository, until `use off` or the kernel's end.",
        [
            argument(
                "mode",
                nargs="?",
                default="only",
                choices=["only", "extra", "off"],
                help="only: instead of every other index; extra: beside them; off: as before",
            ),
            FROM,
        ],
    ),
    "log": (
        "Show the latest requests that the server answered.",
        [argument("count", nargs="?", type=int, metavar="N", help="so many; else all that are kept")],
    ),
    "ui": ("Show the panel: server, upload, browse, connect, pip.conf. Needs pocketrepo[notebook].", []),
}


def parser() -> Parser:
    """Of a whole line after ``%pocket``; ``command`` is None if there is none."""
    top = Parser(prog="%pocket", description="A package index in this notebook.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    for name, (description, arguments) in COMMANDS.items():
        told = description.replace("%", "%%")
        command = commands.add_parser(name, help=told, description=description)
        for flags, options in arguments:
            command.add_argument(*flags, **options)
    return top


def options_of(command: str) -> list[str]:
    """The options of a command, or none."""
    _, arguments = COMMANDS.get(command, ("", []))
    return ["--help", *(flag for flags, _ in arguments for flag in flags if flag.startswith("-"))]
