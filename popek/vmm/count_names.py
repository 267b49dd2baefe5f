"""By what names a virtual machine counts: how steps came about, by virtual mode as well, and exits."""

from popek.isa.behaviour import Cause
from popek.isa.slot import SUPERVISOR, USER
from popek.vmm.monitor import Treatment

DIRECT, EXITED, INTERRUPTED = "direct", "exited", "interrupted"
"""Ways in which a step came about, besides those that a plan has: directly, after an exit, or by an interrupt."""

HYPERCALL = Treatment.HYPERCALL.value
"""The name of an exit because of a hypercall, which is an illegal opcode to the real machine."""

GUEST_EXIT = "guest-exit"
"""The name of an exit that is no trap: an instruction has left guest mode."""

EXIT = "exit:"
"""What the names of counts of exits begin with."""

MODES = {SUPERVISOR: "supervisor", USER: "user"}


def in_mode(way: str, mode: int) -> str:
    """Return the name of a count by virtual mode."""
    return f"{way} in {MODES[mode]}"


def exit_by(cause: Cause) -> str:
    """Return the name of the count of exits by the cause of a real trap."""
    return f"{EXIT}{cause.name.lower()}"
