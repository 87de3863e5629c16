"""A server of its own process: who owns it, who finds it, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

import pocketrepo
from pocketrepo import api, records
from pocketrepo.background import Server
from pocketrepo.errors import ServerError
from pocketrepo.keys import owner_key
from tests.distributions import make_wheel

pytestmark = pytest.mark.journey
PATIENCE = 20.0


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.02)


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}health", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def has_ended(pid: int) -> bool:
    """Whether a process is gone; one that only waits to be reaped counts as gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the tests that leave it as it is."""
    runtime = tmp_path_factory.mktemp("shared-run")
    runtime.chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POCKETREPO_RUNTIME", str(runtime))
        server = pocketrepo.start(tmp_path_factory.mktemp("shared") / "root")
        yield server
        server.stop()


@pytest.fixture
def seen(shared: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The shared server, found by its run record."""
    for path in Path(os.environ["POCKETREPO_RUNTIME"]).glob("*"):
        path.unlink()
    records.write(shared._record)
    return shared


Kernel = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    """Runs code in a Python process of its own session, as a notebook's kernel is; it prints a line when ready
    and then waits for ever."""
    running: list[subprocess.Popen[str]] = []

    def run(code: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code) + "\nimport time\ntime.sleep(600)"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def line(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    return process.stdout.readline().split()


def test_it_answers_and_says_where(seen: Server) -> None:
    assert seen.owned
    assert seen.running
    assert requests.get(seen.index_url, timeout=5).status_code == 200
    assert seen.upload_url == f"{seen.url}legacy/"
    assert seen.url.startswith("http://127.0.0.1:")


def test_starting_again_gives_the_same_server(seen: Server) -> None:
    assert pocketrepo.start(seen.root) is seen


def test_verbs_reach_the_default_repository(seen: Server, tmp_path: Path) -> None:
    [pushed] = seen.push(make_wheel(tmp_path, "hello-pocket", "1.0"))
    assert pushed.result == "new"
    assert seen.projects() == ["hello-pocket"]
    assert [link.filename for link in seen.show("hello-pocket").links] == [
        "hello_pocket-1.0-py3-none-any.whl"
    ]


def test_another_process_attaches_and_cannot_stop_it(seen: Server, kernel: Kernel) -> None:
    other = kernel(f"""
        import pocketrepo
        with pocketrepo.start({str(seen.root)!r}) as server:
            print(server.url, server.owned, server.stop(), server.projects() is not None, flush=True)
    """)
    assert line(other) == [seen.url, "False", "False", "True"]
    assert answers(seen.url)


def test_the_command_line_finds_it(seen: Server) -> None:
    assert [record.url for record in api.status()] == [seen.url]
    assert api.status("/nowhere") == []


def test_its_card_says_the_address_and_no_secret(seen: Server) -> None:
    for shown in seen._repr_mimebundle_().values():
        assert seen.index_url in shown
        assert "running at" in shown
        assert owner_key(seen.root) not in shown + repr(seen)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Server]:
    server = pocketrepo.start(tmp_path / "root")
    yield server
    server.stop()


def test_stop_ends_it_and_says_so_afterwards(started: Server) -> None:
    assert started.stop()
    assert not answers(started.url)
    assert "stopped" in repr(started)
    for shown in started._repr_mimebundle_().values():
        assert f"stopped, was at {started.url}" in shown
        assert "pocketrepo.start(" in shown
    assert api.status() == []
    with pytest.raises(ServerError, match="was stopped"):
        started.projects()


def test_its_log_has_the_requests_and_no_secret_also_after_its_end(started: Server, tmp_path: Path) -> None:
    started.push(make_wheel(tmp_path, "hello-pocket", "1.0"))
    requests.get(f"{started.url}simple/?q=s3cret", headers={"Cookie": "a=s3cret"}, timeout=5)
    logged = started.log
    assert ("POST", "/legacy/", 200) in [(each.method, each.path, each.status) for each in logged]
    assert logged[-1].path == "/simple/"
    [file] = Path(os.environ["POCKETREPO_RUNTIME"]).glob("*.requests")
    assert "s3cret" not in file.read_text()
    assert owner_key(started.root) not in file.read_text()
    started.stop()
    assert started.log == logged
    assert not file.exists()


def test_what_a_killed_server_leaves_is_removed_when_servers_are_looked_for(started: Server) -> None:
    runtime = Path(os.environ["POCKETREPO_RUNTIME"])
    assert {path.suffix for path in runtime.iterdir()} >= {".json", ".requests"}
    os.kill(started.pid, signal.SIGKILL)
    wait_for(lambda: not answers(started.url), "the death of the server")
    wait_for(lambda: not started.running, "the end of its process")
    assert api.status() == []
    assert not {path.suffix for path in runtime.iterdir()} & {".json", ".requests"}


def test_below_a_hub_it_answers_to_the_hubs_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"headers": {"Host": "hub.example"}, "timeout": 5}
    with pocketrepo.start(tmp_path / "here") as server:
        assert requests.get(server.index_url, **asked).status_code == 421
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ana/")
    with pocketrepo.start(tmp_path / "there") as server:
        assert requests.get(server.index_url, **asked).status_code == 200
        assert server.browser_url == f"/user/ana/proxy/{server.port}/"
        for shown in server._repr_mimebundle_().values():
            assert "jupyter-server-proxy" in shown


