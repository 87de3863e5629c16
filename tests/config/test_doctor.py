"""Each thing that hurts, in the smallest file that has it; and what --fix makes of it."""

# ruff: noqa: E501 - a row is a line

from __future__ import annotations

from pathlib import Path

import pytest

from pocketrepo import config
from pocketrepo.config.locate import Place
from pocketrepo.errors import UnsafeEdit, UsageError
from tests.config.indexes import serving

USER = ".config/pip/pip.conf"
U = "https://repo.example/simple/"


def write(place: Place, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = place.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600 if "pypirc" in name or "netrc" in name else 0o644)


def found(place: Place, code: str) -> list[config.Finding]:
    return [finding for finding in config.doctor(place=place) if finding.code == code]


ROWS: list[tuple[str, dict[str, str], str, int]] = [
    ("unreadable", {USER: "[global]\nx\n"}, USER, 2),
    ("unreadable", {USER: "[global]\nx = 1\n[global]\n"}, USER, 3),
    ("unreadable", {"proj/requirements.txt": "demo\n--frobnicate\n"}, "proj/requirements.txt", 2),
    ("unreadable", {".config/uv/uv.toml": "index = \n"}, ".config/uv/uv.toml", 1),
    ("unreadable", {".pypirc": "pypi\n"}, ".pypirc", 1),
    ("unreadable", {".netrc": "hello world\n"}, ".netrc", 1),
    ("two-spellings", {USER: f"[global]\nindex_url = https://a/\nindex-url = {U}\n"}, USER, 3),
    ("inline-comment", {USER: f"[global]\nextra-index-url = {U} # ours\n"}, USER, 2),
    ("inline-comment", {USER: f"[global]\nindex-url = {U} ; ours\n"}, USER, 2),
    ("separator", {USER: f"[global]\nextra-index-url = {U},https://b/\n"}, USER, 2),
    ("separator", {USER: f'[global]\nindex-url = "{U}"\n'}, USER, 2),
    ("swallowed", {USER: f"[global]\nindex-url = {U}\n  timeout = 5\n"}, USER, 3),
    ("wrong-section", {USER: f"[Global]\nindex-url = {U}\n"}, USER, 1),
    ("wrong-section", {USER: f"[ global ]\nindex-url = {U}\n"}, USER, 1),
    ("reference", {USER: "[global]\nindex-url = https://${TOKEN}@repo.example/\n"}, USER, 2),
    ("http", {USER: "[global]\nindex-url = http://repo.example/\n"}, USER, 2),
    ("http", {"proj/requirements.txt": "-i http://repo.example/\n"}, "proj/requirements.txt", 1),
    ("http", {".config/uv/uv.toml": '[[index]]\nurl = "http://repo.example/"\n'}, ".config/uv/uv.toml", 2),
    ("trusted-host", {USER: f"[global]\nindex-url = {U}\ntrusted-host = repo.example\n"}, USER, 3),
    ("confusion", {USER: f"[global]\nextra-index-url = {U}\n"}, USER, 2),
    ("duplicate", {USER: f"[global]\nindex-url = {U}\nextra-index-url =\n  https://b/\n  {U}\n"}, USER, 5),
    ("duplicate", {".config/uv/uv.toml": f'[[index]]\nname = "x"\nurl = "{U}"\n[[index]]\nname = "x"\nurl = "https://b/"\n'}, ".config/uv/uv.toml", 6),
    ("shadowed", {USER: f"[global]\nindex-url = {U}\n", "python/pip.conf": "[global]\nindex-url = https://b/\n"}, USER, 2),
    ("shadowed", {USER: f"[global]\nindex-url = {U}\n[install]\nindex-url = https://b/\n"}, USER, 2),
    ("divided", {USER: f"[global]\nindex-url = {U}\n"}, USER, 2),
    ("divided", {".config/uv/uv.toml": f'[[index]]\nurl = "{U}"\ndefault = true\n'}, ".config/uv/uv.toml", 2),
    ("never-read", {".config/pip/pip.ini": "[global]\n"}, ".config/pip/pip.ini", 0),
    ("never-read", {"proj/pip.conf": "[global]\n"}, "proj/pip.conf", 0),
    ("never-read", {"proj/uv.toml": "", "proj/pyproject.toml": "[tool.uv]\n"}, "proj/pyproject.toml", 0),
    ("two-user-files", {USER: "[global]\n", ".pip/pip.conf": "[global]\n"}, ".pip/pip.conf", 0),
    ("index-equals", {"proj/requirements.txt": f"--index-url = {U}\n"}, "proj/requirements.txt", 1),
    ("ignored-option", {"proj/requirements.txt": f"demo --index-url {U}\n"}, "proj/requirements.txt", 1),
    ("ignored-option", {"proj/requirements.txt": f"-r b.txt -i {U}\n", "proj/b.txt": ""}, "proj/requirements.txt", 1),
    ("unset-variable", {"proj/requirements.txt": "-i https://${TOKEN}@repo.example/\n"}, "proj/requirements.txt", 1),
    ("second-url", {"proj/requirements.txt": f"--extra-index-url {U} https://b/\n"}, "proj/requirements.txt", 1),
    ("wiped", {"proj/requirements.txt": f"--extra-index-url https://b/\n-i {U}\n"}, "proj/requirements.txt", 1),
    ("dangling-name", {"proj/pyproject.toml": '[tool.uv.sources]\nx = { index = "gone" }\n'}, "proj/pyproject.toml", 2),
    ("dangling-name", {"proj/pyproject.toml": '[tool.poetry.dependencies]\nx = { source = "gone", version = "1" }\n'}, "proj/pyproject.toml", 2),
    ("unlisted", {".pypirc": "[distutils]\nindex-servers = a\n[a]\nrepository = https://a/\n[pypi]\nusername = u\n"}, ".pypirc", 5),
    ("netrc-default", {".netrc": "default login a password b\nmachine h login c password d\n"}, ".netrc", 2),
    ("dead", {USER: "[global]\nindex-url = http://127.0.0.1:9/simple/\n"}, USER, 2),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "files", "where", "line"), ROWS, ids=[f"{n}-{row[0]}" for n, row in enumerate(ROWS)]
)
def test_doctor_finds_it_and_where(
    place: Place, code: str, files: dict[str, str], where: str, line: int
) -> None:
    write(place, files)
    places = [(finding.where, finding.line) for finding in found(place, code)]
    assert (place.home / where, line) in places


