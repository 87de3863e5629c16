from __future__ import annotations

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from pocketrepo.archive import parse_filename
from pocketrepo.errors import BadUpload


@pytest.mark.parametrize(
    ("filename", "name", "version", "python_tag"),
    [
        ("hello_pocket-1.0-py3-none-any.whl", "hello-pocket", "1.0", "py3"),
        ("Hello.Pocket-1.0.0-2build-py2.py3-none-any.whl", "hello-pocket", "1.0.0", "py2.py3"),
        ("hello-1!2.0rc1-cp311-abi3-linux_x86_64.whl", "hello", "1!2.0rc1", "cp311"),
        ("hello-1.0+local.7-cp311-cp311-manylinux_2_17_x86_64.whl", "hello", "1.0+local.7", "cp311"),
        ("hello_pocket-1.0.tar.gz", "hello-pocket", "1.0", "source"),
        ("Hello.Pocket-1.0.tar.gz", "hello-pocket", "1.0", "source"),
        ("hello-pocket-1.0.zip", "hello-pocket", "1.0", "source"),
        ("hello-1.0-py3.tar.gz".replace("-py3", ".post3"), "hello", "1.0.post3", "source"),
    ],
)
def test_a_filename_names_project_version_and_tag(
    filename: str, name: str, version: str, python_tag: str
) -> None:
    parsed = parse_filename(filename)
    assert (parsed.name, str(parsed.version), parsed.python_tag) == (name, version, python_tag)
    assert parsed.kind == ("bdist_wheel" if filename.endswith(".whl") else "sdist")


@pytest.mark.parametrize(
    ("filename", "name", "version"),
    [
        ("pytz-2004b-2.tar.gz", "pytz", "2004b2"),
        ("hello-1.0-1.tar.gz", "hello", "1.0.post1"),
        ("hello-1.0-beta-2.tar.gz", "hello", "1.0b2"),
        ("hello-3-1.0.tar.gz", "hello-3", "1.0"),
        ("hello-3-1.0.tar.gz", "hello", "3-1.0"),
    ],
)
def test_the_metadatas_name_says_where_an_old_sdists_filename_splits(
    filename: str, name: str, version: str
) -> None:
    try:
        expected = Version(version)
    except ValueError:
        with pytest.raises(BadUpload, match="not named after its project"):
            parse_filename(filename, name=canonicalize_name(name))
    else:
        assert parse_filename(filename, name=canonicalize_name(name)).version == expected


@pytest.mark.parametrize(
    ("filename", "reason"),
    [
        ("", "is not a filename"),
        ("a" * 190 + "-1.0.tar.gz", "characters long, the most is 200"),
        ("héllo-1.0.tar.gz", "is not a filename"),
        ("\N{KELVIN SIGN}elvin-1.0.tar.gz", "is not a filename"),
        ("../hello-1.0.tar.gz", "is not a filename"),
        ("a/hello-1.0.tar.gz", "is not a filename"),
        ("a\\hello-1.0.tar.gz", "is not a filename"),
        ("hello-1.0\0.tar.gz", "is not a filename"),
        ("hello-1.0.tar.gz\n", "is not a filename"),
        ("hello-1.0\r\nSet-Cookie: a.tar.gz", "is not a filename"),
        ("-rf-1.0.tar.gz", "is not a filename"),
        (".hello-1.0.tar.gz", "is not a filename"),
        ("hello 1.0.tar.gz", "is not a filename"),
        ("hello-1.0%2e.tar.gz", "is not a filename"),
        ("<b>-1.0.tar.gz", "is not a filename"),
        ("hello-1.0.exe", "neither a wheel nor an sdist"),
        ("hello-1.0.egg", "neither a wheel nor an sdist"),
        ("hello-1.0.tar.bz2", "neither a wheel nor an sdist"),
        ("hello-1.0-py3-none-any.WHL", "neither a wheel nor an sdist"),
        ("hello-1.0.whl", "wrong number of parts"),
        ("hello-1.0-1-2-py3-none-any.whl", "wrong number of parts"),
        ("hello-one-py3-none-any.whl", "invalid version"),
        ("hello-1.0-build-py3-none-any.whl", "Invalid build number"),
        ("hello__pocket-1.0-py3-none-any.whl", "Invalid project name"),
        ("hello_-1.0-py3-none-any.whl", "not a project name"),
        ("hello.tar.gz", "Invalid sdist filename"),
        ("hello-latest.tar.gz", "invalid version"),
        ("hello_-1.0.zip", "not a project name"),
    ],
)
def test_any_other_filename_is_refused(filename: str, reason: str) -> None:
    with pytest.raises(BadUpload, match=reason) as refusal:
        parse_filename(filename)
    assert refusal.value.field == "filename"
    assert str(refusal.value).isprintable()


def test_a_filename_of_another_project_is_a_wrong_name() -> None:
    with pytest.raises(BadUpload, match="not named after its project, world") as refusal:
        parse_filename("hello-1.0.tar.gz", name=canonicalize_name("world"))
    assert refusal.value.field == "name"
