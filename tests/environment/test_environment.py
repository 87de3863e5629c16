"""What tools are told by variables: one repository, one login, nothing of other places."""

from __future__ import annotations

import os

import pytest

from pocketrepo.environment import OTHER_SOURCES, Address, changed, publishing, reading
from pocketrepo.errors import UsageError

HERE = Address("http://127.0.0.1:8080/simple/", "http://127.0.0.1:8080/legacy/", ("__token__", "s3/cret"))
THERE = Address("http://pkgs.example/simple/", "http://pkgs.example/legacy/")
OTHERS = dict.fromkeys(OTHER_SOURCES, "http://elsewhere.example/")


def test_only_leaves_no_other_source() -> None:
    told = changed(OTHERS, reading(HERE, OTHERS))
    assert not any("elsewhere" in value for value in told.values())
    assert told["PIP_INDEX_URL"] == told["UV_DEFAULT_INDEX"] == HERE.index_url
    assert (told["PIP_CONFIG_FILE"], told["UV_NO_CONFIG"], told["PIP_NO_INPUT"]) == (os.devnull, "1", "1")


def test_extra_stands_before_what_is_there() -> None:
    told = changed(OTHERS, reading(HERE, OTHERS, "extra"))
    assert told["PIP_EXTRA_INDEX_URL"] == told["UV_INDEX"] == f"{HERE.index_url} http://elsewhere.example/"
    assert told["PIP_INDEX_URL"] == "http://elsewhere.example/"
    assert "PIP_CONFIG_FILE" not in told


def test_another_mode_is_refused() -> None:
    with pytest.raises(UsageError, match="no mode 'both'"):
        reading(HERE, {}, "both")  # type: ignore[arg-type]


def test_installers_get_the_login_only_where_reading_takes_it() -> None:
    assert "cret" not in str(reading(HERE, {}))
    private = Address(HERE.index_url, HERE.upload_url, HERE.login, private=True)
    assert reading(private, {})["PIP_INDEX_URL"] == "http://__token__:s3%2Fcret@127.0.0.1:8080/simple/"
    assert "cret" not in repr(private)


def test_loopback_is_kept_from_proxies_and_plain_http_elsewhere_is_trusted() -> None:
    assert reading(HERE, {"NO_PROXY": "a.example"})["no_proxy"] == "a.example,127.0.0.1"
    assert "no_proxy" not in reading(THERE, {})
    assert reading(THERE, {"PIP_TRUSTED_HOST": "a"})["PIP_TRUSTED_HOST"] == "a pkgs.example"
    assert "PIP_TRUSTED_HOST" not in reading(HERE, {})


def test_uploads_go_here_with_our_login_or_with_none() -> None:
    foreign = {
        "TWINE_REPOSITORY": "pypi",
        "TWINE_USERNAME": "me",
        "TWINE_PASSWORD": "theirs",
        "UV_PUBLISH_TOKEN": "theirs",
        "UV_PUBLISH_PASSWORD": "theirs",
    }
    ours = changed(foreign, publishing(HERE))
    assert (ours["TWINE_USERNAME"], ours["TWINE_PASSWORD"]) == HERE.login
    assert (ours["UV_PUBLISH_USERNAME"], ours["UV_PUBLISH_PASSWORD"]) == HERE.login
    assert ours["TWINE_REPOSITORY_URL"] == ours["UV_PUBLISH_URL"] == HERE.upload_url
    nobodys = changed(foreign, publishing(THERE))
    assert not {"theirs", "me", "pypi"} & set(nobodys.values())
