"""``%pocket``: the verbs of `pocketrepo` as one magic."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from pocketrepo.background import Server, start
from pocketrepo.client.dists import Thing
from pocketrepo.client.listings import Pushes
from pocketrepo.environment.using import Using
from pocketrepo.errors import ServerError
from pocketrepo.magics.arguments import HelpShown, in_one_line, words_of
from pocketrepo.magics.commands import parser
from pocketrepo.magics.target import Targets
from pocketrepo.requestlog import Log


class PocketMagic:
    """The state of ``%pocket`` in one session."""

    def __init__(self, shell: InteractiveShell, targets: Targets) -> None:
        self._shell = shell
        self._targets = targets
        self._using: Using | None = None

    def pocket(self, line: str) -> object:
        with in_one_line(), suppress(HelpShown):
            arguments, unknown = parser().parse_known_args(words_of(line))
            if arguments.command is None:
                parser().print_help()
                return None
            if unknown and arguments.command != "install":
                parser().error(f"{arguments.command} has no {' '.join(unknown)}")
            command: Callable[[Namespace, list[str]], object] = getattr(self, f"_{arguments.command}")
            return command(arguments, unknown)
        return None

    pocket.__doc__ = parser().format_help()  # what `%pocket?` shows

    def _start(self, arguments: Namespace, _: list[str]) -> Server:
        running = self._targets.started
        if arguments.temporary and running is not None and running.running and not arguments.root:
            return running
        self._targets.started = start(
            Path(arguments.root).expanduser() if arguments.root else None,
            port=arguments.port,
            temporary=arguments.temporary,
        )
        return self._targets.started

    def _stop(self, *_: object) -> None:
        server = self._targets.running()
        if not server.stop():
            raise ServerError(
                f"the server at {server.url} was started by another process",
                hint="in a terminal: pocketrepo stop",
            )
        print(f"stopped {server.url}")

    def _status(self, *_: object) -> Server | None:
        server = self._targets.server()
        if server is None:
            print("no server is running; %pocket start starts one")
        return server

    def _push(self, arguments: Namespace, _: list[str]) -> Pushes:
        what = [self._thing(word) for word in arguments.what]
        return self._targets.repository(arguments.to).push(what or None)

    def _thing(self, word: str) -> Thing:
        """A path, or else a variable that holds a module or a path."""
        value = self._shell.user_ns.get(word)
        if isinstance(value, ModuleType | Path) and not Path(word).exists():
            return value
        return word

    def _install(self, arguments: Namespace, options: list[str]) -> None:
        self._targets.repository(arguments.source).install(
            *arguments.requirements, extra_index_urls=arguments.extra_index_url, options=options
        )

    def _use(self, arguments: Namespace, _: list[str]) -> Using | None:
        before, self._using = self._using, None
        if before is not None:
            before.undo()
        if arguments.mode != "off":
            self._using = self._targets.repository(arguments.source).use(arguments.mode)
        return self._using or before

    def _log(self, arguments: Namespace, _: list[str]) -> Log:
        log = self._targets.running().log
        return Log(log[-arguments.count :]) if arguments.count else log

    def _ui(self, *_: object) -> Any:
        from pocketrepo.widgets import Dashboard

        return Dashboard(self._targets.server())
