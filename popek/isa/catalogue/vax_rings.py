"""The virtual VAX with its four modes, and memory that is not for all of them: the machine of ring compression.

Modelled, besides what the virtual VAX has (`vax.py`): executive and supervisor mode. Kernel mode is supervisor mode
here, and the other three are user mode; `ring` says which of them runs. Of the protection codes in the page table
entries there are two, and each is one stretch of memory: `kernel_words` from virtual address 0 on are kernel mode's
alone (KW), `executive_words` the kernel's and the executive's (EW), and all others everybody's (UW). PROBE asks for the
mode that is meant, and REI goes to any mode.

Left out, besides: process contexts (LDPCTX, SVPCTX); that reading and writing are told apart, so that PROBER is PROBEW
as well; CHME, CHMS and CHMU's own entries (all four exceptions go to kernel mode, from where REI goes on), and what the
outer modes may do that user mode may not: as on the virtual VAX, every sensitive instruction traps outside kernel mode.
`set-protection` stands for writing page table entries.
"""

from attrs import evolve

from popek.isa.architecture import Rings
from popek.isa.behaviour import Behaviour, Put
from popek.isa.catalogue._literature import Statement
from popek.isa.catalogue.vax import (
    AS_KERNEL,
    CALLERS,
    KERNEL,
    NEW_PSL,
    PREVIOUS,
    PRIORITY_NOW,
    VAX_VIRTUAL,
    current,
    previous,
    priority,
    probe,
    reserved,
)
from popek.isa.cycle import NEW_STATUS, OLD_STATUS, STATUS, SWAP
from popek.isa.expression import Expr, as_expr, both, either, element, eq, ite, legal, lshr, ne, not_, shl, ult
from popek.isa.instruction import TRAPS, Instruction, ra, rb
from popek.isa.slot import MEMORY, MODE, SUPERVISOR, Slot
from popek.isa.translation import RELOCATION_BOUNDS, Translation

EXECUTIVE, OUTERMOST = 1, 3
RING = Slot("ring", "Which of the outer modes runs in user mode: 1 executive, 2 supervisor, 3 (or 0) user.", bits=2)
KERNEL_WORDS = Slot(
    "kernel_words", "So many words from virtual address 0 on are kernel mode's (KW).", kind="protection"
)
EXECUTIVE_WORDS = Slot(
    "executive_words",
    "So many words from virtual address 0 on are kernel and executive mode's (EW).",
    kind="protection",
)

LEVEL = ite(eq(MODE, SUPERVISOR), KERNEL, ite(eq(RING, 0), OUTERMOST, RING))
"""The mode that runs: 0 kernel, 1 executive, 2 supervisor, 3 user."""


def _refused(address: Expr, level: Expr) -> Expr:
    """Say whether protection keeps a mode from an address."""
    from_kernels = both(ult(address, KERNEL_WORDS), ne(level, KERNEL))
    return either(from_kernels, both(ult(address, EXECUTIVE_WORDS), ult(EXECUTIVE, level)))


PROTECTED = Translation(
    name="relocation-bounds with rings",
    doc="As relocation-bounds; and a is legal only in modes that its protection code admits.",
    legal=lambda address: both(RELOCATION_BOUNDS.legal(address), not_(_refused(address, LEVEL))),
    real=RELOCATION_BOUNDS.real,
)

_MEANT = ite(ult(ra & 3, PREVIOUS), PREVIOUS, ra & 3)
_PROBE = probe(
    either(both(AS_KERNEL, legal(rb)), both(not_(AS_KERNEL), CALLERS, not_(_refused(rb, _MEANT)))),
)
_CURRENT = current(NEW_PSL)
_OUT = ne(_CURRENT, KERNEL)
_OLD_REI = VAX_VIRTUAL["rei"].does
_REI = Behaviour(
    {**_OLD_REI.writes, MODE: ite(_OUT, 1, 0), RING: _CURRENT},
    _OLD_REI.effects,
    [
        reserved(both(_OUT, ne(priority(NEW_PSL), 0)), NEW_PSL),
        reserved(ult(previous(NEW_PSL), _CURRENT), NEW_PSL),
        reserved(ult(PRIORITY_NOW, priority(NEW_PSL)), NEW_PSL),
    ],
)
_CHANGED = {"rei": _REI, "prober": _PROBE}
_LEFT_OUT = ("probew", "ldpctx", "svpctx")

