"""Installing: what the installer is told, what it must not see, and what is told of its work. The installers
are scripts here; real ones are driven by the journeys."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from pocketrepo.environment import OTHER_SOURCES, Address, loaded
from pocketrepo.environment.installing import Installed, install
from pocketrepo.errors import InstallFailed, UsageError

URL = "http://127.0.0.1:8080/simple/"
HERE = Address(URL, "http://127.0.0.1:8080/legacy/")
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


def put(site: Path, version: str, *files: str) -> str:
    """A script that leaves ``hello-pocket`` of a version, with a record of files, in ``site``."""
    info = f"{site}/hello_pocket-{version}.dist-info"
    record = "".join(f"{file},sha256=abc,1\\n" for file in files)
    return (
        f"rm -rf {site}/hello_pocket-*.dist-info; mkdir {info}; printf '{record}' > {info}/RECORD\n"
        f"printf 'Metadata-Version: 2.1\\nName: hello-pocket\\nVersion: {version}\\n' > {info}/METADATA"
    )


def test_pip_of_this_interpreter_is_told_this_index_alone(
    fake: Fake, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in OTHER_SOURCES:
        monkeypatch.setenv(name, "http://elsewhere.example/")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/somewhere")
    monkeypatch.setenv("no_proxy", "a.example")
    fake('echo "$@"; env; ' + put(site, "1.0"))
    lines: list[str] = []
    install(["hello-pocket==1.0"], HERE, options=["--upgrade"], say=lines.append)
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
        ["hello-pocket"],
        Address("https://h/simple/", ""),
        extra_index_urls=["http://b/", "http://c/"],
        say=lines.append,
    )
    assert lines[0].endswith(
        "--index-url https://h/simple/ --extra-index-url http://b/ --extra-index-url http://c/ hello-pocket"
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
    [done] = install(["hello-pocket"], HERE, say=lines.append)
    assert done.version == "1.0"
    assert lines == [f"pip install --python {sys.executable} --no-config --index-url {URL} hello-pocket"]
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InstallFailed, match="neither pip nor uv"):
        install(["hello-pocket"], HERE)


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
        install([requirement], HERE)
    with pytest.raises(UsageError, match="nothing to install"):
        install([], HERE)
    assert not (tmp_path / "ran").exists()


def test_what_changed_is_told_and_what_has_to_be_imported_again(
    fake: Fake, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for script, expected, line in [
        (put(site, "1.0"), Installed("hello-pocket", "1.0", None), "installed hello-pocket 1.0"),
        ("true", Installed("hello-pocket", "1.0", "1.0"), "hello-pocket 1.0 was installed already"),
    ]:
        fake(script)
        [done] = install(["Hello_Pocket[extra]>=1; python_version>'3'"], HERE)
        assert (done, str(done)) == (expected, line)


def replaced(fake: Fake, site: Path, *modules: str) -> Installed:
    """What is told when ``hello-pocket`` 1.0, with these files, becomes 2.0."""
    fake(put(site, "1.0", *modules))
    install(["hello-pocket"], HERE)
    fake(put(site, "2.0", *modules))
    [done] = install(["hello-pocket"], HERE)
    return done


def test_modules_of_what_was_replaced_are_forgotten_and_no_others(
    fake: Fake, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, file in [
        ("hello_pocket", "hello_pocket/__init__.py"),
        ("hello_pocket.words", "hello_pocket/words.py"),
        ("other", "other.py"),
    ]:
        module = ModuleType(name)
        module.__file__ = str(site / file)
        monkeypatch.setitem(sys.modules, name, module)
    done = replaced(fake, site, "hello_pocket/__init__.py", "hello_pocket/words.py")
    assert done == Installed("hello-pocket", "2.0", "1.0", reloaded=("hello_pocket",))
    assert str(done) == "reloaded hello-pocket 1.0 -> 2.0; import hello_pocket again"
    assert not {"hello_pocket", "hello_pocket.words"} & set(sys.modules)
    assert "other" in sys.modules


def test_the_next_import_is_of_the_new_version(fake: Fake, site: Path) -> None:
    fake(put(site, "1.0", "fresh_pocket.py") + f"; echo 'version = 1' > {site}/fresh_pocket.py")
    install(["hello-pocket"], HERE)
    assert importlib.import_module("fresh_pocket").version == 1
    fake(put(site, "2.0", "fresh_pocket.py") + f"; echo 'version = 200' > {site}/fresh_pocket.py")
    install(["hello-pocket"], HERE)
    try:
        assert importlib.import_module("fresh_pocket").version == 200
    finally:
        del sys.modules["fresh_pocket"]


def test_a_compiled_module_asks_for_a_restart_and_nothing_is_forgotten(
    fake: Fake, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = f"_hello{importlib.machinery.EXTENSION_SUFFIXES[0]}"
    for name, file in [("hello_pocket", "hello_pocket.py"), ("_hello", compiled)]:
        module = ModuleType(name)
        module.__file__ = str(site / file)
        monkeypatch.setitem(sys.modules, name, module)
    done = replaced(fake, site, "hello_pocket.py", compiled)
    assert done.stale_modules == ("_hello", "hello_pocket")
    assert not done.reloaded
    assert "restart the kernel: _hello, hello_pocket cannot be loaded anew" in str(done)
    assert {"hello_pocket", "_hello"} <= set(sys.modules)


def test_what_the_kernel_itself_runs_on_is_not_forgotten(
    fake: Fake, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "requests" in loaded._kernels_own(), "what it needs is its own too"
    monkeypatch.setattr(loaded, "KERNEL", ("hello-pocket",))
    module = ModuleType("hello_pocket")
    module.__file__ = str(site / "hello_pocket.py")
    monkeypatch.setitem(sys.modules, "hello_pocket", module)
    assert replaced(fake, site, "hello_pocket.py").stale_modules == ("hello_pocket",)
    assert sys.modules["hello_pocket"] is module


def test_other_distributions_that_came_along_are_told(fake: Fake, site: Path) -> None:
    script = put(site, "1.0").replace("hello", "base").replace("rm -rf", "true")
    fake(put(site, "1.0") + "\n" + script)
    assert [str(one) for one in install(["hello-pocket"], HERE)] == [
        "installed hello-pocket 1.0",
        "installed base-pocket 1.0",
    ]


def test_a_credential_is_in_the_environment_and_not_on_the_command_line(fake: Fake, site: Path) -> None:
    fake('echo "$@"; echo $PIP_INDEX_URL; echo $UV_DEFAULT_INDEX; ' + put(site, "1.0"))
    lines: list[str] = []
    private = Address(URL, "", ("__token__", "s3cret"), private=True)
    install(["hello-pocket"], private, options=["--isolated"], say=lines.append)
    assert lines[0].endswith("--disable-pip-version-check hello-pocket")
    assert lines[1:] == [URL.replace("://", "://__token__:s3cret@")] * 2
    assert "s3cret" not in repr(private)


def test_a_package_that_is_not_there_says_who_was_asked(fake: Fake) -> None:
    fake("echo 'ERROR: Could not find a version of x (from versions: none)'; exit 1")
    with pytest.raises(InstallFailed, match=f"only {URL} was asked; extra_index_urls adds others"):
        install(["x"], HERE, say=lambda line: None)
    with pytest.raises(InstallFailed) as caught:
        install(["x"], HERE, extra_index_urls=["http://b/"], say=lambda line: None)
    assert not caught.value.hint


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
        install(["nope"], HERE, say=shown.append)
    assert caught.value.message == f"nope could not be installed: {reason}"
    assert shown == [line.rstrip() for line in printed.splitlines()]
