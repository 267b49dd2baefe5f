"""What becomes of an instruction under a monitor, in words; nothing is said that an obligation has not decided."""

from collections.abc import Iterator, Mapping, Sequence

from popek.language.phrase import in_sequence, say
from popek.language.words import word
from popek.prove.consequences import InMode
from popek.prove.plain_words import listed
from popek.prove.values import PROPERTIES, Classes, Status
from popek.vmm.monitor import HYBRID, TRAP_AND_EMULATE, Monitor, Treatment


def told_under(monitor: Monitor, classes: Classes, modes: Sequence[InMode]) -> str:
    """Tell what becomes of an instruction of these classes, mode by mode."""
    both = len({(m.how, _tell(m)) for m in modes}) == 1
    told = [
        say("{where} {story}", where=say("In both virtual modes") if both else _where(m), story=_tell(m))
        for m in (modes[:1] if both else modes)
    ]
    return in_sequence(*told, *_closing(monitor, classes, modes))


def _where(mode: InMode) -> str:
    return say("In virtual user mode") if mode.user else say("In virtual supervisor mode")


def _tell(mode: InMode) -> str:
    return in_sequence(*_story(mode, mode.how))


_TRAPS_AT_ONCE = say(
    "it is run directly and traps at once, so the monitor has the processor and does to the "
    "virtual machine what the instruction would have done to the bare one."
)
_SAFE = say(
    "it is run directly. Where it completes, the virtual machine is left exactly as the bare one "
    "would be, and nothing is taken from the monitor; where it traps, the monitor does the rest."
)
_NOT_DIRECT: Mapping[Treatment, str] = {
    Treatment.EMULATED: say("it is interpreted: the monitor applies its meaning to the virtual machine."),
    Treatment.TRANSLATED: say(
        "it is translated into a call of the monitor, which applies its meaning to the virtual machine."
    ),
    Treatment.HYPERCALL: say(
        "it has been replaced by a hypercall, with which the monitor applies its meaning to the virtual machine."
    ),
    Treatment.GUEST: say("it runs in guest mode, on the guest's own copies of the resources."),
}


def _story(mode: InMode, how: Treatment) -> tuple[str, ...]:
    """Tell what becomes of an instruction in one virtual mode."""
    if how is not Treatment.DIRECT:
        told = (_NOT_DIRECT[how],)
        return told if mode.safe else (*told, say("That is not proved to be right here."))
    if mode.always_traps:
        return (_TRAPS_AT_ONCE,)
    if mode.safe and mode.harmless:
        return (say("it is run directly, and does there what it does on the bare machine; no resource is involved."),)
    if mode.safe:
        return (_SAFE,)
    return (say("it is run directly, in real user mode."), *_wrong(mode))


def _wrong(mode: InMode) -> Iterator[str]:
    if mode.statuses.get("equivalence") is Status.REFUTED:
        if mode.bare_traps:
            yield say("It can complete where the bare machine would trap.")
        if mode.differ:
            yield (
                say(
                    "It can complete without a trap, so that the monitor is not told, and leave the virtual "
                    "machine other than the bare one: {differ} can come out different. Equivalence is lost.",
                    differ=listed(mode.differ),
                )
            )
        elif mode.bare_traps:
            yield say("Equivalence is lost.")
        else:
            yield say("What it does there is not what it does on the bare machine: equivalence is lost.")
    if mode.statuses.get("resource_control") is Status.REFUTED:
        what = say(": {taken} can change, and it is the monitor's", taken=listed(mode.taken)) if mode.taken else ""
        yield say("It can take something from the monitor{what}. Resource control is lost.", what=what)
    open_ = [p for p in PROPERTIES if mode.statuses.get(p) in (Status.UNKNOWN, Status.VACUOUS)]
    if open_:
        yield say("Not decided: {open}.", open=listed([word(p) for p in open_]))


def _closing(monitor: Monitor, classes: Classes, modes: Sequence[InMode]) -> Iterator[str]:
    refuted = {p for m in modes for p, s in m.statuses.items() if s is Status.REFUTED}
    if "isolation" in refuted:
        yield say("Other virtual machines are not safe from it: isolation is lost.")
    if "efficiency" in refuted:
        yield say("It is innocuous, and yet the monitor is entered for it: that costs efficiency.")
    offends = {TRAP_AND_EMULATE.name: classes.critical, HYBRID.name: classes.user_critical}
    if all(m.safe for m in modes) and offends.get(monitor.name):
        number = 1 if monitor is TRAP_AND_EMULATE else 3
        yield say(
            "So it does no harm, although theorem {number} says nothing of it: its premise is not necessary.",
            number=number,
        )
