"""The documentation tells of everything there is, of nothing else, and its first examples work."""

from __future__ import annotations

import importlib.util
import inspect
import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import get_args

import click
import pytest
from flask import Flask

import pocketrepo
from pocketrepo.cli import cli
from pocketrepo.maintenance import Finding
from tests.examples import SAMPLE, TOP, agrees, examples, reader

DOCS = TOP / "docs"
REFERENCE = DOCS / "reference"
PAGES = [TOP / "README.md", TOP / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
README_SECTIONS = (TOP / "README.md").read_text("utf-8").split("\n## ")


def reference(page: str) -> str:
    return (REFERENCE / f"{page}.md").read_text("utf-8")


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generator", TOP / "scripts" / "docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", sorted(REFERENCE.glob("*.md")), ids=lambda page: page.stem)
def test_generated_parts_are_up_to_date(page: Path, generator: ModuleType) -> None:
    text = page.read_text("utf-8")
    assert text == generator.regenerate(text), "run scripts/docs"


def commands(group: click.Group = cli, path: str = "pocketrepo") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


@pytest.mark.parametrize(("name", "command"), [pytest.param(*each, id=each[0]) for each in commands()])
def test_every_command_and_option_is_described(name: str, command: click.Command) -> None:
    section = re.search(rf"### `{re.escape(name)}`\n(.*?)(?=\n##|\Z)", reference("cli"), re.DOTALL)
    assert section, f"no section about {name}"
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert all(option in section[1] for option in parameter.opts)


def test_every_setting_is_described_with_its_flag_and_variable() -> None:
    for item in fields(pocketrepo.Settings):
        row = re.search(rf"^\| `{item.name}` \|.*$", reference("settings"), re.MULTILINE)
        assert row, item.name
        assert f"`POCKETREPO_{item.name.upper()}`" in row[0]
        assert "`--" in row[0]


def test_every_variable_that_the_code_reads_is_described() -> None:
    source = "".join(path.read_text("utf-8") for path in (TOP / "pocketrepo").rglob("*.py"))
    for variable in set(re.findall(r'"(POCKETREPO_[A-Z_]+)"', source)) - {"POCKETREPO_"}:
        assert f"`{variable}`" in reference("settings")


def test_routes_are_described_and_none_is_made_up(app: Flask, generator: ModuleType) -> None:
    there = {request for requests in generator.requests_of(app).values() for request in requests}
    described = set(re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`]*)`", reference("http")))
    assert described == there


def test_every_public_name_is_described() -> None:
    for name in pocketrepo.__all__:
        assert re.search(rf"`{name}`", reference("python")), name


@pytest.mark.parametrize("kind", [pocketrepo.Server, pocketrepo.Client])
def test_every_public_member_is_described(kind: type) -> None:
    section = re.search(rf"### `{kind.__name__}`\n(.*?)(?=\n##|\Z)", reference("python"), re.DOTALL)
    assert section
    for name in vars(kind):
        assert name.startswith("_") or re.search(rf"^- `{name}\b", section[1], re.MULTILINE), name


def test_every_kind_of_finding_is_described() -> None:
    page = (DOCS / "how-to" / "back-up-and-check.md").read_text("utf-8")
    for kind in get_args(inspect.get_annotations(Finding, eval_str=True)["kind"]):
        assert f"`{kind}`" in page


def test_every_dependency_has_its_reason_in_the_design() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]
    declared = [re.split(r"[<>=~! \[;]", text)[0] for text in project["dependencies"]]
    page = (DOCS / "design.md").read_text("utf-8")
    table = page[page.index("| package | for |") :]
    assert re.findall(r"^\| ([\w-]+) \| \S", table, re.MULTILINE)[2:] == declared


def anchors(text: str) -> set[str]:
    """What can be linked to on a page."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize(
    "page", [TOP / "CONTRIBUTING.md", *DOCS.glob("design*.md")], ids=lambda page: page.name
)
def test_every_module_and_folder_that_is_named_is_there(page: Path) -> None:
    found = re.findall(r"`([a-z_/.-]+(?:\.py|/))`", page.read_text("utf-8"))
    assert [
        path for path in found if not any((top / path).exists() for top in (TOP, TOP / "pocketrepo"))
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"^(`{3,}).*?^\1", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = page.parent / path if path else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there.read_text("utf-8")), target


def test_every_page_can_be_found_from_the_readme() -> None:
    text = (TOP / "README.md").read_text("utf-8")
    for page in DOCS.glob("how-to/*.md"):
        assert f"docs/how-to/{page.name}" in text
    for page in REFERENCE.glob("*.md"):
        assert f"docs/reference/{page.name}" in text


def test_the_tutorial_writes_the_sample_package() -> None:
    first_part = (DOCS / "tutorial.md").read_text("utf-8").partition("## Push it")[0]
    written = {example.file: example.text for example in examples(first_part) if example.file}
    there = [path for path in SAMPLE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert written == {f"hello-pocket/{path.relative_to(SAMPLE)}": path.read_text("utf-8") for path in there}


@pytest.mark.parametrize("script", ["demo", "test"])
def test_the_first_screen_of_the_readme_names_both_commands(script: str) -> None:
    first_screen = "\n".join((TOP / "README.md").read_text("utf-8").splitlines()[:30])
    assert f"$ scripts/{script} " in first_screen
    assert (TOP / "scripts" / script).stat().st_mode & 0o100


@pytest.mark.journey
@pytest.mark.parametrize("section", README_SECTIONS, ids=lambda section: section.partition("\n")[0])
def test_the_examples_of_the_readme_work(section: str, tmp_path: Path) -> None:
    if section.startswith("Two commands"):
        pytest.skip("the journeys run them")
    if not any(examples(section)):
        return
    with reader(tmp_path) as somebody:
        somebody.have_sample("docs/hello-pocket")
        somebody.follow(section)


def test_three_dots_in_an_example_stand_for_anything_and_the_rest_for_itself() -> None:
    assert agrees("a 1 b\nc\n", "a ... b\nc\n")
    assert agrees("x\ny\nz\n", "...\nz")
    assert not agrees("a 1 b\nc\n", "a ... b\n")
    assert not agrees("a.1\n", "a,...\n")
