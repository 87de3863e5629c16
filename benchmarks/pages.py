"""Requests a second, latencies and CPU time: pages, validations, small files."""

from __future__ import annotations

from collections.abc import Callable

from bench import NARROW, STANDARD, WIDE, Bench
from corpus import BIG, HTML, JSON, fetch, file_path, readers_key
from measure import Load, Request, load
from servers import NGINX, POCKETREPO, PYPISERVER
from table import Line, Target

Requests = dict[str, list[Request]]
CONNECTIONS = 16
AS_HTML = {"Accept": HTML}
AS_JSON = {"Accept": JSON, "Accept-Encoding": "gzip"}


def _loads(
    bench: Bench, requests: Requests, *, projects: int = STANDARD, connections: int = CONNECTIONS
) -> dict[str, list[Load]]:
    def job(name: str) -> Callable[[], Load]:
        def run() -> Load:
            server = bench.server(name, projects)
            return load(server, requests[name], bench.work, connections=connections, seconds=bench.seconds)

        return run

    jobs = {name: job(name) for name in requests if bench.has(name)}
    for name in jobs:
        # Warm: every page is rendered, every peer's cache is filled.
        for path, headers in requests[name]:
            fetch_any(bench, name, projects, path, headers)
            if name == PYPISERVER:
                break
    return bench.rounds_of(jobs)


def fetch_any(bench: Bench, name: str, projects: int, path: str, headers: dict[str, str]) -> dict[str, str]:
    _, found = fetch(
        bench.server(name, projects),
        path,
        headers.get("Accept", "*/*"),
        headers.get("Accept-Encoding", "identity"),
        headers.get("Authorization", ""),
    )
    return found


def _lines(
    title: str,
    loads: dict[str, list[Load]],
    *,
    cpu: tuple[Target, ...] = (),
    rps: tuple[Target, ...] = (),
    p99: tuple[Target, ...] = (),
) -> list[Line]:
    def by_server(attribute: str) -> dict[str, list[float]]:
        return {name: [getattr(each, attribute) for each in found] for name, found in loads.items()}

    return [
        Line(f"{title}: requests", "1/s", by_server("rps"), rps),
        Line(f"{title}: server CPU", "µs/request", by_server("cpu"), cpu),
        Line(f"{title}: p50", "ms", by_server("p50")),
        Line(f"{title}: p99", "ms", by_server("p99"), p99),
    ]


def _small(bench: Bench, accept: dict[str, str], suffix: str) -> Requests:
    names = bench.corpus(STANDARD).names
    requests: Requests = {
        NGINX: [(f"/{STANDARD}/{name}.{suffix}", accept) for name in names],
        POCKETREPO: [(f"/simple/{name}/", accept) for name in names],
    }
    if suffix == "html":
        requests[PYPISERVER] = [(f"/simple/{name}/", {}) for name in names]
    return requests


def _one(path: str, suffix: str, accept: dict[str, str], projects: int, stem: str) -> Requests:
    requests: Requests = {
        NGINX: [(f"/{projects}/{stem}.{suffix}", accept)],
        POCKETREPO: [(path, accept)],
    }
    if suffix == "html":
        requests[PYPISERVER] = [(path, {})]
    return requests


def small_pages(bench: Bench) -> list[Line]:
    """Pages of 5 files among 1,000 projects, and what the number of projects changes."""
    cpu = (Target(NGINX, 4, 2.6),)
    rps = (Target(NGINX, 0.30, 0.50, least=True),)
    html = _loads(bench, _small(bench, AS_HTML, "html"))
    json = _loads(bench, _small(bench, AS_JSON, "json"))
    beside = Target(PYPISERVER, 60, 150, least=True)
    return [
        *_lines("5-file page, HTML", html, cpu=cpu, rps=(*rps, beside)),
        *_lines("5-file page, JSON+gzip", json, cpu=cpu, rps=rps),
        _independence(bench),
    ]


def private_pages(bench: Bench) -> list[Line]:
    """The same pages while the repository is private, read with an API key."""
    requests = {name: found for name, found in _small(bench, AS_HTML, "html").items() if name != PYPISERVER}
    for name in filter(bench.has, requests):
        bench.server(name, STANDARD)  # while nginx's copy of the pages can still be made
    with readers_key(bench.corpus(STANDARD)) as authorization:
        requests[POCKETREPO] = [
            (path, {**headers, "Authorization": authorization}) for path, headers in requests[POCKETREPO]
        ]
        loads = _loads(bench, requests)
    cpu, rps = (Target(NGINX, 4, 2.6),), (Target(NGINX, 0.30, 0.50, least=True),)
    return _lines("5-file page, private, with a key", loads, cpu=cpu, rps=rps)


