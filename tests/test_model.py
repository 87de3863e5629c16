"""The nouns of an index as plain data: names, versions, what is the latest."""

from __future__ import annotations

import pytest

from pocketrepo.errors import UsageError
from pocketrepo.model import (
    RESERVED_OWNERS,
    RESERVED_REPOSITORIES,
    File,
    Project,
    ProjectList,
    RepositoryName,
    is_normalized,
    newest,
    normalize,
    version_order,
)


def file(version: str, *, yanked: str | None = None, tag: str = "py3-none-any", **fields: str) -> File:
    times = {"upload_time": "2026-01-01T00:00:00.000000Z", **fields}
    name = f"hello-{version}-{tag}.whl"
    return File(name, version, "0" * 16, 1, "00", yanked=yanked, **times)


def project(*files: File) -> Project:
    return Project(normalize("hello"), "Hello", files)


@pytest.mark.parametrize("text", ["acme/internal", " Acme/Internal ", "ACME/INTERNAL"])
def test_a_repository_name_is_lower_case(text: str) -> None:
    assert RepositoryName.parse(text) == ("acme", "internal")
    assert str(RepositoryName.parse(text)) == "acme/internal"


@pytest.mark.parametrize(
    "text",
    ["", "acme", "acme/", "/x", "a/b/c", "-a/b", "a/_b", "a b/c", "a/..", "é/b", "a/b\n/", f"a/{'b' * 64}"],
)
def test_what_is_no_repository_name_is_told_the_rule(text: str) -> None:
    with pytest.raises(UsageError, match="OWNER/REPO in letters"):
        RepositoryName.parse(text)


def test_a_repository_name_may_have_63_characters_a_part() -> None:
    assert RepositoryName.parse(f"{'a' * 63}/{'b' * 63}")


@pytest.mark.parametrize("owner", sorted(RESERVED_OWNERS))
def test_owners_that_are_urls_are_reserved(owner: str) -> None:
    with pytest.raises(UsageError, match=f"'{owner}' is a reserved word"):
        RepositoryName.parse(f"{owner.upper()}/x")


@pytest.mark.parametrize("repo", sorted(RESERVED_REPOSITORIES))
def test_repositories_that_are_urls_are_reserved(repo: str) -> None:
    with pytest.raises(UsageError, match=f"'{repo}' is a reserved word"):
        RepositoryName.parse(f"acme/{repo}")


def test_versions_are_in_the_order_of_pep_440_with_the_unknown_first() -> None:
    found = project(*map(file, ["1.10", "1.9", "1.9rc1", "nightly", "1!0.1", "1.9.post1"]))
    assert found.versions == ("nightly", "1.9rc1", "1.9", "1.9.post1", "1.10", "1!0.1")
    assert newest(found.versions) == "1!0.1"
    assert newest([]) is None


def test_equal_versions_keep_the_order_of_their_files() -> None:
    """Else pages, and with them ETags, would differ between processes."""
    spelled = ["1.0", "1", "1.0.0", "1.0.0.0", "1.0.0.0.0", "zeta", "alpha", "nightly", "beta"]
    assert project(*map(file, spelled)).versions == (*spelled[5:], *spelled[:5])


def test_releases_are_the_files_of_each_version_newest_first() -> None:
    old = file("1.0", upload_time="2026-01-02T00:00:00.000000Z")
    later = file(
        "1.0", tag="cp311-none-any", upload_time="2026-01-03T00:00:00.000000Z", requires_python=">=3.11"
    )
    new = file("2.0", yanked="")
    first, second = project(old, new, later).releases
    assert (first.version, first.files, first.yanked) == ("2.0", (new,), True)
    assert (second.version, second.files, second.yanked) == ("1.0", (old, later), False)
    assert second.upload_time == old.upload_time
    assert second.requires_python == ">=3.11"


def test_a_release_is_yanked_once_all_its_files_are() -> None:
    partly = project(file("1.0", yanked="broken"), file("1.0", tag="cp311-none-any"))
    assert not partly.releases[0].yanked


@pytest.mark.parametrize(
    ("files", "latest"),
    [
        ([], None),
        ([file("1.0"), file("2.0")], "2.0"),
        ([file("1.0"), file("2.0", yanked="")], "1.0"),
        ([file("1.0"), file("2.0rc1")], "1.0"),
        ([file("1.0", yanked=""), file("2.0rc1")], "2.0rc1"),
        ([file("1.0", yanked=""), file("2.0", yanked="")], "2.0"),
    ],
)
def test_the_latest_release_is_what_an_installer_would_take(files: list[File], latest: str | None) -> None:
    found = project(*files).latest
    assert (found.version if found else None) == latest


def test_names_have_one_spelling() -> None:
    assert normalize("Hello._-Pocket") == "hello-pocket"
    assert is_normalized("hello-pocket")
    assert not is_normalized("hello_pocket")


def test_text_that_is_no_version_sorts_before_every_version() -> None:
    assert version_order("nightly") < version_order("0.dev0")


@pytest.mark.parametrize(
    ("name", "alike"),
    [("hello-pocket", None), ("he11o-pocket", "hello-pocket"), ("hellopocket", "hello-pocket"), ("a-0", "ao"),
     ("hello-pockets", None), ("a", None), ("", None)],
)  # fmt: skip
def test_a_name_that_reads_like_another_is_noticed(name: str, alike: str | None) -> None:
    listed = ProjectList({normalize(one): one for one in ("zebra", "hello-pocket", "ao", "b")})
    assert listed.similar(normalize(name)) == alike
    assert ProjectList().similar(normalize(name)) is None
