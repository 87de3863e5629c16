"""``explain`` beside the real pip and uv: the same indexes in the same order, whatever sets them."""

# ruff: noqa: E501 - a row is a line

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pocketrepo import config
from tests.config.indexes import serving
from tests.journeys.config_tools import Scene, environment, uv_binary

pytestmark = pytest.mark.journey

USER, OLD, GLOBAL, SITE = ".config/pip/pip.conf", ".pip/pip.conf", "etc/pip/pip.conf", "site/pip.conf"
Case = tuple[Mapping[str, str], Mapping[str, str], str]


def conf(section: str = "global", **keys: str) -> str:
    return f"[{section}]\n" + "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in keys.items())


A = conf(index_url="<a>")
# Name: files, variables, further arguments of ``pip install demo``.
PIP: dict[str, Case] = {
    "user": ({USER: A}, {}, ""),
    "user and extra": ({USER: A + "extra-index-url = <b>\n  <c>\n"}, {}, ""),
    "legacy user": ({OLD: A}, {}, ""),
    "legacy and new user": ({OLD: A + "extra-index-url = <b>\n", USER: conf(index_url="<c>")}, {}, ""),
    "global": ({GLOBAL: A}, {}, ""),
    "user beats global": ({GLOBAL: A, USER: conf(index_url="<b>")}, {}, ""),
    "site beats user": ({USER: A, SITE: conf(index_url="<b>")}, {}, ""),
    "lists do not merge": ({USER: A + "extra-index-url = <b>\n", SITE: conf(extra_index_url="<c>")}, {}, ""),
    "install section beats global section": ({GLOBAL: conf("install", index_url="<b>"), USER: A}, {}, ""),
    "install section of a weaker file": ({USER: conf("install", index_url="<b>"), SITE: A}, {}, ""),
    "another command's section": ({USER: A + conf("download", index_url="<b>")}, {}, ""),
    "wrong case of a section": ({USER: A + conf("Global", extra_index_url="<b>")}, {}, ""),
    "default section leaks": ({USER: conf("DEFAULT", extra_index_url="<b>") + A}, {}, ""),
    "underscores": ({USER: "[global]\nindex_url = <a>\nextra_index_url = <b>\n"}, {}, ""),
    "upper case and dashes": ({USER: "[global]\nINDEX-URL: <a>\n--extra-index-url = <b>\n"}, {}, ""),
    "alias": ({USER: conf(pypi_url="<a>")}, {}, ""),
    "alias after index": ({USER: conf(index_url="<a>", pypi_url="<b>")}, {}, ""),
    "alias before index": ({USER: conf(pypi_url="<b>", index_url="<a>")}, {}, ""),
    "inline comment is part of the list": ({USER: A + "extra-index-url = <b> # ours\n"}, {}, ""),
    "comment line within a list": ({USER: A + "extra-index-url = <b>\n  # no\n  <c>\n"}, {}, ""),
    "blank line within a list": ({USER: A + "extra-index-url = <b>\n\n  <c>\n"}, {}, ""),
    "carriage returns": ({USER: A.replace("\n", "\r\n") + "extra-index-url = <b>\r\n"}, {}, ""),
    "variable beats files": ({SITE: A}, {"PIP_INDEX_URL": "<b>"}, ""),
    "variable of the alias": ({SITE: A}, {"PIP_PYPI_URL": "<b>"}, ""),
    "extra variable replaces the list": ({USER: A + "extra-index-url = <b>\n"}, {"PIP_EXTRA_INDEX_URL": "<c> <d>"}, ""),
    "lower-case variable": ({USER: A}, {"pip_index_url": "<b>"}, ""),
    "empty variable": ({USER: A}, {"PIP_INDEX_URL": "", "PIP_EXTRA_INDEX_URL": "<b>"}, ""),
    "no-index": ({USER: A + "no-index = true\n"}, {}, ""),
    "no-index undone": ({USER: A + "no-index = yes\n"}, {"PIP_NO_INDEX": "0"}, ""),
    "no-index beats the command line": ({USER: "[global]\nno-index = 1\n"}, {}, "--index-url <a>"),
    "PIP_CONFIG_FILE replaces the user": ({USER: A, "my.conf": conf(extra_index_url="<b>"), GLOBAL: conf(index_url="<c>")}, {"PIP_CONFIG_FILE": "../my.conf"}, ""),
    "PIP_CONFIG_FILE that is not there": ({USER: A}, {"PIP_CONFIG_FILE": "none.conf"}, ""),
    "no files": ({USER: A}, {"PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": "<b>"}, ""),
    "isolated": ({USER: A, SITE: conf(index_url="<c>")}, {"PIP_INDEX_URL": "<b>"}, "--isolated"),
    "command line": ({USER: A + "extra-index-url = <b>\n"}, {}, "--index-url <c>"),
    "command line appends extras": ({USER: A + "extra-index-url = <b>\n"}, {}, "--extra-index-url <c> --extra-index-url=<d>"),
    "short option": ({USER: A}, {}, "-i<b>"),
    "requirements index wipes": ({USER: A + "extra-index-url = <b>\n", "proj/r.txt": "-i <c>\n"}, {}, "-r r.txt --extra-index-url <d>"),
    "extra before the index": ({USER: A, "proj/r.txt": "--extra-index-url <b>\n-i <c>\n--extra-index-url <d>\n"}, {}, "-r r.txt"),
    "extra in a file appends": ({USER: A, "proj/r.txt": "--extra-index-url=<b>\n"}, {}, "-r r.txt"),
    "both on a line": ({USER: A, "proj/r.txt": "--extra-index-url <b> -i <c>\n"}, {}, "-r r.txt"),
    "nested file": ({USER: A, "proj/r.txt": "--extra-index-url <b>\n-r sub/n.txt\n", "proj/sub/n.txt": "-i <c>\n-r m.txt\n", "proj/sub/m.txt": "--extra-index-url <d>\n"}, {}, "-r r.txt"),
    "constraints come first": ({USER: A, "proj/r.txt": "--extra-index-url <b>\n", "proj/c.txt": "-i <c>\n"}, {}, "-r r.txt -c c.txt"),
    "constraint variable": ({USER: A, "proj/c.txt": "-i <c>\n"}, {"PIP_CONSTRAINT": "c.txt"}, ""),
    "requirement in the configuration": ({USER: A + conf("install", requirement="r.txt"), "proj/r.txt": "--extra-index-url <b>\n"}, {}, ""),
    "options on a requirement": ({USER: A, "proj/r.txt": "other --extra-index-url <b>\n"}, {}, "-r r.txt --no-deps"),
    "options on a nested line": ({USER: A, "proj/r.txt": "-r n.txt -i <b>\n", "proj/n.txt": "\n"}, {}, "-r r.txt"),
    "second URL is dropped": ({USER: A, "proj/r.txt": "--extra-index-url <b> <c>\n"}, {}, "-r r.txt"),
    "abbreviations": ({USER: A, "proj/r.txt": "--index <b>\n--extra '<c>'\n"}, {}, "-r r.txt"),
    "continuation": ({USER: A, "proj/r.txt": "--index-url \\\n  <b>\n"}, {}, "-r r.txt"),
    "variable in a file": ({USER: A, "proj/r.txt": "-i ${WHERE}\n"}, {"WHERE": "<b>"}, "-r r.txt"),
    "no-index in a file": ({USER: A, "proj/r.txt": "--no-index\n-i <b>\n"}, {}, "-r r.txt"),
    "empty value cancels": ({USER: A + "extra-index-url = <b>\n", SITE: "[global]\nextra-index-url =\n"}, {}, ""),
}  # fmt: skip


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(tmp_path_factory.mktemp("environment") / "venv")


