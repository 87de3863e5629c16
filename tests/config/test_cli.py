"""``pocketrepo config``: it parses, calls the API and prints; 0 done, 1 refused or found, 2 wrong usage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pocketrepo.cli import cli

URL = "https://repo.example/simple/"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "PIP_INDEX_URL",
        "PIP_EXTRA_INDEX_URL",
        "PIP_CONFIG_FILE",
        "UV_INDEX",
        "UV_DEFAULT_INDEX",
        "NETRC",
    ):
        monkeypatch.delenv(name, raising=False)
    for name, folder in (
        ("HOME", ""),
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_CONFIG_DIRS", "etc"),
        ("XDG_STATE_HOME", "state"),
    ):
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "venv"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, ["config", *args])


def printed(result: Result) -> Any:
    return json.loads(result.stdout)


def test_set_index_show_explain_undo(home: Path) -> None:
    result = run("set-index", URL)
    assert result.exit_code == 0, result.output
    assert f"+index-url = {URL}" in result.output
    assert "only if this index has an upstream" in result.output
    assert f"global.index-url = {URL}" in run("show").output
    assert "only that one may serve it" in run("explain", "demo").output
    assert run("undo").exit_code == 0
    assert not (home / "venv/pip.conf").exists()


def test_a_dry_run_only_shows(home: Path) -> None:
    result = run("set-index", URL, "--scope", "user", "--dry-run")
    assert result.exit_code == 0
    assert "would set-index" in result.output
    assert not (home / ".config/pip").exists()


def test_mixing_indexes_needs_an_explicit_yes(home: Path) -> None:
    result = run("add-index", URL)
    assert result.exit_code == 1
    assert "takes the highest version" in result.output
    assert "--yes" in result.output
    assert not (home / "venv/pip.conf").exists()
    assert run("add-index", URL, "--yes").exit_code == 0
    assert (home / "venv/pip.conf").exists()


def test_adding_beside_a_private_index_asks_nothing(home: Path) -> None:
    run("set-index", URL)
    assert run("add-index", "https://more.example/").exit_code == 0


def test_remove_trust_and_set_publish(home: Path) -> None:
    run("set-index", URL)
    assert run("trust", "repo.example").exit_code == 0
    assert "index-servers" in run("set-publish", "https://repo.example/legacy/", "--name", "ours").output
    result = run("remove", "repo.example")
    assert result.exit_code == 0
    assert (home / "venv/pip.conf").read_text() == "[global]\n"
    assert "nothing to do" in run("remove", "repo.example").output


@pytest.mark.parametrize(
    "args",
    [
        ["set-index", "not a url"],
        ["set-index", URL, "--scope", "galaxy"],
        ["set-index", URL, "--tool", "poetry"],
        ["set-index"],
        ["trust", "a b"],
        ["explain", "demo", "--pip", "x"],
        ["doctor", "photo.jpg"],
        ["snippet", "pip", "nonsense"],
    ],
)
def test_wrong_usage_is_2_and_says_why(home: Path, args: list[str]) -> None:
    result = run(*args)
    assert result.exit_code == 2
    assert "rror" in result.output


def test_a_refusal_is_1_what_and_what_to_do(home: Path) -> None:
    (home / "pip.conf").write_text("nonsense\n")
    result = run("set-index", URL, "--file", "pip.conf")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 2
    assert "pip.conf:1: text before the first [section]" in result.stderr
    assert run("undo").exit_code == 1


def test_undo_of_a_file_changed_since_shows_the_diff(home: Path) -> None:
    run("set-index", URL)
    with (home / "venv/pip.conf").open("a") as file:
        file.write("timeout = 3\n")
    result = run("undo")
    assert result.exit_code == 1
    assert "+timeout = 3" in result.stderr


def test_doctor_exits_1_on_findings_and_fixes_what_is_safe(home: Path) -> None:
    assert run("doctor").exit_code == 0
    (home / "venv").mkdir()
    (home / "venv/pip.conf").write_text(f"[global]\nindex-url = {URL} # ours\n")
    result = run("doctor", "venv/pip.conf")
    assert result.exit_code == 1
    assert "inline-comment" in result.output
    assert "--fix" in result.output
    assert run("doctor", "--fix", "venv/pip.conf").exit_code == 0
    assert (home / "venv/pip.conf").read_text() == f"[global]\n# ours\nindex-url = {URL}\n"


def test_json_everywhere(home: Path) -> None:
    assert printed(run("set-index", URL, "--json"))["after"][0]["url"] == URL
    assert printed(run("show", "--json"))["tools"][0]["tool"] == "pip"
    assert printed(run("explain", "demo", "--json"))["indexes"][0]["role"] == "index"
    assert printed(run("history", "--json"))[0]["undone"] is False
    assert [finding["code"] for finding in printed(run("doctor", "--json"))["findings"]] == ["divided"]
    assert printed(run("remove", URL, "--json"))["files"] == [str(home / "venv/pip.conf")]
    assert "error" in printed(run("set-index", "x", "--json"))


def test_explain_takes_the_arguments_of_an_install(home: Path) -> None:
    (home / "r.txt").write_text(f"-i {URL}\n")
    assert printed(run("explain", "demo", "--json", "--", "-r", "r.txt"))["indexes"][0]["url"] == URL
    assert (
        printed(run("explain", "demo", "--json", "--index-url", URL))["indexes"][0]["origin"] == "--index-url"
    )


def test_history_lists_changes(home: Path) -> None:
    run("set-index", URL)
    assert f"set-index {URL}" in run("history").output
    assert run("history", "--file", "other.conf").output == ""


def test_snippet_prints_text_to_paste(home: Path) -> None:
    assert run("snippet", "pip", URL, "--package", "demo").output == f'pip install --index-url "{URL}" demo\n'


def test_no_secret_is_printed(home: Path) -> None:
    url = "https://ada:s3cret@repo.example/simple/"
    for args in (
        ["set-index", url],
        ["show"],
        ["history"],
        ["explain", "demo"],
        ["doctor"],
        ["show", "--json"],
    ):
        assert "s3cret" not in run(*args).output
    assert "s3cret" not in run("set-index", url.replace("simple/", "a b")).output
