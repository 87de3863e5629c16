"""``explain`` and ``show``: what they say beyond the list of indexes, which the journeys hold against real tools."""

from __future__ import annotations

import pytest

from pocketrepo import config
from pocketrepo.config.locate import Place
from pocketrepo.errors import UsageError

U = "https://repo.example/simple/"


def write(place: Place, name: str, text: str) -> None:
    path = place.home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_nothing_set_means_pypi(place: Place) -> None:
    for tool in ("pip", "uv", "poetry", "pdm"):
        found = config.explain("demo", tool=tool, place=place)
        assert [index.origin.where for index in found.indexes] == ["default"]
        assert found.winner == "only that one may serve it"
        assert not found.risk


def test_pip_has_no_order_and_the_last_wins_a_tie(place: Place) -> None:
    write(place, ".config/pip/pip.conf", f"[global]\nextra-index-url = {U}\n")
    found = config.explain("demo", place=place)
    assert found.winner == f"no order: the best version over all of them wins; of equal versions, that of {U}"
    assert found.risk.startswith("dependency confusion: whoever registers demo on PyPI")
    assert str(found.indexes[1].origin).endswith("pip.conf:2")


def test_uv_takes_the_first_that_knows_the_name(place: Place) -> None:
    write(place, "proj/uv.toml", f'[[index]]\nname = "ours"\nurl = "{U}"\n')
    found = config.explain("demo", tool="uv", place=place)
    assert found.winner.startswith("the first that knows the name wins")
    assert not found.risk
    mixed = config.explain("demo", tool="uv", args=["--index-strategy", "unsafe-best-match"], place=place)
    assert "dependency confusion" in mixed.risk


def test_uv_with_a_private_default_behind_pypi_is_a_risk(place: Place) -> None:
    public = config.explain("demo", place=place).indexes[0].url
    write(place, "proj/uv.toml", f'[[index]]\nurl = "{public}"\n[[index]]\nurl = "{U}"\ndefault = true\n')
    assert "PyPI is asked before" in config.explain("demo", tool="uv", place=place).risk


def test_a_pinned_package_is_asked_for_in_one_place(place: Place) -> None:
    index = f'[[tool.uv.index]]\nname = "ours"\nurl = "{U}"\nexplicit = true\n'
    write(place, "proj/pyproject.toml", index + '[tool.uv.sources]\nMy_Pack = { index = "ours" }\n')
    assert config.explain("my-pack", tool="uv", place=place).urls == (U,)
    assert U not in config.explain("other", tool="uv", place=place).urls


def test_what_is_dropped_is_listed_with_its_reason(place: Place) -> None:
    write(place, ".config/pip/pip.conf", "[global]\nindex-url = https://old.example/\n")
    write(place, "proj/r.txt", f"demo\n-i {U}\n")
    found = config.explain("demo", requirements=["r.txt"], place=place)
    [dropped] = found.dropped
    assert dropped.url == "https://old.example/"
    assert dropped.why.startswith("wiped by")
    assert dropped.why.endswith("r.txt:2")


def test_credentials_are_named_not_shown(place: Place) -> None:
    write(place, ".netrc", "machine repo.example login u password s3cret\n")
    write(
        place,
        ".config/pip/pip.conf",
        f"[global]\nindex-url = {U}\nextra-index-url = https://u:pw@b.example/ https://c.example/\n",
    )
    found = config.explain("demo", place=place)
    assert found.credentials == ("netrc", "in the URL", "keyring, after a 401")
    assert "s3cret" not in str(found) + str(found.to_json()) + repr(found) + found._repr_html_()
    assert "pw@" not in str(found) + str(found.to_json()) + repr(found) + found._repr_html_()


def test_a_file_that_pip_refuses_is_the_answer(place: Place) -> None:
    write(place, ".config/pip/pip.conf", "[global]\nx\n")
    assert config.explain("demo", place=place).winner.startswith("pip would give up")


@pytest.mark.parametrize("pip", ["25.1", "25.3", "26.0"])
def test_an_empty_value_cancels_except_in_two_releases(place: Place, pip: str) -> None:
    write(place, ".config/pip/pip.conf", f"[global]\nextra-index-url = {U}\n")
    write(place, "python/pip.conf", "[global]\nextra-index-url =\n")
    urls = config.explain("demo", pip=pip, place=place).urls
    assert (U in urls) == (pip == "25.3")


def test_the_installed_pip_decides_unless_a_version_is_given(place: Place) -> None:
    write(place, ".config/pip/pip.conf", f"[global]\nindex_url = https://a/\nindex-url = {U}\n")
    (place.prefix / "lib/python3.11/site-packages/pip-25.0.dist-info").mkdir(parents=True)
    assert config.explain("demo", place=place).urls == (U,)
    assert config.explain("demo", pip="26.3", place=place).errors


def test_show_lists_every_option_and_what_it_overrides(place: Place) -> None:
    write(place, ".config/pip/pip.conf", "[global]\nindex-url = https://u:s3cret@a.example/\ntimeout = 9\n")
    write(place, "python/pip.conf", f"[global]\nindex-url = {U}\n")
    [view] = config.show("pip", place=place).views
    values = {(setting.origin.level, setting.key): setting for setting in view.settings}
    assert values["user", "global.timeout"].value == "9"
    assert values["user", "global.index-url"].overridden_by.endswith("python/pip.conf:2")
    assert values["site", "global.index-url"].overrides == (f"{place.home}/.config/pip/pip.conf:2",)
    assert "s3cret" not in str(config.show(place=place)) + config.show(place=place)._repr_html_()


def test_show_lists_the_sources_of_poetry_and_pdm(place: Place) -> None:
    write(
        place,
        "proj/pyproject.toml",
        f'[[tool.poetry.source]]\nname = "p"\nurl = "{U}"\n[[tool.pdm.source]]\nname = "q"\nurl = "https://q/"\n',
    )
    shown = str(config.show(place=place))
    assert f"source p = {U}" in shown
    assert "source q = https://q/" in shown


@pytest.mark.parametrize("options", [{"tool": "conda"}, {"pip": "new"}, {"args": ["-i"]}])
def test_what_makes_no_sense_is_wrong_usage(place: Place, options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        config.explain("demo", place=place, **options)  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        config.explain("no name", place=place)
