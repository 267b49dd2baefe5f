"""What is there: the ISAs and the guests, as values to be listed or shown."""

from typing import Any

from attrs import field, frozen

from popek.guests import library
from popek.guests.guest import Guest
from popek.isa import shipped, template
from popek.isa.architecture import Isa
from popek.isa.catalogue._literature import Statement
from popek.isa.instruction import Instruction, InUser
from popek.language.phrase import say
from popek.library import naming
from popek.library.naming import NamedGuest, NamedIsa
from popek.shown import Shown


@frozen
class ShownIsa(Shown):
    """One ISA, to be shown with its instructions; `with_toml`, in JSON also as a TOML text."""

    isa: Isa
    with_toml: bool = False

    @property
    def literature(self) -> tuple[Statement, ...]:
        """What is said of it elsewhere, if it is in the catalogue."""
        return shipped.literature(self.isa)

    @property
    def toml(self) -> str:
        """A TOML text that configures the same ISA, to start from."""
        return template.to_toml(self.isa)

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            **_summary(self.isa),
            "doc": self.isa.doc,
            "sources": list(self.isa.sources),
            "literature": [_statement(s) for s in self.literature],
            "instructions": [_instruction(i) for i in self.isa.instructions],
            **({"toml": self.toml} if self.with_toml else {}),
        }


@frozen
class IsaList(Shown):
    """The shipped ISAs, in groups."""

    groups: tuple[tuple[str, tuple[Isa, ...]], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {"isas": [{"group": group, **_summary(i)} for group, isas in self.groups for i in isas]}


def _summary(isa: Isa) -> dict[str, Any]:
    return {
        "name": isa.name,
        "title": isa.title,
        "year": isa.year,
        "extends": isa.extends,
        "story": isa.story,
        "aliases": list(isa.aliases),
    }


def _statement(one: Statement) -> dict[str, Any]:
    return {
        "who": one.who,
        "where": one.where,
        "verified": one.verified,
        "theorem_1": one.theorem_1,
        "theorem_3": one.theorem_3,
        "critical": None if one.critical is None else list(one.critical),
        "explained": one.explained or None,
    }


def _instruction(one: Instruction) -> dict[str, Any]:
    return {
        "name": one.name,
        "operands": one.operands,
        "opcode": one.opcode,
        "user": in_user(one),
        "doc": one.doc,
        "source": one.source,
    }


def in_user(one: Instruction) -> str:
    """Return in a word what an instruction does in user mode."""
    return one.in_user.value if isinstance(one.in_user, InUser) else say("its own")


def isas() -> IsaList:
    """Return the shipped ISAs: the bases, the textbook variants, the catalogue by year."""
    groups = (("base", shipped.bases()), ("variants", shipped.variants()), ("catalogue", shipped.catalogue()))
    return IsaList(tuple((name, found) for name, found in groups if found))


def isa(named: NamedIsa, *, with_toml: bool = False) -> ShownIsa:
    """Return one ISA, to be shown."""
    return ShownIsa(naming.isa(named), with_toml)


@frozen
class ShownGuest(Shown):
    """One guest, to be shown with its text."""

    guest: Guest

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {**_guest(self.guest), "source": self.guest.source}


@frozen
class GuestList(Shown):
    """The shipped guests, in groups."""

    groups: tuple[tuple[str, tuple[Guest, ...]], ...] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {"guests": [{"group": group, **_guest(g)} for group, guests in self.groups for g in guests]}


def _guest(one: Guest) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title,
        "teaches": one.teaches,
        "isa": one.isa,
        "memory": one.memory,
        "max_steps": one.max_steps,
        "input": one.input.decode("utf-8", "replace"),
        "outcome": one.expected.outcome,
        "output": one.expected.output,
        "detects": one.detects or None,
        "demonstrates": one.demonstrates or None,
    }


def guests() -> GuestList:
    """Return the shipped guests: programs, probes that detect a monitor, demonstrations of what one can lose."""
    every = [library.find(name) for name in library.names()]
    probes = tuple(g for g in every if g.detects)
    demonstrations = tuple(g for g in every if g.demonstrates)
    programs = tuple(g for g in every if not g.detects and not g.demonstrates)
    groups = (("program", programs), ("probe", probes), ("demonstration", demonstrations))
    return GuestList(tuple((name, found) for name, found in groups if found))


def guest(named: NamedGuest) -> ShownGuest:
    """Return one guest, to be shown."""
    return ShownGuest(naming.guest(named))