def test_a_healthy_configuration_has_no_findings(place: Place) -> None:
    write(
        place,
        {
            USER: f"# ours\n[global]\nindex-url = {U}\n",
            ".config/uv/uv.toml": f'[[index]]\nname = "ours"\nurl = "{U}"\ndefault = true\n',
            "proj/requirements.txt": f"-i {U}\ndemo==1.0 --hash=sha256:00\n",
            ".pypirc": "[distutils]\nindex-servers =\n    ours\n[ours]\nrepository = https://repo.example/legacy/\n",
            ".netrc": "machine repo.example login u password p\n",
        },
    )
    assert config.doctor(place=place) == []


def test_a_lower_case_variable_is_found(place: Place) -> None:
    [finding] = found(place.with_variables(pip_index_url=U), "wrong-case")
    assert "PIP_INDEX_URL" in str(finding)


def test_files_hidden_by_PIP_CONFIG_FILE_are_found(place: Place) -> None:
    write(place, {USER: "[global]\n", "my.conf": "[global]\n"})
    [finding] = found(place.with_variables(PIP_CONFIG_FILE=str(place.home / "my.conf")), "never-read")
    assert finding.where == place.home / USER


def test_a_live_index_is_not_called_dead(place: Place) -> None:
    with serving({}) as indexes:
        write(place, {USER: f"[global]\nindex-url = {indexes.url('a')}\n"})
        assert found(place, "dead") == []


