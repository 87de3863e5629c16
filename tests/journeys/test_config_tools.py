"""After an edit, the real tools are the judges: they read exactly what was meant."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pocketrepo import config
from pocketrepo.config import pip as pip_file
from tests.config import table, test_table_pip, test_table_requirements, test_table_uv
from tests.config.indexes import Indexes, serving
from tests.journeys.config_tools import Scene, environment, uv_binary

pytestmark = pytest.mark.journey

# Prints what pip's own classes read, for many files in one process.
READ_WITH_PIP = """
import json, os, sys
from pip._internal.configuration import Configuration
for path in json.load(sys.stdin):
    os.environ["PIP_CONFIG_FILE"] = path
    configuration = Configuration(isolated=False)
    try:
        configuration.load()
    except Exception as error:
        print(json.dumps({"error": type(error).__name__}))
        continue
    values = configuration.get_values_in_config("env")
    print(json.dumps(next((value for value in values.values() if isinstance(value, dict)), values)))
"""
READ_REQUIREMENTS_WITH_PIP = """
import json, sys
from pip._internal.index.collector import LinkCollector
from pip._internal.index.package_finder import PackageFinder
from pip._internal.models.search_scope import SearchScope
from pip._internal.models.selection_prefs import SelectionPreferences
from pip._internal.network.session import PipSession
from pip._internal.req.req_file import parse_requirements
for path in json.load(sys.stdin):
    session = PipSession()
    scope = SearchScope.create(find_links=[], index_urls=["default"], no_index=False)
    collector = LinkCollector(session=session, search_scope=scope)
    finder = PackageFinder.create(link_collector=collector, selection_prefs=SelectionPreferences(allow_yanked=False))
    try:
        names = [line.requirement for line in parse_requirements(path, session, finder=finder)]
    except Exception as error:
        print(json.dumps({"error": type(error).__name__}))
        continue
    print(json.dumps({"requirements": names, "indexes": finder.search_scope.index_urls}))
"""


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(tmp_path_factory.mktemp("environment") / "venv")


@pytest.fixture
def indexes() -> Iterator[Indexes]:
    packages = {letter: {"demo": ["1.0"]} for letter in "ab"} | {"n": {"demo": ["2.0"]}}
    with serving(packages) as served:
        yield served


@pytest.fixture
def scene(tmp_path: Path, prefix: Path, indexes: Indexes) -> Scene:
    scene = Scene(tmp_path / "home", prefix, indexes)
    scene.write({})
    return scene


def read_by_pip(scene: Scene, script: str, paths: list[Path]) -> list[dict[str, object]]:
    found = subprocess.run(
        [str(scene.prefix / "bin" / "python"), "-c", script],
        input=json.dumps([str(path) for path in paths]),
        capture_output=True,
        text=True,
        env=scene.env({}),
        cwd=scene.cwd,
        check=True,
    )
    return [json.loads(line) for line in found.stdout.splitlines()]


def edited(cases: table.Cases, folder: Path, suffix: str) -> list[tuple[str, Path, bytes]]:
    """Each row's text after its edit, in a file of its own."""
    found = []
    for name, (before, edits) in cases.items():
        for operation, after in edits.items():
            if isinstance(after, tuple):
                continue
            path = folder / f"{len(found)}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            data = table.urls(before if after == table.SAME else after)
            path.write_bytes(data)
            found.append((f"{name}-{operation}", path, data))
    return found


def test_pip_reads_every_edited_pip_conf_as_meant(scene: Scene, tmp_path: Path) -> None:
    rows = edited(test_table_pip.CASES, tmp_path / "rows", ".conf")
    read = read_by_pip(scene, READ_WITH_PIP, [path for _, path, _ in rows])
    assert len(rows) == len(read) > 100
    for (name, path, data), values in zip(rows, read, strict=True):
        meant = {
            f"{section}.{key}": " ".join(value) if isinstance(value, tuple) else value
            for section, keys in pip_file.read(data, path).items()
            for key, value in keys.items()
        }
        assert {key: " ".join(str(value).split()) for key, value in values.items()} == {
            key: " ".join(value.split()) for key, value in meant.items()
        }, name


