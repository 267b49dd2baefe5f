"""Inside: the real and the virtual state while a guest runs directly, as terms that share their unknowns.

A guest was entered with some virtual state (`v.NAME`), which the VM map's `entry` has turned into a real one. Since
then it has run directly: program state is anything by now, the real timer has ticked, the real bound may have shrunk.
Everything else that the map has loaded is as it was loaded, and what it does not load is the host's own. This is the
invariant that every direct step must keep (`kept`); `recovery` reads the virtual state off it.

The same pair can be stated over bit-vectors (for what instructions do) and over ranged integers (for relocation and
clocks). Memory is one unknown function for the guest's words and one for the host's, so that a guest's word is the same
word on either side.
"""

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import Any

import z3
from attrs import define, evolve, field, frozen

from popek.isa.architecture import Isa
from popek.isa.cycle import TRAP_WORDS
from popek.isa.domain import Domain, Evaluation
from popek.isa.expression import Op
from popek.isa.slot import BOUND, MEMORY, RUN, RUNNING, TIMER, TIMER_PENDING, Array, Role, Slot
from popek.prove.ranged import in_range, ranged
from popek.prove.symbolic import LARGEST_MEMORY, SMALLEST_MEMORY, translated
from popek.prove.terms import bitvectors
from popek.vmm.control import INVARIANT
from popek.vmm.monitor import Monitor
from popek.vmm.vm_map import VmMap


@frozen(eq=False)
class Terms:
    """A domain, and how to make unknowns in it."""

    domain: Domain[Any]
    unknown: Callable[[str], Any]
    sort: Any
    word: Callable[[Any], Any]

    def less(self, a: Any, b: Any) -> Any:
        """Compare unsigned."""
        return self.domain.operators[Op.ULT](a, b)

    def function(self, name: str) -> Any:
        """Return an unknown function from word to word."""
        return z3.Function(name, self.sort, self.sort)


@cache
def over_bits(width: int = 32) -> Terms:
    """Return terms that are bit-vectors."""
    return Terms(bitvectors(width), lambda n: z3.BitVec(n, width), z3.BitVecSort(width), lambda _: z3.BoolVal(val=True))


@cache
def over_integers(width: int = 32) -> Terms:
    """Return terms that are ranged integers."""
    return Terms(ranged(width), z3.Int, z3.IntSort(), lambda term: in_range(term, width))


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
            return translated(self.pair.isa.translation.real, self, address, self.pair.terms.domain)
        there = translated(self.pair.isa.translation.real, self.pair.virtual, address, self.pair.terms.domain)
        return there if self.virtual else self.pair.k + there

    def legal(self, address: Any) -> Any:
        """Say whether a virtual address may be referred to: on both sides alike, as the translation lemma has it."""
        if not self.pair.lemma:
            return translated(self.pair.isa.translation.legal, self, address, self.pair.terms.domain)
        return self.pair.legal(address)

    def load(self, address: Any) -> Any:
        """Return the word at a virtual address."""
        return self.element(MEMORY, self.real(address))

    def element(self, array: Array, index: Any) -> Any:
        """Return an array's word; memory by physical address, 0 beyond its end."""
        if array is not MEMORY:
            return self.arrays[array](index)
        pair, zero = self.pair, self.pair.terms.domain.const(0)
        if self.virtual:
            return z3.If(pair.terms.less(index, pair.w), pair.guest(index), zero)
        offset = index - pair.k
        outside = z3.If(pair.terms.less(index, pair.q), pair.host(index), zero)
        return z3.If(pair.terms.less(offset, pair.w), pair.guest(offset), outside)


