"""`classic-vt`: `classic` with a guest mode in hardware, after Intel's VT-x and AMD-V.

A monitor loads a guest's copies of the processor's resources and enters guest mode. There the processor works on the
copies, in the mode that the guest believes to be in, and translates twice: by the guest's R, and then into the
allotment. So even an instruction that is critical outside does no harm inside.

The guest has a copy of everything that is the processor's own: mode, R, interrupt enable, the timer, and the lines of
pending interrupts, which the monitor can set. It has none of what is outside the processor, the devices and their
clocks, nor of the run state: the instructions that touch those exit.
"""

from attrs import evolve

from popek.isa.architecture import GuestMode
from popek.isa.classic import CLASSIC
from popek.isa.slot import BASE, BOUND, DISK_PENDING, IE, MODE, TIMER, TIMER_PENDING

GUEST_MODE = GuestMode(
    copies=(MODE, BASE, BOUND, IE, TIMER, TIMER_PENDING, DISK_PENDING),
    exits=("halt", "in", "out", "disk"),
)
"""What a processor of this kind keeps for a guest, and what leaves guest mode."""

CLASSIC_VT = evolve(
    CLASSIC,
    name="classic-vt",
    title="classic with a guest mode (VT-x, AMD-V)",
    doc="The hardware keeps a guest's own copies of the processor's resources and translates twice. What touches "
    "devices, or stops the processor, exits.",
    extends="classic",
    sources=("Neiger and others, Intel Virtualization Technology, Intel Technology Journal 10(3), 2006",),
    guest=GUEST_MODE,
)
