"""Monitors: dispatcher, allocator, interpreter routines, as in the paper; all three are data.

- The **allocator** is the VM map: `entry` says what the real machine holds while a guest runs directly, and `recovery`
  how the virtual state is read back (`vm_map.py`).
- The **interpreter routine** of an instruction is the instruction's own meaning, traps included, applied to the virtual
  state; where it traps there, the trap is thereby *reflected*. `routines` replaces some of them, `reflection` the trap.
- The **dispatcher** says for every cause of a real trap what is done about it.

A technique is a table besides: how is an instruction of the guest run, in virtual supervisor and in virtual user mode?
Because everything here is data, a monitor of one's own can be proved or refuted like the ones below.
"""

from collections.abc import Callable, Mapping
from enum import Enum, unique
from typing import Any

from attrs import evolve, field, frozen

from popek.engine import reference
from popek.engine.reference import Event, Kind
from popek.errors import PopekError, Problem, nearest
from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause
from popek.isa.encoding import WORD_MASK
from popek.isa.expression import Expr
from popek.isa.hypercall import check as check_room
from popek.isa.hypercall import no_room
from popek.isa.slot import MODE, PC, RUN, Slot
from popek.language.phrase import Phrase, say
from popek.vmm import own_parts
from popek.vmm.translation.cells import CACHE, SMALLEST_CACHE
from popek.vmm.virtual import VirtualState
from popek.vmm.vm_map import VmMap, guest_map, vm_map

QUANTUM = 1000
"""Instructions that a guest runs before the monitor has the processor again, whatever the guest does."""

FRUITLESS = 1000
"""After so many exits in a row without a step of the guest, the monitor is taken to have lost it."""


@unique
class Action(Enum):
    """What a dispatcher can do about a real trap."""

    INTERPRET = "interpret"
    RESUME = "resume"
    SKIP = "skip"


def interpret(believed: Isa, virtual: VirtualState) -> Event | None:
    """Do to the virtual state what the attempt that trapped would have done on the bare machine. The tick is done."""
    return reference.attempt(believed, virtual)


def resume(_believed: Isa, _virtual: VirtualState) -> Event | None:
    """Do nothing to the guest: the quantum is over, or a virtual clock has run out, or a device of ours is done."""
    return None


def skip(_believed: Isa, virtual: VirtualState) -> Event | None:
    """Go on behind the instruction without doing anything for it: what a wrong monitor does."""
    event = Event(Kind.EXECUTED, virtual.slot(PC), virtual.slot(MODE))
    virtual.set_slot(PC, (event.pc + 1) & WORD_MASK)
    return event


ACTIONS: Mapping[Action, Callable[[Isa, VirtualState], Event | None]] = {
    Action.INTERPRET: interpret,
    Action.RESUME: resume,
    Action.SKIP: skip,
}

DISPATCHER: Mapping[Cause, Action] = {
    Cause.MEMORY: Action.INTERPRET,
    Cause.ILLEGAL: Action.INTERPRET,
    Cause.PRIVILEGED: Action.INTERPRET,
    Cause.SVC: Action.INTERPRET,
    Cause.ARITHMETIC: Action.INTERPRET,
    Cause.TIMER: Action.RESUME,
    Cause.DISK: Action.RESUME,
}


@unique
class Treatment(Enum):
    """How an instruction of the guest is run: directly, in real user mode, or applied to the virtual state.

    In guest mode the hardware does the latter itself, on copies of the resources that are the guest's own.
    """

    DIRECT = "direct"
    EMULATED = "emulated"
    TRANSLATED = "translated"
    HYPERCALL = "hypercall"
    GUEST = say("guest mode")


