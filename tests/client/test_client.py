"""The client against a served repository, against indexes that are not ours, and against what goes wrong."""

from __future__ import annotations

import hashlib
import http.server
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask

from pocketrepo import errors
from pocketrepo.client import Client
from tests.conftest import Live
from tests.distributions import make_sdist, make_wheel

Answer = tuple[str, bytes]
"""A content type and a body."""


@pytest.fixture
def server(app: Flask, serve: Callable[..., Live]) -> Live:
    return serve(app)


@pytest.fixture
def client(server: Live) -> Client:
    return Client(server.url, token=server.key)


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    folder.mkdir()
    for version in ("1.0", "2.0", "3.0rc1"):
        make_wheel(folder, "Hello.Pocket", version)
    make_sdist(folder, "Hello.Pocket", "2.0")
    return folder


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, dict[str, Answer]]]:
    """Another index: its address, and what it answers for a path (a body cut short where it ends in ``CUT``)."""
    pages: dict[str, Answer] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = pages.get(self.path.partition("?")[0])
            kind, body = found or ("text/html", b"<h1>nothing here</h1>")
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.removesuffix(b"CUT"))

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", pages
        server.shutdown()
        thread.join()


def html(*links: str) -> Answer:
    return "text/html", "\n".join(["<!DOCTYPE html><body>", *links]).encode()


def test_what_was_pushed_is_told_and_the_same_again_is_skipped(client: Client, dist: Path) -> None:
    pushed = client.push(dist)
    assert {row.result for row in pushed} == {"new"}
    assert pushed[0].filename.endswith(".tar.gz"), "wheels last"
    assert {row.sha256 for row in pushed} == {
        hashlib.sha256(path.read_bytes()).hexdigest() for path in dist.iterdir()
    }
    assert {row.result for row in client.push(dist)} == {"same"}
    assert "there already" in str(client.push(dist))
    assert client.index_url in pushed._repr_mimebundle_()["text/html"]


def test_projects_search_show_and_files(client: Client, dist: Path, tmp_path: Path) -> None:
    client.push([dist, make_wheel(tmp_path, "other")])
    assert client.projects() == ["Hello.Pocket", "other"]
    assert client.search("LLO_po") == ["Hello.Pocket"]
    assert len(client.show("hello_POCKET").links) == 4
    assert {link.filename for link in client.files("hello-pocket")} == {
        "hello_pocket-2.0-py3-none-any.whl",
        "hello_pocket-2.0.tar.gz",
    }, "the newest that is no pre-release"
    assert len(client.files("hello-pocket", "1")) == 1
    for version in ("9", "nonsense", ""):
        with pytest.raises(errors.NoSuchFile):
            client.files("hello-pocket", version)
    with pytest.raises(errors.NoSuchProject, match="no project nope"):
        client.show("nope")


def test_a_download_is_the_bytes_that_were_pushed(client: Client, dist: Path, tmp_path: Path) -> None:
    client.push(dist)
    told: list[tuple[int, int]] = []
    to = tmp_path / "new" / "folder"
    paths = client.download(
        "hello-pocket", "2.0", to=to, progress=lambda done, total: told.append((done, total))
    )
    assert {path.name: path.read_bytes() for path in paths} == {
        path.name: (dist / path.name).read_bytes() for path in to.iterdir()
    }
    assert told[-1] == (paths[-1].stat().st_size,) * 2


def test_a_taken_filename_is_already_exists_and_nothing_of_it_is_kept(
    client: Client, dist: Path, tmp_path: Path
) -> None:
    client.push(dist)
    other = make_wheel(tmp_path, "Hello.Pocket", "1.0", summary="other")
    with pytest.raises(errors.AlreadyExists, match="already exists"):
        client.push(other)
    (tmp_path / "to").mkdir()
    [path] = client.download("hello-pocket", "1.0", to=tmp_path / "to")
    assert path.read_bytes() == (dist / other.name).read_bytes()


