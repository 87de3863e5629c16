"""The wheel has all that the checkout has, and a server comes up from it alone."""

from __future__ import annotations

import email
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tests.journeys.conftest import CHECKOUT
from tests.journeys.environments import LiveServer, Venv, run
from tests.test_architecture import OPTIONAL

pytestmark = pytest.mark.journey


def test_the_wheel_has_every_file_of_the_package(built_wheel: Path) -> None:
    with zipfile.ZipFile(built_wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("pocketrepo/")}
    kept = {
        str(path.relative_to(CHECKOUT))
        for path in (CHECKOUT / "pocketrepo").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert packed == kept


@pytest.mark.parametrize("pattern", ["py.typed", "web/templates/*.html", "web/static/*.css"])
def test_files_beside_the_code_are_installed(installed: Venv, pattern: str) -> None:
    assert list((installed.site_packages / "pocketrepo").glob(pattern))


def test_metadata_tells_license_and_python_and_shows_the_readme(built_wheel: Path) -> None:
    with zipfile.ZipFile(built_wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = email.message_from_bytes(archive.read(name))
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert str(metadata.get_payload()).startswith("# PocketRepo")


def test_every_module_imports_in_an_environment_with_declared_dependencies_only(
    installed: Venv, client_env: dict[str, str]
) -> None:
    code = """
import importlib, pkgutil, pocketrepo
def passed_over(name):  # a folder that cannot be imported is not walked
    pass

imported = 0
for module in pkgutil.walk_packages(pocketrepo.__path__, "pocketrepo.", passed_over):
    if "__main__" in module.name:
        continue
    try:
        importlib.import_module(module.name)
        imported += 1
    except ModuleNotFoundError as error:
        assert error.name.partition(".")[0] in OPTIONAL, (module.name, error)
print(imported, pocketrepo.__file__)
"""
    code = f"OPTIONAL = {OPTIONAL}\n{code}"
    count, _, where = run(installed.python, "-I", "-c", code, env=client_env).output.strip().partition(" ")
    assert int(count) > 50
    assert Path(where).is_relative_to(installed.path)


def test_the_command_and_the_module_are_the_same_program(installed: Venv, client_env: dict[str, str]) -> None:
    command = run(installed.program("pocketrepo"), "--version", env=client_env).output
    module = run(installed.python, "-m", "pocketrepo", "--version", env=client_env).output
    assert command == module
    assert installed.version("pocketrepo") in command


def test_type_checkers_see_the_types_of_the_installed_package(
    installed: Venv, client_env: dict[str, str], tmp_path: Path
) -> None:
    pytest.importorskip("mypy")
    script = tmp_path / "script.py"
    script.write_text("import pocketrepo\nreveal_type(pocketrepo.start)\n")
    command = [sys.executable, "-m", "mypy", "--python-executable", str(installed.python), str(script)]
    said = run(*command, env=client_env, cwd=tmp_path).output
    assert "pocketrepo.background.Server" in said


def test_a_server_of_the_wheel_answers_people_and_tools(live: LiveServer) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(live.url, timeout=10) as page:
        assert page.headers["Content-Type"].startswith("text/html")
        assert b"<html" in page.read()
    with opener.open(f"{live.url}simple/", timeout=10) as page:
        assert page.status == 200
