"""The registry: every shipped ISA by name and alias."""

import subprocess
import sys
from pathlib import Path

import pytest

from popek.isa import shipped
from popek.isa.classic import CLASSIC
from popek.isa.classic_vt import CLASSIC_VT
from popek.isa.variants import VARIANTS


def test_classic_comes_first_and_the_catalogue_by_year() -> None:
    """The list begins with `classic`, `classic-vt` and the variants; what follows is in order of first delivery."""
    every = shipped.every()
    assert every[:2] == (CLASSIC, CLASSIC_VT)
    assert every[2 : 2 + len(VARIANTS)] == VARIANTS
    years = [i.year or 0 for i in shipped.catalogue()]
    assert years == sorted(years)
    assert shipped.names() == tuple(i.name for i in every)


def test_no_name_or_alias_means_two_things() -> None:
    """Names and aliases are unique, in whatever case."""
    known = [n.casefold() for n in shipped.known()]
    assert sorted(set(known)) == sorted(known)


@pytest.mark.parametrize("name", shipped.known())
def test_a_name_is_found_in_whatever_case(name: str) -> None:
    """Every name and alias leads to its ISA, in small letters, capitals or mixed."""
    isa = shipped.find(name)
    assert isa is not None
    assert name in (isa.name, *isa.aliases)
    assert shipped.find(name.upper()) is shipped.find(name.title()) is isa


@pytest.mark.parametrize("name", ["", "clasic", "classic ", "classic.toml", "../classic", "popf\0"])
def test_what_is_not_shipped_is_not_found(name: str) -> None:
    """Nothing is guessed: an unknown name gives nothing."""
    assert shipped.find(name) is None


def test_classic_is_found_without_importing_the_catalogue() -> None:
    """Who asks for `classic` does not pay for the catalogue."""
    script = (
        "import sys; from popek.isa import shipped; assert shipped.find('popf'); "
        "sys.exit(any(m.startswith('popek.isa.catalogue') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == 0


def test_an_architecture_is_added_by_adding_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every module of the catalogue is found by being there, and its ISAs are listed by year; helpers are not."""
    package = tmp_path / "some_catalogue"
    package.mkdir()
    (package / "__init__.py").touch()
    for name, year in (("later", 1985), ("early", 1966)):
        isa = f"evolve(CLASSIC, name='{name}', year={year}, aliases=('{name[0]}',))"
        text = f"from popek.isa.classic import CLASSIC\nfrom attrs import evolve\nISAS = ({isa},)\n"
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    (package / "_helper.py").write_text("raise AssertionError", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(shipped, "_CATALOGUE", "some_catalogue")
    shipped.catalogue.cache_clear()
    try:
        assert shipped.names()[-2:] == ("early", "later")
        assert shipped.find("L") is shipped.catalogue()[1]
    finally:
        shipped.catalogue.cache_clear()
