"""Projects to be rendered: two usual files, one with markup in every field, and any that hypothesis thinks of."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from pocketrepo.model import STATUSES, File, Project, normalize

PAGE_URL = "http://localhost/acme/internal/simple/hello-pocket/"
LIST_URL = "http://localhost/acme/internal/simple/"
WHEEL = File(
    filename="hello_pocket-1.0-py3-none-any.whl",
    version="1.0",
    key="k1",
    size=1234,
    sha256="a" * 64,
    upload_time="2026-01-31T12:00:00.000001Z",
    requires_python=">=3.8,<4",
    metadata_sha256="b" * 64,
)
SDIST = File(
    filename="hello_pocket-1.0.tar.gz",
    version="1.0",
    key="k2",
    size=99,
    sha256="c" * 64,
    upload_time="2026-01-31T12:00:01Z",
)
NASTY = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            "\"'><img src=x onerror=alert(1)>",
            "' onmouseover='alert(1)",
            "a\r\nb\rc\nd\te",
            "&lt;&amp;&#60;&copy=1&quot",
            "</a></body><!-- ",
            "]]>--><!--",
            "Kelvin \u212a, \u2028, \u202e, \ufeff, \x85, \x00\x0b, 日本, \U0001f40d",
            "lone \ud800 surrogate \udfff",
            "{{ 7*7 }} {% raw %} ${x} %s {0}",
            " ",
        ]
    ),
)
SEGMENTS = NASTY.map(lambda text: re.sub(r"[/\\\x00-\x1f\x7f-\x9f]", "", text)).filter(
    lambda text: text not in ("", ".", "..")
)
PAGES = st.lists(
    st.sampled_from(
        ["https://a.example/simple/hello-pocket/", "http://[::1]:8/%22/Hello.Pocket", "https://é.example/'"]
    ),
    unique=True,
).map(tuple)
DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
HOSTILE = replace(
    WHEEL,
    filename="<b a='\"\ud800.whl",
    key='"><script>&#60;',
    version='1"</title>\ud800',
    requires_python="'\"<3&\r\n\ud800",
    yanked="</a><script>alert('\"&amp;')</script>\r\n\ud800",
    provenance_sha256="d" * 64,
    signature_sha256="e" * 64,
)

STANDING = {
    "status": "deprecated",
    "status_reason": "use <b>'other'</b>\r\n",
    "tracks": ("https://a.example/simple/hello-pocket/",),
    "alternate_locations": ("https://b.example/hello-pocket/", "https://c.example/hello-pocket/"),
}


def project(*listed: File, **standing: Any) -> Project:
    return Project(normalize("hello-pocket"), "Hello.Pocket", listed, **standing)


def files(digests: st.SearchStrategy[str]) -> st.SearchStrategy[File]:
    return st.builds(
        File,
        filename=st.one_of(
            SEGMENTS, st.sampled_from(["a-1!2.0+cu118.tar.gz", "b%2Fc-1.zip", "d e#f?g;h=1&i.whl", "~x.whl"])
        ),
        version=NASTY,
        key=st.one_of(SEGMENTS, st.sampled_from(["k1", "0123abcd"])),
        size=st.integers(min_value=0, max_value=10**15),
        sha256=digests,
        upload_time=st.datetimes().map(lambda time: f"{time.isoformat()}Z"),
        requires_python=st.one_of(st.none(), NASTY, st.just(">=3.8")),
        metadata_sha256=st.one_of(st.none(), digests),
        yanked=st.one_of(st.none(), NASTY, st.just("")),
        provenance_sha256=st.one_of(st.none(), digests),
        signature_sha256=st.one_of(st.none(), digests),
    )


def projects(digests: st.SearchStrategy[str] = DIGESTS) -> st.SearchStrategy[Project]:
    return st.builds(
        Project,
        name=st.just(normalize("hello-pocket")),
        display_name=NASTY,
        files=st.lists(files(digests), max_size=4).map(tuple),
        status=st.sampled_from(STATUSES),
        status_reason=NASTY,
        tracks=PAGES,
        alternate_locations=PAGES,
    )


def as_utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