def test_the_command_line_stops_it(started: Server) -> None:
    api.stop()
    wait_for(lambda: has_ended(started.pid), "the end of the server")
    assert api.status() == []


def test_when_its_process_is_killed_the_next_call_starts_it_again(started: Server) -> None:
    port, pid = started.port, started.pid
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not answers(started.url), "the death of the server")
    assert started.projects() == []
    assert started.pid != pid
    assert started.port == port
    assert started.owned


def test_a_throw_away_repository_is_removed_at_the_end() -> None:
    with pocketrepo.start(temporary=True) as server:
        folder = server.root
        assert (folder / "root.json").exists()
    assert not folder.exists()


def starting(root: Path | None, *, then: str = "", temporary: bool = False) -> str:
    """Code that starts a server, does something more, and prints its address, pid and root."""
    return f"""
import os, signal, sys, time
import pocketrepo
server = pocketrepo.start({str(root) if root else None!r}, temporary={temporary})
{textwrap.dedent(then)}
print(server.url, server.pid, server.root, flush=True)
"""


def test_it_survives_an_interrupt_of_the_kernel_and_ends_when_the_kernel_is_killed(
    kernel: Kernel, tmp_path: Path
) -> None:
    owner = kernel(starting(tmp_path / "root", then="signal.signal(signal.SIGINT, lambda *_: None)"))
    url, pid, _root = line(owner)
    os.killpg(owner.pid, signal.SIGINT)
    assert answers(url)
    owner.kill()
    wait_for(lambda: has_ended(int(pid)), "the end of the server")


def test_it_ends_with_the_kernel_although_a_forked_child_lives(kernel: Kernel, tmp_path: Path) -> None:
    fork = """
        child = os.fork()
        if child == 0:
            os.setsid()
            time.sleep(600)
        print(child, end=" ")
    """
    child, url, pid, _root = line(kernel_process := kernel(starting(tmp_path / "root", then=fork)))
    try:
        assert answers(url)
        kernel_process.kill()
        wait_for(lambda: has_ended(int(pid)), "the end of the server")
    finally:
        os.kill(int(child), signal.SIGKILL)


def test_a_forked_child_that_exits_does_not_stop_it(kernel: Kernel, tmp_path: Path) -> None:
    fork = """
        child = os.fork()
        if child == 0:
            server.stop()
            sys.exit()
        os.waitpid(child, 0)
    """
    url, _pid, _root = line(kernel(starting(tmp_path / "root", then=fork)))
    assert answers(url)


def test_a_throw_away_repository_goes_although_the_kernel_is_killed(kernel: Kernel) -> None:
    owner = kernel(starting(None, temporary=True))
    _url, pid, folder = line(owner)
    assert Path(folder, "root.json").exists()
    owner.kill()
    wait_for(lambda: has_ended(int(pid)), "the end of the server")
    wait_for(lambda: not Path(folder).exists(), "the removal of the root")


def test_when_the_owner_ends_an_attached_server_starts_again_in_place(kernel: Kernel, tmp_path: Path) -> None:
    owner = kernel(starting(tmp_path / "root"))
    url, pid, _root = line(owner)
    with pocketrepo.start(tmp_path / "root") as attached:
        assert not attached.owned
        owner.kill()
        wait_for(lambda: has_ended(int(pid)), "the end of the server")
        assert attached.projects() == []
        assert attached.owned
        assert attached.url == url


def test_kernels_that_start_at_once_share_one_server(kernel: Kernel, tmp_path: Path) -> None:
    kernels = [kernel(starting(tmp_path / "root")) for _ in range(3)]
    assert len({tuple(line(one)) for one in kernels}) == 1


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ServerError, match=r"cannot listen on 127\.0\.0\.1:\d+") as said:
            pocketrepo.start(tmp_path / "root", port=taken.getsockname()[1])
    assert "\n" not in str(said.value)


def big_wheel(folder: Path) -> Path:
    noise = os.urandom(24 << 20)
    return make_wheel(folder, "big", "1.0", files={"big.bin": noise})


def stalled_download(server: Server) -> socket.socket:
    """A client that has asked for a large file and reads only its first bytes."""
    [link] = server.show("big").links
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.sendall(f"GET /{link.url.split('/', 3)[3]} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert client.recv(100).startswith(b"HTTP/1.1 200")
    return client


def test_a_download_in_flight_is_finished_before_the_end(started: Server, tmp_path: Path) -> None:
    started.push(big_wheel(tmp_path))
    with stalled_download(started) as client:
        os.kill(started.pid, signal.SIGTERM)
        wait_for(lambda: not answers(started.url), "the closed door")
        client.settimeout(PATIENCE)
        received = 0
        while chunk := client.recv(1 << 20):
            received += len(chunk)
    assert received > 24 << 20


def test_a_stalled_download_is_cut_after_the_time_it_gets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POCKETREPO_STOP_TIMEOUT", "0.3")
    with pocketrepo.start(tmp_path / "root") as server:
        server.push(big_wheel(tmp_path))
        with stalled_download(server):
            assert server.stop()
            assert has_ended(server.pid)