def test_pip_finds_the_indexes_of_every_edited_requirements_file(scene: Scene, tmp_path: Path) -> None:
    rows = edited(test_table_requirements.CASES, tmp_path / "rows", ".txt")
    (tmp_path / "rows" / "base.txt").write_text("")
    (tmp_path / "rows" / "c.txt").write_text("")
    read = read_by_pip(scene, READ_REQUIREMENTS_WITH_PIP, [path for _, path, _ in rows])
    assert len(rows) == len(read) > 90
    for (name, path, _), found in zip(rows, read, strict=True):
        assert "error" not in found, (name, found)
        told = config.explain("demo", requirements=[path], place=scene.place({"PIP_INDEX_URL": "default"}))
        assert [index.url for index in told.indexes] == found["indexes"], name


def test_uv_asks_the_indexes_of_every_edited_uv_toml(scene: Scene) -> None:
    wanted = {"<A>": scene.indexes.url("a"), "<B>": scene.indexes.url("b"), "<N>": scene.indexes.url("n")}
    uv = uv_binary()
    compared = 0
    for name, (before, edits) in test_table_uv.CASES.items():
        for operation, after in edits.items():
            text = before if after == table.SAME else after
            if not isinstance(text, str) or "example" in text or "[sources]" in text or "note" in text:
                continue  # other hosts would be asked over the network; uv refuses unknown keys
            for key, url in wanted.items():
                text = text.replace(key, url)
            (scene.cwd / "uv.toml").write_bytes(text.encode())
            told = config.explain("absent", tool="uv", place=scene.place({}))
            scene.indexes.asked.clear()
            scene.run([uv, "pip", "install", "--dry-run", "absent", "--index-strategy", "first-index"])
            asked = [scene.indexes.url(index) for index in scene.indexes.asked_for("absent")]
            meant = [index.url for index in told.indexes if index.origin.level != "default"]
            assert asked == list(dict.fromkeys(meant)), (name, operation)
            compared += 1
    assert compared >= 25


def test_pip_installs_from_the_index_that_was_set_and_not_from_a_removed_one(scene: Scene) -> None:
    place = scene.place({})
    pip = [str(scene.prefix / "bin" / "python"), "-m", "pip"]
    config.set_index(scene.indexes.url("n"), scope="user", place=place)
    assert "demo-2.0" in scene.run([*pip, "install", "--dry-run", "demo"]).stdout
    assert scene.run([*pip, "config", "get", "global.index-url"]).stdout.strip() == scene.indexes.url("n")
    config.set_index(scene.indexes.url("a"), scope="site", place=place)
    assert "demo-1.0" in scene.run([*pip, "install", "--dry-run", "demo"]).stdout
    config.add_index(scene.indexes.url("n"), scope="site", place=place)
    assert "demo-2.0" in scene.run([*pip, "install", "--dry-run", "demo"]).stdout
    change = config.remove(scene.indexes.url("n"), place=place)
    assert len(change.files) == 2
    assert "demo-1.0" in scene.run([*pip, "install", "--dry-run", "demo"]).stdout
    change.undo()
    assert "demo-2.0" in scene.run([*pip, "install", "--dry-run", "demo"]).stdout


def test_pip_debug_names_the_files_that_show_names(scene: Scene) -> None:
    output = scene.run([str(scene.prefix / "bin" / "python"), "-m", "pip", "config", "debug"]).stdout
    listed = [line.strip().split(", exists:")[0] for line in output.splitlines() if ", exists:" in line]
    shown = [str(file.path) for file in config.show("pip", place=scene.place({})).files]
    assert set(shown) == set(listed) != set()


def test_uv_locks_a_project_from_the_index_that_was_set(scene: Scene) -> None:
    project = '[project]\nname = "x"\nversion = "0"\nrequires-python = ">=3.9"\ndependencies = ["demo"]\n'
    scene.write({"proj/pyproject.toml": project})
    config.set_index(scene.indexes.url("n"), tool="uv", place=scene.place({}))
    locked = scene.run([uv_binary(), "lock", "--no-progress"])
    assert locked.returncode == 0, locked.stderr
    assert scene.indexes.url("n").rstrip("/") in (scene.cwd / "uv.lock").read_text()
    assert scene.indexes.asked_for("demo") == ["n"]