def test_yank_unyank_and_delete_mean_the_files_they_name(client: Client, dist: Path) -> None:
    client.push(dist)
    assert len(client.yank("hello.pocket", "2.0.0", reason="broken")) == 2
    yanked = {link.filename: link.yanked for link in client.show("hello-pocket").links}
    assert set(yanked.values()) == {"broken", None}
    assert [link.filename for link in client.files("hello-pocket")] == ["hello_pocket-1.0-py3-none-any.whl"]
    assert client.unyank("hello-pocket", filename="hello_pocket-2.0.tar.gz") == ["hello_pocket-2.0.tar.gz"]
    assert client.delete("hello-pocket", "1.0") == ["hello_pocket-1.0-py3-none-any.whl"]
    for version in ("1.0", "nonsense"):
        with pytest.raises(errors.NoSuchFile):
            client.delete("hello-pocket", version)
    assert len(client.delete("hello-pocket")) == 3
    assert client.projects() == []


def test_where_everybody_may_read_installers_are_not_told_the_token(client: Client, server: Live) -> None:
    with client.use():
        assert os.environ["PIP_INDEX_URL"] == os.environ["UV_DEFAULT_INDEX"] == client.index_url
        assert os.environ["TWINE_PASSWORD"] == server.key
    assert os.environ.get("TWINE_PASSWORD") != server.key


def test_repositories_are_made_shown_and_deleted(client: Client, server: Live, dist: Path) -> None:
    assert client.create_repository("Acme/Internal")["slug"] == "internal"
    with pytest.raises(errors.AlreadyExists):
        client.create_repository("acme/internal")
    acme = Client(f"{server.url}acme/internal/simple/", token=server.key)
    acme.push(dist)
    assert len(acme.yank("hello-pocket", "1.0")) == 1
    assert client.projects() == []
    assert client.show_repository("acme/internal")["package_group_count"] == 1
    assert [entry["slug"] for entry in acme.repositories()] == ["internal", "main"]
    client.delete_repository("acme/internal")
    with pytest.raises(errors.NotFound):
        client.show_repository("acme/internal")
    with pytest.raises(errors.UsageError):
        client.create_repository("nonsense")


@pytest.mark.parametrize(
    ("url", "repository", "server", "name"),
    [
        ("http://h/acme/internal/", None, "http://h/", "acme/internal"),
        ("http://h/Acme/Internal/simple/", None, "http://h/", "acme/internal"),
        ("http://h/acme/internal/legacy", None, "http://h/", "acme/internal"),
        ("http://h/proxy/8080/acme/internal/?x#y", None, "http://h/proxy/8080/", "acme/internal"),
        ("http://h/proxy/8080/", "local/main", "http://h/proxy/8080/", "local/main"),
        ("http://h/simple/", "local/main", "http://h/", "local/main"),
    ],
)
def test_an_address_says_the_server_and_the_repository(
    url: str, repository: str | None, server: str, name: str
) -> None:
    client = Client(url, repository=repository)
    assert (client._server, client.repository) == (server, name)
    assert client.index_url == f"{client.url}simple/"
    assert client._server == server, "also once the repository is known"


def test_writing_without_a_credential_is_refused(server: Live, dist: Path) -> None:
    stranger = Client(server.url)
    with pytest.raises(errors.Unauthorized):
        stranger.push(dist)
    with pytest.raises(errors.Unauthorized):
        Client(server.url, token="wrong").create_repository("a/b")