ASSUMED: Mapping[Treatment, tuple[str, ...]] = {
    Treatment.TRANSLATED: (
        say("fetches from the translation cache do not pass through R, and the pc that a program sees is its own"),
        say(
            "a store to a word that was translated is noticed, whoever stores it, and what was made of "
            "that word runs no more"
        ),
    ),
    Treatment.HYPERCALL: (
        say("the guest is ported: no critical instruction is left in it, not even one that it makes at run time"),
        say("the guest makes no hypercall but those that its port has put in the place of an instruction"),
        say("the hypercall is no supervisor call, and does in the current virtual mode what it stands for"),
    ),
    Treatment.GUEST: (
        say(
            "in guest mode the hardware translates twice: by the guest's R, then into the allotment, "
            "which is all there is"
        ),
        say(
            "in guest mode each instruction does to the guest's copies what it does to the resources they are copies of"
        ),
        say(
            "a real interrupt, or an instruction that exits, leaves guest mode first of all, with the "
            "copies as they are"
        ),
    ),
    Treatment.EMULATED: (
        say("the processor stops before each instruction that is emulated among others that run directly"),
    ),
}
"""What a treatment takes for granted, beside what is proved; the last where instructions are emulated apart."""


@frozen
class Plan:
    """How the instructions of one virtual mode are run: all alike, but for the sensitive or the critical ones."""

    others: Treatment
    sensitive: Treatment | None = None
    critical: Treatment | None = None

    def treatment(self, *, sensitive: bool, critical: bool) -> Treatment:
        """Return how an instruction of these classes is run."""
        if critical and self.critical is not None:
            return self.critical
        if sensitive and self.sensitive is not None:
            return self.sensitive
        return self.others

    @property
    def translates(self) -> bool:
        """Whether code of this mode runs from a translation cache."""
        return (
            Treatment.TRANSLATED in (self.others, self.sensitive, self.critical) and self.others is not Treatment.GUEST
        )

    @property
    def apart(self) -> frozenset[Treatment]:
        """Return the treatments that need more than a trap: not what is direct, nor what is emulated all alike."""
        used = (self.others, self.sensitive, self.critical)
        alike = Treatment.EMULATED if self.others is Treatment.EMULATED else None
        return frozenset(t for t in used if t in ASSUMED and t is not alike and t is not None)


DIRECT, EMULATED = Plan(Treatment.DIRECT), Plan(Treatment.EMULATED)
TRANSLATED = Plan(Treatment.DIRECT, sensitive=Treatment.TRANSLATED)
GUEST = Plan(Treatment.GUEST)
PORTED = Plan(Treatment.DIRECT, critical=Treatment.HYPERCALL)


