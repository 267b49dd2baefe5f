"""Porting: a guest's critical instructions replaced by hypercalls, word for word, with a list of what was changed.

Which instructions are critical is told from outside; what they mean is not looked at. What the assembler knows to be
code is ported, and nothing else. So a porter cannot see an instruction that the guest makes at run time, and does not
touch a word that is data to the assembler, even if it looks like an instruction: such words are listed. Nor can it hide
itself: a guest that reads its own code reads hypercalls.
"""

from collections.abc import Container, Iterator, Mapping

from attrs import evolve, field, frozen

from popek.isa import hypercall
from popek.isa.architecture import Isa
from popek.isa.program import Program


@frozen
class Ported:
    """A word of a guest that is critical: where it is, what it was, and the hypercall that stands for it."""

    address: int
    instruction: str
    was: int
    now: int


@frozen
class Port:
    """A ported guest: its words, what was changed, and `left`: words that look critical, and are data."""

    words: Mapping[int, int] = field(repr=False)
    changed: tuple[Ported, ...]
    left: tuple[Ported, ...] = ()

    def stands_for(self, address: int, bare: int, virtual: int) -> bool:
        """Say whether a word in the ported guest is the hypercall for what the bare machine has there."""
        here = self._by_address.get(address)
        return here is not None and (here.was, here.now) == (bare, virtual)

    _by_address: Mapping[int, Ported] = field(init=False, repr=False)

    @_by_address.default
    def _index(self) -> Mapping[int, Ported]:
        return {c.address: c for c in self.changed}


NO_PORT = Port({}, ())


def port(words: Mapping[int, int], isa: Isa, critical: Container[str], code: Container[int] | None = None) -> Port:
    """Replace the critical instructions among some words by hypercalls; `code` says which addresses are code.

    Without `code`, every word that looks like an instruction is taken for one. Raise `PopekError` if the ISA leaves no
    room for hypercalls.
    """
    hypercall.check(isa)
    found = tuple(_critical(words, isa, critical))
    changed = tuple(f for f in found if code is None or f.address in code)
    return Port({**words, **{c.address: c.now for c in changed}}, changed, tuple(f for f in found if f not in changed))


def _critical(words: Mapping[int, int], isa: Isa, critical: Container[str]) -> Iterator[Ported]:
    for address, word in sorted(words.items()):
        decoded = isa.decode(word)
        if decoded is not None and decoded.instruction.name in critical:
            yield Ported(address, decoded.instruction.name, word, hypercall.hypercall(word))


def port_program(program: Program, isa: Isa, critical: Container[str]) -> tuple[Program, Port]:
    """Port an assembled program, as far as the assembler knows what is code in it."""
    done = port(program.words, isa, critical, program.code)
    return evolve(program, words=done.words), done