@pytest.mark.parametrize(
    ("code", "name", "before", "after"),
    [
        ("two-spellings", USER, f"[global]\nindex_url = https://a/\n# why\nindex-url = {U}\n", f"[global]\n# why\nindex-url = {U}\n"),
        ("inline-comment", USER, f"[global]\nextra-index-url = {U} # ours\n", f"[global]\n# ours\nextra-index-url = {U}\n"),
        ("inline-comment", USER, f"[global]\nindex-url = {U} ; a b\n", f"[global]\n; a b\nindex-url = {U}\n"),
        ("unlisted", ".pypirc", "[distutils]\nindex-servers = a\n[a]\nrepository = https://a/\n[pypi]\nusername = u\n",
         "[distutils]\nindex-servers = a\n    pypi\n[a]\nrepository = https://a/\n[pypi]\nusername = u\n"),
    ],
)  # fmt: skip
def test_a_safe_fix_is_a_change_that_can_be_undone(
    place: Place, code: str, name: str, before: str, after: str
) -> None:
    write(place, {name: before})
    [finding] = found(place, code)
    assert finding.fix(dry_run=True).diff
    assert (place.home / name).read_text() == before
    change = finding.fix()
    assert (place.home / name).read_text() == after
    assert found(place, code) == []
    change.undo()
    assert (place.home / name).read_text() == before


@pytest.mark.parametrize("name", [USER, ".pypirc", ".netrc", "proj/requirements.txt"])
def test_a_secret_that_others_can_read_is_found_and_closed(place: Place, name: str) -> None:
    texts = {
        USER: "[global]\nindex-url = https://u:s3cret@repo.example/\n",
        ".pypirc": "[pypi]\npassword = s3cret\n",
        ".netrc": "machine h login u password s3cret\n",
        "proj/requirements.txt": "-i https://s3cret@repo.example/\n",
    }
    write(place, {name: texts[name]})
    (place.home / name).chmod(0o644)
    [finding] = found(place, "secret-readable")
    assert "s3cret" not in str(finding)
    finding.fix()
    assert (place.home / name).stat().st_mode & 0o777 == 0o600
    assert (place.home / name).read_text() == texts[name]
    assert found(place, "secret-readable") == []


def test_a_reference_or_a_bare_user_line_is_no_secret(place: Place) -> None:
    write(
        place,
        {
            "proj/requirements.txt": "-i https://u:${TOKEN}@repo.example/\n",
            ".pypirc": "[pypi]\nusername = u\n",
        },
    )
    assert found(place, "secret-readable") == []


def test_what_is_not_safe_to_do_is_not_done(place: Place) -> None:
    write(place, {USER: f"[global]\nextra-index-url = {U}\n"})
    [finding] = found(place, "confusion")
    assert not finding.fixable
    with pytest.raises(UnsafeEdit, match="no safe fix"):
        finding.fix()


def test_only_the_named_files_are_looked_at(place: Place) -> None:
    write(place, {USER: "[global]\nx\n", "proj/requirements.txt": f"demo -i {U}\n"})
    assert {finding.code for finding in config.doctor(["requirements.txt"], place=place)} == {
        "ignored-option"
    }
    with pytest.raises(UsageError, match="no configuration file by its name"):
        config.doctor(["photo.jpg"], place=place)


def test_errors_come_first_and_json_has_it_all(place: Place) -> None:
    write(place, {USER: f"[global]\nextra-index-url = {U} # x\n"})
    findings = config.doctor(place=place)
    levels = [finding.level for finding in findings]
    assert levels == sorted(levels)
    assert set(findings[0].to_json()) == {"code", "level", "file", "line", "text", "advice", "fixable"}
    assert Path(findings[0].to_json()["file"]) == place.home / USER
