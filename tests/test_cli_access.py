"""Access from the command line: where secrets come from and go to, and what each command changes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from pocketrepo.cli import cli
from tests.conftest import Live
from tests.distributions import make_wheel

PASSWORD = "correct horse battery"
Run = Callable[..., Result]


@pytest.fixture
def run(server: Live, monkeypatch: pytest.MonkeyPatch) -> Run:
    def invoke(*args: str | Path, code: int = 0, by: str = "", stdin: str | None = None) -> Result:
        with monkeypatch.context() as patch:
            if by:
                patch.setenv("POCKETREPO_TOKEN", by)
            result = CliRunner().invoke(cli, [str(arg) for arg in args], input=stdin)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        assert server.key not in result.output
        assert len(result.stderr.splitlines()) <= 5, "an error is a line or two"
        return result

    return invoke


@pytest.fixture
def tools(run: Run) -> str:
    run("repo", "create", "acme/tools", "--private")
    return "acme/tools"


def listed(run: Run, *args: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(*args, "--json").stdout)
    return found


def signs_in(server: Live, user: str, password: str) -> bool:
    response = requests.get(f"{server.url}v1/user/self/", auth=(user, password), timeout=5)
    return response.status_code == 200


def test_a_repository_is_made_private_opened_and_closed(run: Run, server: Live, tools: str) -> None:
    def anybody() -> int:
        return requests.get(f"{server.url}{tools}/simple/", timeout=5).status_code

    assert anybody() == 401
    assert "0 projects, private" in run("repo", "show", tools).output
    assert run("repo", "set", tools, "--public").output == "changed acme/tools  0 projects\n"
    assert anybody() == 200
    assert json.loads(run("repo", "set", tools, "--private", "--json").output)["is_private"] is True
    assert anybody() == 401
    assert "nothing to change" in run("repo", "set", tools, code=1).output
    assert "no repository" in run("repo", "set", "acme/nothing", "--public", code=1).output


def test_a_password_comes_from_a_file_standard_input_or_the_environment(
    run: Run, server: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text(f"{PASSWORD}\nsecond line\n")
    run("user", "add", "ada", "--password-file", tmp_path / "secret")
    run("user", "add", "bob", "--password-file", "-", stdin=f"{PASSWORD}\r\n")
    monkeypatch.setenv("POCKETREPO_PASSWORD", PASSWORD)
    run("user", "add", "cleo")
    assert all(signs_in(server, name, PASSWORD) for name in ("ada", "bob", "cleo"))
    assert PASSWORD not in run("user", "list").output + run("log", "--json").output


def test_a_password_is_asked_for_twice_and_not_shown(
    run: Run, server: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pocketrepo.cli.secret._somebody_is_there", lambda: True)
    result = run("user", "add", "ada", stdin=f"{PASSWORD}\nmistyped\n{PASSWORD}\n{PASSWORD}\n")
    assert signs_in(server, "ada", PASSWORD)
    assert PASSWORD not in result.output
    assert "made user ada" in result.stdout


def test_where_nobody_can_be_asked_the_ways_to_give_a_password_are_named(run: Run, tmp_path: Path) -> None:
    said = run("user", "add", "ada", code=1).output
    assert "--password-file" in said
    assert "POCKETREPO_PASSWORD" in said
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for file in ("empty", "binary", "missing"):
        assert file in run("user", "add", "ada", "--password-file", tmp_path / file, code=1).output
    assert "contradict" in run("user", "add", "ada", "--no-password", "--password-file", "-", code=1).output
    assert listed(run, "user", "list") == []


def test_no_option_takes_a_secret() -> None:
    """What it takes is where the secret is."""
    for name in ("user", "key", "entitlement", "role", "log", "repo"):
        group = cli.get_command(None, name)  # type: ignore[arg-type]
        for command in getattr(group, "commands", {"": group}).values():
            for parameter in command.params:
                assert parameter.name not in ("password", "token", "secret", "key"), (name, command.name)


def test_users_are_listed_changed_and_removed(run: Run, server: Live) -> None:
    run("user", "add", "ada", "--no-password")
    [ada] = listed(run, "user", "list")
    assert (ada["name"], ada["has_password"]) == ("ada", False)
    run("user", "password", "ada", "--password-file", "-", stdin=PASSWORD)
    assert signs_in(server, "ada", PASSWORD)
    run("user", "password", "ada", "--remove")
    assert not signs_in(server, "ada", PASSWORD)
    assert run("user", "list").output.splitlines()[1].split()[:3] == ["ada", "no", "0"]
    assert "--yes" in run("user", "remove", "ada", code=1).output
    run("user", "remove", "ada", "--yes")
    assert "no user ada" in run("user", "remove", "ada", "--yes", code=1).output
    assert "cannot be a user's name" in run("user", "add", "Ada L", "--no-password", code=1).output
    assert run("user", "list").output == "There is none.\n"


def test_a_key_is_alone_on_standard_output_and_acts_for_its_user(run: Run, server: Live, tools: str) -> None:
    run("user", "add", "ada", "--no-password")
    made = run("key", "create", "--name", "laptop", "--user", "ada", "--expires", "30d")
    secret = made.stdout.removesuffix("\n")
    assert secret.startswith("pkr_")
    assert "\n" not in secret
    assert secret not in made.stderr
    [key] = listed(run, "key", "list")
    assert (key["user"], key["name"]) == ("ada", "laptop")
    assert f"({key['slug_perm']})" in made.stderr
    assert key["expires_at"] is not None
    own = json.loads(run("key", "create", "--name", "ci", "--expires", "7d", "--json", by=secret).stdout)
    assert own["user"] == "ada"
    assert listed(run, "key", "list", "--user", "ada") == listed(run, "key", "list")
    assert secret not in run("key", "list").output + run("log").output
    run("key", "revoke", own["slug_perm"], by=secret)
    assert "not known" in run("key", "list", by=own["key"], code=1).output
    assert "user: needed" in run("key", "create", "--name", "x", code=1).output


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ([], {"repository": None, "project": None, "upload_only": False}),
        (["--repository", "Acme/Tools"], {"repository": "acme/tools"}),
        (["--project", "Hello.Pocket", "--upload-only"], {"project": "hello-pocket", "upload_only": True}),
        (["--expires", "never"], {"expires_at": None}),
        (["--expires", "2999-12-31"], {"expires_at": "2999-12-31T00:00:00.000000Z"}),
    ],
    ids=str,
)
def test_a_key_is_as_narrow_as_it_is_said(
    run: Run, tools: str, options: list[str], fields: dict[str, Any]
) -> None:
    run("user", "add", "ada", "--no-password")
    run("key", "create", "--name", "x", "--user", "ada", *options)
    [key] = listed(run, "key", "list")
    assert {name: key[name] for name in fields} == fields
    assert key["expires_at"] is None or key["expires_at"] > key["created_at"]


def test_roles_and_owners(run: Run, tools: str, tmp_path: Path) -> None:
    run("user", "add", "ada", "--no-password")
    ada = run("key", "create", "--name", "x", "--user", "ada").stdout.strip()
    wheel = make_wheel(tmp_path)
    assert "may not upload" in run("push", wheel, "-r", tools, by=ada, code=1).output
    assert run("role", "set", tools, "ada", "write").output == "ada: write in acme/tools\n"
    run("push", wheel, "-r", tools, by=ada)
    assert "may not administer" in run("role", "list", tools, by=ada, code=1).output
    assert run("role", "list", tools).output.splitlines()[1].split() == ["ada", "Write", "no"]
    run("role", "remove", tools, "ada")
    assert listed(run, "role", "list", tools) == []
    assert "ada has no role" in run("role", "remove", tools, "ada", code=1).output
    run("role", "set", "acme", "ada", "owner")
    assert [each["user"] for each in listed(run, "role", "list", "acme")] == ["ada"]
    run("repo", "create", "acme/new", "--private", by=ada)
    run("role", "set", "acme/new", "ada", "admin", by=ada)
    run("role", "remove", "acme", "ada")
    assert listed(run, "role", "list", "acme") == []


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["acme", "ada", "read"], "pocketrepo role set acme/REPO ada read"),
        (["acme/tools", "ada", "owner"], "pocketrepo role set acme ada owner"),
    ],
)
def test_a_role_in_the_wrong_place_names_the_right_command(run: Run, words: list[str], hint: str) -> None:
    assert hint in run("role", "set", *words, code=1).output


def test_a_token_lives_as_it_is_told(run: Run, server: Live, tools: str, tmp_path: Path) -> None:
    def reads(token: str) -> int:
        url = f"{server.url}basic/{tools}/python/simple/"
        return requests.get(url, auth=("token", token), timeout=5).status_code

    here = ("-r", tools)
    made = run("entitlement", "create", "--name", "customer", "--max-downloads", "100", *here)
    token = made.stdout.removesuffix("\n")
    assert (reads(token), token in made.stderr) == (200, False)
    [shown] = listed(run, "entitlement", "list", *here)
    slug = shown["slug_perm"]
    assert shown["limit_num_downloads"] == 100
    assert "limit_num_downloads      100\n" in run("entitlement", "show", slug, *here).output
    run("entitlement", "update", slug, "--inactive", "--name", "other", *here)
    assert reads(token) == 403
    run("entitlement", "update", slug, "--active", *here)
    assert "other" in run("entitlement", "list", *here).output
    new = run("entitlement", "refresh", slug, *here).stdout.strip()
    assert (reads(token), reads(new)) == (401, 200)
    (tmp_path / "own").write_text("my-own.token\n")
    own = run("entitlement", "refresh", slug, "--token-file", tmp_path / "own", *here).stdout
    assert (own, reads("my-own.token")) == ("my-own.token\n", 200)
    assert json.loads(run("entitlement", "reset", slug, "--json", *here).output)["downloads"] == 0
    run("repo", "create", "acme/other", "--private")
    assert "other" in run("entitlement", "sync", tools, "-r", "acme/other").output
    assert "--yes" in run("entitlement", "delete", slug, *here, code=1).output
    run("entitlement", "delete", slug, "--yes", *here)
    assert reads("my-own.token") == 401
    assert run("entitlement", "list", *here).output == "There is none.\n"
    assert not {token, new, "my-own.token"} & set(run("log", "--json").output.replace('"', " ").split())


def test_every_term_can_be_said_and_taken_back(run: Run, tools: str) -> None:
    said = {
        "--max-downloads": ("5", "limit_num_downloads", 5),
        "--max-clients": ("3", "limit_num_clients", 3),
        "--max-bandwidth": ("5 GB", "limit_bandwidth", 5),
        "--starts": ("2020-01-01", "limit_date_range_from", "2020-01-01T00:00:00.000000Z"),
        "--expires": ("2999-01-01", "limit_date_range_to", "2999-01-01T00:00:00.000000Z"),
        "--packages": ("name:^acme-", "limit_package_query", "name:^acme-"),
        "--reset-at": ("2026-01-31", "scheduled_reset_at", "2026-01-31T00:00:00.000000Z"),
        "--path-query": ("x", "limit_path_query", "x"),
    }
    words = [word for option, (value, _, _) in said.items() for word in (option, value)]
    more = ["--reset", "daily", "--metadata", '{"x": 1}', "--eula", "--inactive", "-r", tools, "--json"]
    made = json.loads(run("entitlement", "create", "--name", "x", *words, *more).output)
    assert {field: made[field] for _, field, _ in said.values()} == {
        f: value for _, f, value in said.values()
    }
    assert (made["limit_bandwidth_unit"], made["scheduled_reset_period"]) == ("Gigabyte", "Daily")
    assert (made["metadata"], made["eula_required"], made["is_active"]) == ({"x": 1}, True, False)
    update = ("entitlement", "update", made["slug_perm"], "-r", tools, "--json")
    none = [word for option in said for word in (option, "none")]
    changed = json.loads(run(*update, *none).output)
    assert {changed[field] for _, field, _ in said.values()} == {None}
    assert (changed["metadata"], changed["is_active"]) == ({"x": 1}, False)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--max-downloads", "many"], "not a whole number"),
        (["--max-downloads", "-1"], "limit_num_downloads"),
        (["--max-bandwidth", "much"], "no number of bytes"),
        (["--expires", "soon"], "not a time"),
        (["--packages", "tag:x"], "limit_package_query"),
        (["--metadata", "[]"], "not a JSON object"),
        (["--metadata", "{"], "not a JSON object"),
        (["--token-file", "-"], "8 to 48"),
    ],
    ids=str,
)
def test_a_term_that_makes_no_sense_is_one_line(run: Run, tools: str, options: list[str], said: str) -> None:
    assert (
        said in run("entitlement", "create", "--name", "x", "-r", tools, *options, code=1, stdin="x\n").output
    )
    assert listed(run, "entitlement", "list", "-r", tools) == []
    assert "nothing to change" in run("entitlement", "update", "x", "-r", tools, code=1).output


# The log


def test_the_log_says_who_did_what_where(run: Run, tools: str) -> None:
    run("user", "add", "ada", "--no-password")
    run("role", "set", tools, "ada", "read")
    last = run("log", "-n", "1").output
    assert last.count("\n") == 1
    assert last.split()[1:4] == ["role-given", "owner", "acme/tools"]
    assert {"client=127.0.0.1", "user=ada", "role=read"} < set(last.split())
    assert [event["event"] for event in listed(run, "log")][-3:] == [
        "repository-created",
        "user-added",
        "role-given",
    ]
    assert {event["repository"] for event in listed(run, "log", "-r", tools)} == {tools}
    ada = run("key", "create", "--name", "x", "--user", "ada").stdout.strip()
    assert "may not administer" in run("log", by=ada, code=1).output
    assert "may not administer" in run("log", "-r", tools, by=ada, code=1).output


def test_the_log_of_a_root_needs_no_server(
    run: Run, server: Live, tools: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = server.root.store.staging.parent
    over_http = listed(run, "log")
    monkeypatch.delenv("POCKETREPO_TOKEN")
    assert listed(run, "log", "--root", str(root)) == over_http
    monkeypatch.delenv("POCKETREPO_URL")
    monkeypatch.setenv("POCKETREPO_ROOT", str(root))
    assert listed(run, "log") == over_http
    assert "holds no data" in run("log", "--root", tmp_path / "nothing", code=1).output
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("locally", [True, False])
def test_the_log_is_followed_with_an_object_a_line(
    run: Run, server: Live, tools: str, monkeypatch: pytest.MonkeyPatch, locally: bool
) -> None:
    waited: list[float] = []

    def wait(seconds: float) -> None:
        if waited:
            raise KeyboardInterrupt
        waited.append(seconds)
        server.root.log.record("tested", None, actor="tests", what="\x07bell\nline")

    monkeypatch.setattr("time.sleep", wait)
    where = ["--root", str(server.root.store.staging.parent)] if locally else []
    lines = run("log", "--follow", "-n", "1", "--json", *where).stdout.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["repository-created", "tested"]
    waited.clear()
    shown = run("log", "--follow", "-n", "1", *where).stdout
    assert len(shown.splitlines()) == 2
    assert "\x07" not in shown


def test_no_secret_is_in_the_data(run: Run, server: Live, tools: str) -> None:
    secret = run("entitlement", "create", "--name", "x", "-r", tools).stdout.strip()
    root = server.root.store.staging.parent
    for folder, _, files in os.walk(root):
        for file in files:
            assert secret.encode() not in (Path(folder) / file).read_bytes()
