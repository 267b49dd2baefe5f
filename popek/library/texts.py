"""Programs as text and as words."""

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from popek import files
from popek.isa import assembler, disassembler
from popek.isa.architecture import Isa
from popek.isa.control_block import rooted
from popek.isa.porting import Port, port_program
from popek.isa.porting import Ported as PortedWord
from popek.isa.program import Program
from popek.language.phrase import say
from popek.library import naming, words_file
from popek.library.naming import NamedGuest, NamedIsa
from popek.shown import Shown


def assemble(source: str, isa: NamedIsa = "classic", *, file: str = "<source>") -> Program:
    """Return the program that an assembly text is; raise `PopekError` with all that is wrong in it."""
    return assembler.assemble(source, rooted(naming.isa(isa)), file=file)


def disassemble(words: Program | Mapping[int, int] | Iterable[int], isa: NamedIsa = "classic") -> str:
    """Return words as a text that assembles to the same words again; without addresses they begin at 0."""
    known = words if isinstance(words, Program | Mapping) else dict(enumerate(words))
    return disassembler.disassemble(known, rooted(naming.isa(isa)))


@frozen
class Listing(Shown):
    """A program beside its text: what an assembler lists."""

    program: Program
    isa: str

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        program = self.program
        return {
            "file": program.file,
            "isa": self.isa,
            "words": [
                {"address": a, "word": program.words[a], "line": program.lines.get(a, 0), "text": program.text(a)}
                for a in sorted(program.words)
            ],
            "symbols": dict(program.symbols),
        }

    def words_text(self) -> str:
        """Return the words alone, as a text that `Disassembly.read` reads."""
        return words_file.write(self.program.words, say("{file}, for {isa}", file=self.program.file, isa=self.isa))


def listing(named: NamedGuest, isa: NamedIsa | None = None) -> Listing:
    """Return the listing of a shipped guest, or of a .s file, for an ISA."""
    guest = naming.guest(named)
    on = naming.isa(guest.isa if isa is None else isa)
    return Listing(naming.program(named, guest, on), on.name)


@frozen
class Ported(Shown):
    """A guest whose critical instructions have become hypercalls, with the list of what was changed."""

    program: Program
    isa: str
    port: Port

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        listed = Listing(self.program, self.isa).to_dict()
        return {**listed, "changed": self._told(self.port.changed), "left": self._told(self.port.left)}

    def _told(self, words: Iterable[PortedWord]) -> list[dict[str, Any]]:
        lines = self.program.lines
        return [
            {"address": w.address, "instruction": w.instruction, "was": w.was, "now": w.now, "line": lines[w.address]}
            for w in words
        ]

    def words_text(self) -> str:
        """Return the words alone, as a text that `Disassembly.read` reads."""
        return words_file.write(
            self.program.words, say("{file}, ported to hypercalls for {isa}", file=self.program.file, isa=self.isa)
        )


def port(named: NamedGuest, isa: NamedIsa | None = None) -> Ported:
    """Port a guest for an ISA: replace its critical instructions by hypercalls, as far as they are seen to be code.

    The ported guest is for the monitor `paravirtual`; anywhere else a hypercall is an illegal opcode.
    """
    from popek.prove.classes import classify  # noqa: PLC0415 - the solver takes a while to import, and few need it

    guest = naming.guest(named)
    on = naming.isa(guest.isa if isa is None else isa)
    critical = frozenset(c.name for c in classify(on) if c.critical is not False)
    program, done = port_program(naming.program(named, guest, on), on, critical)
    return Ported(program, on.name, done)


@frozen
class Disassembly(Shown):
    """Words and the text that assembles to them."""

    file: str
    isa: Isa
    words: Mapping[int, int] = field(repr=False)

    @property
    def text(self) -> str:
        """The text that assembles to the same words."""
        return disassembler.disassemble(self.words, rooted(self.isa))

    def to_dict(self) -> dict[str, Any]:
        """Return the same as JSON has it."""
        return {
            "file": self.file,
            "isa": self.isa.name,
            "text": self.text,
            "words": [
                {"address": a, "word": w, "text": disassembler.disassemble_word(w, rooted(self.isa), a)}
                for a, w in sorted(self.words.items())
            ],
        }


def disassembly(path: str, isa: NamedIsa = "classic") -> Disassembly:
    """Return what stands in a file of words."""
    return Disassembly(path, naming.isa(isa), read_words(path))


def read_words(path: str) -> dict[int, int]:
    """Return the words of a file by address."""
    name = say("standard input") if path == files.STDIN else path
    return words_file.read(files.read_text(path), name)


def read_disk(path: str) -> tuple[int, ...]:
    """Return a disk's words from a file of words; what is not in the file is 0."""
    words = read_words(path)
    return tuple(words.get(n, 0) for n in range(max(words) + 1))