@define(eq=False)
class Pair:
    """Real and virtual state inside, over some terms. `lemma`: both sides translate alike, as is proved elsewhere."""

    isa: Isa
    monitor: Monitor
    terms: Terms = field(factory=over_bits)
    lemma: bool = True
    tag: str = ""
    """Sets the host's own words apart, for two pairs that are to differ in nothing else."""
    time: str = ""
    """Likewise sets the monitor's own time apart: the quantum, and the real timer."""

    def __attrs_post_init__(self) -> None:
        make = self.terms.unknown
        self.k, self.w, self.q, self.quantum = (make(n) for n in ("k", "w", "q", f"quantum{self.time}"))

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
        return {s: self.terms.unknown(f"v.{s.name}") for s in self.isa.slots}

    @cached_property
    def timer(self) -> Any:
        """The real timer now."""
        return self.terms.unknown(f"timer{self.time}")

    @cached_property
    def bound(self) -> Any:
        """The real bound now."""
        return self.terms.unknown("bound")

    def guest(self, index: Any) -> Any:
        """Return a word of the guest's memory."""
        return self.terms.function("guest")(index)

    def host(self, physical: Any) -> Any:
        """Return a word of real memory outside the allotment: the trap words, or somebody else's."""
        vector = self.terms.less(physical, self.terms.domain.const(TRAP_WORDS))
        function = self.terms.function
        return z3.If(vector, function("vector")(physical), function(f"host{self.tag}")(physical))

    def legal(self, address: Any) -> Any:
        """Return the shared truth that an address may be referred to."""
        if address not in self.addresses:
            self.addresses.append(address)
        return z3.Function("legal", self.terms.sort, z3.BoolSort())(address)

    addresses: list[Any] = field(factory=list, init=False)

    @cached_property
    def loaded(self) -> dict[Slot, Any]:
        """What the map has loaded into the real slots when the guest was entered."""
        values = {"k": self.k, "w": self.w, "quantum": self.quantum}
        own = Side(self, self.kept, {}, self.w, virtual=True, operands=values)
        value = Evaluation(self.terms.domain, own)
        return {s: value(e) for s, e in self.table.entry.items()}

    @cached_property
    def real(self) -> Side:
        """The real state now."""
        const = self.terms.domain.const
        slots = {}
        for slot in self.isa.slots:
            if slot.role is Role.PROGRAM:
                slots[slot] = self.terms.unknown(slot.name)
            else:
                slots[slot] = self.loaded.get(slot, self.terms.unknown(f"host.{slot.name}"))
        slots[TIMER], slots[BOUND] = self.timer, self.bound
        slots[TIMER_PENDING] = z3.If(self.timer == 0, const(1), const(0))
        return Side(self, slots, self._arrays("host."), self.q, virtual=False)

    @cached_property
    def virtual(self) -> Side:
        """The virtual state now, recovered."""
        return Side(self, self.recover(self.real.slots), self._arrays("v."), self.w, virtual=True)

    def recover(self, real: Mapping[Slot, Any]) -> dict[Slot, Any]:
        """Return the virtual slots that the map recovers from real ones: the function g."""
        kept = {f"v.{s.name}": term for s, term in self.kept.items()}
        operands = {**kept, "k": self.k, "w": self.w, "loaded": self.loaded[TIMER]}
        value = Evaluation(self.terms.domain, Side(self, real, {}, self.q, virtual=False, operands=operands))
        return {s: value(e) for s, e in self.table.recovery.items()}

    def _arrays(self, prefix: str) -> dict[Array, Any]:
        return {
            a: self.terms.function(a.name if a.role is Role.PROGRAM else f"{prefix}{a.name}")
            for a in self.isa.arrays
            if a is not MEMORY
        }

    def invariant(self, side: Side) -> list[tuple[str, Any]]:
        """Return the sentences of resource control, over a real state."""
        operands = {"k": self.k, "w": self.w}
        value = Evaluation(self.terms.domain, evolve(side, operands=operands))
        return [(c.says, value(c.holds)) for c in INVARIANT]

    def given(self) -> list[Any]:
        """Return what is so of every such pair: sizes, the clock has ticked, the bound has not grown."""
        return self.facts

    @cached_property
    def facts(self) -> list[Any]:
        """What is so of every such pair, worked out once."""
        less, const = self.terms.less, self.terms.domain.const
        top = const(LARGEST_MEMORY + 1)
        facts = [
            *(self.terms.word(t) for t in (self.k, self.w, self.q, self.quantum, self.timer, self.bound)),
            *(self.terms.word(t) for t in self.kept.values()),
            *(self.terms.word(t) for s, t in self.real.slots.items() if s.role is Role.PROGRAM),
            z3.Not(less(self.k, const(16))),
            z3.Not(less(self.w, const(SMALLEST_MEMORY))),
            less(self.k, top),
            less(self.w, top),
            less(self.q, top),
            z3.Not(less(self.q, self.domain_add(self.k, self.w))),
            self.quantum != const(0),
            z3.Not(less(self.loaded[TIMER], self.timer)),
            z3.Not(less(self.loaded[BOUND], self.bound)),
            *(less(t, const(1 << s.bits)) for s, t in self.kept.items() if s.bits is not None),
            *(
                less(t, const(1 << s.bits))
                for s, t in self.real.slots.items()
                if s.bits is not None and s not in self.loaded and s is not TIMER_PENDING
            ),
        ]
        return facts + self.undisturbed()

    def undisturbed(self) -> list[Any]:
        """Say that the guest was running, and no virtual interrupt was deliverable, when it was entered."""
        value = Evaluation(self.terms.domain, Side(self, self.kept, {}, self.w, virtual=True))
        running = [self.kept[RUN] == self.terms.domain.const(RUNNING)] if RUN in self.kept else []
        return [*running, *(z3.Not(value(i.ready)) for i in self.isa.cycle.interrupts)]

    def domain_add(self, a: Any, b: Any) -> Any:
        """Return a sum of words."""
        return self.terms.domain.operators[Op.ADD](a, b)

    def translations(self) -> list[Any]:
        """Return what is so of the addresses that were referred to: when they are legal, and then the guest's words."""
        rules, domain = self.isa.translation, self.terms.domain
        facts = []
        for address in list(self.addresses):
            legal = self.legal(address)
            facts.append(legal == translated(rules.legal, self.virtual, address, domain))
            facts.append(
                z3.Implies(legal, self.terms.less(translated(rules.real, self.virtual, address, domain), self.w))
            )
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
