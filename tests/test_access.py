"""Who may do what: the owner's key, the headers that carry it, and the proof of knowing it."""

from __future__ import annotations

import base64
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from pocketrepo.access import ANONYMOUS, OWNER, Access, Action, Actor
from pocketrepo.errors import Forbidden, NoSuchRepository, Unauthorized, Unavailable
from pocketrepo.front import credential_of
from pocketrepo.keys import new_secret, owner_key, prove
from pocketrepo.store import MemoryStore

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
MAKE_KEY = (
    "import sys, pathlib; from pocketrepo.keys import owner_key; print(owner_key(pathlib.Path(sys.argv[1])))"
)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def gate(root: Path) -> Access:
    return Access(root, MemoryStore(root))


def identify(root: Path, header: str | None) -> Actor:
    return gate(root).identify(credential_of({"authorization": header}.get))


def test_the_key_is_one_line_for_its_user_alone_and_stays(tmp_path: Path) -> None:
    key = owner_key(tmp_path)
    file = tmp_path / "owner.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text() == f"{key}\n"
    assert owner_key(tmp_path) == key
    assert [path.name for path in tmp_path.iterdir()] == ["owner.key"]


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MAKE_KEY, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    keys = {process.communicate()[0].strip() for process in processes}
    assert keys == {owner_key(tmp_path)}
    assert [path.name for path in tmp_path.iterdir()] == ["owner.key"]


@pytest.mark.parametrize("content", [b"", b"\n", "kéy".encode()], ids=["empty", "blank", "not ASCII"])
def test_a_key_file_without_a_key_is_refused_not_matched_by_an_empty_credential(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "owner.key").write_bytes(content)
    with pytest.raises(Unavailable, match="holds no key"):
        gate(tmp_path)


def test_a_secret_can_be_recognised_and_checked_offline() -> None:
    secret = new_secret()
    prefix, _, rest = secret.partition("_")
    body, checksum = rest[:43], rest[43:]
    assert prefix == "pkr"
    assert (len(body), len(checksum)) == (43, 6)
    number = 0
    for digit in checksum:
        number = number * 62 + DIGITS.index(digit)
    assert number == zlib.crc32(body.encode())
    assert new_secret() != secret
    assert new_secret("pke").startswith("pke_")


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_the_key_is_taken_as_password_or_as_user_name(tmp_path: Path, scheme: str) -> None:
    key = owner_key(tmp_path)
    for user, password in [("__token__", key), ("anybody", key), (key, "")]:
        assert identify(tmp_path, basic(user, password).replace("Basic", scheme)) == OWNER


def test_the_key_is_taken_as_bearer_token(tmp_path: Path) -> None:
    key = owner_key(tmp_path)
    assert identify(tmp_path, f"Bearer {key}") == OWNER
    assert identify(tmp_path, f"bearer  {key} ") == OWNER


@pytest.mark.parametrize("header", [None, ""])
def test_no_credential_is_nobody(tmp_path: Path, header: str | None) -> None:
    assert identify(tmp_path, header) == ANONYMOUS


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic =",
        "Basic é",
        "Basic /////w==",
        "Basic OnM\x00=",
        basic("", ""),
        basic("__token__", "pkr_wrong"),
        "Bearer",
        "Bearer ",
        "Bearer \ud800",
        "Digest username=x",
        "\x00\xff",
    ],
)
def test_garbage_is_only_ever_an_unknown_credential(tmp_path: Path, header: str) -> None:
    with pytest.raises(Unauthorized, match="not known"):
        identify(tmp_path, header)


def test_nobody_reads_or_changes_the_root_but_its_owner(tmp_path: Path) -> None:
    access = gate(tmp_path)
    somebody = Actor("ada", user="ada")
    for action in Action:
        access.require(OWNER, action)
        with pytest.raises(Unauthorized, match="a credential is needed"):
            access.require(ANONYMOUS, action)
        with pytest.raises(Forbidden, match="may not"):
            access.require(somebody, action)


def test_only_the_owner_is_told_that_a_repository_does_not_exist(tmp_path: Path) -> None:
    access = gate(tmp_path)
    missing = NoSuchRepository("acme/secret")
    assert access.hide(OWNER, missing) is missing
    assert isinstance(access.hide(ANONYMOUS, missing), Unauthorized)
    assert isinstance(access.hide(Actor("ada", user="ada"), missing), Forbidden)


def test_an_index_says_to_nobody_that_a_repository_does_not_exist(tmp_path: Path) -> None:
    missing = NoSuchRepository("acme/secret")
    assert isinstance(gate(tmp_path).hide_from_reader(OWNER, missing), Forbidden)


def test_a_proof_is_good_for_one_key_one_nonce_and_one_port() -> None:
    proof = prove("key", "nonce", 8080)
    assert proof == prove("key", "nonce", 8080)
    assert proof not in {prove("kex", "nonce", 8080), prove("key", "nonc", 8080), prove("key", "nonce", 8081)}
    assert "key" not in proof