@frozen(eq=False, repr=False)
class Monitor:
    """A monitor: a technique's plans, and dispatcher, allocator and interpreter routines.

    `entry` and `recovery` replace entries of the VM map, `routines` what an instruction does in virtual supervisor
    mode, `reflection` the virtual machine's trap. `cache` is the size of the translation cache, in words. `renews`: an
    exit renews the quantum (which a monitor must not do). `assumes` is what it takes for granted besides what its plans
    do.
    `controls` are the instructions, and causes of traps, that are to leave guest mode besides those that always do.
    All of it is data; what is not is refused, since it could not be proved.
    """

    name: str
    doc: str
    supervisor: Plan = DIRECT
    user: Plan = DIRECT
    dispatcher: Mapping[Cause, Action] = field(default=DISPATCHER)
    entry: Mapping[Slot, Expr] = field(factory=dict, converter=own_parts.entry)
    recovery: Mapping[Slot, Expr] = field(factory=dict, converter=own_parts.recovery)
    routines: Mapping[str, Behaviour] = field(factory=dict, converter=own_parts.routines)
    reflection: Behaviour | None = field(default=None, converter=own_parts.reflection)
    quantum: int = QUANTUM
    cache: int = CACHE
    renews: bool = False
    assumes: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        own_parts.check_table("dispatcher", self.dispatcher, Cause, Action)
        missing = [c.name.lower() for c in Cause if c not in self.dispatcher]
        if missing:
            raise PopekError(
                say(
                    "monitor {monitor}: the dispatcher has nothing for {missing}",
                    monitor=self.name,
                    missing=", ".join(missing),
                )
            )
        own_parts.check_kinds(self, name=str, doc=str, supervisor=Plan, user=Plan, quantum=int, cache=int, renews=bool)
        plans = self.supervisor, self.user
        ways = {t for p in plans for t in (p.others, p.sensitive, p.critical)}
        if Treatment.GUEST in ways and (
            Treatment.DIRECT in ways or any(p.others is not Treatment.GUEST for p in plans)
        ):
            raise PopekError(
                say(
                    "monitor {monitor}: what runs at all in guest mode runs there in both virtual modes",
                    monitor=self.name,
                )
            )
        if self.quantum < 1:
            raise PopekError(
                say(
                    "monitor {monitor}: a quantum of {quantum} instructions lets no guest run",
                    monitor=self.name,
                    quantum=self.quantum,
                )
            )
        if self.quantum > WORD_MASK:
            raise PopekError(
                say(
                    "monitor {monitor}: a quantum of {quantum} instructions is more than a timer holds",
                    monitor=self.name,
                    quantum=self.quantum,
                )
            )
        if self.cache < SMALLEST_CACHE:
            raise PopekError(
                say(
                    "monitor {monitor}: a translation cache has {smallest_cache} words at least",
                    monitor=self.name,
                    smallest_cache=SMALLEST_CACHE,
                )
            )

    def __repr__(self) -> str:
        return f"<Monitor {self.name}>"

    @property
    def rests_on(self) -> tuple[str, ...]:
        """Return what the proofs of this monitor take for granted: by its plans, and what it says itself."""
        used = self.supervisor.apart | self.user.apart
        return (*(says for t, each in ASSUMED.items() if t in used for says in each), *self.assumes)

    def vary(self, name: str, *, doc: str = "", **parts: Any) -> "Monitor":
        """Return a monitor that is this one but for some parts.

        The tables `dispatcher`, `entry`, `recovery` and `routines` are changed where the delta says so; `supervisor`,
        `user`, `reflection`, `quantum`, `cache` and `renews` are replaced.
        """
        known = ("dispatcher", "entry", "recovery", "routines", *_REPLACED)
        strange = [p for p in parts if p not in known]
        if strange:
            raise PopekError(
                Problem(say("a monitor has no part `{strange}`", strange=strange[0]), hint=nearest(strange[0], known))
            )
        tables: dict[str, Any] = {
            n: {**getattr(self, n), **own_parts.table(n, t)} for n, t in parts.items() if n not in _REPLACED
        }
        others = {n: p for n, p in parts.items() if n in _REPLACED}
        return evolve(self, name=name, doc=doc or say("{monitor}, changed.", monitor=self.name), **tables, **others)

    def plan(self, *, user: bool) -> Plan:
        """Return how the code of a virtual mode is run."""
        return self.user if user else self.supervisor

    @property
    def in_guest_mode(self) -> bool:
        """Whether it leaves guests to the hardware's guest mode."""
        return Treatment.GUEST in (self.supervisor.others, self.user.others)

    @property
    def stops(self) -> bool:
        """Whether its own VM map has a say in whether a processor runs: then each step may be the last."""
        return RUN in self.entry or RUN in self.recovery

    @property
    def for_ported(self) -> bool:
        """Whether its guests are ported: it replaces instructions of some class by hypercalls."""
        return any(Treatment.HYPERCALL in (p.sensitive, p.critical) for p in (self.supervisor, self.user))

    @property
    def way(self) -> Phrase:
        """Which of the three ways of virtualization it is, by what becomes of the guest."""
        if self.in_guest_mode:
            return say("hardware-assisted virtualization: the guest stays as it is, the processor has a mode for it")
        if self.for_ported:
            return say("paravirtualization: the guest is ported")
        return say("full virtualization: the guest stays as it is")

    def table(self, isa: Isa) -> VmMap:
        """Return the VM map: the shipped one, with this monitor's own entries in place of some."""
        shipped = guest_map(isa, isa.guest) if self.in_guest_mode and isa.guest is not None else vm_map(isa)
        return VmMap({**shipped.entry, **self.entry}, {**shipped.recovery, **self.recovery})

    def unsuited(self, isa: Isa) -> Phrase | None:
        """Return why there can be no guests of this monitor on an ISA; nothing if there can."""
        if self.in_guest_mode and isa.guest is None:
            return say("{isa} has no guest mode", isa=isa.name)
        return no_room(isa) if self.for_ported else None

    def check(self, isa: Isa) -> None:
        """Raise `PopekError` unless this monitor can run guests on an ISA."""
        if self.in_guest_mode and isa.guest is None:
            hint = say("`classic-vt` has one; any other technique needs none")
            raise PopekError(
                Problem(
                    say("{monitor} needs a guest mode, and {isa} has none", monitor=self.name, isa=isa.name), hint=hint
                )
            )
        self.check_parts(isa)

    def check_parts(self, isa: Isa) -> None:
        """Raise `PopekError` unless every part is about what an ISA has."""
        if self.for_ported:
            check_room(isa)
        own_parts.check_controls(self.name, self.controls, isa)
        own_parts.check_slots(self.name, "entry", self.entry, isa)
        own_parts.check_slots(self.name, "recovery", self.recovery, isa)
        own_parts.check_routines(self.name, self.routines, isa)
        self.believes(isa)

    def believes(self, isa: Isa) -> Isa:
        """Return the machine that the interpreter routines implement; for a right monitor, that is the ISA itself."""
        if not self.routines and self.reflection is None:
            return isa
        for name in self.routines:
            isa[name]  # raises where there is none of that name
        instructions = tuple(
            evolve(i, does=self.routines[i.name]) if i.name in self.routines else i for i in isa.instructions
        )
        return evolve(isa, instructions=instructions, cycle=evolve(isa.cycle, swap=self.reflection or isa.cycle.swap))


