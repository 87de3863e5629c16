"""This process's environment, pointed at a repository and put back."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pocketrepo.environment import Address
from pocketrepo.environment.using import Using

A = Address("http://127.0.0.1:1/simple/", "http://127.0.0.1:1/legacy/", ("__token__", "s3cret"))
B = Address("http://127.0.0.1:2/simple/", "http://127.0.0.1:2/legacy/")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", "wheels")
    monkeypatch.setenv("TWINE_USERNAME", "me")
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)


def test_it_is_in_force_at_once_and_leaves_no_trace() -> None:
    before = dict(os.environ)
    using = Using(A)
    assert os.environ["PIP_INDEX_URL"] == os.environ["UV_DEFAULT_INDEX"] == A.index_url
    assert os.environ["TWINE_PASSWORD"] == "s3cret"
    assert "PIP_FIND_LINKS" not in os.environ
    assert using.active
    using.undo()
    assert dict(os.environ) == before
    assert not using.active
    using.undo()
    assert dict(os.environ) == before, "twice is once"


def test_a_with_block_ends_it_even_by_an_error() -> None:
    before = dict(os.environ)
    with pytest.raises(ZeroDivisionError), Using(A):
        _ = 1 / 0
    assert dict(os.environ) == before


@pytest.mark.parametrize("first", [0, 1])
def test_two_can_be_undone_in_any_order(first: int) -> None:
    before = dict(os.environ)
    both = [Using(A), Using(B)]
    both.pop(first).undo()
    [left] = both
    assert os.environ["PIP_INDEX_URL"] == left.index_url
    assert os.environ.get("TWINE_PASSWORD") == ("s3cret" if left.index_url == A.index_url else None)
    left.undo()
    assert dict(os.environ) == before


def test_what_somebody_changed_since_stays() -> None:
    with Using(A):
        os.environ["PIP_INDEX_URL"] = "http://mine/"
    assert os.environ.pop("PIP_INDEX_URL") == "http://mine/"


def test_it_is_undone_at_exit() -> None:
    code = (
        "import atexit, os; atexit.register(lambda: print(os.environ.get('PIP_INDEX_URL')))\n"
        "from pocketrepo.environment import Address; from pocketrepo.environment.using import Using\n"
        "Using(Address('http://h/simple/', '')); print(os.environ['PIP_INDEX_URL'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.split() == ["http://h/simple/", "None"]


def test_it_shows_names_of_variables_and_never_the_secret() -> None:
    with Using(A, "extra") as using:
        for shown in [*using._repr_mimebundle_().values(), repr(using)]:
            assert A.index_url in shown
            assert "s3cret" not in shown
        assert "TWINE_PASSWORD" in using._repr_html_()
        assert "highest version" in using._repr_html_(), "the risk of a second index is said"
    assert "undone" in repr(using)
    assert "no longer used" in using._repr_html_()
