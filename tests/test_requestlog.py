"""The latest requests: a bounded file of lines without secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from pocketrepo import requestlog
from pocketrepo.requestlog import Log, Request, RequestLog, read

LINE = "127.0.0.1:5000 GET /simple/hello%20pocket/ 200 1234"


def test_what_is_written_is_read_again_in_order(tmp_path: Path) -> None:
    write = RequestLog(tmp_path / "log")
    write(LINE)
    write("[::1]:5 POST /legacy/ 400 7")
    first, second = read(tmp_path / "log")
    assert first[1:] == ("127.0.0.1:5000", "GET", "/simple/hello%20pocket/", 200, 1234)
    assert second[1:] == ("[::1]:5", "POST", "/legacy/", 400, 7)
    assert first.time <= second.time
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_asking_whether_it_is_there_is_no_request(tmp_path: Path) -> None:
    RequestLog(tmp_path / "log")("127.0.0.1:5 GET /health 200 7")
    assert read(tmp_path / "log") == []
    assert read(tmp_path / "nothing") == []


def test_a_token_in_a_path_is_not_kept(tmp_path: Path) -> None:
    RequestLog(tmp_path / "log")("127.0.0.1:5 GET /s3cret/acme/internal/python/simple/ 200 7")
    assert "s3cret" not in (tmp_path / "log").read_text()
    assert read(tmp_path / "log")[0].path == "/****/acme/internal/python/simple/"


def test_the_file_stays_small_and_keeps_the_latest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requestlog, "LIMIT", 1000)
    write = RequestLog(tmp_path / "log")
    for number in range(200):
        write(f"127.0.0.1:5 GET /simple/p{number}/ 200 7")
    kept = read(tmp_path / "log")
    numbers = [int(each.path.strip("/").removeprefix("simple/p")) for each in kept]
    assert numbers == list(range(numbers[0], 200))
    assert 1000 < sum(each.stat().st_size for each in tmp_path.iterdir()) < 2500


def test_a_line_that_was_cut_off_is_passed_over(tmp_path: Path) -> None:
    RequestLog(tmp_path / "log")(LINE)
    with (tmp_path / "log").open("ab") as file:
        file.write(b"2026-01-01T00:00:00Z 127.0.0.1:5 GET /sim\xff")
    assert len(read(tmp_path / "log")) == 1


def test_it_shows_the_latest_as_a_table() -> None:
    rows = [Request("2026-01-01T10:20:30.5Z", "h:1", "GET", f"/<p{n}>/", 404, 2048) for n in range(60)]
    shown = Log(rows)._repr_mimebundle_()
    for text in shown.values():
        assert "The latest 50 of 60 requests" in text
        assert "10:20:30" in text
        assert "2.0 kB" in text
    assert "&lt;p59&gt;" in shown["text/html"]
    assert "/<p10>/" in shown["text/plain"]
    assert "/<p9>/" not in shown["text/plain"]
    assert "No requests" in Log()._repr_html_()