_LARGER = ite(ult(KERNEL_WORDS, EXECUTIVE_WORDS), EXECUTIVE_WORDS, KERNEL_WORDS)
_IN_SECOND = ult(LEVEL, EXECUTIVE + 1)

RINGS = Rings(
    least={
        RING: as_expr(OUTERMOST),
        KERNEL_WORDS: ite(eq(LEVEL, KERNEL), 0, ite(_IN_SECOND, KERNEL_WORDS, _LARGER)),
        EXECUTIVE_WORDS: as_expr(0),
    },
    compressed={
        RING: ite(_IN_SECOND, EXECUTIVE, LEVEL),
        KERNEL_WORDS: as_expr(0),
        EXECUTIVE_WORDS: _LARGER,
    },
)
"""In user mode, what the virtual mode may not touch is kept from it, and has to be loaded whenever that mode changes.
In rings, executive mode has to be let at the kernel's words, and the real protection is the same for all of them."""

_STORED = [Put(MEMORY, OLD_STATUS, STATUS | shl(RING, 2))]
_VIRTUAL_SWAP = VAX_VIRTUAL.cycle.swap
_SWAP = evolve(
    _VIRTUAL_SWAP,
    writes={**_VIRTUAL_SWAP.writes, PREVIOUS: LEVEL, RING: lshr(element(MEMORY, NEW_STATUS), 2) & 3},
    effects=[*(e for e in SWAP.effects if e not in SWAP.effects[:1]), *_STORED],
)

_MACHINE = evolve(
    VAX_VIRTUAL,
    instructions=tuple(i for i in VAX_VIRTUAL.instructions if i.name not in _LEFT_OUT),
    slots=(*VAX_VIRTUAL.slots, RING, KERNEL_WORDS, EXECUTIVE_WORDS),
    translation=PROTECTED,
    cycle=evolve(VAX_VIRTUAL.cycle, swap=_SWAP),
    rings=RINGS,
)

VAX_RINGS = evolve(
    _MACHINE.vary(
        "vax-rings",
        {
            **{n: evolve(VAX_VIRTUAL[n], does=does) for n, does in _CHANGED.items()},
            "set-protection": Instruction(
                "set-protection",
                "ra, rb",
                0x55,
                "Write the protection codes: the first `ra` words the kernel's, the first `rb` the executive's too.",
                Behaviour({KERNEL_WORDS: ra, EXECUTIVE_WORDS: rb}),
                TRAPS,
                "simh/simh, VAX/vax_mmu.c and vax_defs.h: the protection codes of page table entries, by mode",
            ),
        },
        title="Virtual VAX, all four modes",
        doc="Kernel, executive, supervisor and user mode, and memory that only the inner ones may touch. In user mode "
        "a monitor has to show other protection to each virtual mode. DEC's security kernel put four virtual rings in "
        "three real ones instead: virtual kernel and executive mode share the real executive mode, and so a program in "
        "virtual executive mode reaches what is the kernel's alone.",
    ),
    year=1989,
    story="ring compression: four virtual modes in three real ones",
    sources=(
        "Hall and Robinson, Virtualizing the VAX architecture, ISCA 1991 (abstract: four virtual rings on three)",
        "Karger, Mason, Leonard, Computer with virtual machine mode and multiple protection rings, CA1252572A",
        "simh/simh, VAX/vax_cpu1.c (op_rei, op_probe) and VAX/vax_mmu.c",
        "year: as the virtual VAX's",
    ),
)

ISAS = (VAX_RINGS,)

LITERATURE = (
    Statement(
        "vax-rings",
        theorem_1=True,
        theorem_3=None,
        critical=(),
        who="Hall and Robinson, Virtualizing the VAX architecture, ISCA 1991",
        where="abstract: the first architecture with more than two protection rings to support virtual machines; a "
        "technique for mapping four virtual rings onto three physical rings",
        verified=True,
    ),
)
