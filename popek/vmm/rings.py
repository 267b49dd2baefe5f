"""Ring compression: what a monitor can do with more than two modes, and which monitors there are for an ISA at all.

A guest is deprivileged by being put in the least privileged mode, whatever mode it believes to be in. Where there are
rings, each with memory that is not for the outer ones, that mode may touch too little, and a monitor has to show the
guest other protection in each virtual mode. DEC's security kernel for the VAX did otherwise (Hall and Robinson, 1991):
four virtual rings in three real ones, the virtual kernel and executive mode sharing the real executive mode. The rings
outside need nothing then; but nothing tells the innermost two apart.
"""

from functools import cache

from popek.errors import PopekError, Problem, nearest
from popek.isa.architecture import Isa
from popek.language.phrase import say
from popek.vmm.monitor import MONITORS, TRAP_AND_EMULATE, Monitor

NAME = "ring-compression"


@cache
def ring_compression(isa: Isa) -> Monitor:
    """Return the monitor that puts a guest's two innermost rings in the second real one; an ISA must have rings."""
    if isa.rings is None:
        message = say("`{name}` needs more than two modes, and {isa} has two", name=NAME, isa=isa.name)
        raise PopekError(Problem(message, hint=say("`vax-rings` has four")))
    doc = say("What traps is emulated; the guest's two innermost rings share the second real one, the rest are theirs.")
    return TRAP_AND_EMULATE.vary(NAME, doc=doc, entry=isa.rings.compressed)


def available(isa: Isa) -> tuple[Monitor, ...]:
    """Return the monitors that an ISA is asked about: the shipped ones, and what rings allow where there are any."""
    return (*MONITORS.values(), *(() if isa.rings is None else (ring_compression(isa),)))


def names() -> tuple[str, ...]:
    """Return the names by which a monitor is found."""
    return (*MONITORS, NAME)


def find(name: str, *isas: Isa) -> Monitor:
    """Return the monitor of that name, which may be one for an ISA with rings; raise `PopekError` if there is none."""
    if name in MONITORS:
        return MONITORS[name]
    if name != NAME:
        raise PopekError(Problem(say("there is no monitor `{name}`", name=name), hint=nearest(name, names())))
    ringed = [i for i in isas if i.rings is not None] or isas
    if not ringed:
        raise PopekError(Problem(say("`{name}` is a monitor for ISAs with rings", name=NAME), hint=say("name one")))
    return ring_compression(ringed[0])
