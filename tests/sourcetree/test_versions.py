"""Which version a release gets: the one that is given, the newest again, or the next."""

from __future__ import annotations

import pytest

from pocketrepo.errors import AlreadyExists
from pocketrepo.sourcetree.versions import next_patch, versions_in
from tests.sourcetree.releases import Build, listing


def test_without_a_version_the_first_is_0_1_0_and_the_next_is_the_patch_after_the_newest(
    built: Build,
) -> None:
    first = built("x = 1\n")
    second = built("x = 2\n", listing(first))
    far = built("x = 3\n", listing(first, second), version="2.0")
    after = built("x = 4\n", listing(first, second, far))
    assert [each.version for each in (first, second, far, after)] == ["0.1.0", "0.1.1", "2.0", "2.0.1"]
    assert all(each.new for each in (first, second, far, after))


def test_without_a_version_the_newest_as_it_is_stays_and_an_older_one_becomes_new(
    built: Build,
) -> None:
    first = built("x = 1\n")
    second = built("x = 2\n", listing(first))
    both = listing(first, second)
    again = built("x = 2\n", both)
    assert (again.version, again.new) == ("0.1.1", False)
    back = built("x = 1\n", both)
    assert (back.version, back.new) == ("0.1.2", True)


def test_a_version_given_again_is_no_change_or_else_an_error_that_names_the_next(
    built: Build,
) -> None:
    there = listing(built("x = 1\n", version="0.2.0"), built("x = 1\n", version="0.2.1"))
    assert not built("x = 1\n", there, version="0.2.0").new
    with pytest.raises(
        AlreadyExists, match=r"geo 0\.2\.0 is taken: versions are immutable.*\(next: 0\.2\.2\)"
    ):
        built("x = 2\n", there, version="0.2.0")
    with pytest.raises(AlreadyExists, match=r"geo 0\.2 is taken"):
        built("x = 1\n", there, version="0.2")


def test_a_version_whose_upload_broke_off_is_completed(built: Build) -> None:
    there = listing(built("x = 1\n", version="1.0"))
    del there["geo-1.0-py3-none-any.whl"]
    rest = built("x = 1\n", there, version="1.0")
    assert (rest.new, rest.listed) == (True, 1)
    with pytest.raises(AlreadyExists):
        built("x = 2\n", there, version="1.0")


@pytest.mark.parametrize(
    ("version", "taken", "following"),
    [
        ("1.2", [], "1.2.1"),
        ("1", ["1.0.1"], "1.0.2"),
        ("1.2.3.4", [], "1.2.4"),
        ("1.2.3rc1", [], "1.2.3"),
        ("1.2.3.dev1", ["1.2.3"], "1.2.4"),
        ("1.2.3.post1", [], "1.2.4"),
        ("2!1.0", [], "2!1.0.1"),
        ("1.0+local", [], "1.0.1"),
    ],
)
def test_the_next_patch(version: str, taken: list[str], following: str) -> None:
    assert next_patch(version, taken) == following


def test_versions_are_those_of_names_that_can_be_read_in_their_order() -> None:
    names = ["geo-0.10.tar.gz", "geo-0.9-py3-none-any.whl", "geo-0.9.0.tar.gz", "geo.exe", "geo-old.zip"]
    assert versions_in(names) == ["0.9", "0.10"]
