"""An index that is read with a token only: nothing hangs at its door, and the token gets where it is needed."""

from __future__ import annotations

import base64
import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pocketrepo import errors
from pocketrepo.client import Client
from tests.distributions import make_wheel

TOKEN = "s3cret/token"


@pytest.fixture
def private(tmp_path: Path) -> Iterator[str]:
    """The address of an index of one wheel, which answers 401 to whoever does not know the token."""
    wheel = make_wheel(tmp_path, "hello-pocket", "1.0")
    expected = "Basic " + base64.b64encode(f"__token__:{TOKEN}".encode()).decode()
    pages = {
        "/simple/": b'<a href="hello-pocket/">hello-pocket</a>',
        "/simple/hello-pocket/": f'<a href="/files/{wheel.name}">{wheel.name}</a>'.encode(),
        f"/files/{wheel.name}": wheel.read_bytes(),
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers.get("Authorization") == expected
            status = 401 if not known else 200 if self.path in pages else 404
            body = pages[self.path] if status == 200 else b"no"
            self.send_response(status)
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="pocketrepo"')
            self.send_header(
                "Content-Type", "text/html" if self.path.endswith("/") else "application/octet-stream"
            )
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("token", "said"), [(None, "needs a token"), ("wrong", "does not take this token")], ids=["none", "wrong"]
)
def test_without_its_token_no_installer_is_started(
    private: str, monkeypatch: pytest.MonkeyPatch, token: str | None, said: str
) -> None:
    def start(*_: object, **__: object) -> None:
        raise AssertionError("an installer was started")

    monkeypatch.setattr("subprocess.Popen.__init__", start)
    client = Client(private, token=token)
    for act in (lambda: client.install("hello-pocket"), client.use, client.sandbox):
        with pytest.raises(errors.Unauthorized, match=said) as caught:
            act()
        assert token is None or token not in str(caught.value)


def test_a_server_that_is_gone_is_told_before_anything_is_tried() -> None:
    with pytest.raises(errors.ServerError, match="no answer from"):
        Client("http://127.0.0.1:9/").install("hello-pocket")


@pytest.mark.journey
@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_with_its_token_tools_install_and_never_show_it(private: str, tool: str) -> None:
    if shutil.which(tool) is None and tool == "uv":
        pytest.skip("uv is not installed")
    with Client(private, token=TOKEN).sandbox() as sandbox:
        run = sandbox.pip if tool == "pip" else lambda *arguments: sandbox.uv("pip", *arguments)
        done = run("install", "-v", "hello-pocket")
        assert sandbox.freeze() == ["hello-pocket==1.0"]
        assert "s3cret" not in done.stdout + done.stderr + "".join(sandbox._repr_mimebundle_().values())
