"""Installing: what the installer is told, what it must not see, and what is told of its work. The installers
are scripts here; real ones are driven by the journeys."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from pocketrepo import installing
from pocketrepo.errors import InstallFailed, UsageError
from pocketrepo.installing import Installed, install

URL = "http://127.0.0.1:8080/simple/"
Fake = Callable[[str], Path]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Puts a shell script in the place of the interpreter that runs pip."""

    def make(script: str) -> Path:
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(path))
        return path

    return make


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed distributions that this interpreter sees."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def put(site: Path, version: str) -> str:
    """A script that leaves ``hello-pocket`` of a version in ``site``."""
    info = f"{site}/hello_pocket-{version}.dist-info"
    return (
        f"rm -rf {site}/hello_pocket-*.dist-info; mkdir {info}; echo hello_pocket.py,, > {info}/RECORD\n"
        f"printf 'Metadata-Version: 2.1\\nName: hello-pocket\\nVersion: {version}\\n' > {info}/METADATA"
    )


def test_pip_of_this_interpreter_is_told_this_index_alone(
    fake: Fake, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in installing.OTHER_SOURCES:
        monkeypatch.setenv(name, "http://elsewhere.example/")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/somewhere")
    monkeypatch.setenv("no_proxy", "a.example")
    fake('echo "$@"; env; ' + put(site, "1.0"))
    lines: list[str] = []
    install(["hello-pocket==1.0"], URL, options=["--upgrade"], show=lines.append)
    command = "-m pip install --no-input --disable-pip-version-check"
    assert lines[0] == f"{command} --upgrade --index-url {URL} hello-pocket==1.0"
    assert not any("elsewhere.example" in line for line in lines)
    assert f"PIP_CONFIG_FILE={os.devnull}" in lines
    assert {"no_proxy=a.example,127.0.0.1", "NO_PROXY=a.example,127.0.0.1"} <= set(lines)
    assert os.environ["PIP_CONFIG_FILE"] == "/somewhere"


def test_other_indexes_are_asked_only_when_they_are_named(fake: Fake, site: Path) -> None:
    fake('echo "$@"; env | grep -i no_proxy; ' + put(site, "1.0"))
    lines: list[str] = []
    install(
        ["hello-pocket"], "http://h/simple/", extra_index_urls=["http://b/", "http://c/"], show=lines.append
    )
    assert lines[0].endswith(
        "--index-url http://h/simple/ --extra-index-url http://b/ --extra-index-url http://c/ hello-pocket"
    )
    assert not any("=h" in line or ",h" in line for line in lines[1:])


def test_without_pip_uv_installs_into_this_interpreter(
    fake: Fake, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pip" else find_spec(name))
    uv = fake('echo "$@"; ' + put(site, "1.0")).rename(tmp_path / "uv")
    monkeypatch.setenv("PATH", f"{uv.parent}:{os.environ['PATH']}")
    lines: list[str] = []
    [done] = install(["hello-pocket"], URL, show=lines.append)
    assert done.version == "1.0"
    assert lines == [f"pip install --python {sys.executable} --no-config --index-url {URL} hello-pocket"]
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InstallFailed, match="neither pip nor uv"):
        install(["hello-pocket"], URL)


@pytest.mark.parametrize(
    "requirement",
    ["", "-r x", "--index-url=http://evil/", "./hello", "dist/hello-1.0.whl", "http://h/hello-1.0.whl",
     "hello pocket", "hello --pre", "hello\n-r x"],
)  # fmt: skip
def test_what_names_no_package_never_reaches_the_installer(
    fake: Fake, tmp_path: Path, requirement: str
) -> None:
    fake(f"touch {tmp_path}/ran")
    with pytest.raises(UsageError, match="names no package"):
        install([requirement], URL)
    with pytest.raises(UsageError, match="nothing to install"):
        install([], URL)
    assert not (tmp_path / "ran").exists()


def test_what_changed_is_told_and_what_has_to_be_imported_again(
    fake: Fake, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for script, expected, line in [
        (put(site, "1.0"), Installed("hello-pocket", "1.0", None, ()), "installed hello-pocket 1.0"),
        ("true", Installed("hello-pocket", "1.0", "1.0", ()), "hello-pocket 1.0 was installed already"),
    ]:
        fake(script)
        [done] = install(["Hello_Pocket[extra]>=1; python_version>'3'"], URL)
        assert (done, str(done)) == (expected, line)
    monkeypatch.setitem(sys.modules, "hello_pocket", ModuleType("hello_pocket"))
    fake(put(site, "2.0"))
    [done] = install(["hello-pocket"], URL)
    assert done == Installed("hello-pocket", "2.0", "1.0", ("hello_pocket",))
    assert str(done).startswith(
        "installed hello-pocket 1.0 -> 2.0; hello_pocket is already imported: restart"
    )


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        (
            "Looking in indexes: x\nERROR: Could not find a version (from versions: none)\nERROR: No matching",
            "Could not find a version (from versions: none)",
        ),
        (
            "error: No solution found when resolving dependencies\n  cause: Because nope was not found",
            "No solution found when resolving dependencies Because nope was not found",
        ),
        (
            "  \N{MULTIPLICATION SIGN} No solution found when resolving:\n  ╰─▶ Because nope was not found",
            "No solution found when resolving: Because nope was not found",
        ),
        ("something\n  last words  \n\n", "last words"),
        ("", "no reason given"),
    ],
)
def test_a_failure_is_one_line_with_the_installers_reason(
    fake: Fake, tmp_path: Path, printed: str, reason: str
) -> None:
    (tmp_path / "printed").write_text(printed)
    fake(f"cat {tmp_path}/printed >&2; exit 1")
    shown: list[str] = []
    with pytest.raises(InstallFailed) as caught:
        install(["nope"], URL, show=shown.append)
    assert str(caught.value) == f"nope could not be installed: {reason}"
    assert shown == [line.rstrip() for line in printed.splitlines()]
