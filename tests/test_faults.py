"""A machine that fails at any step of a write: the client is told with 503 and one line, so is the log, and the
index stays true."""

from __future__ import annotations

import errno
import io
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from packaging.utils import NormalizedName
from werkzeug.test import TestResponse

from pocketrepo.maintenance import check
from pocketrepo.repository import Root, open_root
from pocketrepo.server import create_app
from pocketrepo.settings import Settings
from tests.conftest import owner_key
from tests.distributions import make_wheel
from tests.uploads import admit, assert_true, hosted
from tests.web.forms import body, form

pytestmark = [pytest.mark.journey, pytest.mark.skipif(sys.platform == "win32", reason="POSIX calls")]

CHANGES = ("write", "fsync", "fdatasync", "replace", "rename", "link", "mkdir", "utime")
"""Calls of `os` that may need room on the disk, beside those that open files."""
REMOVALS = ("unlink", "rmdir")


class Fault:
    """What fails from the ``step``-th call on that it concerns, until it is over; or, if it ``passes``, that call
    alone."""

    def __init__(self, number: int, *, opens: str, calls: tuple[str, ...], passes: bool = False) -> None:
        self.number = number
        self._opens = opens
        self._calls = calls
        self._passes = passes
        self._left = 0

    @contextmanager
    def after(self, step: int) -> Iterator[Fault]:
        self._left = step
        with pytest.MonkeyPatch.context() as patch:
            for name in self._calls:
                patch.setattr(os, name, self._failing(getattr(os, name), lambda *_: True))
            patch.setattr(os, "open", self._failing(os.open, self._concerns_flags))
            patch.setattr(io, "open", self._failing(io.open, self._concerns_mode))
            yield self

    @property
    def met(self) -> bool:
        return self._left <= 0

    def _failing(self, call: Callable[..., Any], concerns: Callable[..., bool]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            if concerns(*args, *options.values()):
                self._left -= 1
                if self._left == 0 or (self.met and not self._passes):
                    raise OSError(self.number, os.strerror(self.number))
            return call(*args, **options)

        return counted

    def _concerns_flags(self, _path: Any, flags: int, *_: Any) -> bool:
        return self._opens == "all" or bool(flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR))

    def _concerns_mode(self, _path: Any, mode: str = "r", *_: Any) -> bool:
        return self._opens == "all" or bool(set(mode) & set("wax+"))


PASSES = "disk that was full"
CANNOT_CLEAN = "read-only disk"
FAULTS: dict[str, Callable[[], Fault]] = {
    "full disk": lambda: Fault(errno.ENOSPC, opens="writing", calls=CHANGES),
    PASSES: lambda: Fault(errno.ENOSPC, opens="writing", calls=CHANGES, passes=True),
    CANNOT_CLEAN: lambda: Fault(errno.EROFS, opens="writing", calls=CHANGES + REMOVALS),
    "no descriptors": lambda: Fault(errno.EMFILE, opens="all", calls=()),
}


Work = Callable[[FlaskClient, dict[str, str]], TestResponse]


def uploading(root: Root, tmp_path: Path, number: int) -> Work:
    """The first file of a new project."""
    name = f"hello{number}"
    wheel = make_wheel(tmp_path, name)
    data, kind = body(form(wheel, changed={"name": name}), [("content", wheel.name, wheel.read_bytes())])
    return lambda http, headers: http.post("/", data=data, headers={**headers, "Content-Type": kind})


def yanking(root: Root, tmp_path: Path, number: int) -> Work:
    """One of two files."""
    return _on_package("post", "yank/", root, tmp_path, number)


def deleting(root: Root, tmp_path: Path, number: int) -> Work:
    """The last file of a project."""
    return _on_package("delete", "", root, tmp_path, number)


def _on_package(method: str, verb: str, root: Root, tmp_path: Path, number: int) -> Work:
    key = admit(root, make_wheel(tmp_path, f"hello{number}")).file.key
    if method == "post":
        admit(root, make_wheel(tmp_path, f"hello{number}", "2.0"))
    address = f"/v1/packages/local/main/{key}/{verb}"
    return lambda http, headers: http.open(address, method=method, headers=headers)


