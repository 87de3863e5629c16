"""What an owner can say of a project, and what nobody can."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from pocketrepo.errors import UsageError
from pocketrepo.model import STATUSES, normalize
from pocketrepo.publisher import Publisher
from pocketrepo.standing import USUAL, Standing

HELLO = normalize("hello-pocket")
PAGE = "https://index.example/simple/Hello_Pocket/"


def test_a_document_keeps_what_is_not_as_usual() -> None:
    said = USUAL.changed(HELLO, {"status": "archived", "status_reason": "done", "tracks": [PAGE, PAGE]})
    assert said.to_json() == {"status": "archived", "status_reason": "done", "tracks": (PAGE,)}
    assert Standing.of({"standing": {**said.to_json(), "tracks": [PAGE]}}) == said
    assert (Standing.of({}), USUAL.to_json()) == (USUAL, {})


def test_a_new_status_does_not_keep_the_reason_of_the_old_one() -> None:
    said = USUAL.changed(HELLO, {"status": "deprecated", "status_reason": "use other"})
    assert said.changed(HELLO, {"status": "archived"}).status_reason == ""
    assert said.changed(HELLO, {"tracks": [PAGE]}).status_reason == "use other"


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "Archived"},
        {"status": None},
        {"status": ["archived"]},
        {"status_reason": 5},
        {"status_reason": "x" * 1001},
        {"status_reason": "\ud800"},
        {"tracks": PAGE},
        {"tracks": [5]},
        {"tracks": [PAGE + str(number) for number in range(21)]},
        {"tracks": ["https://index.example/simple/other/"]},
        {"tracks": ["/simple/hello-pocket/"]},
        {"tracks": ["javascript:alert(1)//hello-pocket"]},
        {"tracks": ["https://user:secret@index.example/simple/hello-pocket/"]},
        {"tracks": ["https://index.example/simple/hello-pocket/?x"]},
        {"tracks": ["https://[/simple/hello-pocket/"]},
        {"alternate_locations": ["https://index.example/\n/hello-pocket/"]},
        {"alternate_locations": [f"https://index.example/{'x' * 500}/hello-pocket/"]},
        {"publishers": ["github:acme/tool"]},
        {"publishers": "github:acme/tool:release.yml"},
        {"files": []},
    ],
)
def test_what_makes_no_sense_cannot_be_said(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        USUAL.changed(HELLO, changes)
    assert "secret" not in str(caught.value)


def test_each_status_takes_away_more_than_the_one_before() -> None:
    said = [Standing(status=status) for status in STATUSES]
    for weaker, stronger in itertools.pairwise(said):
        assert weaker.loosens(stronger)
        assert not stronger.loosens(weaker)
        assert not stronger.loosens(stronger)


@pytest.mark.parametrize(
    ("text", "publisher"),
    [
        ("GitHub:acme/tool:release.yml", Publisher("github", "acme/tool", "release.yml")),
        ("gitlab:a/b/c:ci/release.yml", Publisher("gitlab", "a/b/c", "ci/release.yml")),
        ("google:ci@acme.iam.example", Publisher("google", "ci@acme.iam.example")),
    ],
)
def test_a_publisher_is_read_from_its_text(text: str, publisher: Publisher) -> None:
    assert Publisher.parse(text) == Publisher.parse(str(publisher)) == publisher


@pytest.mark.parametrize(
    "text",
    ["", "acme/tool", "github:acme/tool", "github:acme:release.yml", "github:acme/tool:../x.yml", "google:ci",
     "github:acme/tool:release.txt", "circle:a/b:c.yml", "google:a b@c.example", "github:acme/tool:release.yml\n:x"],
)  # fmt: skip
def test_what_names_no_publisher_is_refused_with_the_forms_that_do(text: str) -> None:
    with pytest.raises(UsageError, match="github:OWNER/REPO"):
        Publisher.parse(text)
