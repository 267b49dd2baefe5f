"""Inside: the real and the virtual state while a guest runs directly, as terms that share their unknowns.

A guest was entered with some virtual state (`v.NAME`), which the VM map's `entry` has turned into a real one. Since
then it has run directly: program state is anything by now, the real timer has ticked, the real bound may have shrunk.
Everything else that the map has loaded is as it was loaded, and what it does not load is the host's own. This is the
invariant that every direct step must keep (`kept`); `recovery` reads the virtual state off it.

The same pair can be stated over bit-vectors (for what instructions do) and over ranged integers (for relocation and
clocks). Memory is one unknown function for the guest's words and one for the host's, so that a guest's word is the same
word on either side.
"""

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

from attrs import define, evolve, field

from popek.isa.architecture import Isa
from popek.isa.cycle import TRAP_WORDS
from popek.isa.domain import Evaluation
from popek.isa.expression import legal
from popek.isa.slot import BOUND, MEMORY, RUN, RUNNING, TIMER, TIMER_PENDING, Array, Role, Slot
from popek.prove.symbolic import LARGEST_MEMORY, SMALLEST_MEMORY, translated
from popek.prove.terms import (
    EXPRESSIONS,
    choose,
    constant,
    function,
    iff,
    implies,
    less,
    negated,
    now,
    same,
    unequal,
    unknown,
    unknown_array,
)
from popek.vmm.control import INVARIANT
from popek.vmm.monitor import Monitor
from popek.vmm.vm_map import VmMap


@define(eq=False)
class Side:
    """One of the two states, as expressions read it."""

    pair: "Pair"
    slots: Mapping[Slot, Any]
    arrays: Mapping[Array, Any]
    size: Any
    virtual: bool
    operands: Mapping[str, Any] = field(factory=dict)

    def slot(self, slot: Slot) -> Any:
        """Return a slot's term."""
        return self.slots[slot]

    def operand(self, name: str) -> Any:
        """Return an operand's term."""
        return self.operands[name]

    def real(self, address: Any) -> Any:
        """Return the physical address of a virtual one, as the translation lemma has it."""
        if not self.pair.lemma:
            return translated(self.pair.isa.translation.real, self, address)
        there = translated(self.pair.isa.translation.real, self.pair.virtual, address)
        return there if self.virtual else self.pair.k + there

    def legal(self, address: Any) -> Any:
        """Say whether a virtual address may be referred to: on both sides alike, as the translation lemma has it."""
        if not self.pair.lemma:
            return translated(self.pair.isa.translation.legal, self, address)
        return self.pair.legal(address)

    def load(self, address: Any) -> Any:
        """Return the word at a virtual address."""
        return self.element(MEMORY, self.real(address))

    def element(self, array: Array, index: Any) -> Any:
        """Return an array's word; memory by physical address, 0 beyond its end."""
        if array is not MEMORY:
            return self.arrays[array](index)
        pair = self.pair
        if self.virtual:
            return choose(less(index, pair.w), pair.guest(index), 0)
        offset = index - pair.k
        outside = choose(less(index, pair.q), pair.host(index), 0)
        return choose(less(offset, pair.w), pair.guest(offset), outside)


