"""The plugin as its users have it: in a pytest run of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]


def ran(pytester: pytest.Pytester, *options: str, **outcomes: int) -> str:
    """Run pytest in this process; what it printed."""
    result = pytester.runpytest("-p", "no:cacheprovider", *options)
    result.assert_outcomes(**outcomes)
    return result.stdout.str()


def test_it_is_found_by_its_entry_point() -> None:
    [found] = [point for point in entry_points(group="pytest11") if point.name == "pocketrepo"]
    assert found.value == "pocketrepo.testing.plugin"


def test_a_run_that_does_not_use_it_does_not_load_what_it_takes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import json, sys
        def test_nothing():
            packages = {name.partition(".")[0] for name in sys.modules}
            print("LOADED", json.dumps(sorted(packages | set(sys.modules))))
        """
    )
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-s",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            str(pytester.path),
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=pytester.path,
    )
    [line] = [line for line in done.stdout.splitlines() if "LOADED" in line]
    loaded = set(json.loads(line.partition("LOADED")[2].strip(" .")))
    assert "pocketrepo.testing.plugin" in loaded
    assert not loaded & {"flask", "werkzeug", "requests", "click", "venv", "pocketrepo.testing.index"}


def test_each_test_has_an_empty_index_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        seen = []

        @pytest.mark.parametrize("number", range(3))
        def test_it(pocketrepo, number):
            assert pocketrepo.files == []
            pocketrepo.add("lib==1.0")
            seen.append(pocketrepo)

        def test_after():
            assert len({index.url for index in seen}) == 3
            assert all(index.closed and not index.folder.exists() for index in seen)
        """
    )
    ran(pytester, passed=4)


def test_markers_fill_the_index_the_nearest_last(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        pytestmark = pytest.mark.pocketrepo(packages=["a==1"], token="outer")

        @pytest.mark.pocketrepo(packages=["b==2"], token="inner")
        def test_it(pocketrepo):
            assert [file.version for file in pocketrepo.files] == ["1", "2"]
            assert pocketrepo._gate.tokens == {"read": "inner"}
        """
    )
    ran(pytester, "--strict-markers", passed=1)


def test_a_marker_that_is_misspelt_is_an_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.pocketrepo(package="a==1")
        def test_it(pocketrepo):
            pass
        """
    )
    assert "package" in ran(pytester, errors=1)


def test_more_indexes_and_one_for_the_whole_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture(scope="session")
        def shelf(pocketrepo_session):
            pocketrepo_session.add("lib==1.0")
            return pocketrepo_session

        @pytest.mark.parametrize("number", range(2))
        def test_it(shelf, pocketrepo, pocketrepo_factory, number):
            mirror = pocketrepo_factory("mirror")
            mirror.add("a==1")
            assert "/mirror-" in mirror.url
            assert not pocketrepo.files
            assert len(shelf.files) == 1
            assert len({each.url for each in (mirror, pocketrepo, shelf)}) == 3
        """
    )
    ran(pytester, passed=2)


ASKING = """
    from urllib.request import urlopen

    def ask(index, path=""):
        return urlopen(index.index_url + path).read()
"""


def test_a_failure_shows_the_requests_of_this_test_alone(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(ASKING)
    pytester.makepyfile(
        """
        from conftest import ask

        def test_before(pocketrepo_session):
            pocketrepo_session.add("earlier==1")
            ask(pocketrepo_session, "earlier/")

        def test_it(pocketrepo_session, pocketrepo):
            pocketrepo.add("lib==1.0")
            ask(pocketrepo, "lib/")
            ask(pocketrepo_session)
            assert 0
        """
    )
    said = ran(pytester, passed=1, failed=1)
    assert "requests to http://127.0.0.1:" in said
    assert "python-urllib /simple/lib/" in said
    assert "/simple/earlier/" not in said
    assert "kept" not in said


BREAKING = """
    import pytest
    from pocketrepo.front import Front
    from urllib.request import urlopen
    from urllib.error import HTTPError

    @pytest.fixture
    def broken(monkeypatch):
        def answer(*arguments, **options):
            raise ZeroDivisionError("the bug")
        monkeypatch.setattr(Front, "answer", answer)

    def ask(index):
        try:
            urlopen(index.index_url)
        except HTTPError as error:
            error.close()
"""


def test_a_fault_of_the_server_fails_the_test_that_met_it_with_its_traceback(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        BREAKING
        + """
    def test_it(pocketrepo, broken):
        ask(pocketrepo)

    def test_expected(pocketrepo, broken):
        ask(pocketrepo)
        [error] = pocketrepo.errors
        pocketrepo.errors.clear()

    def test_asked_for(pocketrepo):
        with pocketrepo.fail(status=500):
            ask(pocketrepo)
"""
    )
    said = ran(pytester, passed=2, failed=1, errors=0)
    assert "the package index met a fault" in said
    assert "ZeroDivisionError: the bug" in said
    assert "GET  500" in said


def test_a_fault_after_the_test_is_an_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        BREAKING
        + """
    @pytest.fixture
    def asks_at_the_end(pocketrepo, broken):
        yield
        ask(pocketrepo)

    def test_it(asks_at_the_end):
        pass
"""
    )
    assert "ZeroDivisionError: the bug" in ran(pytester, passed=1, errors=1)


def test_the_index_of_a_failed_test_can_be_kept(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(pytester.mkdir("temporary")))
    pytester.makepyfile(
        """
        def test_good(pocketrepo):
            pass

        def test_bad(pocketrepo):
            pocketrepo.add("lib==1.0")
            assert 0
        """
    )
    said = ran(pytester, "--pocketrepo-keep", passed=1, failed=1)
    [folder] = (pytester.path / "temporary").iterdir()
    assert f"python -m pocketrepo serve --root {folder}/root" in said
    assert list(Path(folder).rglob("lib-1.0-py3-none-any.whl"))


def test_nothing_is_left_without_asking(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(pytester.mkdir("temporary")))
    pytester.makepyfile("def test_bad(pocketrepo, pocketrepo_session):\n    pocketrepo.venv()\n    assert 0")
    ran(pytester, failed=1)
    assert list((pytester.path / "temporary").iterdir()) == []


@pytest.mark.journey
def test_workers_of_xdist_do_not_meet(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        from urllib.request import urlopen

        @pytest.mark.parametrize("number", range(20))
        def test_it(pocketrepo, pocketrepo_session, number):
            pocketrepo.add(f"lib-{number}==1.0")
            page = urlopen(pocketrepo.index_url).read().decode()
            assert page.count("<a ") == 1
            assert f"lib-{number}/" in page
        """
    )
    ran(pytester, "-n", "2", passed=20)