def _independence(bench: Bench) -> Line:
    def job(projects: int) -> Callable[[], Load]:
        names = bench.corpus(projects).names[:NARROW]
        requests: list[Request] = [(f"/simple/{name}/", AS_HTML) for name in names]
        for path, headers in requests:
            fetch_any(bench, POCKETREPO, projects, path, headers)
        server = bench.server(POCKETREPO, projects)
        return lambda: load(server, requests, bench.work, connections=CONNECTIONS, seconds=bench.seconds)

    jobs = {projects: job(projects) for projects in (NARROW, WIDE)}
    ratios = []
    for _ in range(bench.rounds):
        narrow, wide = (jobs[projects]().cpu for projects in (NARROW, WIDE))
        ratios.append(wide / narrow)
    title = f"5-file page, HTML: CPU at {WIDE:,} projects / at {NARROW}"
    return Line(title, "ratio", {POCKETREPO: ratios}, (Target("", 1.3, 1.1),))


def big_pages(bench: Bench) -> list[Line]:
    """The page of 2,000 files."""
    path = f"/simple/{BIG}/"
    html = _loads(bench, _one(path, "html", AS_HTML, STANDARD, BIG))
    json = _loads(bench, _one(path, "json", AS_JSON, STANDARD, BIG))
    return [
        *_lines("2,000-file page, HTML", html),
        *_lines("2,000-file page, JSON+gzip", json, cpu=(Target(NGINX, 4, 2.5),)),
    ]


def project_list(bench: Bench) -> list[Line]:
    """The list of 10,000 projects."""
    html = _loads(bench, _one("/simple/", "html", AS_HTML, WIDE, "index"), projects=WIDE)
    json = _loads(bench, _one("/simple/", "json", AS_JSON, WIDE, "index"), projects=WIDE)
    rps = (Target(NGINX, 0.25, 0.40, least=True),)
    return [
        *_lines(f"list of {WIDE:,} projects, HTML", html, rps=rps),
        *_lines(f"list of {WIDE:,} projects, JSON+gzip", json, rps=rps),
    ]


def not_modified(bench: Bench) -> list[Line]:
    """Conditional requests that are answered 304, beside the same page sent in full."""
    requests = {name: found for name, found in _small(bench, AS_HTML, "html").items() if name != PYPISERVER}
    full = requests[POCKETREPO]
    for name in [name for name in requests if bench.has(name)]:
        requests[name] = [
            (path, {**accept, "If-None-Match": fetch_any(bench, name, STANDARD, path, accept)["etag"]})
            for path, accept in requests[name]
        ]
    server = bench.server(POCKETREPO, STANDARD)
    loads: dict[str, list[Load]] = {name: [] for name in requests if bench.has(name)}
    ratios = []
    for _ in range(bench.rounds):
        for name, found in loads.items():
            target = bench.server(name, STANDARD)
            found.append(
                load(target, requests[name], bench.work, connections=CONNECTIONS, seconds=bench.seconds)
            )
        whole = load(server, full, bench.work, connections=CONNECTIONS, seconds=bench.seconds)
        ratios.append(loads[POCKETREPO][-1].cpu / whole.cpu)
    return [
        *_lines("304", loads, cpu=(Target(NGINX, 5, 3.5),)),
        Line(
            "304: CPU / that of the same page in full", "ratio", {POCKETREPO: ratios}, (Target("", 1.1, 1.0),)
        ),
    ]


def small_files(bench: Bench) -> list[Line]:
    """Wheels of a kilobyte, and their metadata."""
    wheels = [(project, file) for project, file in bench.corpus(STANDARD).wheels if file.size < 100_000]
    cpu = (Target(NGINX, 5, 3.5),)
    lines = []
    for title, suffix in (("small wheel", ""), (".metadata", ".metadata")):
        requests: Requests = {
            NGINX: [(f"/files/{file.filename}{suffix}", {}) for _, file in wheels],
            POCKETREPO: [(file_path(project, file) + suffix, {}) for project, file in wheels],
        }
        if not suffix:
            requests[PYPISERVER] = [(f"/packages/{file.filename}", {}) for _, file in wheels]
        lines += _lines(title, _loads(bench, requests), cpu=cpu)
    return lines


def many_connections(bench: Bench) -> list[Line]:
    """64 connections instead of 16."""
    loads = _loads(bench, _small(bench, AS_HTML, "html"), connections=64)
    return _lines("5-file page, 64 connections", loads, p99=(Target(NGINX, 3, 1.5),))
