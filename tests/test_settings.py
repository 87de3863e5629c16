"""Where settings come from, in which order, and what is said of those that make no sense."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pocketrepo.errors import UsageError
from pocketrepo.settings import MIB, Settings, default_root


def load(root: Path, toml: str = "", environ: dict[str, str] | None = None, **given: Any) -> Settings:
    (root / "pocketrepo.toml").write_text(toml)
    return Settings.load(environ or {}, root=root, **given)


def test_nothing_said_gives_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path) == Settings(root=tmp_path)
    assert Settings.load({}).root == default_root().absolute()
    assert load(tmp_path).memory == 32 * MIB


def test_an_argument_beats_the_environment_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    toml = "port = 1\nmax_uploads = 1\nmemory = 1\n"
    environ = {"POCKETREPO_PORT": "2", "POCKETREPO_MAX_UPLOADS": "2"}
    found = load(tmp_path, toml, environ, port=3, max_uploads=None)
    assert (found.port, found.max_uploads, found.memory, found.host) == (3, 2, 1, "127.0.0.1")


def test_the_file_is_read_from_the_root_that_was_said(tmp_path: Path) -> None:
    (tmp_path / "pocketrepo.toml").write_text("port = 1\n")
    assert Settings.load({"POCKETREPO_ROOT": str(tmp_path)}).port == 1
    assert Settings.load({"POCKETREPO_ROOT": "/elsewhere"}, root=str(tmp_path)).port == 1
    assert Settings.load({"POCKETREPO_ROOT": "/elsewhere"}).port == 8080


def test_the_root_is_absolute_and_the_home_folder_is_spelled_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert Settings.load({}, root="here").root == tmp_path / "here"
    assert Settings.load({"POCKETREPO_ROOT": "~/there"}).root == tmp_path / "home" / "there"


def test_this_process_environment_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POCKETREPO_PORT", "7")
    assert Settings.load(root=tmp_path).port == 7
    assert "POCKETREPO_PORT" in os.environ


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("port", "0", 0),
        ("idle_timeout", "2.5", 2.5),
        ("access_log", "1", True),
        ("access_log", "TRUE", True),
        ("access_log", "no", False),
        ("allowed_hosts", "a.test, b.test c.test", ("a.test", "b.test", "c.test")),
        ("public_url", "http://host/", "http://host/"),
        ("port", "", 8080),
    ],
)
def test_text_becomes_the_type_of_the_setting(tmp_path: Path, name: str, text: str, value: object) -> None:
    assert getattr(load(tmp_path, environ={f"POCKETREPO_{name.upper()}": text}), name) == value


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("idle_timeout = 2", "idle_timeout", 2.0),
        ("access_log = true", "access_log", True),
        ('access_log = "yes"', "access_log", True),
        ('allowed_hosts = ["a.test"]', "allowed_hosts", ("a.test",)),
        ('default = "acme/internal"', "default", "acme/internal"),
    ],
)
def test_the_file_gives_values_of_its_own_types(tmp_path: Path, line: str, name: str, value: object) -> None:
    assert getattr(load(tmp_path, line), name) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "http"),
        ("port", "-1"),
        ("memory", "32M"),
        ("max_uploads", "-1"),
        ("idle_timeout", "soon"),
        ("idle_timeout", "nan"),
        ("stop_timeout", "inf"),
        ("access_log", "perhaps"),
    ],
)
def test_a_wrong_variable_is_one_line_that_names_it(tmp_path: Path, name: str, text: str) -> None:
    variable = f"POCKETREPO_{name.upper()}"
    with pytest.raises(UsageError, match=f"{variable}: {name} = '{text}' is not") as caught:
        load(tmp_path, environ={variable: text})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "toml",
    ["port = 'x'", "port = 80.5", "port = true", "allowed_hosts = 5", "access_log = 2", "default = 5", "prot = 1",
     "root = '/x'", "port =", "\N{BYTE ORDER MARK}port"],
)  # fmt: skip
def test_a_wrong_file_is_one_line_that_names_it(tmp_path: Path, toml: str) -> None:
    with pytest.raises(UsageError, match=r"pocketrepo\.toml") as caught:
        load(tmp_path, toml)
    assert "\n" not in str(caught.value)


def test_an_unknown_setting_is_told_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown setting 'prot'.*port"):
        load(tmp_path, "prot = 1")


def test_variables_that_are_no_settings_are_left_alone(tmp_path: Path) -> None:
    assert load(tmp_path, environ={"POCKETREPO_TOKEN": "x", "PORT": "1"}) == Settings(root=tmp_path)


def test_every_setting_has_help_and_the_default_is_parsed_as_a_name() -> None:
    assert all(item.metadata["help"] for item in Settings.__dataclass_fields__.values())
    assert str(Settings(default="Acme/Internal").default_repository) == "acme/internal"
    assert Settings().default_repository is None
