"""The machines that questions are about: `classic`, with one or a few instructions changed."""

from random import Random

from popek.isa.architecture import Isa
from popek.isa.classic import CLASSIC
from popek.isa.configuration import configure
from popek.isa.instruction import TRAPS
from popek.language.phrase import one_below_another, say
from popek.language.words import word

SYSTEM = tuple(i.name for i in CLASSIC.instructions if i.in_user is TRAPS)


def changed(random: Random, least: int, most: int) -> Isa:
    """Return `classic` with some of its privileged instructions executed, or ignored, in user mode."""
    chosen = sorted(random.sample(SYSTEM, random.randint(least, most)))
    execute = [name for name in chosen if random.random() < 0.6]
    return configure(CLASSIC, execute=execute, ignore=[n for n in chosen if n not in execute])


def told(isa: Isa) -> str:
    """Return what is changed, in words."""
    lines: list[str] = []
    for instruction in isa.instructions:
        if instruction.in_user is not CLASSIC[instruction.name].in_user:
            kind = word(str(getattr(instruction.in_user, "value", "does something of its own")))
            lines.append(
                say(
                    "{instruction:9} {kind} in user mode. {doc}",
                    instruction=instruction.name,
                    kind=kind,
                    doc=instruction.doc,
                )
            )
    return one_below_another(lines)


def flags(isa: Isa) -> str:
    """Return the command line's words for a machine."""
    return isa.name if isa is not CLASSIC else CLASSIC.name
