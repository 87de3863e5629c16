"""PyPI's legacy JSON, for the tools that want it: what a project's files and its newest metadata say, in one object.

Its links are absolute. They are made for each request, and lie under the prefix that was asked.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request

from pocketrepo.errors import NotFound
from pocketrepo.model import File, Json, Project, Release, version_order
from pocketrepo.paths import token_in
from pocketrepo.repository import Repository
from pocketrepo.web.cors import share
from pocketrepo.web.details import fields_of, representative
from pocketrepo.web.payload import base
from pocketrepo.web.reading import view_for_reading
from pocketrepo.web.state import project_in_url

bp = Blueprint("legacy", __name__)
bp.after_request(share)

ONE = ("author", "author_email", "description", "description_content_type", "download_url", "home_page", "keywords",
       "license", "license_expression", "maintainer", "maintainer_email", "summary")  # fmt: skip
MANY = ("classifiers", "dynamic", "license_files", "platform", "provides_extra", "requires_dist")
"""Fields of core metadata that ``info`` has under the same names, as text or as lists."""


@bp.get("/pypi/<name>/json")
@bp.get("/<owner>/<repo>/pypi/<name>/json")
@bp.get("/<form>/<owner>/<repo>/python/pypi/<name>/json")
def project(name: str, owner: str = "", repo: str = "", form: str = "public") -> Response:
    """PyPI's legacy JSON: ``info``, ``urls`` of the newest release, all ``releases``, ``vulnerabilities``."""
    return _answer(owner, repo, form, name, None)


@bp.get("/pypi/<name>/<version>/json")
@bp.get("/<owner>/<repo>/pypi/<name>/<version>/json")
@bp.get("/<form>/<owner>/<repo>/python/pypi/<name>/<version>/json")
def release(name: str, version: str, owner: str = "", repo: str = "", form: str = "public") -> Response:
    """The same of one release, without the others."""
    return _answer(owner, repo, form, name, version)


def _answer(owner: str, repo: str, form: str, name: str, version: str | None) -> Response:
    view = view_for_reading(owner, repo, token_in(form))
    normalized = project_in_url(name)
    rest = "json" if version is None else f"{quote(version)}/json"
    if normalized != name:
        location = "../" * (rest.count("/") + 1) + f"{normalized}/{rest}"
        return Response(status=301, headers={"Location": location, "Cache-Control": "no-cache"})
    project = view.repository.index.project(normalized).value
    chosen = _release(project, version)
    # What stands before /pypi/: files lie under the same prefix.
    prefix = quote(request.path.rsplit("/", rest.count("/") + 3)[0])
    described = _Description(view.repository, project, f"{base()}{prefix}/files")
    document = described.release(chosen)
    if version is None:
        document["releases"] = described.releases(chosen, document["urls"])
    response = jsonify(document)
    response.headers["Cache-Control"] = "no-cache" if view.actor is None else "private, no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


def _release(project: Project, version: str | None) -> Release:
    """Raises NotFound for a version that it has not, or if it has none."""
    if version is None:
        found = project.latest
    else:
        wanted = version_order(version)
        equal = [
            one
            for one in project.releases
            if one.version == version or (wanted[0] and version_order(one.version) == wanted)
        ]
        found = next(iter(equal), None)
    if found is None:
        raise NotFound(f"{project.name} has no {f'version {version[:100]}' if version else 'files'}")
    return found


class _Description:
    """A project in the words of the legacy JSON; ``files_url`` is where its files lie."""

    def __init__(self, repository: Repository, project: Project, files_url: str) -> None:
        self._repository = repository
        self._project = project
        self._files_url = files_url

    def release(self, release: Release) -> Json:
        return {
            "info": self._info(release),
            "last_serial": 0,
            "urls": [self._file(file, self._record(file)) for file in release.files],
            "vulnerabilities": [],
        }

    def releases(self, known: Release, files: list[Json]) -> dict[str, list[Json]]:
        """All releases; the records of the others' uploads are not read."""
        found = {one.version: [self._file(file, {}) for file in one.files] for one in self._project.releases}
        return {**found, known.version: files}

    def _record(self, file: File) -> Json:
        return self._repository.hosted.upload_record(self._project.name, file.key)

    def _info(self, release: Release) -> Json:
        name, file = self._project.name, representative(release)
        fields = fields_of(self._repository, name, file, self._record(file))
        page = f"{base()}/{self._repository.name}/projects/{name}/"
        yanked = release.yanked
        return {
            **{field: fields.get(field) or None for field in ONE},
            **{field: list(fields.get(field) or ()) or None for field in MANY},
            "bugtrack_url": None,
            "classifiers": list(fields.get("classifiers") or ()),
            "docs_url": None,
            "downloads": {"last_day": -1, "last_month": -1, "last_week": -1},
            "name": self._project.display_name,
            "package_url": page,
            "project_url": page,
            "project_urls": _labelled(fields.get("project_urls") or ()) or None,
            "release_url": f"{page}?version={quote(release.version)}",
            "requires_python": release.requires_python,
            "version": release.version,
            "yanked": yanked,
            "yanked_reason": (release.files[0].yanked or None) if yanked else None,
        }

    def _file(self, file: File, record: Json) -> Json:
        """``record`` adds what only the upload's form said: other digests, and a comment."""
        sent = record.get("form", {})
        digests = {"sha256": file.sha256}
        for algorithm, field in (("md5", "md5_digest"), ("blake2b_256", "blake2_256_digest")):
            if sent.get(field):
                digests[algorithm] = sent[field][0].lower()
        path = "/".join(map(quote, (self._project.name, file.key, file.filename)))
        return {
            "comment_text": (sent.get("comment") or [""])[0],
            "digests": digests,
            "downloads": -1,
            "filename": file.filename,
            "has_sig": file.signature_sha256 is not None,
            "md5_digest": digests.get("md5"),
            "packagetype": "bdist_wheel" if file.is_wheel else "sdist",
            "python_version": file.filename.split("-")[-3] if file.is_wheel else "source",
            "requires_python": file.requires_python,
            "size": file.size,
            "upload_time": file.upload_time[:19],
            "upload_time_iso_8601": file.upload_time,
            "url": f"{self._files_url}/{path}",
            "yanked": file.yanked is not None,
            "yanked_reason": file.yanked or None,
        }


def _labelled(lines: Any) -> dict[str, str]:
    pairs = (line.partition(",") for line in lines)
    return {label.strip(): url.strip() for label, _, url in pairs}
