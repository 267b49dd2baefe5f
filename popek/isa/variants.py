"""Textbook variants: `classic` with exactly one instruction changed, each wrong (or only odd) in its own way.

Every system instruction of `classic` has at least one here. Their classes and verdicts are derived like all others;
the sentences say what each is good for in class.
"""

from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause, Put, Store, Trap
from popek.isa.classic import CLASSIC
from popek.isa.expression import not_, real, ult
from popek.isa.instruction import EXECUTES, IGNORED, INSTRUCTION_WORD, TRAPS, Instruction, imm, ra, rb
from popek.isa.slot import BOUND, MEMORY

SETB = Instruction(
    "setb",
    "ra",
    0x51,
    "Set the bound to `ra`; in user mode only to less than it is, else a privilege trap.",
    Behaviour({BOUND: ra}),
    Behaviour({BOUND: ra}, traps=[Trap(not_(ult(ra, BOUND)), Cause.PRIVILEGED, INSTRUCTION_WORD, privilege=True)]),
)
"""A bound that a program may only shrink."""

_FIRST = rb + imm

SPILLING_STORE = Instruction(
    "st",
    "ra, imm(rb)",
    CLASSIC["st"].opcode,
    "Store `ra` at `rb` + `imm` and in the physical word after it; only the first address is checked.",
    Behaviour({}, [Store(_FIRST, ra), Put(MEMORY, real(_FIRST) + 1, ra)]),
)
"""A store of two words with one check too few."""

_MODE = (
    CLASSIC.vary(
        "jrst1",
        title="JRST 1: drop to user mode without a trap (PDP-10)",
        doc="Going from supervisor to user mode does not trap, so a monitor never learns that its guest has left "
        "virtual supervisor mode. In user mode the instruction is a plain jump: a hybrid monitor still works.",
        jsu=EXECUTES,
    ),
    CLASSIC.vary(
        "mode-readable",
        title="Readable mode: any program may ask which mode it is in (68000)",
        doc="A guest's supervisor reads that it is in user mode. Programs that are in user mode anyway read what "
        "they should: a hybrid monitor still works. The 68000's MOVE from SR did this; the 68010 made it privileged.",
        getmode=EXECUTES,
    ),
    CLASSIC.vary(
        "psw-storable",
        title="Storable PSW: one instruction shows mode, interrupt enable and R (VAX MOVPSL)",
        doc="Reading the processor status reads every resource in it, and the relocation register is not the "
        "guest's: even a hybrid monitor fails.",
        spsw=EXECUTES,
    ),
    CLASSIC.vary(
        "psw-loadable",
        title="Loadable PSW: any program may become the supervisor",
        doc="The worst case: there is no protection at all, on the bare machine or under a monitor.",
        lpsw=EXECUTES,
    ),
)

_MEMORY = (
    CLASSIC.vary(
        "r-readable",
        title="Readable relocation register (x86 SGDT)",
        doc="A guest reads where it really is, not where it believes to be. It harms nobody, but the guest can tell; "
        "x86's SGDT does the same with the address of a descriptor table.",
        getr=EXECUTES,
    ),
    CLASSIC.vary(
        "r-writable",
        title="Writable relocation register: any program may address all of memory",
        doc="A program sets its own base and bound: the monitor has lost its memory, and every other guest too.",
        setr=EXECUTES,
    ),
    CLASSIC.vary(
        "lra-readable",
        title="Loadable real address: LRA without privilege (System/360 model 67)",
        doc="The paper's example of location sensitivity: the result depends on where the program has been placed. "
        "The 360/67 made LRA privileged; here it is not.",
        lra=EXECUTES,
    ),
    CLASSIC.vary(
        "mfpi",
        title="MFPI: load through the previous mode's address space (PDP-11/45)",
        doc="The paper's example of mode sensitivity, not privileged on the PDP-11/45. The old PSW in the real trap "
        "words is the monitor's business: a guest loads through the wrong address space.",
        mfpi=EXECUTES,
    ),
    CLASSIC.vary(
        "mtpi",
        title="MTPI: store through the previous mode's address space (PDP-11/45)",
        doc="MFPI's twin, and worse: what it stores lands in the wrong address space.",
        mtpi=EXECUTES,
    ),
    CLASSIC.vary(
        "setb",
        {"setb": SETB},
        title="A bound that may only shrink",
        doc="It changes a resource without a trap, so theorems 1 and 3 say nothing. But it can only give memory up, "
        "and a monitor can read off afterwards what was given up: all three properties hold. The theorems' "
        "condition is sufficient, not necessary.",
    ),
    CLASSIC.vary(
        "spill",
        {"st": SPILLING_STORE},
        title="A store that spills into the next word",
        doc="Only the first of two addresses is checked, so the last word of a program's memory spills over into its "
        "neighbour's first. The program itself sees no difference: equivalence without resource control.",
    ),
)

_INTERRUPTS = (
    CLASSIC.vary(
        "popf",
        title="POPF: an interrupt enable that user mode writes without effect (x86)",
        doc="In user mode the write is ignored, not trapped. A guest's supervisor believes that interrupts are off, "
        "and its monitor was never told. In user mode nothing is lost: a hybrid monitor still works.",
        setie=IGNORED,
    ),
    CLASSIC.vary(
        "pushf",
        title="PUSHF: a readable interrupt enable (x86)",
        doc="Under a monitor interrupts are always enabled, whatever the guest has set, and now the guest reads it.",
        getie=EXECUTES,
    ),
    CLASSIC.vary(
        "timer-readable",
        title="Readable timer",
        doc="A guest reads the monitor's timer instead of its own. It harms nobody, but the guest can tell.",
        gettimer=EXECUTES,
    ),
    CLASSIC.vary(
        "timer-writable",
        title="Writable timer: any program may stop the clock",
        doc="The monitor gets the processor back by a timer interrupt; here a guest can put it off for ever.",
        settimer=EXECUTES,
    ),
)

_DEVICES = (
    CLASSIC.vary(
        "open-console",
        title="Output without a trap",
        doc="A guest writes on the real console instead of its own.",
        out=EXECUTES,
    ),
    CLASSIC.vary(
        "open-keyboard",
        {"in": EXECUTES},
        title="Input without a trap",
        doc="A guest takes from the real console what was typed for somebody else.",
    ),
    CLASSIC.vary(
        "open-disk",
        title="Disk transfer without a trap",
        doc="A transfer goes to physical memory and knows no relocation: whoever starts one writes where they like.",
        disk=EXECUTES,
    ),
    CLASSIC.vary(
        "open-halt",
        title="Halt without a trap",
        doc="A guest that stops itself stops the real processor, and with it the monitor and every other guest.",
        halt=EXECUTES,
    ),
)

_SLOW = (
    CLASSIC.vary(
        "add-traps",
        title="A privileged addition",
        doc="Nothing sensitive is unprivileged, so a monitor exists; but an innocuous instruction traps, and what it "
        "costs is efficiency alone.",
        add=TRAPS,
    ),
)

VARIANTS: tuple[Isa, ...] = _MODE + _MEMORY + _INTERRUPTS + _DEVICES + _SLOW
"""The family, in the order in which it is best told."""
