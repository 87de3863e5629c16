"""The operations as people call them: where a change goes, what it warns of, what happens to secrets."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pocketrepo import config
from pocketrepo.config import credentials
from pocketrepo.config.errors import BadUrl, ConfigSyntax, DanglingName, SecretRefused
from pocketrepo.config.locate import Place
from pocketrepo.errors import UsageError

URL = "https://repo.example/simple/"
SECRET = "https://ada:s3cret@repo.example/simple/"


def codes(change: config.Change) -> set[str]:
    return {notice.code for notice in change.warnings}


def test_the_change_goes_to_the_user_or_to_the_active_environment(place: Place) -> None:
    [user] = config.set_index(URL, place=place).paths
    assert user == place.home / ".config/pip/pip.conf"
    [site] = config.set_index(URL, place=replace(place, in_environment=True)).paths
    assert site == place.prefix / "pip.conf"


@pytest.mark.parametrize(
    ("tool", "scope", "file"),
    [
        ("pip", "global", "/etc/pip.conf"),
        ("pip", "user", ".config/pip/pip.conf"),
        ("pip", "site", "python/pip.conf"),
        ("uv", "user", ".config/uv/uv.toml"),
        ("uv", "project", "proj/pyproject.toml"),
        ("uv", None, "proj/pyproject.toml"),
        ("poetry", None, "proj/pyproject.toml"),
        ("pdm", "project", "proj/pyproject.toml"),
    ],
)
def test_each_scope_has_its_file(place: Place, tool: str, scope: str | None, file: str) -> None:
    (place.cwd / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    change = config.set_index(URL, tool=tool, scope=scope, place=place, dry_run=True)
    assert change.paths == (place.home / file,)


def test_the_legacy_user_file_is_used_where_it_is_the_only_one(place: Place) -> None:
    (place.home / ".pip").mkdir()
    (place.home / ".pip/pip.conf").write_text("[global]\n")
    assert config.set_index(URL, place=place).paths == (place.home / ".pip/pip.conf",)


def test_PIP_CONFIG_FILE_takes_the_place_of_the_user_file(place: Place) -> None:
    place = place.with_variables(PIP_CONFIG_FILE="my.conf")
    assert config.set_index(URL, place=place).paths == (place.cwd / "my.conf",)
    with pytest.raises(UsageError, match="switches all files off"):
        config.set_index(URL, place=place.with_variables(PIP_CONFIG_FILE=os.devnull))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"tool": "conda"}, "no tool"),
        ({"scope": "galaxy"}, "no scope"),
        ({"scope": "project"}, "no project files"),
        ({"tool": "uv", "scope": "site"}, "no file for an environment"),
        ({"tool": "poetry"}, "no pyproject.toml"),
        ({"tool": "poetry", "scope": "user"}, "pyproject.toml only"),
        ({"file": "x.yaml"}, "no configuration file"),
        ({"file": "pip.conf", "scope": "user"}, "one too many"),
        ({"file": "uv.toml", "tool": "pdm"}, "not a file of pdm"),
        ({"file": ".pypirc"}, "lists no indexes"),
        ({"credentials": "wallet"}, "no store"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(place: Place, options: dict[str, str], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        config.set_index(SECRET if "credentials" in options else URL, place=place, **options)  # type: ignore[arg-type]


def test_a_bad_url_is_refused_before_anything_is_looked_at(place: Place) -> None:
    with pytest.raises(BadUrl, match="blank or a line break"):
        config.set_index("https://h/\n[global]", place=place)


def test_the_indexes_before_and_after_are_told(place: Place) -> None:
    config.set_index(URL, place=place)
    change = config.add_index("https://more.example/", place=place)
    assert [index.url for index in change.before] == [URL]
    assert [index.url for index in change.after] == [URL, "https://more.example/"]
    assert change.to_json()["after"][1]["origin"].endswith("pip.conf:3")


def test_set_index_warns_that_pypi_is_gone_without_an_upstream(place: Place) -> None:
    assert codes(config.set_index(URL, place=place)) == {"alone"}


def test_a_loopback_server_is_called_temporary_and_offered_using(place: Place) -> None:
    change = config.set_index("http://127.0.0.1:45678/simple/", place=place)
    assert codes(change) == {"alone", "temporary"}
    assert "with config.using('http://127.0.0.1:45678/simple/')" in str(change)


def test_http_asks_for_trust(place: Place) -> None:
    assert "untrusted" in codes(config.set_index("http://repo.example/simple/", place=place))


def test_add_index_beside_pypi_explains_confusion(place: Place) -> None:
    assert "confusion" in codes(config.add_index(URL, place=place, dry_run=True))
    config.set_index("https://first.example/", place=place)
    assert "confusion" not in codes(config.add_index(URL, place=place, dry_run=True))


def test_an_index_that_something_stronger_hides_is_called_shadowed(place: Place) -> None:
    place = place.with_variables(PIP_INDEX_URL="https://strong.example/")
    change = config.set_index(URL, place=place)
    assert "overridden by PIP_INDEX_URL" in str(change)
    assert "shadowed" in codes(change)


def test_a_list_that_hides_a_weaker_one_is_told(place: Place) -> None:
    config.set_index(URL, scope="user", place=place)
    config.add_index("https://user.example/", scope="user", place=place)
    change = config.add_index("https://site.example/", scope="site", place=place)
    assert "hides" in codes(change)
    assert [index.url for index in change.after] == [URL, "https://site.example/"]


def test_a_requirements_file_wipes_what_a_nested_one_set(place: Place) -> None:
    (place.cwd / "requirements.txt").write_text("-r base.txt\n")
    (place.cwd / "base.txt").write_text("-i https://base.example/\n")
    change = config.set_index(URL, file="requirements.txt", place=place)
    assert "base.txt:1" in str(change)
    assert "shadowed" in codes(change)


@pytest.mark.parametrize("how", ["auto", "netrc"])
def test_credentials_go_to_netrc_and_a_clean_url_to_the_file(place: Place, how: str) -> None:
    change = config.set_index(SECRET, credentials=how, place=place)
    netrc = place.home / ".netrc"
    assert netrc.read_text() == "machine repo.example login ada password s3cret\n"
    assert netrc.stat().st_mode & 0o777 == 0o600
    assert (place.home / ".config/pip/pip.conf").read_text() == f"[global]\nindex-url = {URL}\n"
    assert change.paths == (place.home / ".config/pip/pip.conf", netrc)
    change.undo()
    assert not netrc.exists()


def test_no_secret_is_shown_anywhere(place: Place) -> None:
    for how in ("netrc", "url"):
        change = config.set_index(SECRET, credentials=how, place=place)
        shown = [str(change), repr(change), change.diff, str(change.to_json()), change._repr_html_()]
        shown += [repr(config.history(place=place)), str([r.to_json() for r in config.history(place=place)])]
        shown += [config.history(place=place)[0].diff, str(config.explain("demo", place=place))]
        shown += [
            str(config.show(place=place)),
            str(config.show(place=place).to_json()),
            repr(config.show(place=place)),
        ]
        shown += [str(finding) for finding in config.doctor(place=place)]
        assert "s3cret" not in "\n".join(shown)
        change.undo()


def test_another_login_for_the_host_is_not_overwritten(place: Place) -> None:
    (place.home / ".netrc").write_text("machine repo.example login bob password other\n")
    with pytest.raises(SecretRefused, match="already has the login 'bob'"):
        config.set_index(SECRET, place=place)


def test_netrc_is_never_used_for_loopback(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "keyring_works", lambda: False)
    for how in ("auto", "netrc"):
        with pytest.raises(SecretRefused, match="netrc knows no ports"):
            config.set_index("http://u:p@127.0.0.1:8080/simple/", credentials=how, place=place)
    assert not (place.home / ".netrc").exists()


def test_the_keyring_gets_the_secret_under_host_and_port(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[tuple[str, str], str] = {}
    monkeypatch.setattr(credentials, "keyring_works", lambda: True)
    monkeypatch.setattr(
        "pocketrepo.config.change.to_keyring", lambda service, c: kept.update({(service, c.user): c.password})
    )
    config.set_index("http://u:pass@127.0.0.1:8080/simple/", place=place, dry_run=True)
    assert kept == {}
    config.set_index("http://u:pass@127.0.0.1:8080/simple/", place=place)
    assert kept == {("127.0.0.1:8080", "u"): "pass"}


def test_a_requirements_file_gets_a_reference_to_a_variable(place: Place) -> None:
    change = config.set_index(SECRET, file="requirements.txt", place=place)
    text = (place.cwd / "requirements.txt").read_text()
    assert text == "--index-url https://ada:${POCKETREPO_TOKEN}@repo.example/simple/\n"
    assert "secret-variable" in codes(change)


def test_pip_conf_takes_no_reference_because_pip_does_not_expand_it(place: Place) -> None:
    with pytest.raises(SecretRefused, match="does not expand"):
        config.set_index("https://u:${TOKEN}@repo.example/", place=place)


@pytest.mark.parametrize(
    ("tool", "name"), [("uv", "UV_INDEX_MY_OWN_PASSWORD"), ("poetry", "POETRY_HTTP_BASIC_MY_OWN_PASSWORD")]
)
def test_uv_and_poetry_are_told_their_variables(place: Place, tool: str, name: str) -> None:
    (place.cwd / "pyproject.toml").write_text("")
    change = config.set_index(SECRET, tool=tool, name="my-own", credentials="env", place=place)
    assert name in str(change)
    assert "s3cret" not in (place.cwd / "pyproject.toml").read_text()


def test_a_secret_in_a_file_that_git_tracks_is_called_out(place: Place) -> None:
    file = place.cwd / "pip.conf"
    file.write_text("[global]\n")
    for command in (["init", "-q"], ["add", "pip.conf"]):
        subprocess.run(
            ["git", "-C", str(place.cwd), *command], check=True, env={**os.environ, "HOME": str(place.home)}
        )
    change = config.set_index(SECRET, file=file, credentials="url", place=place)
    assert {"secret-in-file", "secret-tracked"} <= codes(change)
    assert "secret-tracked" in {finding.code for finding in config.doctor([file], place=place)}


def test_a_token_in_the_path_closes_the_file_and_is_masked(place: Place) -> None:
    change = config.set_index("https://repo.example/T0KEN/acme/internal/python/simple/", place=place)
    path = place.home / ".config/pip/pip.conf"
    assert "T0KEN" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert "secret-in-file" in codes(change)
    assert "T0KEN" not in str(change) + repr(change) + str(change.to_json())


def test_remove_takes_an_index_out_of_every_file_that_mentions_it(place: Place) -> None:
    config.set_index(URL, place=place)
    config.add_index(URL, scope="site", place=place)
    (place.cwd / "requirements.txt").write_text("-r more/base.txt\ndemo\n")
    (place.cwd / "more").mkdir()
    (place.cwd / "more/base.txt").write_text(f"-i {URL}\nother\n")
    (place.cwd / "pyproject.toml").write_text(f'[[tool.uv.index]]\nname = "x"\nurl = "{URL}"\n')
    (place.home / ".pypirc").write_text(
        "[distutils]\nindex-servers = pypi ours\n[ours]\nrepository = https://repo.example/legacy/\n"
    )
    change = config.remove("repo.example", place=place)
    assert len(change.files) == 5
    assert all("repo.example" not in path.read_text() for path in change.paths)
    assert (place.cwd / "more/base.txt").read_text() == "other\n"
    change.undo()
    assert URL in (place.cwd / "more/base.txt").read_text()


def test_remove_by_name_and_by_url(place: Place) -> None:
    (place.cwd / "uv.toml").write_text(
        f'[[index]]\nname = "One"\nurl = "{URL}"\n\n[[index]]\nname = "two"\nurl = "https://x/"\n'
    )
    config.remove("one", place=place)
    config.remove("HTTPS://X", place=place)
    assert (place.cwd / "uv.toml").read_text() == ""


def test_remove_leaves_what_it_cannot_edit_and_says_so(place: Place) -> None:
    config.set_index(URL, place=place)
    (place.cwd / "requirements.txt").write_text(f"-i {URL}\n--frobnicate\n")
    change = config.remove("repo.example", place=place)
    assert len(change.files) == 1
    assert "requirements.txt:2: no such option" in str(change)
    with pytest.raises(ConfigSyntax):
        config.remove("repo.example", file="requirements.txt", place=place)


def test_an_index_that_a_package_is_tied_to_is_not_removed(place: Place) -> None:
    (place.cwd / "pyproject.toml").write_text(
        f'[[tool.uv.index]]\nname = "x"\nurl = "{URL}"\n[tool.uv.sources]\ndemo = {{ index = "x" }}\n'
    )
    with pytest.raises(DanglingName, match="still takes demo"):
        config.remove("x", tool="uv", scope="project", place=place)


def test_remove_of_something_unknown_does_nothing(place: Place) -> None:
    assert config.remove("unknown.example", place=place).files == ()


def test_trust_writes_the_host_and_warns(place: Place) -> None:
    change = config.trust("http://repo.example:8080/simple/", place=place)
    assert (place.home / ".config/pip/pip.conf").read_text() == "[global]\ntrusted-host = repo.example\n"
    assert codes(change) == {"trust"}
    with pytest.raises(UsageError):
        config.trust("two hosts", place=place)


def test_set_publish_keeps_what_twine_knew(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pocketrepo.config.operations.keyring_works", lambda: False)
    (place.home / ".pypirc").write_text("[pypi]\nusername = __token__\npassword = keep\n")
    change = config.set_publish("https://__token__:s3cret@repo.example/legacy/", name="ours", place=place)
    text = (place.home / ".pypirc").read_text()
    assert "password = keep" in text
    assert "index-servers =\n    pypi\n    ours\n" in text
    assert "s3cret" not in text
    assert "TWINE_PASSWORD" in str(change)
    with pytest.raises(UsageError, match="cannot name a server"):
        config.set_publish(URL, name="distutils", place=place)


def test_set_publish_can_be_made_to_hold_the_password(place: Place) -> None:
    config.set_publish("https://u:s3cret@repo.example/legacy/", credentials="url", place=place)
    path = place.home / ".pypirc"
    assert "password = s3cret" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_using_sets_variables_and_puts_them_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://before.example/")
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    with config.using("http://u:p@repo.example/simple/") as url:
        assert os.environ["PIP_INDEX_URL"] == url == os.environ["UV_DEFAULT_INDEX"]
        assert os.environ["PIP_TRUSTED_HOST"] == "repo.example"
    assert os.environ["PIP_INDEX_URL"] == "https://before.example/"
    assert "UV_DEFAULT_INDEX" not in os.environ


def test_importing_the_package_loads_no_third_party_library() -> None:
    script = (
        "import sys; import pocketrepo.config as c; c.snippet('pip', 'https://h/simple/');"
        "print(sorted({'filelock', 'tomlrt', 'keyring', 'flask', 'requests', 'click', 'rich'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    assert run.stdout.strip() == "[]", run.stderr


def test_every_public_name_is_there() -> None:
    for name in config.__all__:
        assert getattr(config, name) is not None
    with pytest.raises(AttributeError):
        config.nonsense  # noqa: B018