def test_using_leads_pip_and_uv_to_a_temporary_index_and_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in scene.env({}).items():
        monkeypatch.setenv(name, value)
    config.set_index(scene.indexes.url("a"), scope="user", place=scene.place({}))
    pip = [str(scene.prefix / "bin" / "python"), "-m", "pip", "install", "--dry-run", "demo"]
    with config.using(scene.indexes.url("n")):
        assert "demo-2.0" in subprocess.run(pip, capture_output=True, text=True, cwd=scene.cwd).stdout
        uv = subprocess.run(
            [uv_binary(), "pip", "install", "--dry-run", "demo"],
            capture_output=True,
            text=True,
            cwd=scene.cwd,
        )
        assert "demo==2.0" in uv.stderr
    assert "demo-1.0" in subprocess.run(pip, capture_output=True, text=True, cwd=scene.cwd).stdout


def test_pip_takes_the_credentials_from_netrc(tmp_path: Path, prefix: Path) -> None:
    """pip asks netrc by the host alone, which is why a loopback server's login never goes there unless insisted."""
    with serving({"n": {"demo": ["2.0"]}}, logins={"n": ("ada", "s3cret")}) as indexes:
        scene = Scene(tmp_path / "home", prefix, indexes)
        scene.write({})
        place = scene.place({})
        config.set_index(indexes.url("n", "ada:s3cret@"), scope="user", credentials="url", place=place)
        install = [str(prefix / "bin" / "python"), "-m", "pip", "install", "--dry-run", "demo"]
        assert "demo-2.0" in scene.run(install).stdout
        assert (scene.home / ".config/pip/pip.conf").stat().st_mode & 0o777 == 0o600


PROJECT = '[project]\nname = "x"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = ["demo"]\n'


def test_poetry_sees_the_sources_that_were_set(tmp_path: Path, indexes: Indexes) -> None:
    venv = environment(tmp_path / "tools", "poetry")
    scene = Scene(tmp_path / "home", venv, indexes)
    scene.write({"proj/pyproject.toml": PROJECT})
    place = scene.place({})
    config.set_index(indexes.url("n"), tool="poetry", place=place)
    config.add_index(indexes.url("a"), tool="poetry", name="second", place=place)
    told = [(index.name, index.url) for index in config.explain("demo", tool="poetry", place=place).indexes]
    shown = scene.run([str(venv / "bin" / "poetry"), "source", "show", "--no-ansi"])
    lines = [line.split(" : ", 1)[1].strip() for line in shown.stdout.splitlines() if " : " in line]
    assert list(zip(lines[0::3], lines[1::3], strict=True)) == told, shown.stdout + shown.stderr
    locked = scene.run([str(venv / "bin" / "poetry"), "lock", "--no-ansi"])
    assert locked.returncode == 0, locked.stdout + locked.stderr
    assert 'version = "2.0"' in (scene.cwd / "poetry.lock").read_text()
    config.remove("second", tool="poetry", place=place)
    assert "second" not in scene.run([str(venv / "bin" / "poetry"), "source", "show", "--no-ansi"]).stdout


def test_pdm_sees_the_source_that_was_set(tmp_path: Path, indexes: Indexes) -> None:
    venv = environment(tmp_path / "tools", "pdm", "hishel<2")  # pdm 2.29 does not start with hishel 2
    scene = Scene(tmp_path / "home", venv, indexes)
    scene.write({"proj/pyproject.toml": PROJECT})
    config.set_index(indexes.url("n"), tool="pdm", place=scene.place({}))
    locked = scene.run([str(venv / "bin" / "pdm"), "lock", "--no-cross-platform"], {"PDM_CHECK_UPDATE": "0"})
    assert locked.returncode == 0, locked.stdout + locked.stderr
    assert set(indexes.asked_for("demo")) == {"n"}
    assert 'version = "2.0"' in (scene.cwd / "pdm.lock").read_text()


def test_twine_knows_the_server_that_was_named(tmp_path: Path, indexes: Indexes) -> None:
    venv = environment(tmp_path / "tools", "twine")
    scene = Scene(tmp_path / "home", venv, indexes)
    scene.write({".pypirc": "[pypi]\nusername = __token__\npassword = keep\n"})
    config.set_publish("https://repo.example/legacy/", name="ours", place=scene.place({}))
    script = (
        "import json; from twine.utils import get_config, get_repository_from_config as get; import os;"
        "path = os.path.expanduser('~/.pypirc'); print(json.dumps([sorted(get_config(path)),"
        "get(path, 'ours')['repository'], get(path, 'pypi')['password']]))"
    )
    found = scene.run([str(venv / "bin" / "python"), "-c", script])
    assert json.loads(found.stdout) == [["ours", "pypi"], "https://repo.example/legacy/", "keep"], (
        found.stderr
    )
