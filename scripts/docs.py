"""The parts of docs/reference that are made from the code.

They stand between ``<!-- generated: KIND ARGUMENTS -->`` and ``<!-- /generated -->``; everything around them is
written by hand. The tests compare.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import tempfile
from collections import ChainMap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from flask import Flask

import pocketrepo
from pocketrepo.cli import cli
from pocketrepo.server import create_app
from pocketrepo.settings import MIB, Settings

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"
WIDTH = 88
REGION = re.compile(r"(<!-- generated: (\w+) ?(.*?) -->\n).*?(<!-- /generated -->)", re.DOTALL)


def main() -> None:
    for page in sorted(REFERENCE.glob("*.md")):
        before = page.read_text("utf-8")
        after = regenerate(before)
        if after != before:
            page.write_text(after, "utf-8")
            print(f"wrote {page.relative_to(Path.cwd())}")


def regenerate(text: str) -> str:
    """A page with its generated parts as they should be."""

    def fill(region: re.Match[str]) -> str:
        start, kind, arguments, end = region.groups()
        return f"{start}\n{KINDS[kind](*arguments.split()).strip()}\n\n{end}"

    return REGION.sub(fill, text)


def help_of(*commands: str) -> str:
    """The help of each command; ``repo.create`` is a subcommand, ``repo.*`` a group with all of its own."""
    return "\n\n".join(_help(words) for command in commands for words in _spelled_out(command.split(".")))


def _spelled_out(words: list[str]) -> Iterator[list[str]]:
    if words[-1] != "*":
        yield words
        return
    group = cli.get_command(None, words[0])  # type: ignore[arg-type]
    yield words[:1]
    yield from ([words[0], name] for name in group.list_commands(None))  # type: ignore[union-attr,arg-type]


def _help(words: list[str]) -> str:
    result = CliRunner().invoke(cli, [*words, "--help"], prog_name="pocketrepo", terminal_width=WIDTH)
    assert result.exit_code == 0, result.output
    name = " ".join(["pocketrepo", *words])
    return f"### `{name}`\n\n```console\n$ {name} --help\n{result.output.rstrip()}\n```"


def settings() -> str:
    """Every setting: its name, flag, variable, default and meaning."""
    rows = ["| setting | flag | variable | default | meaning |", "| --- | --- | --- | --- | --- |"]
    flags = {parameter.name: parameter.opts[0] for parameter in cli.get_command(None, "serve").params}  # type: ignore
    for item in dataclasses.fields(Settings):
        variable = f"POCKETREPO_{item.name.upper()}"
        rows.append(
            f"| `{item.name}` | `{flags[item.name]}` | `{variable}` | {_default(item)} | {item.metadata['help']} |"
        )
    return "\n".join(rows)


def _default(item: dataclasses.Field[Any]) -> str:
    if item.name == "root":
        return "the user-data folder"
    value = item.default
    if isinstance(value, int) and value >= MIB:
        return f"`{value}` ({value // MIB:,} MiB)"
    return f"`{value}`" if value not in (None, (), False) else {None: "none", (): "none", False: "off"}[value]


def routes(*modules: str) -> str:
    """Requests that the views of these modules answer, each with what its view says of itself."""
    with tempfile.TemporaryDirectory() as root:
        app = create_app(Settings(root=Path(root)))
    rows = ["| request | answer |", "| --- | --- |"]
    for module in modules:
        for view, requests in requests_of(app).items():
            if view.partition(".")[0] == module:
                said = " ".join(inspect.getdoc(app.view_functions[view]).split())  # type: ignore[union-attr]
                rows.append(f"| {'<br>'.join(f'`{one}`' for one in requests)} | {_markdown(said)} |")
    return "\n".join(rows)


def requests_of(app: Flask) -> dict[str, list[str]]:
    """View -> the requests it answers, as ``GET /OWNER/REPO/simple/``."""
    found: dict[str, list[str]] = {}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda part: part[1].upper(), rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            found.setdefault(rule.endpoint, []).append(f"{method} {path}")
    return found


def api(*names: str) -> str:
    """Functions and classes of `pocketrepo`, or of a module of it as ``testing.Index``."""
    return "\n\n".join(_described(name) for name in names)


def _described(name: str) -> str:
    if name == "errors":
        return _errors()
    module, _, name = name.rpartition(".")
    value = getattr(importlib.import_module(f"pocketrepo.{module}") if module else pocketrepo, name)
    said = _markdown(inspect.getdoc(value) or "")
    if not inspect.isclass(value):
        return f"### `{name}`\n\n{_code(_signature(f'pocketrepo.{name}', value))}\n\n{said}"
    parts = [f"### `{name}`", said]
    if dataclasses.is_dataclass(value):
        parts.insert(1, _code(_fields(value)))
    parts += ["\n".join(f"- {member}" for member in _members(value))]
    return "\n\n".join(filter(None, parts))


def _errors() -> str:
    from pocketrepo.web import STATUS

    rows = ["| error | HTTP | meaning |", "| --- | --- | --- |"]
    for name, kind in vars(pocketrepo.errors).items():
        if inspect.isclass(kind) and issubclass(kind, pocketrepo.errors.PocketRepoError):
            status = next((str(status) for base, status in STATUS if issubclass(kind, base)), "")
            said = (kind.__doc__ or "").strip() or f"A kind of `{kind.__base__.__name__}`."
            rows.append(f"| `{name}` | {status} | {_markdown(' '.join(said.split()))} |")
    return "\n".join(rows)


def _code(source: str) -> str:
    # With the quotes that the formatter of this project uses.
    return "```python\n{}\n```".format(source.replace("'", '"'))


def _fields(value: Any) -> str:
    return "\n".join(
        [f"class {value.__name__}:", *(f"    {item.name}: {item.type}" for item in dataclasses.fields(value))]
    )


def _members(value: type) -> Iterator[str]:
    ours = [vars(kind) for kind in value.__mro__ if kind.__module__.startswith("pocketrepo")]
    for name, member in ChainMap(*map(dict, ours)).items():
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            assert member.fget is not None
            kind = inspect.signature(member.fget).return_annotation
            yield _line(f"{name}: {kind}", member.fget)
        elif isinstance(member, classmethod) or inspect.isfunction(member):
            yield _line(_signature(name, getattr(value, name), one_line=True), member)


def _line(shown: str, member: Any) -> str:
    said = " ".join((inspect.getdoc(member) or "").split())
    return f"`{shown}`" + (f": {_markdown(said)}" if said else "")


class _Bare(str):
    """An annotation that prints as it was written."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _signature(name: str, function: Callable[..., Any], *, one_line: bool = False) -> str:
    signature = inspect.signature(function)
    parameters = [
        parameter.replace(annotation=_Bare(parameter.annotation))
        for parameter in signature.parameters.values()
        if parameter.name != "self"
    ]
    result = _Bare(signature.return_annotation)
    line = f"{name}{signature.replace(parameters=parameters, return_annotation=result)}"
    if one_line or len(line) <= WIDTH:
        return line
    rows = [f"{parameter}," for parameter in parameters]
    kinds = [parameter.kind for parameter in parameters]
    if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        rows.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*,")
    return "\n".join([f"{name}(", *(f"    {row}" for row in rows), f") -> {result}"])


def _markdown(docstring: str) -> str:
    """Our docstrings are reStructuredText of the plainest kind."""
    return docstring.replace("``", "`")


KINDS: dict[str, Callable[..., str]] = {"help": help_of, "settings": settings, "routes": routes, "api": api}

if __name__ == "__main__":
    main()
