"""The command line: what it prints, and the code it exits with."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pocketrepo.cli import cli
from tests.conftest import Live
from tests.distributions import make_sdist, make_wheel

Run = Callable[..., Result]


@pytest.fixture
def run(server: Live) -> Run:
    def invoke(*args: str | Path, code: int = 0, **options: str) -> Result:
        result = CliRunner().invoke(cli, [str(arg) for arg in args], **options)  # type: ignore[arg-type]
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        assert server.key not in result.output
        return result

    return invoke


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    folder.mkdir()
    for version in ("1.0", "2.0"):
        make_wheel(folder, version=version)
    make_sdist(folder, version="2.0")
    return folder


def test_push_says_what_is_new_and_what_was_there(run: Run, dist: Path) -> None:
    first = run("push", dist).output
    assert first.count("pushed ") == 3
    assert "index: http://" in first
    assert run("push", dist).output.count("there already") == 3
    rows = json.loads(run("push", dist, "--json").output)
    assert {row["result"] for row in rows} == {"same"}


@pytest.mark.parametrize("words", [["-r", "acme/internal"], ["acme/internal"], ["python", "acme/internal"]])
def test_push_understands_every_order_of_words(run: Run, dist: Path, words: list[str]) -> None:
    wheel = dist / "hello_pocket-1.0-py3-none-any.whl"
    refused = run("push", *words, wheel, code=1).output
    assert "pocketrepo repo create acme/internal" in refused
    assert "acme/internal/simple/" in run("push", *words, wheel, "--create").output
    assert run("list", "-r", "acme/internal").output == "hello-pocket\n"
    assert run("list").output == ""


def test_push_without_words_takes_dist(run: Run, dist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(dist.parent)
    assert run("push").output.count("pushed ") == 3


def test_push_takes_globs(run: Run, dist: Path) -> None:
    assert run("push", f"{dist}/*.whl").output.count("pushed ") == 2


def test_push_refuses_in_one_line(run: Run, tmp_path: Path, dist: Path) -> None:
    broken = tmp_path / "hello_pocket-1.0-py3-none-any.whl"
    broken.write_bytes(b"no zip")
    for what in (tmp_path / "nothing.whl", broken, tmp_path / "root" / "locks"):
        assert len(run("push", what, code=1).output.splitlines()) <= 2
    run("push", dist)
    other = make_wheel(tmp_path, files={"hello_pocket/__init__.py": "# other\n"})
    assert "already exists" in run("push", other, code=1).output


def test_what_is_there_can_be_listed_searched_and_shown(run: Run, dist: Path, tmp_path: Path) -> None:
    run("push", dist, make_wheel(tmp_path, "another", requires_python=">=3.9"))
    assert run("list").output == "another\nhello-pocket\n"
    assert json.loads(run("list", "--json").output) == ["another", "hello-pocket"]
    assert run("search", "POCK").output == "hello-pocket\n"
    assert "python >=3.9" in run("show", "another").output
    shown = json.loads(run("show", "Hello_Pocket", "--json").output)
    assert sorted(shown["versions"]) == ["1.0", "2.0"]
    assert len(shown["files"]) == 3
    assert "no project nothing" in run("show", "nothing", code=1).output


def test_download_fetches_all_files_of_a_version(run: Run, dist: Path, tmp_path: Path) -> None:
    run("push", dist)
    run("download", "hello-pocket==2.0", "-d", tmp_path / "two")
    assert sorted(path.name for path in (tmp_path / "two").iterdir()) == [
        "hello_pocket-2.0-py3-none-any.whl",
        "hello_pocket-2.0.tar.gz",
    ]
    newest = json.loads(run("download", "hello-pocket", "-d", tmp_path / "new", "--json").output)
    assert len(newest) == 2
    for text in ("hello-pocket>=1", "hello-pocket==9", "!!"):
        run("download", text, code=1)


def test_yank_unyank_and_delete(run: Run, dist: Path) -> None:
    run("push", dist)
    assert run("yank", "hello-pocket==2.0", "--reason", "broken").output.count("yanked ") == 2
    assert "yanked broken" in run("show", "hello-pocket").output
    changed = run("unyank", "hello-pocket==2.0", "--file", "hello_pocket-2.0.tar.gz", "--json").output
    assert json.loads(changed) == {"unyanked": ["hello_pocket-2.0.tar.gz"]}
    assert "--yes" in run("delete", "hello-pocket==2.0", code=1).output
    assert run("delete", "hello-pocket==2.0", "--yes").output.count("deleted ") == 2
    assert run("show", "hello-pocket").output.splitlines()[0] == "hello-pocket 1.0"
    run("delete", "hello-pocket==2.0", "--yes", code=1)
    run("yank", "hello-pocket", code=1)
    assert run("delete", "hello-pocket", "--yes").output.count("deleted ") == 1
    assert run("list").output == ""


def test_repositories(run: Run) -> None:
    assert "local/main" in run("repo", "list").output
    assert "acme/tools/simple/" in run("repo", "create", "acme/tools").output
    assert "already exists" in run("repo", "create", "acme/tools", code=1).output
    assert {entry["slug"] for entry in json.loads(run("repo", "list", "--json").output)} == {"main", "tools"}
    assert "0 projects" in run("repo", "show", "acme/tools").output
    run("repo", "delete", "acme/tools", code=1)
    run("repo", "delete", "acme/tools", "--yes")
    run("repo", "show", "acme/tools", code=1)
    for name in ("acme", "public/x", "a/simple", "../x", "A b/c"):
        run("repo", "create", name, code=1)
    assert "default repository" in run("repo", "delete", "local/main", "--yes", code=1).output


def test_check_and_rebuild_speak_of_a_root(run: Run, server: Live, dist: Path) -> None:
    run("push", dist)
    root = server.app.extensions["pocketrepo"].settings.root
    assert "everything is as it should be" in run("check", "--root", root).output
    (root / "repos/local/main/projects/hello-pocket/project.json").unlink()
    assert "rebuild" in run("check", "--root", root, code=1).output
    assert "made again with 3 files" in run("rebuild", "--root", root).output
    assert json.loads(run("check", "--root", root, "--json").output) == []


def test_without_a_server_the_way_out_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POCKETREPO_URL")
    assert "python -m pocketrepo serve" in run("list", code=1).output
    run("status", code=1)
    assert json.loads(run("status", "--json", code=1).output) == []
    run("stop", code=1)
    monkeypatch.setenv("POCKETREPO_URL", "http://127.0.0.1:1/")
    assert "no answer from http://127.0.0.1:1/" in run("list", code=1).output
    monkeypatch.setenv("POCKETREPO_URL", "nonsense")
    assert "not the address" in run("list", code=1).output


def test_wrong_usage_is_code_2(run: Run) -> None:
    run("show", code=2)
    run("nonsense", code=2)
    run("list", "--nonsense", code=2)


def test_every_command_has_help(run: Run) -> None:
    names = [line.split()[0] for line in run("--help").output.split("Commands:")[1].strip().splitlines()]
    assert "serve" in names
    for name in names:
        assert "Usage:" in run(name, "--help").output


# serve, as a process

Serving = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    running: list[subprocess.Popen[str]] = []

    def start(*args: str | Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "pocketrepo", "serve", *map(str, args)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def fails(process: subprocess.Popen[str]) -> str:
    """What a server that cannot start says."""
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) <= 2
    return said


def test_serve_says_where_it_is_and_what_to_type(serving: Serving, tmp_path: Path, dist: Path) -> None:
    process = serving(dist, "--root", tmp_path / "r", "--port", "0", "--access-log")
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(11)]
    text = "".join(lines)
    url = lines[1].split()[-1]
    for said in (
        f"{url}simple/",
        "uv pip install --index-url",
        "twine upload",
        str(tmp_path / "r"),
        "Ctrl-C",
    ):
        assert said in text
    assert (tmp_path / "r/owner.key").read_text().strip() not in text
    import requests

    assert "hello-pocket" in requests.get(f"{url}simple/", timeout=5).text
    process.send_signal(signal.SIGINT)
    _, log = process.communicate(timeout=20)
    assert process.returncode == 0
    assert [line.split()[1:4] for line in log.splitlines()] == [["GET", "/simple/", "200"]]


def test_serve_refuses_a_port_that_is_taken(serving: Serving, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"cannot listen on 127.0.0.1:{port}" in fails(
            serving("--root", tmp_path / "r", "--port", str(port))
        )


def test_serve_refuses_a_root_that_is_no_folder(serving: Serving, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be made" in fails(serving("--root", tmp_path / "file" / "r", "--port", "0"))


@pytest.mark.skipif(os.geteuid() == 0, reason="everything can be written by root")
def test_serve_refuses_a_root_that_cannot_be_written(serving: Serving, tmp_path: Path) -> None:
    (tmp_path / "r").mkdir(mode=0o500)
    assert "not writable" in fails(serving("--root", tmp_path / "r", "--port", "0"))


def test_serve_refuses_a_root_of_a_newer_version(serving: Serving, tmp_path: Path, run: Run) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r/root.json").write_text('{"schema": 99, "default": "local/main"}')
    said = fails(serving("--root", tmp_path / "r", "--port", "0"))
    assert "format 99" in said
    assert "upgrade" in said


def test_serve_refuses_another_default_and_names_the_line_that_changes_it(
    serving: Serving, tmp_path: Path, run: Run
) -> None:
    root = tmp_path / "root"
    said = fails(serving("--root", root, "--port", "0", "--default", "acme/tools"))
    assert f"pocketrepo repo default acme/tools --root {root}" in said
    run("repo", "create", "acme/tools")
    run("repo", "default", "acme/tools", "--root", root)
    process = serving("--root", root, "--port", "0", "--default", "acme/tools")
    assert process.stdout is not None
    assert process.stdout.readline() == "PocketRepo serves acme/tools\n"
