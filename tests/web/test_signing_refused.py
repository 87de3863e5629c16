"""Who cannot sign in is told why in one line, on record, and at a pace that makes guessing hopeless."""

from __future__ import annotations

from flask.testing import FlaskClient

from pocketrepo import events
from pocketrepo.access import Scope
from pocketrepo.access.entitlements import Terms
from pocketrepo.access.throttle import FOR_USER
from pocketrepo.keys import new_secret
from pocketrepo.repository import Root
from tests.web.people import recorded
from tests.web.readers import PAGE, SECRET, cookies, opened, problem, sign_in


def test_what_is_wrong_is_said_in_one_line_and_on_record(private: Root, http: FlaskClient, key: str) -> None:
    for user, secret, name in (
        ("ada", "wrong", "ada"),
        ("nobody", "wrong", "unknown"),
        ("", new_secret(), "unknown"),
        ("eve", key, "unknown"),
        ("", "", "unknown"),
    ):
        response = sign_in(http, secret, user, at=f"{PAGE}?q=1")
        assert response.status_code == 401
        assert problem(response) == ["this credential is not known (check the user name and the key)"]
        assert "acme/secret/?q=1" in response.text, "where to go on is kept"
        assert cookies(response) == {}
        assert not secret or secret not in response.text
        entry = recorded(private, events.DENIED)[-1]
        assert (entry["actor"], entry["status"]) == (name, 401)
    assert len(recorded(private, events.DENIED)) == 5
    assert recorded(private, events.SIGNED_IN) == []


def test_a_password_in_the_wrong_field_is_not_logged(private: Root, http: FlaskClient) -> None:
    sign_in(http, "ada", "my secret password")
    assert "my secret" not in str(recorded(private, events.DENIED))


def test_what_may_be_a_key_is_not_shown_again(private: Root, http: FlaskClient) -> None:
    assert "pkr_mistyped" not in sign_in(http, "", "pkr_mistyped").text
    assert 'value="ada"' in sign_in(http, "wrong", "ada").text


def test_an_entitlement_token_signs_in_to_nothing_and_is_told_so(private: Root, http: FlaskClient) -> None:
    _, token = private.access.entitlements(SECRET).create(Terms(name="guest"), actor="tests")
    for user in ("", "token"):
        response = sign_in(http, token, user)
        assert response.status_code == 401
        assert problem(response) == [
            "an entitlement token signs in to nothing: it is for pip, uv and other tools"
        ]
    assert opened(http, PAGE).status_code == 401


def test_keys_that_can_read_nothing_do_not_sign_in(private: Root, http: FlaskClient, key: str) -> None:
    accounts = private.access.accounts
    _, expired = accounts.add_key("ada", "old", expires="2020-01-01T00:00:00.000000Z")
    _, uploads = accounts.add_key("ada", "ci", scope=Scope(upload_only=True))
    assert "has expired" in problem(sign_in(http, expired))[0]
    assert problem(sign_in(http, uploads)) == ["this key is for uploads alone, and reads no pages"]
    assert opened(http, PAGE).status_code == 401


def test_guessing_is_slowed_down(private: Root, http: FlaskClient, key: str) -> None:
    for _ in range(FOR_USER):
        assert sign_in(http, "wrong", "nobody").status_code == 401
    response = sign_in(http, "wrong", "nobody")
    assert response.status_code == 429
    assert "too many wrong credentials" in problem(response)[0]
    assert int(response.headers["Retry-After"]) > 0
    assert sign_in(http, key).status_code == 303, "others are not locked out"
