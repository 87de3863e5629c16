"""What can be made to go wrong, seen from the client's side."""

from __future__ import annotations

import http.client
import time

import pytest

from pocketrepo.testing import Index
from tests.testing.http import first_file, get


@pytest.fixture
def wheel(pocketrepo: Index) -> str:
    """Address of a wheel's bytes."""
    pocketrepo.add("lib==1.0")
    return first_file(pocketrepo.index_url, "lib")


def test_a_failure_happens_as_often_as_asked_and_says_when_to_come_back(pocketrepo: Index) -> None:
    fault = pocketrepo.fail("/simple/", status=503, times=2, retry_after=7)
    answers = [get(pocketrepo.index_url) for _ in range(3)]
    assert [answer.status for answer in answers] == [503, 503, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert fault.count == 2
    assert not fault.active


def test_only_paths_that_fit_are_hit(pocketrepo: Index, wheel: str) -> None:
    pocketrepo.fail("lib-1.0*.whl", status=404)
    assert get(wheel).status == 404
    assert get(f"{wheel}.metadata").status == 200
    assert get(f"{pocketrepo.index_url}lib/").status == 200


def test_a_block_ends_a_fault(pocketrepo: Index) -> None:
    with pocketrepo.fail():
        assert get(pocketrepo.index_url).status == 503
    assert get(pocketrepo.index_url).status == 200


def test_clearing_ends_all_faults(pocketrepo: Index) -> None:
    pocketrepo.fail()
    pocketrepo.offline()
    pocketrepo.clear_faults()
    assert get(pocketrepo.index_url).status == 200


def test_a_slow_answer_is_the_right_one(pocketrepo: Index) -> None:
    pocketrepo.slow(0.05)
    start = time.monotonic()
    assert get(pocketrepo.index_url).json()["projects"] == []
    assert time.monotonic() - start >= 0.05
    assert pocketrepo.requests[-1].seconds >= 0.05


def test_a_cut_answer_promises_more_than_it_sends(pocketrepo: Index, wheel: str) -> None:
    whole = get(wheel).body
    pocketrepo.cut("*.whl", at=10)
    with pytest.raises(http.client.IncompleteRead) as caught:
        get(wheel)
    assert caught.value.partial == whole[:10]


def test_a_corrupt_answer_has_the_right_length_and_other_bytes(pocketrepo: Index, wheel: str) -> None:
    whole = get(wheel).body
    pocketrepo.corrupt("*.whl", times=1)
    spoilt = get(wheel).body
    assert len(spoilt) == len(whole)
    assert spoilt != whole
    assert get(wheel).body == whole


def test_offline_closes_the_connection_without_an_answer(pocketrepo: Index) -> None:
    pocketrepo.offline(times=1)
    with pytest.raises(http.client.RemoteDisconnected):
        get(pocketrepo.index_url)
    assert get(pocketrepo.index_url).status == 200
    assert [request.status for request in pocketrepo.requests] == [0, 200]


def test_faults_add_up_and_are_named_with_the_request(pocketrepo: Index) -> None:
    pocketrepo.slow(0.01)
    pocketrepo.fail(status=500)
    assert get(pocketrepo.index_url).status == 500
    [request] = pocketrepo.requests
    assert request.fault == "slow 0.01 s, fail 500"
    assert request.fault in str(request)
    assert pocketrepo.errors == []
