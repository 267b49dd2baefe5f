"""The one assertion of a suite about virtual machines: a guest cannot tell a monitor's from the bare machine."""

from pathlib import Path

from popek.isa.architecture import Isa
from popek.isa.assembler import assemble
from popek.isa.disassembler import disassemble
from popek.isa.program import Program
from popek.library import naming, running
from popek.testing import programs
from popek.vmm.allotment import Allotment
from popek.vmm.compare import Comparison
from popek.vmm.monitor import Monitor

MEMORY, ALLOTMENT, QUANTUM = 256, Allotment(64, 64), 2
"""The little machine on which a text is run: words of real memory, the guest's part, and its time slice in steps."""

STEPS = 10_000
"""The step budget of a text."""

AnyGuest = programs.Guest | Program | str | Path


def assert_equivalent(
    guest: AnyGuest, isa: Isa | str | Path = "classic", monitor: Monitor | str | Path = "trap-and-emulate"
) -> Comparison:
    """Run a guest on the bare machine and under a monitor, in lock step; raise `AssertionError` if they differ.

    `guest` is a text in assembly, an assembled program, a random guest (`popek.testing.guests`), or a shipped guest's
    name. A monitor that has lost control of its machine fails likewise. The error has the guest to paste; of a random
    guest as few words as possible.
    """
    on = naming.isa(isa)
    under = naming.monitor(monitor, on)
    found = _compared(guest, on, under)
    if not _told(found):
        return found
    if isinstance(guest, programs.Guest):
        guest = guest.shrunk(lambda smaller: bool(smaller.words) and _told(_compared(smaller, on, under)))
        found = _compared(guest, on, under)
    raise AssertionError(_said(found, guest, on))


def _told(found: Comparison) -> bool:
    return found.divergence is not None or found.violation is not None


def _compared(guest: AnyGuest, on: Isa, under: Monitor) -> Comparison:
    if isinstance(guest, programs.Guest):
        return running.compare(
            Program(guest.words, {}, {}, disassemble(guest.words, on), f"<random guest {guest.seed}>"),
            isa=on,
            monitor=under.vary(under.name, doc=under.doc, quantum=guest.quantum),
            memory=guest.memory,
            allotment=guest.allotment,
            input=guest.typed,
            disk=guest.disk,
            max_steps=guest.steps,
        )
    if not _is_text(guest):
        return running.compare(guest, isa=on, monitor=under)
    program = assemble(str(guest), on, file="<guest>")
    brief = under.vary(under.name, doc=under.doc, quantum=QUANTUM)
    return running.compare(program, isa=on, monitor=brief, memory=MEMORY, allotment=ALLOTMENT, max_steps=STEPS)


def _is_text(guest: AnyGuest) -> bool:
    return isinstance(guest, str) and "\n" in guest


def _said(found: Comparison, guest: AnyGuest, on: Isa) -> str:
    """Return where they differ, in what, and the guest."""
    lines = [f"the guest can tell {found.monitor} on {found.isa} from the bare machine"]
    if found.divergence is not None:
        lines.append(f"after step {found.divergence.step}:")
        lines += [f"    {d.what} is {d.bare} bare and {d.virtual} virtual" for d in found.divergence.differences[:8]]
    if found.violation is not None:
        lines.append(f"the monitor has lost control at step {found.violation.step}:")
        lines += [f"    not so: {s}" for s in found.violation.sentences]
    return "\n".join([*lines, "the guest:", _text(guest, on)])


def _text(guest: AnyGuest, on: Isa) -> str:
    if isinstance(guest, programs.Guest):
        return f"{disassemble(guest.words, on)}\nfrom popek.testing import Guest, Allotment\nguest = {guest.paste()}"
    return guest.source if isinstance(guest, Program) else str(guest)
