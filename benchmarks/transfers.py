"""Bytes in and out: one large file, many small uploads, and what readers wait for after one."""

from __future__ import annotations

import hashlib
import io
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import REAL, STANDARD, WIDE, Bench
from corpus import BIG, HUGE, MEGABYTE, bulky_wheel, file_path
from measure import (
    BOUNDARY,
    Form,
    Transfer,
    clock,
    credentials,
    download,
    form,
    upload,
    uploads,
)
from pages import AS_HTML, AS_JSON
from servers import NGINX, POCKETREPO, PYPISERVER
from table import Line, Target

from pocketrepo.web.form import CHUNK, read_form
from tests.distributions import make_wheel

LARGE = 100 * MEGABYTE
SMALL_UPLOADS = {POCKETREPO: 96, PYPISERVER: 16}
"""Uploads in one round, a multiple of the number of parallel ones; pypiserver takes a second for a few."""
PARALLEL = 8

_versions = itertools.count()
"""Every file that is uploaded is new to the server."""


def large_file(bench: Bench) -> list[Line]:
    """100 MB down and up."""
    project, file = next(wheel for wheel in bench.corpus(STANDARD).wheels if wheel[0] == HUGE)
    paths = {
        NGINX: f"/files/{file.filename}",
        POCKETREPO: file_path(project, file),
        PYPISERVER: f"/packages/{file.filename}",
    }

    def down(name: str) -> Callable[[], Transfer]:
        return lambda: download(bench.server(name, STANDARD), paths[name])

    for name in filter(bench.has, paths):
        down(name)()
    found = bench.rounds_of({name: down(name) for name in paths})
    fetched = [
        Line("100 MB download", "MB/s", _rates(found), (Target(NGINX, 0.35, 0.6, least=True),)),
        Line("100 MB download: server CPU", "s", _each(found, "cpu"), (Target(NGINX, 3, 2),)),
        Line("100 MB download: growth of RSS", "MiB", _each(found, "growth"), (Target("", 16, 8),)),
    ]
    found = bench.rounds_of({name: _up(bench, name) for name in (POCKETREPO, PYPISERVER)})
    return [
        *fetched,
        Line("100 MB upload", "MB/s", _rates(found), (Target(PYPISERVER, 1.5, 3, least=True),)),
        Line("100 MB upload: server CPU", "s", _each(found, "cpu")),
        Line("100 MB upload: growth of RSS", "MiB", _each(found, "growth"), (Target("", 16, 4),)),
    ]


def _up(bench: Bench, name: str) -> Callable[[], Transfer]:
    def run() -> Transfer:
        wheel = bulky_wheel(bench.work, HUGE, f"2.{next(_versions)}", LARGE)
        try:
            return upload(bench.server(name, STANDARD), form(wheel), *bench.upload_target(name))
        finally:
            wheel.unlink()

    return run


def _rates(found: dict[str, list[Transfer]]) -> dict[str, list[float]]:
    return {name: [LARGE / MEGABYTE / each.seconds for each in rounds] for name, rounds in found.items()}


def _each(found: dict[str, list[Transfer]], attribute: str) -> dict[str, list[float]]:
    return {name: [getattr(each, attribute) for each in rounds] for name, rounds in found.items()}


def small_uploads(bench: Bench) -> list[Line]:
    """New versions of existing projects, one after the other and 8 at once. PocketRepo flushes each to disk before
    it answers; pypiserver flushes nothing."""

    def job(name: str, parallel: int) -> Callable[[], tuple[float, float]]:
        def run() -> tuple[float, float]:
            names = bench.corpus(STANDARD).names[:REAL]
            forms = [form(wheel) for wheel in _wheels(bench, names, SMALL_UPLOADS[name])]
            return uploads(bench.server(name, STANDARD), forms, *bench.upload_target(name), parallel=parallel)

        return run

    lines = []
    targets = {1: Target(PYPISERVER, 2.5, 4, least=True), PARALLEL: Target(PYPISERVER, 6, 15, least=True)}
    for parallel, title in (
        (1, "small uploads, sequential"),
        (PARALLEL, f"small uploads, {PARALLEL} parallel"),
    ):
        found = bench.rounds_of({name: job(name, parallel) for name in (POCKETREPO, PYPISERVER)})
        rates = {name: [rate for rate, _ in rounds] for name, rounds in found.items()}
        cpu = {name: [cpu for _, cpu in rounds] for name, rounds in found.items()}
        bar = (Target("", 6, 3),) if parallel == 1 else ()
        lines += [
            Line(title, "1/s", rates, (targets[parallel],)),
            Line(f"{title}: server CPU", "ms/upload", cpu, bar),
        ]
    return lines


