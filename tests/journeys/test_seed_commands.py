"""The commands of a hosted service's documentation of its Python repositories, in their order, against a local
server: nothing but the names of the hosts is changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.distributions import make_wheel
from tests.journeys.environments import Done, LiveServer, Venv, make_venv, run

pytestmark = pytest.mark.journey

PYPIRC = """\
[distutils]
index-servers =
  cloudsmith

[cloudsmith]
repository: {native}/OWNER/REPOSITORY/
username: USERNAME
password: API-KEY
"""
UPLOAD = "twine upload -r cloudsmith dist/PACKAGE_NAME-PACKAGE_VERSION-py3-none-any.whl"
PUSH = "push python OWNER/REPOSITORY PACKAGE_NAME-PACKAGE_VERSION-py3-none-any.whl"
INSTALL = "pip install PACKAGE_NAME==PACKAGE_VERSION --index-url"
PUBLIC = "{scheme}{dl}/public/OWNER/REPOSITORY/python/simple/"
PRIVATE = (
    "{scheme}{dl}/TOKEN/OWNER/REPOSITORY/python/simple/",
    "{scheme}USERNAME:PASSWORD@{dl}/basic/OWNER/REPOSITORY/python/simple/",
    "{scheme}USERNAME:API-KEY@{dl}/basic/OWNER/REPOSITORY/python/simple/",
    "{scheme}token:TOKEN@{dl}/basic/OWNER/REPOSITORY/python/simple/",
)


@dataclass
class Reader:
    """Somebody who follows the documentation, with their own values for its words."""

    values: dict[str, str]
    home: Path
    environ: dict[str, str]
    tools: Venv
    fresh: Callable[[], Venv]

    def filled(self, text: str) -> str:
        """A line of the documentation with this reader's values, longest words first: TOKEN is part of none."""
        for word, value in self.values.items():
            text = text.replace(word, value)
        return text

    def pip(self, line: str, *, status: int | None = 0) -> tuple[Done, Venv]:
        """A pip command in a new environment."""
        venv = self.fresh()
        words = self.filled(line).split()
        done = run(
            venv.python, "-m", *words, "--no-cache-dir", env=self.environ, cwd=self.home, status=status
        )
        return done, venv

    def installs(self, line: str) -> None:
        done, venv = self.pip(line)
        assert f"Successfully installed {self.filled('PACKAGE_NAME-PACKAGE_VERSION')}" in done.output
        name, version = self.values["PACKAGE_NAME"], self.values["PACKAGE_VERSION"]
        assert venv.version(name) == version
        for word in ("PASSWORD", "API-KEY"):
            assert self.values[word] not in done.output

    def requires(self, url: str, *more: str) -> None:
        """The same by a requirements file."""
        lines = [f"--index-url {url}", *more, "PACKAGE_NAME==PACKAGE_VERSION", ""]
        (self.home / "requirements.txt").write_text(self.filled("\n".join(lines)))
        self.installs("pip install -r requirements.txt")

    def twine(self, line: str) -> Done:
        program, *words = self.filled(line).split()
        return run(self.tools.program(program), *words, env=self.environ, cwd=self.home, status=None)


@pytest.fixture
def reader(live: LiveServer, tool: Callable[..., Venv], client_env: dict[str, str], tmp_path: Path) -> Reader:
    """ada, who may write to acme/seed, in a folder with dist/."""
    password = tmp_path / "password"
    password.write_text("correct-horse-battery\n")
    live.cli("repo", "create", "acme/seed")
    live.cli("user", "add", "ada", "--password-file", password)
    live.cli("role", "set", "acme/seed", "ada", "write")
    made = json.loads(live.cli("key", "create", "--name", "laptop", "--user", "ada", "--json").output)
    home = Path(client_env["HOME"])
    (home / "dist").mkdir()
    make_wheel(home / "dist", "your_package", "1.2.3")
    count = iter(range(100))
    return Reader(
        {
            "PACKAGE_NAME": "your_package",
            "PACKAGE_VERSION": "1.2.3",
            "OWNER": "acme",
            "REPOSITORY": "seed",
            "USERNAME": "ada",
            "PASSWORD": "correct-horse-battery",
            "API-KEY": made["key"],
            "{native}": live.url.rstrip("/"),
            "{scheme}": "http://",
            "{dl}": live.url.rstrip("/").removeprefix("http://"),
        },
        home,
        client_env,
        tool("twine", "==6.*", "setuptools"),
        lambda: make_venv(tmp_path / f"fresh{next(count)}", pip_of=tool("pip")),
    )


def test_the_documentation_works_from_its_first_line_to_its_last(live: LiveServer, reader: Reader) -> None:
    # Upload a package: with twine, and with the service's own words.
    (reader.home / ".pypirc").write_text(reader.filled(PYPIRC))
    uploaded = reader.twine(UPLOAD)
    assert uploaded.returncode == 0, uploaded.output
    assert reader.values["API-KEY"] not in uploaded.output
    assert list(live.listed("acme/seed", "your-package")) == ["your_package-1.2.3-py3-none-any.whl"]
    program = live.installed.program("pocketrepo")
    run(program, *reader.filled(PUSH).split(), env=live.environ, cwd=reader.home / "dist")

    # Public repositories: by the command line, by a requirements file, with a second index behind it.
    reader.installs(f"{INSTALL} {PUBLIC}")
    reader.requires(PUBLIC)
    reader.requires(PUBLIC, f"--extra-index-url {live.index('local/main')}")

    # Private repositories.
    live.cli("repo", "set", "acme/seed", "--private")
    made = live.cli("entitlement", "create", "--repository", "acme/seed", "--name", "ci", "--json").output
    reader.values["TOKEN"] = json.loads(made)["token"]
    refused, _ = reader.pip(f"{INSTALL} {PUBLIC}", status=None)
    assert refused.returncode
    for url in PRIVATE:
        reader.installs(f"{INSTALL} {url}")
        reader.requires(url.replace("/python/simple/", "/python/index/"))

    # What may only read does not write.
    rc = reader.filled(PYPIRC).replace(reader.values["API-KEY"], reader.values["TOKEN"])
    (reader.home / ".pypirc").write_text(rc.replace("username: ada", "username: token"))
    assert "403" in reader.twine(UPLOAD).output

    # Nothing of it is in the server's log.
    said = live.log.read_text()
    for word in ("PASSWORD", "API-KEY", "TOKEN"):
        assert reader.values[word] not in said
    assert "/***/acme/seed/python/simple/" in said
