"""The server as a process: how soon it answers, and how much memory it takes."""

from __future__ import annotations

import http.client
import time

from bench import NARROW, STANDARD, WIDE, Bench
from measure import clock
from pages import AS_HTML, AS_JSON
from servers import NGINX, POCKETREPO, PYPISERVER, Server
from table import Line, Target

MEMO = 32
"""MiB of pages that the server keeps: the default of the setting ``memory``."""


def cold_start(bench: Bench) -> list[Line]:
    """From the command to the first page; the files are in the system's cache, the program is not running."""
    names = (NGINX, POCKETREPO, PYPISERVER)
    seconds: dict[int, dict[str, list[float]]] = {
        projects: {name: [] for name in names if bench.has(name)} for projects in (NARROW, WIDE)
    }
    for projects in seconds:
        for name in filter(bench.has, names):
            _prepare(bench, name, projects)
    for _ in range(bench.rounds):
        for projects, found in seconds.items():
            for name in found:
                found[name].append(_start(bench, name, projects))
    wide, narrow = seconds[WIDE], seconds[NARROW]
    ratios = [many / few for many, few in zip(wide[POCKETREPO], narrow[POCKETREPO], strict=True)]
    return [
        Line(f"start to first page, {NARROW} projects", "s", narrow),
        Line(f"start to first page, {WIDE:,} projects", "s", wide, (Target("", 1.2, 0.6),)),
        Line(f"start: {WIDE:,} projects / {NARROW}", "ratio", {POCKETREPO: ratios}, (Target("", 1.3, 1.3),)),
    ]


def _prepare(bench: Bench, name: str, projects: int) -> None:
    with bench.start(name, projects):
        pass


def _start(bench: Bench, name: str, projects: int) -> float:
    start = time.perf_counter()
    with bench.start(name, projects) as server:
        clock(server, _page(name, projects), AS_HTML)
        return time.perf_counter() - start


def _page(name: str, projects: int) -> str:
    return f"/{STANDARD}/project-00001.html" if name == NGINX else "/simple/project-00001/"


def memory(bench: Bench) -> list[Line]:
    """Resident memory after the first page, and after 10,000 different ones."""
    servers = [name for name in (NGINX, POCKETREPO, PYPISERVER) if bench.has(name)]
    idle: dict[int, dict[str, list[float]]] = {NARROW: {}, WIDE: {}}
    for projects, found in idle.items():
        for name in servers:
            with bench.start(name, projects) as server:
                clock(server, _page(name, projects), AS_HTML)
                found[name] = [server.rss()]
    pages = [f"/simple/{project}/" for project in bench.corpus(WIDE).names]
    with bench.start(POCKETREPO, WIDE) as server:
        clock(server, pages[0], AS_HTML)
        before = server.rss()
        html = [_growth(server, pages, AS_HTML, before)]
        both = [_growth(server, pages, AS_JSON, before)]
    wide, narrow = idle[WIDE], idle[NARROW]
    growth = [many - few for many, few in zip(wide[POCKETREPO], narrow[POCKETREPO], strict=True)]
    bound = (Target("", MEMO + 16, MEMO + 8),)
    return [
        Line(f"idle RSS, {NARROW} projects", "MiB", narrow, (Target("", 90, 75),)),
        Line(f"idle RSS, {WIDE:,} projects", "MiB", wide),
        Line(f"idle RSS: {WIDE:,} projects less {NARROW}", "MiB", {POCKETREPO: growth}, (Target("", 15, 5),)),
        Line(f"growth of RSS by {WIDE:,} pages, HTML", "MiB", {POCKETREPO: html}, bound),
        Line(f"growth of RSS by {2 * WIDE:,} pages, HTML and JSON+gzip", "MiB", {POCKETREPO: both}, bound),
    ]


def _growth(server: Server, pages: list[str], headers: dict[str, str], before: float) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        for page in pages:
            connection.request("GET", page, headers=headers)
            connection.getresponse().read()
    finally:
        connection.close()
    return server.rss() - before