@pytest.fixture
def scene(tmp_path: Path, prefix: Path) -> Iterator[Scene]:
    with serving({}) as indexes:
        yield Scene(tmp_path / "home", prefix, indexes)


def asked_by_pip(scene: Scene, variables: Mapping[str, str], args: str) -> list[str]:
    """What pip says that it looks in: its indexes in its order."""
    command = [
        str(scene.prefix / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--dry-run",
        "demo",
        *args.split(),
    ]
    output = scene.run(command, variables)
    line = next((line for line in output.stdout.splitlines() if line.startswith("Looking in indexes: ")), "")
    return line.removeprefix("Looking in indexes: ").split(", ") if line else []


@pytest.mark.parametrize("name", PIP)
def test_pip_asks_what_explain_says(scene: Scene, name: str) -> None:
    files, variables, args = PIP[name]
    scene.write(files)
    words = [scene.filled(word) for word in args.split()]
    told = config.explain("demo", args=words, place=scene.place(variables))
    shown = [
        index.url.removeprefix("#") for index in told.indexes
    ]  # pip takes "#" for an empty URL when it prints it
    assert shown == asked_by_pip(scene, variables, args)


def index(name: str, letter: str, more: str = "") -> str:
    return f'[[index]]\nname = "{name}"\nurl = "<{letter}>"\n{more}'


D = "default = true\n"
HERE, HOME, ETC, PYPROJECT = "proj/uv.toml", ".config/uv/uv.toml", "etc/uv/uv.toml", "proj/pyproject.toml"
END = index("end", "h", D)
UV: dict[str, Case] = {
    "default": ({HERE: END}, {}, ""),
    "default comes last": ({HERE: END + index("p", "a")}, {}, ""),
    "explicit is not asked": ({HERE: END + index("p", "a", "explicit = true\n")}, {}, ""),
    "all levels": ({HERE: index("p", "a") + END, HOME: index("u", "b") + index("e", "c", D), ETC: index("s", "d")}, {"UV_INDEX": "<e>"}, ""),
    "the same name": ({HERE: index("p", "a") + END, HOME: index("p", "b")}, {}, ""),
    "the name in another case": ({HERE: index("P", "a") + END, HOME: index("p", "b")}, {}, ""),
    "name of a default": ({HERE: END, HOME: index("end", "b")}, {}, ""),
    "no name": ({HERE: '[[index]]\nurl = "<a>"\n' + END}, {}, ""),
    "--index replaces UV_INDEX": ({HERE: END}, {"UV_INDEX": "<a>"}, "--index <b>"),
    "--extra-index-url beside UV_INDEX": ({HERE: END}, {"UV_INDEX": "<a>"}, "--extra-index-url <b>"),
    "UV_EXTRA_INDEX_URL": ({HERE: END + index("p", "c")}, {"UV_INDEX": "<a>", "UV_EXTRA_INDEX_URL": "<b> <d>"}, ""),
    "named variable": ({HERE: END + index("p", "a")}, {"UV_INDEX": "p=<b>"}, ""),
    "old keys": ({HERE: 'index-url = "<a>"\nextra-index-url = ["<b>", "<c>"]\n'}, {}, ""),
    "old keys beside new": ({HERE: 'index-url = "<a>"\nextra-index-url = ["<b>"]\n' + index("p", "c")}, {}, ""),
    "default beats index-url": ({HERE: 'index-url = "<a>"\n' + END}, {}, ""),
    "pip table": ({HERE: END + '[pip]\nindex-url = "<a>"\nextra-index-url = ["<b>"]\n'}, {}, ""),
    "pip table before the top": ({HERE: 'index-url = "<a>"\nextra-index-url = ["<b>"]\n[pip]\nindex-url = "<c>"\nextra-index-url = ["<d>"]\n'}, {}, ""),
    "old keys of two files": ({HERE: 'extra-index-url = ["<a>"]\n' + index("p", "b"), HOME: 'index-url = "<c>"\nextra-index-url = ["<d>"]\n' + index("u", "e")}, {}, ""),
    "default of a weaker file beats index-url": ({HERE: 'index-url = "<a>"\n', HOME: index("u", "b", D)}, {}, ""),
    "UV_INDEX_URL beats files": ({HERE: END}, {"UV_INDEX_URL": "<a>"}, ""),
    "UV_DEFAULT_INDEX beats -i": ({}, {"UV_DEFAULT_INDEX": "<a>"}, "-i <b>"),
    "--default-index beats its variable": ({}, {"UV_DEFAULT_INDEX": "<a>"}, "--default-index <b>"),
    "uv.toml hides pyproject.toml": ({HERE: END, PYPROJECT: '[[tool.uv.index]]\nname = "p"\nurl = "<a>"\n'}, {}, ""),
    "pyproject.toml": ({PYPROJECT: '[[tool.uv.index]]\nname = "p"\nurl = "<a>"\n\n[[tool.uv.index]]\nurl = "<b>"\ndefault = true\n'}, {}, ""),
    "a folder above": ({"uv.toml": END, PYPROJECT: "[project]\nname = 'x'\nversion = '0'\n"}, {}, ""),
    "UV_CONFIG_FILE": ({HERE: END, HOME: index("u", "b"), "my.toml": index("m", "a", D)}, {"UV_CONFIG_FILE": "../my.toml"}, ""),
    "UV_NO_CONFIG": ({HERE: END}, {"UV_NO_CONFIG": "1", "UV_DEFAULT_INDEX": "<a>"}, ""),
    "--no-config": ({HERE: END}, {"UV_DEFAULT_INDEX": "<a>"}, "--no-config"),
    "no-index": ({HERE: "no-index = true\n" + END}, {}, ""),
    "no-index undone": ({HERE: "no-index = true\n" + END + "[pip]\nno-index = false\n"}, {}, ""),
    "requirements -i comes last": ({"proj/r.txt": "-i <a>\n--extra-index-url <b>\n"}, {}, "-r r.txt"),
    "requirements -i beside a default": ({HERE: END + index("p", "c"), "proj/r.txt": "-i <a>\n--extra-index-url <b>\n"}, {}, "-r r.txt"),
    "requirements no-index": ({HERE: END, "proj/r.txt": "--no-index\n"}, {}, "-r r.txt"),
    "nested requirements": ({HERE: END, "proj/r.txt": "-r n.txt\n--extra-index-url <b>\n", "proj/n.txt": "--extra-index-url <c>\n"}, {}, "-r r.txt"),
    "constraints": ({HERE: END, "proj/c.txt": "--extra-index-url <c>\n"}, {}, "-c c.txt"),
    "pip's settings": ({HERE: END, USER: A}, {"PIP_INDEX_URL": "<b>"}, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", UV)
def test_uv_asks_what_explain_says(scene: Scene, name: str) -> None:
    files, variables, args = UV[name]
    scene.write(files)
    words = [scene.filled(word) for word in args.split()]
    told = config.explain("demo", tool="uv", args=words, place=scene.place(variables))
    command = [uv_binary(), "pip", "install", "--dry-run", "demo", *args.split()]
    assert [scene.indexes.url(letter) for letter in scene.asked(command, variables)] == [
        i.url for i in told.indexes
    ]


def test_at_least_sixty_combinations_are_compared() -> None:
    assert len(PIP) + len(UV) >= 60


VERSIONS = {
    "two spellings": ("[global]\nindex-url = <a>\nindex_url = <b>\n", ["25.0", "26.3"]),
    "empty value above": ("[global]\nindex-url = <a>\nextra-index-url =\n", ["25.0", "25.2", "26.3"]),
}


@pytest.mark.parametrize("pip", ["25.0", "25.2", "26.3"])
def test_pip_versions_differ_as_explain_says(tmp_path: Path, pip: str) -> None:
    venv = environment(tmp_path / "venv", f"pip=={pip}")
    with serving({}) as indexes:
        scene = Scene(tmp_path / "home", venv, indexes)
        for text, versions in VERSIONS.values():
            if pip not in versions:
                continue
            scene.write({USER: "[global]\nextra-index-url = <c>\n", SITE: text})
            told = config.explain("demo", place=scene.place({}))
            asked = asked_by_pip(scene, {}, "")
            assert asked == ([] if told.errors else [index.url for index in told.indexes])
