"""Root mode: the extension by which a program uses guest mode itself, with a control block in memory.

A processor with a guest mode begins in root mode. There it has two more instructions, to enter guest mode and to leave
it, and a control block, in physical memory, for each guest: where the guest's memory is, what is to leave guest mode,
and the guest's copies, which the hardware loads on entry and stores on exit. As in AMD's VMRUN, the program goes on
behind the entry when the guest has left; the register that named the block names it again.

A guest has no guest mode of its own: there both instructions leave guest mode, and what they are to the guest is its
monitor's decision. A virtual machine is compared with a machine without this extension, on which they are illegal.
"""

from functools import cache

from attrs import evolve, frozen

from popek.isa.architecture import GuestMode, Isa
from popek.isa.behaviour import Behaviour, Cause, Trap
from popek.isa.expression import SIZE, as_expr, both, not_, ult
from popek.isa.instruction import TRAPS, A, Instruction, ra
from popek.isa.slot import PC, Slot

IN_GUEST = Slot("guest_mode", "0 in root mode, 1 in guest mode.", kind="mode", bits=1)
BLOCK = Slot("block", "The physical address of the control block that guest mode was entered with.", kind="guest")
BLOCK_REGISTER = Slot("block_register", "The register that named it.", kind="guest")

REASONS = {1: "an instruction", 2: "a trap of the guest's", 3: "a real interrupt", 4: "the entry was refused"}
INSTRUCTION, TRAP, INTERRUPT, REFUSED = REASONS

CONTROLS = 8
"""Words of the bitmap of instructions: a bit for each opcode."""


@frozen
class Field:
    """A word of the control block, or several; `slot` is the one whose copy it holds."""

    name: str
    offset: int
    doc: str
    slot: Slot | None = None
    words: int = 1


MEMORY_BASE = Field("memory_base", 0, "Where the guest's memory begins in physical memory.")
MEMORY_SIZE = Field("memory_size", 1, "How many words it has. With the base it must lie in physical memory.")
EXIT_REASON = Field("exit_reason", 2, "Written on exit: " + ", ".join(f"{n} {why}" for n, why in REASONS.items()) + ".")
EXIT_CAUSE = Field("exit_cause", 3, "Written on exit: the cause of the trap or interrupt; 0 for an instruction.")
EXIT_DETAIL = Field("exit_detail", 4, "Written on exit: the instruction word, or the trap's detail.")
EXIT_TRAPS = Field("exit_traps", 5, "Bit n: a trap of the guest's with cause n leaves guest mode, and is not taken.")
EXIT_INSTRUCTIONS = Field(
    "exit_instructions",
    6,
    "Bit n % 32 of word n / 32: the instruction with opcode n leaves guest mode.",
    words=CONTROLS,
)
REGISTER = Field("register", 14, "The guest's value of the register that names the block.")
GUEST_PC = Field("pc", 15, "The guest's program counter.", PC)
COPIES = 16
"""Where the guest's copies of the resources begin."""

FIXED = (
    MEMORY_BASE, MEMORY_SIZE, EXIT_REASON, EXIT_CAUSE, EXIT_DETAIL, EXIT_TRAPS, EXIT_INSTRUCTIONS, REGISTER, GUEST_PC,
)  # fmt: skip


def layout(guest: GuestMode) -> tuple[Field, ...]:
    """Return the control block of a guest mode, word for word."""
    copies = (Field(s.name, COPIES + n, f"The guest's copy. {s.doc}", s) for n, s in enumerate(guest.copies))
    return (*FIXED, *copies)


def size(guest: GuestMode) -> int:
    """Return how many words the control block of a guest mode has."""
    return COPIES + len(guest.copies)


def root_instructions(guest: GuestMode) -> tuple[Instruction, ...]:
    """Return the instructions that root mode has besides: to enter guest mode, and to leave it."""
    words = size(guest)
    fits = both(ult(ra, SIZE), not_(ult(SIZE, ra + words)), not_(ult(ra + words, ra)))
    return (
        Instruction(
            "vmenter",
            "ra",
            0x7D,
            "Enter guest mode with the control block at physical address `ra`; go on with the next word when it is "
            "left. A memory trap if the block does not fit in memory.",
            Behaviour({IN_GUEST: 1, BLOCK: ra, BLOCK_REGISTER: as_expr(A)}, traps=[Trap(not_(fits), Cause.MEMORY, ra)]),
            TRAPS,
        ),
        Instruction(
            "vmexit",
            "uimm",
            0x7E,
            "Leave guest mode, whatever mode the guest believes to be in; in root mode nothing.",
            Behaviour(),
            TRAPS,
        ),
    )


@cache
def rooted(isa: Isa) -> Isa:
    """Return an ISA with guest mode as root mode has it; one without guest mode as it is."""
    if isa.guest is None:
        return isa
    more = root_instructions(isa.guest)
    slots = (*isa.slots, IN_GUEST, BLOCK, BLOCK_REGISTER)
    return evolve(isa, instructions=(*isa.instructions, *more), slots=slots)