@pytest.mark.parametrize("doing", [uploading, yanking, deleting])
@pytest.mark.parametrize("kind", FAULTS)
def test_a_write_that_fails_at_any_step_is_503_and_leaves_a_true_index(
    root: Root,
    http: FlaskClient,
    owner: dict[str, str],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    doing: Callable[[Root, Path, int], Work],
) -> None:
    for step in range(1, 200):
        work = doing(root, tmp_path, step)
        caplog.clear()
        with FAULTS[kind]().after(step) as fault:
            response = work(http, owner)
        where = f"step {step}: {response.status_code} {response.text}"
        if not fault.met:
            assert response.status_code in (200, 204), where
            break
        if response.status_code not in (200, 204):
            # What fails behind the commit is not the client's matter.
            assert response.status_code == 503, where
            assert response.text.count("\n") <= 1, where
            [said] = [record for record in caplog.records if record.levelno >= logging.ERROR]
            assert said.exc_info is None, where
            assert said.getMessage() in ((response.json or {}).get("detail"), response.text.strip()), where
        assert_true(root)
        if kind != CANNOT_CLEAN:
            assert list(root.store.staging.iterdir()) == [], where
        if kind == PASSES and doing is uploading:
            assert "leftover" not in {each.kind for each in check(root, grace=0)}, where
        assert work(http, owner).status_code in (200, 204, 404), where
        check(root, sweep=True, grace=0)
        assert check(root, grace=0) == [], where
        assert_true(root)
    else:
        pytest.fail("there was no end of steps")
    assert step > 5


def test_a_page_that_is_held_is_answered_without_a_descriptor(
    root: Root, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    admit(root, make_wheel(tmp_path))
    admit(root, make_wheel(tmp_path, "world"))
    http = create_app(settings, open_root(settings)).test_client()
    held = http.get("/simple/hello-pocket/").data
    with FAULTS["no descriptors"]().after(1):
        assert http.get("/simple/hello-pocket/").data == held
        response = http.get("/simple/world/")
    assert (response.status_code, response.text.count("\n")) == (503, 1)
    assert "too many open files" in caplog.text
    assert http.get("/simple/world/").status_code == 200


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if (
        not sys.platform.startswith("linux")
        or os.geteuid() != 0
        or subprocess.run(command, check=False).returncode
    ):
        pytest.skip("only root can mount a disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", str(folder)], check=True)


def test_on_a_disk_that_fills_up_and_one_that_turns_read_only(
    small_disk: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(root=small_disk / "root")
    root = open_root(settings)
    http = create_app(settings, root).test_client()
    headers = {"Authorization": f"Bearer {owner_key(settings.root)}"}

    def push(version: str) -> TestResponse:
        files = {"hello_pocket/data.bin": os.urandom(90_000)}
        wheel = make_wheel(tmp_path, version=version, files=files)
        data, kind = body(
            form(wheel, changed={"version": version}), [("content", wheel.name, wheel.read_bytes())]
        )
        return http.post("/", data=data, headers={**headers, "Content-Type": kind})

    taken = 0
    while (full := push(f"1.{taken}")).status_code == 200:
        taken += 1
    assert taken > 5
    assert (full.status_code, full.text.count("\n")) == (503, 1)
    assert "space" in full.text
    assert full.text.strip() in caplog.messages
    assert list(root.store.staging.iterdir()) == []
    assert assert_true(root) == taken
    assert http.get("/simple/hello-pocket/").text.count("<a ") == taken

    hosted(root).delete(NormalizedName("hello-pocket"), version="1.0", actor="tests")
    assert push("2.0").status_code == 200

    remount(small_disk, "ro")
    caplog.clear()
    refused = push("3.0")
    assert (refused.status_code, refused.text.count("\n")) == (503, 1)
    assert refused.text.strip() in caplog.messages
    assert http.get("/simple/hello-pocket/").status_code == 200
    assert assert_true(root) == taken
    remount(small_disk, "rw")
    assert check(root, grace=0) == []
