"""The work that is measured: three loops, each written for popek, for RV32I and in C."""

from functools import cached_property
from importlib.resources import files

from attrs import field, frozen

from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.program import Program
from popek.language.phrase import Phrase
from popek.library.bench import rv32

RESULT = 10
"""The register that a loop leaves its result in; in RV32I, a0 has the same number."""


@frozen(slots=False)
class Loop:
    """A piece of work that is done so many times. What it is good for says `title`."""

    name: str
    title: str = field(converter=Phrase)

    def source(self, kind: str) -> str:
        """Return the source of a kind: `s`, `rv32` or `c`."""
        return _source(f"{self.name}.{kind}")

    @cached_property
    def _program(self) -> dict[str, Program]:
        return {}

    def program(self, isa: Isa) -> Program:
        """Return the program for popek, which does one round."""
        if isa.name not in self._program:
            self._program[isa.name] = assemble(self.source("s"), isa)
        return self._program[isa.name]

    def where_rounds(self, isa: Isa) -> int:
        """Return the address of the number of rounds."""
        return self.program(isa).symbols["rounds"]

    def words(self, isa: Isa, rounds: int) -> dict[int, int]:
        """Return the words of the program for popek."""
        return {**self.program(isa).words, self.where_rounds(isa): rounds}

    def rv32(self, rounds: int, origin: int, data: int, ending: str = "") -> bytes:
        """Return the program for RV32I, to be loaded at `origin`, with `ending` behind it; `data` are 9 KiB for it."""
        words = rv32.assemble(f"{self.source('rv32')}\n{ending}", origin, {"rounds": rounds, "data": data})
        return b"".join(w.to_bytes(4, "little") for w in words)


LOOPS = (
    Loop("arithmetic", "seven instructions, no memory"),
    Loop("sieve", "loads and stores over 2,048 words"),
    Loop("fibonacci", "recursive calls and a stack"),
)


def _source(name: str) -> str:
    return files("popek.library.bench").joinpath("sources", name).read_text("utf-8")


def main_c() -> str:
    """Return what is around a loop in C."""
    return _source("main.c")
