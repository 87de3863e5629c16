"""On a machine that lacks something, the two commands for a newcomer say in one line what to install."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples import TOP


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The scripts of a checkout that was not used before, in a path with a space."""
    folder = tmp_path / "my checkouts" / "pocketrepo"
    shutil.copytree(TOP / "scripts", folder / "scripts")
    shutil.copy(TOP / "pyproject.toml", folder)
    return folder


def start(script: str, checkout: Path, python: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a script where each of the names of Python is this shell script."""
    programs = checkout.parent / "programs"
    programs.mkdir()
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        (programs / name).write_text(f"#!/bin/sh\n{python}\n")
        (programs / name).chmod(0o755)
    return subprocess.run(
        [checkout / "scripts" / script],
        env={"PATH": f"{programs}:{os.defpath}:/usr/bin:/bin", "HOME": str(checkout.parent), **environ},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


WITHOUT_VENV = f'case "$*" in *ensurepip*) exit 1 ;; esac; exec "{sys.executable}" "$@"'
TOO_OLD = 'case "$*" in --version) echo Python 3.9.2 ;; *) exit 1 ;; esac'


@pytest.mark.parametrize("script", ["demo", "test"])
def test_without_the_venv_package_of_debian_its_name_is_said(script: str, checkout: Path) -> None:
    done = start(script, checkout, WITHOUT_VENV)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "error: python3 cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv\n"
    )
    assert not (checkout / ".venv").exists()


def test_a_named_python_needs_the_package_of_its_version(checkout: Path) -> None:
    done = start("demo", checkout, WITHOUT_VENV, PYTHON="python3.12")
    assert done.stderr.endswith("apt install python3.12-venv\n")


@pytest.mark.parametrize("script", ["demo", "test"])
def test_with_an_old_python_only_the_version_needed_is_said(script: str, checkout: Path) -> None:
    done = start(script, checkout, TOO_OLD)
    assert done.returncode == 1
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith("error: Python 3.11 or newer is needed, here: Python 3.9.2.")


def test_a_python_that_is_not_there_is_named(checkout: Path) -> None:
    done = start("demo", checkout, TOO_OLD, PYTHON="/nowhere/python3")
    assert done.returncode == 1
    assert "there is no /nowhere/python3" in done.stderr
