"""A process that is killed at any step of an upload or a deletion leaves an index that is true."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import NormalizedName

from pocketrepo.maintenance import check
from pocketrepo.repository import open_root
from pocketrepo.settings import Settings
from tests.distributions import make_wheel
from tests.uploads import admit, assert_true, hosted, stored

_HELLO = NormalizedName("hello-pocket")
STEPS = (
    "open",
    "write",
    "fsync",
    "fdatasync",
    "replace",
    "rename",
    "link",
    "unlink",
    "mkdir",
    "rmdir",
    "utime",
)


def survives(work: Callable[[], object], step: int) -> bool:
    """Run ``work`` in a forked process that dies at its ``step``-th system call that may change the disk.

    Whether it came to its end before.
    """
    child = os.fork()
    if child == 0:
        try:
            _die_at(step)
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return False
    assert os.waitstatus_to_exitcode(status) == 0
    return True


def _die_at(step: int) -> None:
    left = step

    def wrap(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **options)

        return counted

    for name in STEPS:
        setattr(os, name, wrap(getattr(os, name)))


pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(sys.platform == "win32", reason="kills forked processes"),
]


def test_an_upload_killed_at_any_step_lists_only_whole_files(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path / "root")
    before, wheel = make_wheel(tmp_path, version="1.0"), make_wheel(tmp_path, version="2.0")
    admit(open_root(settings), before)
    steps = 1
    while not survives(lambda: admit(open_root(settings), wheel), steps):
        root = open_root(settings)
        assert assert_true(root) in (1, 2), f"killed at step {steps}"
        check(root, sweep=True, grace=0)
        assert check(root, grace=0) == [], f"killed at step {steps}"
        assert len(stored(root)) == 3 * assert_true(root)
        hosted(root).delete(hosted(root).project(_HELLO).value.name, version="1.0", actor="tests")
        admit(root, before)
        if assert_true(root) == 2:
            hosted(root).delete(_HELLO, version="2.0", actor="tests")
        steps += 1
    assert steps > 15, "the steps of an upload were not seen"
    assert assert_true(open_root(settings)) == 2


def test_a_deletion_killed_at_any_step_lists_only_whole_files(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path / "root")
    wheel = make_wheel(tmp_path, version="1.0")
    admit(open_root(settings), wheel)
    steps = 1
    while not survives(lambda: hosted(open_root(settings)).delete(_HELLO, actor="tests"), steps):
        root = open_root(settings)
        assert_true(root)
        check(root, sweep=True, grace=0)
        assert check(root, grace=0) == [], f"killed at step {steps}"
        admit(root, wheel)
        assert assert_true(root) == 1
        steps += 1
    assert steps > 5, "the steps of a deletion were not seen"
    assert assert_true(open_root(settings)) == 0
