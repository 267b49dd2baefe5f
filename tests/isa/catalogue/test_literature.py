"""The table of the literature: what each source says is computed, or every difference is named and explained."""

import re
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import pytest
from click.testing import CliRunner

from popek.cli.main import popek
from popek.isa import catalogue, shipped
from popek.isa.architecture import Isa
from popek.isa.catalogue._literature import Statement
from popek.prove.classes import Showing, classify
from popek.prove.theorems import theorem_1, theorem_3
from popek.prove.values import Classes

MODULES = [
    import_module(f"{catalogue.__name__}.{m.name}") for m in iter_modules(catalogue.__path__) if m.name[0] != "_"
]
LITERATURE: list[Statement] = [s for m in MODULES for s in m.LITERATURE]
LONGEST_STORY = 80
SILENT = {"sigma7"}
"""Of whom nothing was found."""


def isa_of(statement: Statement) -> Isa:
    """Return the ISA that a statement is about."""
    found = shipped.find(statement.isa)
    assert found is not None
    assert found.name == statement.isa
    return found


@cache
def classes_of(isa: Isa) -> tuple[Classes, ...]:
    """Return the classes of an ISA's instructions."""
    return classify(isa, showing=Showing.NOTHING)


@pytest.mark.parametrize("statement", LITERATURE, ids=lambda s: f"{s.isa}, {s.who}")
def test_what_is_said_is_what_is_computed_or_the_difference_is_explained(statement: Statement) -> None:
    """A theorem that comes out otherwise has its reason, and each instruction in which the lists differ is in it."""
    known = classes_of(isa_of(statement))
    pairs = (statement.theorem_1, theorem_1(known).holds), (statement.theorem_3, theorem_3(known).holds)
    assert statement.explained or all(said in (None, computed) for said, computed in pairs)
    if statement.critical is not None:
        differs = {*statement.critical} ^ {c.name for c in known if c.critical}
        assert differs <= {*re.findall(r"[\w-]+", statement.explained)}


def test_everybody_is_spoken_of() -> None:
    """Each ISA of the catalogue has a statement, or is a delta on one that has, but for whom nothing is said of."""
    said = {s.isa for s in LITERATURE}
    lacking = {i.name for i in shipped.catalogue() if i.name not in said and i.extends not in said}
    assert lacking == SILENT


def test_everybody_has_a_story() -> None:
    """The timeline says in a few words what became of each, and a year of its own stands beside it."""
    assert all(0 < len(i.story) <= LONGEST_STORY and i.year for i in shipped.catalogue())
    stories = [i.story for i in shipped.catalogue()]
    assert len({*stories}) == len(stories)


def test_what_was_not_read_is_marked() -> None:
    """Every statement says who and where; an unverified one is so in the data, and on the screen."""
    assert all(s.who and s.where for s in LITERATURE)
    for isa in shipped.catalogue():
        shown = CliRunner().invoke(popek, ["isa", isa.name], catch_exceptions=False).output
        unread = sum(not s.verified for s in shipped.literature(isa))
        assert shown.count("the source itself was not read") == unread