def _wheels(bench: Bench, names: list[str], count: int) -> Iterator[Path]:
    folder = bench.work / "uploads"
    folder.mkdir(exist_ok=True)
    for name in itertools.islice(itertools.cycle(names), count):
        yield make_wheel(folder, name, f"2.{next(_versions)}")


def after_uploads(bench: Bench) -> list[Line]:
    """A new file in the 2,000-file project and a new project among 10,000: the upload, and the first page
    after it."""

    def into_big(name: str) -> Callable[[], tuple[float, float]]:
        def run() -> tuple[float, float]:
            sent = form(next(_wheels(bench, [BIG], 1)))
            server = bench.server(name, STANDARD)
            took = _milliseconds(lambda: upload(server, sent, *bench.upload_target(name)))
            accept = AS_JSON if name == POCKETREPO else AS_HTML
            return took, clock(server, f"/simple/{BIG}/", accept)

        return run

    def new_project() -> tuple[float, float]:
        sent = form(next(_wheels(bench, [f"fresh-{next(_versions)}"], 1)))
        server = bench.server(POCKETREPO, WIDE)
        authorization = credentials(bench.corpus(WIDE).root)
        took = _milliseconds(lambda: upload(server, sent, "/legacy/", authorization))
        return took, clock(server, "/simple/", AS_HTML)

    big = bench.rounds_of({name: into_big(name) for name in (POCKETREPO, PYPISERVER)})
    fresh = bench.rounds_of({POCKETREPO: new_project})
    return [
        Line("upload into the 2,000-file project", "ms", _nth(big, 0), (Target("", 80, 40),)),
        Line("first 2,000-file page after it", "ms", _nth(big, 1), (Target("", 80, 20),)),
        Line(f"upload of a new project among {WIDE:,}", "ms", _nth(fresh, 0)),
        Line(f"first list of {WIDE:,} projects after it", "ms", _nth(fresh, 1), (Target("", 150, 40),)),
    ]


def _nth(found: dict[str, list[tuple[float, float]]], number: int) -> dict[str, list[float]]:
    return {name: [pair[number] for pair in rounds] for name, rounds in found.items()}


def _milliseconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1e3


def form_parsing(bench: Bench) -> list[Line]:
    """In this process, without a server: reading the form of a 100 MB upload, as a share of the rate at which the
    same bytes can be written and hashed without a form around them."""
    wheel = bulky_wheel(bench.work, HUGE, f"2.{next(_versions)}", LARGE)
    body = _body(form(wheel))
    payload = memoryview(wheel.read_bytes())
    wheel.unlink()
    shares = []
    for _ in range(bench.rounds):
        bare = _cpu_seconds(lambda: _write_and_hash(payload, bench.work / "bare"))
        parsed = _cpu_seconds(lambda: _parse(body, bench.work))
        shares.append(bare / parsed)
    title = "form parsing: share of the rate without a form"
    return [Line(title, "ratio", {POCKETREPO: shares}, (Target("", 0.60, 0.85, least=True),))]


def _body(sent: Form) -> bytes:
    return sent.head + sent.file.read_bytes() + sent.tail


def _parse(body: bytes, folder: Path) -> None:
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    read = read_form(io.BytesIO(body), kind, len(body), folder)
    assert read.file is not None
    read.file.path.unlink()


def _write_and_hash(payload: memoryview, path: Path) -> None:
    digest = hashlib.sha256()
    with path.open("wb", buffering=0) as file:
        for start in range(0, len(payload), CHUNK):
            chunk = bytes(payload[start : start + CHUNK])
            file.write(chunk)
            digest.update(chunk)
    path.unlink()


def _cpu_seconds(action: Callable[[], None]) -> float:
    start = time.process_time()
    action()
    return time.process_time() - start