_REPLACED = ("supervisor", "user", "reflection", "quantum", "cache", "renews", "assumes", "controls")


TRAP_AND_EMULATE = Monitor(
    "trap-and-emulate", say("Everything runs directly, in real user mode; what traps is emulated.")
)
HYBRID = Monitor(
    "hybrid",
    say("Virtual supervisor code is interpreted, instruction by instruction; virtual user code runs directly."),
    supervisor=EMULATED,
)
INTERPRETER = Monitor("interpreter", say("Everything is interpreted."), supervisor=EMULATED, user=EMULATED)
TRANSLATION = Monitor(
    "translation",
    say(
        "Virtual supervisor code is translated, sensitive instructions into calls of the monitor; "
        "user code runs directly."
    ),
    supervisor=TRANSLATED,
)
TRANSLATION_FULL = Monitor(
    "translation-full",
    say("All code is translated, sensitive instructions into calls of the monitor."),
    supervisor=TRANSLATED,
    user=TRANSLATED,
)
PARAVIRTUAL = Monitor(
    "paravirtual",
    say("The guest is ported: its critical instructions are replaced by hypercalls; what traps is emulated."),
    supervisor=PORTED,
    user=PORTED,
)
HARDWARE_ASSISTED = Monitor(
    "hardware-assisted",
    say("The guest runs in guest mode, on copies of the resources that the hardware keeps for it; the rest exits."),
    supervisor=GUEST,
    user=GUEST,
)
PARAVIRTUAL_UNPORTED = Monitor(
    "paravirtual-unported", say("A monitor for ported guests, with a guest that is not: its critical instructions run.")
)

MONITORS: Mapping[str, Monitor] = {
    m.name: m
    for m in (
        TRAP_AND_EMULATE,
        HYBRID,
        INTERPRETER,
        TRANSLATION,
        TRANSLATION_FULL,
        PARAVIRTUAL,
        PARAVIRTUAL_UNPORTED,
        HARDWARE_ASSISTED,
    )
}
"""The shipped monitors, by name."""


def find(name: str) -> Monitor:
    """Return the shipped monitor of that name; raise `PopekError` with the nearest one if there is none."""
    if name not in MONITORS:
        raise PopekError(Problem(say("there is no monitor `{name}`", name=name), hint=nearest(name, MONITORS)))
    return MONITORS[name]
