"""What a person names, as distributions to push: files, globs, folders, or what is built first, a source tree or
an imported module."""

from __future__ import annotations

import glob
import importlib.metadata
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from packaging.requirements import Requirement

from pocketrepo.errors import BuildFailed, UsageError
from pocketrepo.sourcetree import Listed, from_module

SUFFIXES = (".whl", ".tar.gz", ".zip")
NAMES = "name wheels, sdists, a folder of them, a source tree, or an imported module"
Thing = str | Path | ModuleType
What = Thing | Iterable[Thing] | None
Say = Callable[[str], None]


@contextmanager
def collect(
    what: What = None,
    *,
    listed: Callable[[str], Listed] = lambda project: {},
    say: Say = lambda line: None,
) -> Iterator[list[Path]]:
    """The distributions that ``what`` names, wheels last; built ones live until the context ends.

    None means ``dist/`` if there is anything in it, else the source tree in the current folder. A module without
    ``__version__`` becomes the next version after those that ``listed`` tells for its project, or stays the newest
    if nothing has changed. Raises UsageError for what is not there, BuildFailed, AlreadyExists.
    """
    with tempfile.TemporaryDirectory(prefix="pocketrepo-build-") as folder:
        found: list[Path] = []
        for number, item in enumerate(_items(what)):
            scratch = Path(folder) / str(number)
            if isinstance(item, ModuleType):
                found += _built_module(item, scratch, listed, say)
            else:
                found += _distributions(item, scratch, say)
        unique = list(dict.fromkeys(path.absolute() for path in found))
        yield sorted(unique, key=lambda path: (path.suffix == ".whl", path.name))


def _items(what: What) -> list[Path | ModuleType]:
    if what is None:
        return [Path("dist") if _ready(Path("dist")) else Path()]
    things: Iterable[object] = [what]
    if isinstance(what, Iterable) and not isinstance(what, str):
        things = what
    items: list[Path | ModuleType] = []
    for one in things:
        if isinstance(one, ModuleType):
            items.append(one)
            continue
        if not isinstance(one, str | Path):
            raise UsageError(f"{one!r} is no path", hint=NAMES)
        path = Path(one).expanduser()
        matched = [] if path.exists() else sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207  takes ~ and /
        if not path.exists() and not matched:
            raise UsageError(f"there is no {one}", hint=NAMES)
        items += map(Path, matched) if matched else [path]
    return items


def _built_module(module: ModuleType, scratch: Path, listed: Callable[[str], Listed], say: Say) -> list[Path]:
    tree = from_module(module)
    if isinstance(tree, Path):
        return build(tree, scratch, say=say)
    release = tree.release(listed(tree.project), scratch)
    return [release.sdist, release.wheel]


def _distributions(path: Path, scratch: Path, say: Say) -> list[Path]:
    if path.is_file():
        if not path.name.endswith(SUFFIXES):
            raise UsageError(f"{path} is neither a wheel nor an sdist")
        return [path]
    if is_source_tree(path):
        return build(path, scratch, say=say)
    ready = _ready(path)
    if not ready:
        where = path.absolute()
        raise UsageError(
            f"{where} holds no wheels or sdists and is no source tree",
            hint="a source tree has a pyproject.toml or setup.py",
        )
    return ready


def _ready(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIXES) and path.is_file())


def is_source_tree(path: Path) -> bool:
    return (path / "pyproject.toml").is_file() or (path / "setup.py").is_file()


def build(tree: Path, output: Path, *, say: Say = lambda line: None) -> list[Path]:
    """An sdist and a wheel of a source tree, by its own build backend (PEP 517).

    Without network if what the backend needs is installed in this environment; else in an isolated one, which
    pip fills from the configured index. Raises BuildFailed with what the build printed.
    """
    import build as pep517
    from build.env import DefaultIsolatedEnv

    output.mkdir(parents=True, exist_ok=True)
    runner = _Runner()
    try:
        builder = pep517.ProjectBuilder(tree, runner=runner)
        needs = set(builder.build_system_requires)
        if _installed(needs):
            say(f"building {tree.absolute().name} with what is installed here")
            return [Path(builder.build(kind, output)) for kind in ("sdist", "wheel")]
        say(f"building {tree.absolute().name} in an isolated environment")
        with DefaultIsolatedEnv() as environment:
            builder = pep517.ProjectBuilder.from_isolated_env(environment, tree, runner=runner)
            environment.install(needs)
            made = []
            for kind in ("sdist", "wheel"):
                environment.install(builder.get_requires_for_build(kind))
                made.append(Path(builder.build(kind, output)))
            return made
    except pep517.BuildException as error:  # the tree itself is not what the standard asks
        raise BuildFailed(f"{tree} cannot be built: {' '.join(str(error).split())}") from None
    except Exception as error:
        output_text = runner.output or str(getattr(error, "output", "") or "")
        last = next((line for line in reversed(output_text.splitlines()) if line.strip()), str(error))
        raise BuildFailed(f"{tree} cannot be built: {' '.join(last.split())}", output=output_text) from None


class _Runner:
    """Runs a build backend's hook and keeps what it prints, for when it fails."""

    def __init__(self) -> None:
        self.output = ""

    def __call__(
        self, cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None
    ) -> None:
        environ = {**os.environ, **(extra_environ or {})}
        done = subprocess.run(
            list(cmd),
            cwd=cwd,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            check=False,
        )
        self.output += done.stdout
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, list(cmd), done.stdout)


def _installed(requirements: Iterable[str]) -> bool:
    """Whether this environment satisfies all of them."""
    for text in requirements:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            return False
        if not requirement.specifier.contains(version, prereleases=True):
            return False
    return True
