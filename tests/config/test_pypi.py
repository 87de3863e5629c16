"""The public index's address comes from pip."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pocketrepo.config import pypi


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    for remembered in (pypi.hosts, pypi.simple_url, pypi._urls):
        remembered.cache_clear()
    yield
    for remembered in (pypi.hosts, pypi.simple_url, pypi._urls):
        remembered.cache_clear()


def test_the_installed_pip_and_the_one_that_comes_with_python_say_the_same() -> None:
    from pip._internal.models.index import PyPI, TestPyPI

    assert pypi._installed()
    assert pypi.hosts() == (PyPI.netloc, TestPyPI.netloc)
    assert f"{pypi.simple_url()}" == PyPI.simple_url
    assert pypi._CONSTANT.findall(pypi._bundled()) == pypi._CONSTANT.findall(pypi._installed())


def test_without_any_pip_a_name_stands_that_nobody_can_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pypi, "find_spec", lambda name: None)
    assert pypi.hosts() == ("public-index.invalid",)
    assert pypi.simple_url() == "https://public-index.invalid/simple"
