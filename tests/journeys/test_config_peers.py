"""The same pip.conf files set to the same index by others' tools: how many come out as asked, and only that."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pocketrepo import config
from pocketrepo.config import pip
from pocketrepo.config.locate import Place
from pocketrepo.errors import UnsafeEdit
from tests.config import table, test_table_pip
from tests.config.indexes import serving
from tests.journeys.config_tools import Scene, environment

pytestmark = pytest.mark.journey

URL = table.N
INPUTS = {name: table.urls(before) for name, (before, _) in test_table_pip.CASES.items()}

DEVPI = """
import json, sys
from devpi.use import PipCfg
for path in json.load(sys.stdin):
    PipCfg(path=path).write_indexserver("https://n.example/simple/")
"""
# The command's own class, without the request for a token that comes before it.
AWS = """
import datetime, json, os, subprocess, sys
from awscli.customizations.codeartifact.login import PipLogin
expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
for path in json.load(sys.stdin):
    os.environ["XDG_CONFIG_HOME"] = os.path.dirname(os.path.dirname(path))
    login = PipLogin("T0KEN", expires, "https://n.example/", "domain", "repository", subprocess)
    try:
        login.login()
    except Exception:
        pass
"""
PIP = """
import json, os, subprocess, sys
for path in json.load(sys.stdin):
    command = [sys.executable, "-m", "pip", "config", "set", "global.index-url", "https://n.example/simple/"]
    home = os.path.dirname(os.path.dirname(path))
    subprocess.run(command, env={**os.environ, "XDG_CONFIG_HOME": home}, capture_output=True)
"""


def indexed(data: bytes, path: Path) -> pip.Reading:
    """What pip reads, the index and its alias under one name."""
    reading = pip.read(data, path)
    for keys in reading.values():
        if "pypi-url" in keys:
            keys["index-url"] = keys.pop("pypi-url")
    return reading


def shortcomings(before: bytes, after: bytes, path: Path) -> set[str]:
    """In which ways the new file is not the old one with its index changed."""
    found = set()
    try:
        now = indexed(after, path)
    except UnsafeEdit:
        return {"pip refuses the file"}
    then = indexed(before, path)
    index = str(now.get("global", {}).pop("index-url", ""))
    then.get("global", {}).pop("index-url", None)
    if "n.example" not in index:
        found.add("the index is not set")
    if {name: keys for name, keys in now.items() if keys} != {
        name: keys for name, keys in then.items() if keys
    }:
        found.add("other settings changed")
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    kept = [
        line for line in old if not re.search(rb"(?i)^\s*-*(index[-_]url|pypi[-_]url)|^\s+https://a\.", line)
    ]
    if any(line.lstrip().startswith((b"#", b";")) and line not in new for line in kept):
        found.add("comments lost")
    rest = iter([line.rstrip(b"\r\n") for line in new])
    if not all(line.rstrip(b"\r\n") in rest for line in kept) or _breaks(before) != _breaks(after):
        found.add("other lines changed")
    return found


def _breaks(data: bytes) -> set[bytes]:
    return set(re.findall(rb"\r\n|\r|\n", data)) or {b"\n"}


def write_all(folder: Path) -> dict[str, Path]:
    """Each in a folder that can be a user's configuration folder."""
    paths = {name: folder / str(number) / "pip" / "pip.conf" for number, name in enumerate(INPUTS)}
    for name, path in paths.items():
        path.parent.mkdir(parents=True)
        path.write_bytes(INPUTS[name])
    return paths


def judged(paths: dict[str, Path], title: str, report: Callable[[str, object], None]) -> int:
    bad = {name: shortcomings(INPUTS[name], path.read_bytes(), path) for name, path in paths.items()}
    right = sum(not what for what in bad.values())
    kinds = sorted({kind for what in bad.values() for kind in what})
    counts = {kind: sum(kind in what for what in bad.values()) for kind in kinds}
    report(title, {"right": right, "of": len(paths), **counts})
    return right


def run(tmp_path: Path, venv: Path, script: str) -> dict[str, Path]:
    paths = write_all(tmp_path / "files")
    with serving({}) as indexes:
        scene = Scene(tmp_path / "home", venv, indexes)
        scene.write({})
        env = scene.env({}) | {"PATH": f"{venv / 'bin'}:/usr/bin:/bin"}
        text = json.dumps([str(path) for path in paths.values()])
        python = str(venv / "bin" / "python")
        subprocess.run(
            [python, "-c", script], input=text, text=True, env=env, check=True, capture_output=True
        )
    return paths


def test_every_file_comes_out_as_asked(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    paths = write_all(tmp_path / "files")
    place = Place({}, tmp_path, tmp_path / "home", tmp_path / "venv")
    for path in paths.values():
        config.set_index(URL, file=path, place=place)
    assert judged(paths, "pocketrepo config set-index", record_property) == len(INPUTS) >= 30


@pytest.mark.parametrize(
    ("title", "package", "script"),
    [
        ("pip config set", "", PIP),
        ("devpi use --set-cfg", "devpi-client", DEVPI),
        ("aws codeartifact login", "awscli", AWS),
    ],
)
def test_others_lose_something(
    tmp_path: Path, title: str, package: str, script: str, record_property: Callable[[str, object], None]
) -> None:
    """The comparison in the documentation; if a peer learns to keep everything, the page needs an update."""
    venv = environment(tmp_path / "venv", *([package] if package else []))
    assert judged(run(tmp_path, venv, script), title, record_property) < len(INPUTS)
