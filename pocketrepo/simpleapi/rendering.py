"""Pages of the Simple API from the model: JSON (PEP 691, 700) and HTML (PEP 503, 592, 629, 658, 714), both with what
is said of a project as a whole (PEP 708, 792) and with provenance (PEP 740).

Both say the same, as far as HTML can. Every link is relative, so the bytes depend on neither host nor
prefix; files stay in the order in which they are stored. A lone surrogate, which UTF-8 cannot carry, is
written as ``?``: one odd yank reason must not make a page unreadable.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from functools import lru_cache
from json.encoder import encode_basestring as _string  # json.dumps of a big page takes twice as long
from urllib.parse import quote

from packaging.utils import NormalizedName

from pocketrepo.model import PROVENANCE_SUFFIX, File, Project, ProjectList
from pocketrepo.simpleapi.metas import ALTERNATE_LOCATIONS, STATUS, STATUS_REASON, TRACKS, VERSION
from pocketrepo.simpleapi.negotiation import Format

API_VERSION = "1.4"
"""PEP 792; a project without ``project-status`` is active."""

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def render(value: Project | ProjectList, format: Format) -> bytes:
    """A project's page, or the list of projects, in the format that was negotiated."""
    return to_json(value) if format.is_json else to_html(value)


def file_url(project: NormalizedName, file: File) -> str:
    """Where a file is, relative to ``…/simple/NAME/``; percent-encoded, without a fragment."""
    path = f"{project}/{file.key}/{file.filename}"
    if _reserved(path) != b"//":
        path = "/".join(map(_quote, (project, file.key, file.filename)))
    return f"../../files/{path}"


def to_json(value: Project | ProjectList) -> bytes:
    """The ``application/vnd.pypi.simple.v1+json`` form of a project's page or of the list of projects."""
    meta = f'"api-version":"{API_VERSION}"'
    if isinstance(value, ProjectList):
        names = ",\n".join([f'{{"name":{_string(name)}}}' for name in value.names.values()])
        body = f'"projects":[{names}]'
    else:
        if value.tracks:
            meta += f',"tracks":{_strings(value.tracks)}'
        versions = _strings(dict.fromkeys(file.version for file in value.files))
        files = ",\n".join([_file_object(value.name, file) for file in value.files])
        body = f'"name":{_string(value.name)}{_standing(value)},"versions":{versions},"files":[{files}]'
    return _encode(f'{{"meta":{{{meta}}},{body}}}\n')


def to_html(value: Project | ProjectList) -> bytes:
    """The ``text/html`` form, which is also that of ``application/vnd.pypi.simple.v1+html``."""
    metas = [(VERSION, API_VERSION)]
    if isinstance(value, ProjectList):
        title = "Simple index"
        anchors = [
            f'<a href="{_quote(name)}/">{_escape(display_name)}</a><br>\n'
            for name, display_name in value.names.items()
        ]
    else:
        title = f"Links for {_escape(value.name)}"
        metas += _metas(value)
        plain = _are_plain(value)
        anchors = [_anchor(value.name, file, plain) for file in value.files]
    return _encode(
        "<!DOCTYPE html>\n"
        '<html lang="en">\n'
        "<head>\n"
        '<meta charset="utf-8">\n'
        f"{''.join([_meta(name, content) for name, content in metas])}"
        f"<title>{title}</title>\n"
        "</head>\n"
        "<body>\n"
        f"<h1>{title}</h1>\n"
        f"{''.join(anchors)}"
        "</body>\n"
        "</html>\n"
    )


def _standing(project: Project) -> str:
    """What a project's JSON says of it as a whole, as further members."""
    said = ""
    if project.alternate_locations:
        said += f',"alternate-locations":{_strings(project.alternate_locations)}'
    if project.status != "active" or project.status_reason:
        reason = f',"reason":{_string(project.status_reason)}' if project.status_reason else ""
        said += f',"project-status":{{"status":{_string(project.status)}{reason}}}'
    return said