@define(eq=False)
class Pair:
    """Real and virtual state inside, over some terms. `lemma`: both sides translate alike, as is proved elsewhere."""

    isa: Isa
    monitor: Monitor
    lemma: bool = True
    tag: str = ""
    """Sets the host's own words apart, for two pairs that are to differ in nothing else."""
    time: str = ""
    """Likewise sets the monitor's own time apart: the quantum, and the real timer."""

    def __attrs_post_init__(self) -> None:
        self.k, self.w, self.q, self.quantum = (unknown(n) for n in ("k", "w", "q", f"quantum{self.time}"))

    k: Any = field(init=False)
    w: Any = field(init=False)
    q: Any = field(init=False)
    quantum: Any = field(init=False)

    @cached_property
    def table(self) -> VmMap:
        """The VM map."""
        return self.monitor.table(self.isa)

    @cached_property
    def kept(self) -> dict[Slot, Any]:
        """The virtual slots when the guest was entered."""
        return {s: unknown(f"v.{s.name}") for s in self.isa.slots}

    @cached_property
    def timer(self) -> Any:
        """The real timer now."""
        return unknown(f"timer{self.time}")

    @cached_property
    def bound(self) -> Any:
        """The real bound now."""
        return unknown("bound")

    def guest(self, index: Any) -> Any:
        """Return a word of the guest's memory."""
        return function("guest")(index)

    def host(self, physical: Any) -> Any:
        """Return a word of real memory outside the allotment: the trap words, or somebody else's."""
        vector = less(physical, TRAP_WORDS)
        return choose(vector, function(f"vector{self.tag}{self.time}")(physical), function(f"host{self.tag}")(physical))

    def legal(self, address: Any) -> Any:
        """Return the shared truth that an address may be referred to."""
        if address not in self.addresses:
            self.addresses.append(address)
        return legal(address)

    addresses: list[Any] = field(factory=list, init=False)

    @cached_property
    def loaded(self) -> dict[Slot, Any]:
        """What the map has loaded into the real slots when the guest was entered."""
        values = {"k": self.k, "w": self.w, "quantum": self.quantum}
        own = Side(self, self.kept, {}, self.w, virtual=True, operands=values)
        value = Evaluation(EXPRESSIONS, own)
        return {s: value(e) for s, e in self.table.entry.items()}

    @cached_property
    def real(self) -> Side:
        """The real state now."""
        slots = {}
        for slot in self.isa.slots:
            if slot.role is Role.PROGRAM:
                slots[slot] = now(slot)
            else:
                slots[slot] = self.loaded.get(slot, unknown(f"host.{slot.name}"))
        slots[TIMER], slots[BOUND] = self.timer, self.bound
        slots[TIMER_PENDING] = choose(same(self.timer, 0), 1, 0)
        return Side(self, slots, self._arrays("host."), self.q, virtual=False)

    @cached_property
    def virtual(self) -> Side:
        """The virtual state now, recovered."""
        return Side(self, self.recover(self.real.slots), self._arrays("v."), self.w, virtual=True)

    def recover(self, real: Mapping[Slot, Any]) -> dict[Slot, Any]:
        """Return the virtual slots that the map recovers from real ones: the function g."""
        kept = {f"v.{s.name}": term for s, term in self.kept.items()}
        operands = {**kept, "k": self.k, "w": self.w, "loaded": self.loaded[TIMER]}
        value = Evaluation(EXPRESSIONS, Side(self, real, {}, self.q, virtual=False, operands=operands))
        return {s: value(e) for s, e in self.table.recovery.items()}

    def _arrays(self, prefix: str) -> dict[Array, Any]:
        return {
            a: unknown_array(a) if a.role is Role.PROGRAM else function(f"{prefix}{a.name}")
            for a in self.isa.arrays
            if a is not MEMORY
        }

    def invariant(self, side: Side) -> list[tuple[str, Any]]:
        """Return the sentences of resource control, over a real state."""
        operands = {"k": self.k, "w": self.w}
        value = Evaluation(EXPRESSIONS, evolve(side, operands=operands))
        return [(c.says, value(c.holds)) for c in INVARIANT]

    def given(self) -> list[Any]:
        """Return what is so of every such pair: sizes, the clock has ticked, the bound has not grown."""
        return self.facts

    @cached_property
    def facts(self) -> list[Any]:
        """What is so of every such pair, worked out once."""
        top = constant(LARGEST_MEMORY + 1)
        facts = [
            negated(less(self.k, 16)),
            negated(less(self.w, SMALLEST_MEMORY)),
            less(self.k, top),
            less(self.w, top),
            less(self.q, top),
            negated(less(self.q, self.k + self.w)),
            unequal(self.quantum, 0),
            negated(less(self.loaded[TIMER], self.timer)),
            negated(less(self.loaded[BOUND], self.bound)),
            *(less(t, 1 << s.bits) for s, t in self.kept.items() if s.bits is not None),
            *(
                less(t, 1 << s.bits)
                for s, t in self.real.slots.items()
                if s.bits is not None and s not in self.loaded and s is not TIMER_PENDING
            ),
        ]
        return facts + self.undisturbed()

    def undisturbed(self) -> list[Any]:
        """Say that the guest was running, and no virtual interrupt was deliverable, when it was entered."""
        value = Evaluation(EXPRESSIONS, Side(self, self.kept, {}, self.w, virtual=True))
        running = [same(self.kept[RUN], RUNNING)] if RUN in self.kept else []
        return [*running, *(negated(value(i.ready)) for i in self.isa.cycle.interrupts)]

    def translations(self, *, alike: bool = True) -> list[Any]:
        """Return what is so of the addresses that were referred to: if they are legal, they are the guest's words.

        `alike`: and they are legal on both sides or on neither. A claim about the real machine alone does without, and
        takes for legal what is so there.
        """
        rules = self.isa.translation
        facts = []
        for address in list(self.addresses):
            here = self.legal(address)
            facts.append(iff(here, translated(rules.legal, self.virtual if alike else self.real, address)))
            facts.append(implies(here, less(translated(rules.real, self.virtual, address), self.w)))
        return facts


@cache
def _model(isa: Isa, monitor: Monitor, tag: str, time: str) -> Pair:
    return Pair(isa, monitor, tag=tag, time=time)


def inside(isa: Isa, monitor: Monitor, *, tag: str = "", time: str = "") -> Pair:
    """Return a pair over bit-vectors, like any other but that what does not depend on operands is worked out once."""
    model, pair = _model(isa, monitor, tag, time), Pair(isa, monitor, tag=tag, time=time)
    pair.kept, pair.loaded, pair.facts = model.kept, model.loaded, model.facts
    pair.real, pair.virtual = evolve(model.real, pair=pair), evolve(model.virtual, pair=pair)
    return pair