def test_credentials_in_an_address_are_used_and_never_shown(
    server: Live, dist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_key = server.url.replace("://", f"://__token__:{server.key}@")
    client = Client(with_key)
    assert client.push(dist)
    said = f"{client!r} {client.url} {client.index_url} {client.upload_url} {client.snippet()} {capsys.readouterr()}"
    assert server.key not in said
    assert Client("http://ada:p%40ss%2F@h/")._transport._session.auth == ("ada", "p@ss/")


@pytest.mark.parametrize(
    "url",
    ["ftp://u:secret@h/", "u:secret@h", "http://u:secret@", "http://u:secret@[h/", "http://u:secret@h:port/"],
)
def test_what_is_no_address_is_refused_without_its_credentials(url: str) -> None:
    with pytest.raises(errors.UsageError, match="is not the address of a repository") as caught:
        Client(url)
    assert "secret" not in str(caught.value)


def test_nobody_there_is_one_line_without_credentials() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        client = Client(f"http://u:secret@127.0.0.1:{taken.getsockname()[1]}/")
        with pytest.raises(errors.ServerError, match="no answer from http://127") as caught:
            client.projects()
    assert "secret" not in f"{caught.value} {caught.value.__cause__}"


def test_an_index_that_has_only_html_can_be_read(
    elsewhere: tuple[str, dict[str, Answer]], tmp_path: Path
) -> None:
    url, pages = elsewhere
    digest = hashlib.sha256(b"wheel").hexdigest()
    pages["/simple/"] = html('<a href="Hello/">Hello</a>')
    pages["/simple/hello/"] = html(f'<a href="../../f/hello-1.0-py3-none-any.whl#sha256={digest}">hello</a>')
    pages["/f/hello-1.0-py3-none-any.whl"] = ("application/octet-stream", b"wheel")
    client = Client(f"{url}simple/")
    assert client.projects() == ["Hello"]
    [path] = client.download("Hello", to=tmp_path)
    assert path.read_bytes() == b"wheel"


def test_a_credential_is_not_sent_to_where_a_page_links(
    elsewhere: tuple[str, dict[str, Answer]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, pages = elsewhere
    other = url.replace("127.0.0.1", "localhost")
    pages["/simple/hello/"] = html(f'<a href="{other}hello-1.0.tar.gz" data-core-metadata="true">hello</a>')
    pages["/hello-1.0.tar.gz"] = ("application/octet-stream", b"sdist")
    sent: dict[str, bool] = {}
    send = requests.Session.send

    def watch(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> Any:
        sent[str(request.url)] = "Authorization" in request.headers
        return send(session, request, **options)

    monkeypatch.setattr(requests.Session, "send", watch)
    client = Client(url, token="s3cret")
    client.show("hello")
    client.download("hello", to=tmp_path)
    assert sent == {
        f"{url}simple/hello/": True,
        f"{other}hello-1.0.tar.gz.metadata": False,
        f"{other}hello-1.0.tar.gz": False,
    }


@pytest.mark.parametrize(
    ("body", "error"),
    [(b"wrong", errors.UpstreamError), (b"wheelCUT", errors.ServerError)],
    ids=["wrong", "cut"],
)
def test_a_download_that_is_not_what_was_listed_leaves_nothing(
    elsewhere: tuple[str, dict[str, Answer]], tmp_path: Path, body: bytes, error: type[Exception]
) -> None:
    url, pages = elsewhere
    digest = hashlib.sha256(b"wheel").hexdigest()
    pages["/simple/hello/"] = html(f'<a href="/f/hello-1.0.tar.gz#sha256={digest}">hello</a>')
    pages["/f/hello-1.0.tar.gz"] = ("application/octet-stream", body)
    with pytest.raises(error, match=r"hello-1\.0\.tar\.gz"):
        Client(url).download("hello", to=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_index_that_is_no_pocketrepo_says_so(elsewhere: tuple[str, dict[str, Answer]]) -> None:
    url, pages = elsewhere
    with pytest.raises(errors.NotFound):
        Client(url).repositories()
    pages["/v1/repos/"] = html("welcome")
    with pytest.raises(errors.ServerError, match="is it a PocketRepo"):
        Client(url).repositories()
    pages["/v1/repos/"] = ("application/json", b"[]")
    with pytest.raises(errors.UsageError, match="names no repository"):
        _ = Client(url).repository