def _metas(project: Project) -> list[tuple[str, str]]:
    """The same for HTML."""
    said = [(TRACKS, url) for url in project.tracks]
    said += [(ALTERNATE_LOCATIONS, url) for url in project.alternate_locations]
    if project.status != "active" or project.status_reason:
        said.append((STATUS, project.status))
    if project.status_reason:
        said.append((STATUS_REASON, project.status_reason))
    return said


def _meta(name: str, content: str) -> str:
    return f'<meta name="{name}" content="{_escape(content)}">\n'


def _strings(texts: Iterable[str]) -> str:
    return f"[{','.join(map(_string, texts))}]"


def _file_object(project: NormalizedName, file: File) -> str:
    upload_time = f',"upload-time":{_string(file.upload_time)}' if file.upload_time else ""
    requires_python = f',"requires-python":{_string(file.requires_python)}' if file.requires_python else ""
    core_metadata = f'{{"sha256":{_string(file.metadata_sha256)}}}' if file.metadata_sha256 else "false"
    if file.yanked is None:
        yanked = "false"
    else:
        yanked = _string(file.yanked) if file.yanked else "true"
    more = ',"gpg-sig":true' if file.signature_sha256 else ""
    if file.provenance_sha256:
        more += f',"provenance":{_string(file_url(project, file) + PROVENANCE_SUFFIX)}'
    return (
        f'{{"filename":{_string(file.filename)},"url":{_string(file_url(project, file))}'
        f',"hashes":{{"sha256":{_string(file.sha256)}}},"size":{file.size}{upload_time}{requires_python}'
        f',"core-metadata":{core_metadata},"yanked":{yanked}{more}}}'
    )


def _anchor(project: NormalizedName, file: File, plain: bool) -> str:
    text, sha256, metadata = file.filename, file.sha256, file.metadata_sha256
    if plain:
        url = f"../../files/{project}/{file.key}/{text}"
    else:
        url = file_url(project, file)
        text, sha256, metadata = _escape(text), _escape(sha256), metadata and _escape(metadata)
    # PEP 714: the old name beside the new one is for HTML only.
    hashes = f' data-core-metadata="sha256={metadata}" data-dist-info-metadata="sha256={metadata}"'
    # Always with a value: pip takes a bare data-yanked for none.
    yanked = "" if file.yanked is None else f' data-yanked="{_escape(file.yanked)}"'
    more = ' data-gpg-sig="true"' if file.signature_sha256 else ""
    if file.provenance_sha256:
        more += f' data-provenance="{url}{PROVENANCE_SUFFIX}"'
    return (
        f'<a href="{url}#sha256={sha256}"{_requires_python(file.requires_python)}'
        f"{hashes if metadata else ''}{yanked}{more}>{text}</a><br>\n"
    )


@lru_cache(maxsize=256)
def _requires_python(specifier: str | None) -> str:
    """The attribute; a project's many files share few specifiers."""
    return f' data-requires-python="{_escape(specifier)}"' if specifier else ""


def _are_plain(project: Project) -> bool:
    """Whether names, keys and digests hold nothing to escape: one look at all is faster than one at each."""
    fields = [f"{file.key}{file.filename}{file.sha256}{file.metadata_sha256}" for file in project.files]
    return not _reserved(project.name + "".join(fields))


def _reserved(text: str) -> bytes:
    """What is left without the characters that mean nothing to URLs and HTML (RFC 3986: unreserved)."""
    return text.encode("utf-8", "replace").translate(None, _UNRESERVED)


def _quote(segment: str) -> str:
    """A path segment, percent-encoded. ``+`` apart: it is common, and what ``quote`` must change is slow."""
    return quote(segment, safe="+", errors="replace").replace("+", "%2B")


def _escape(text: str) -> str:
    """Text for an attribute or an element; line ends as references, since HTML readers unify raw ones."""
    return html.escape(text).replace("\r", "&#13;").replace("\n", "&#10;")


def _encode(page: str) -> bytes:
    return page.encode("utf-8", "replace")
