"""``%%package``: the cell is a package; build it, push it, install it and import it."""

from __future__ import annotations

import sys
import tempfile
import tomllib
from argparse import Namespace
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from IPython.core.interactiveshell import InteractiveShell

from pocketrepo.background import Server
from pocketrepo.client import Client
from pocketrepo.display import show
from pocketrepo.errors import BuildFailed, InstallFailed, UsageError
from pocketrepo.magics.arguments import HelpShown, Parser, in_one_line, show_as, words_of
from pocketrepo.magics.commands import TO
from pocketrepo.magics.kernel import (
    check_replaceable,
    hidden_by,
    import_anew,
    installed_version,
    is_installed,
    old_names,
)
from pocketrepo.magics.report import Report
from pocketrepo.magics.target import Targets
from pocketrepo.sourcetree import SourceTree, from_cell, versions_in

DESCRIPTION = """The cell is a package: build it, push it, install it and import it.

Lines `# file: NAME/part.py` start further files. A block `# /// script` (PEP 723) gives
requires-python and dependencies, the first line of the docstring is the summary.
The same cell again does nothing; a changed one without VERSION is the next patch."""


def _parser() -> Parser:
    parser = Parser(prog="%%package", description=DESCRIPTION.replace("%", "%%"))
    parser.add_argument("name", metavar="NAME", help="of the module, and of the project")
    parser.add_argument(
        "version", nargs="?", metavar="VERSION", help="else the newest if nothing changed, or its next patch"
    )
    parser.add_argument("--no-install", dest="install", action="store_false", help="only build and push")
    parser.add_argument(
        "--as", dest="project", metavar="PROJECT", help="the project's name, if it is not the module's"
    )
    parser.add_argument("--save", metavar="FOLDER", help="keep the source tree, with its pyproject.toml")
    flags, options = TO
    parser.add_argument(*flags, **options)
    return parser


class PackageMagic:
    """``%%package`` of one session."""

    def __init__(self, shell: InteractiveShell, targets: Targets) -> None:
        self._shell = shell
        self._targets = targets

    def package(self, line: str, cell: str) -> None:
        with in_one_line(), suppress(HelpShown):
            arguments = _parser().parse_args(words_of(line))
            tree = self._tree(arguments, line, cell)
            target = self._targets.repository(arguments.to)
            client = target.client if isinstance(target, Server) else target
            listed = client.listed(tree.project)
            if arguments.install:
                check_replaceable(tree, versions_in(listed))
            report = Report(tree.project, client.index_url)
            with tempfile.TemporaryDirectory(prefix="pocketrepo-cell-") as scratch:
                with report.step("build"):
                    release = tree.release(listed, Path(scratch))
                report.built(release)
                if release.new:
                    with report.step("push"):
                        client.push([release.sdist, release.wheel])
            try:
                if arguments.save is not None:
                    report.saved = _save(tree, release.version, Path(arguments.save).expanduser())
                if arguments.install:
                    self._install(tree, client, report)
            finally:
                show(report)

    package.__doc__ = _parser().format_help()  # what `%%package?` shows

    def _tree(self, arguments: Namespace, line: str, cell: str) -> SourceTree:
        typed, number, lines_before = self._as_typed(line, cell)
        try:
            return from_cell(
                arguments.name,
                cell,
                version=arguments.version,
                project=arguments.project,
                filename=self._shell.compile.cache(typed, number, typed),
                first_line=lines_before + 1,
            )
        except SyntaxError as error:
            failed = BuildFailed(f"line {error.lineno} of the cell: {error.msg}")
            show_as(failed, self._shell.SyntaxTB.structured_traceback(type(error), error, None))
            raise failed from None

    def _as_typed(self, line: str, cell: str) -> tuple[str, int, int]:
        """The whole cell and its number, for a traceback to show, and how many lines of it precede the package."""
        history = self._shell.history_manager
        inputs: list[str] = history.input_hist_raw if history is not None else [""]
        typed, body = inputs[-1].rstrip("\n"), cell.rstrip("\n")
        if not typed.endswith(body):
            typed = f"%%package {line}\n{body}"
        return typed, len(inputs) - 1, typed[: len(typed) - len(body)].count("\n")

    def _install(self, tree: SourceTree, client: Client, report: Report) -> None:
        before, now = installed_version(tree.project), report.version
        if is_installed(tree, now):
            report.installed = f"{now}, as before"
            if tree.module not in sys.modules:
                self._import(tree, report)
            return
        with report.step("install"):
            _install(tree, client, now, again=before == now)
        report.installed = f"{before} → {now}" if before else now
        self._import(tree, report)

    def _import(self, tree: SourceTree, report: Report) -> None:
        with report.step("import"):
            module = import_anew(tree.module)
        report.imported = tree.module
        if isinstance(self._shell.user_ns.get(tree.module, module), ModuleType):
            self._shell.user_ns[tree.module] = module
        hiding = hidden_by(module, tree.project)
        if hiding is not None:
            report.notes.append(f"{hiding} was imported, which hides the installed module.")
        old = old_names(self._shell.user_ns, tree.module)
        if old:
            report.notes.append(f"{', '.join(old)} in this session is still from before: import it again.")


def _install(tree: SourceTree, client: Client, version: str, *, again: bool) -> None:
    """Into this kernel; what the installer says is shown only if it fails."""
    said: list[str] = []
    try:
        if again:  # other code under the same version, from another index
            client.install(
                f"{tree.project}=={version}", options=["--force-reinstall", "--no-deps"], say=said.append
            )
        if tree.dependencies or not again:
            client.install(f"{tree.project}=={version}", say=said.append)
    except InstallFailed:
        print(*said, sep="\n")
        raise


def _save(tree: SourceTree, version: str, folder: Path) -> Path:
    """Keep the source tree, over an earlier one of the same project. Raises UsageError if the folder is another's."""
    project = None
    with suppress(FileNotFoundError, NotADirectoryError, tomllib.TOMLDecodeError):
        written = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
        project = written.get("project", {}).get("name")
    if folder.exists() and project != tree.project and not (folder.is_dir() and not any(folder.iterdir())):
        raise UsageError(f"{folder} holds something else", hint="--save NEW-FOLDER")
    return tree.write(folder, version).parent.absolute()
