"""A monitor that translates, and its translation cache, as one compiled loop.

While the guest is in the cache, the pc that compiled code has is the cache's, as the real one is. What a word of the
cache does is what it does in `translation/code.py`: a copy is the behaviour of `own_pc.copied`, its exits follow links
or look blocks up, a test is a copy's guards, and a call is the monitor's attempt at an instruction. What needs the
translator is left to it, the step being untouched: a link that leads nowhere yet, and a copy that traps.
"""

from attrs import field, frozen

from popek.engine.native import behaviours
from popek.engine.native.attempt import Attempt, Ends, Trapping, stops
from popek.engine.native.context import Field, Trapped
from popek.engine.native.expressions import Emission, View
from popek.engine.native.text import Text
from popek.isa.behaviour import Behaviour
from popek.isa.cycle import Interrupt
from popek.isa.instruction import Instruction
from popek.isa.slot import PC, USER, Slot
from popek.vmm.compiled.cells import BUCKETS, CONTEXT, FACTOR, KIND, NEAR, OWN_PC, TO, WORD, Kind
from popek.vmm.compiled.step import Compilation, MonitorStep
from popek.vmm.compiled.views import Seen
from popek.vmm.compiled.ways import TRANSLATED
from popek.vmm.translation.cells import DOOR
from popek.vmm.translation.own_pc import Copied, copied
from popek.vmm.translation.translator import deciding

TAG = 1 << 33
"""What an address of the cache has besides in the table of regions."""


class Rows:
    """Writes how the words of the cache, and the table of blocks, are read."""

    def __init__(self, text: Text, virtual: View, context: tuple[Slot, ...]) -> None:
        self._text, self._virtual, self._context = text, virtual, context

    def begin(self, words: str, heads: str) -> None:
        """Declare what is used; `words` and `heads` are where their places are."""
        text = self._text
        for name, place in (("cells", words), ("heads", heads)):
            text.do(f"%{name} = load ptr, ptr {place}")
        for name in ("wanted", "bucket", "near", "block"):
            text.variable(name)

    def part(self, address: str, which: int) -> str:
        """Return a number of the word at an address."""
        text = self._text
        row = text.value(f"mul i32 {address}, {CONTEXT + len(self._context)}")
        return text.load(text.at("%cells", text.value(f"add i32 {row}, {which}"), by="i32"))

    def fits(self, address: str, pc: str) -> str:
        """Return whether the word at an address stands for a pc of the guest's, in the guest's context."""
        text = self._text
        found = text.value(f"icmp eq i32 {self.part(address, OWN_PC)}, {pc}")
        for n, slot in enumerate(self._context):
            same = text.value(f"icmp eq i32 {self.part(address, CONTEXT + n)}, {self._virtual.slot(text, slot)}")
            found = text.value(f"and i1 {found}, {same}")
        return found

    def lives(self, address: str, pc: str) -> str:
        """Return whether the word at an address is code, and that for a pc."""
        text = self._text
        kind = self.part(address, KIND)
        ended = text.value(f"icmp eq i32 {kind}, {int(Kind.LINK)}")
        there = text.value(f"icmp ne i32 {kind}, {int(Kind.EMPTY)}")
        code = text.value(f"and i1 {there}, {text.value(f'xor i1 {ended}, true')}")
        return text.value(f"and i1 {code}, {self.fits(address, pc)}")

    def find(self, pc: str) -> str:
        """Return where the block for a pc begins; the door, if it is not found."""
        text = self._text
        key = "0"
        for value in (*(self._virtual.slot(text, s) for s in self._context), pc):
            key = text.value(f"add i32 {text.value(f'mul i32 {key}, {FACTOR}')}, {value}")
        text.store(text.value(f"and i32 {key}, {BUCKETS - 1}"), "%bucket")
        text.store(0, "%near")
        look, compare, on, found, ended = (text.fresh(n) for n in ("look", "compare", "on", "found", "ended"))
        text.go(look)
        text.label(look)
        near = text.load("%near")
        place = text.value(f"add i32 {text.load('%bucket')}, {near}")
        block = text.load(text.at("%heads", place, by="i32"))
        text.store(block, "%block")
        none = text.value(f"icmp eq i32 {block}, {DOOR}")
        over = text.value(f"icmp eq i32 {near}, {NEAR}")
        text.branch(text.value(f"or i1 {none}, {over}"), ended, compare)
        text.label(compare)
        text.branch(self.fits(block, pc), found, on)
        text.label(on)
        text.store(text.value(f"add i32 {near}, 1"), "%near")
        text.go(look)
        text.label(ended)
        text.store(DOOR, "%block")
        text.go(found)
        text.label(found)
        return text.load("%block")


class OwnPc(Seen):
    """A real state whose pc is the guest's own: in the cache, what the word there stands for."""

    def __init__(self, real: View, rows: Rows, cached: str) -> None:
        super().__init__(real)
        self._rows, self._cached = rows, cached

    def slot(self, text: Text, slot: Slot) -> str:
        """Return a slot's value."""
        value = super().slot(text, slot)
        if slot is not PC:
            return value
        address = text.value(f"select i1 {self._cached}, i32 {value}, i32 {DOOR}")
        return text.value(f"select i1 {self._cached}, i32 {self._rows.part(address, OWN_PC)}, i32 {value}")


@frozen
class OfCopy(Attempt):
    """Writes the run of a copied instruction, whose word of the cache is at `%copy`."""

    rows: Rows = field(kw_only=True)
    follow: "Follow" = field(kw_only=True)

    def write(self) -> None:
        """Write it all; the word was fetched when it was translated."""
        self._decode(self.rows.part(self.text.load("%copy"), WORD))

    def decoded(self, instruction: Instruction, values: dict[str, str]) -> None:
        """Write what becomes of an instruction."""
        meaning = copied(self.isa.lowered(instruction, USER))
        behaviour = behaviours.effective(meaning.behaviour)
        jumps = not meaning.falls or meaning.writes(deciding(self.isa))
        if not runs(meaning, jumps=jumps):
            self.ends.hand_over()
            return
        own = self.rows.part(self.text.load("%copy"), OWN_PC)
        emission = Emission(self.text, self.view, {**values, "own.pc": own})
        self._traps(instruction, behaviour, emission)
        self.follow.settle(meaning, emission)
        behaviours.commit(emission, behaviour)
        self.follow.write(meaning)
        self.ends.done(Behaviour({} if jumps else {PC: behaviours.NEXT}, behaviour.effects))

    def _traps(self, instruction: Instruction, behaviour: Behaviour, emission: Emission) -> None:
        self.ends.before(behaviour)
        word = emission.operands["word"]
        behaviours.guards(
            emission,
            behaviour,
            lambda trap, detail: self.ends.trap(
                Trapping(Trapped.INSTRUCTION, instruction, trap.cause, trap.privilege, word, detail)
            ),
        )


def runs(meaning: Copied, *, jumps: bool) -> bool:
    """Say whether compiled code can do all that a copy does; a store that also jumps may end what it jumps by."""
    behaviour = behaviours.effective(meaning.behaviour)
    ways = (Behaviour({PC: e}) for e in (meaning.taken, *(e.target for e in meaning.exits)))
    known = all(map(behaviours.compilable, (behaviour, *ways)))
    return known and not stops(behaviour) and not (jumps and behaviours.stores(behaviour))


class Follow:
    """Writes where a copy goes on: the values before its writes, and what is done with them after."""

    def __init__(self, step: "TranslatedStep") -> None:
        self._step = step
        self._taken = ""
        self._targets: list[str] = []

    def settle(self, meaning: Copied, emission: Emission) -> None:
        """Compute which exit is taken, and those that are computed."""
        if meaning.falls and not meaning.writes(self._step.context):
            return
        self._taken = emission(meaning.taken)
        self._targets = [emission(e.target) for e in meaning.exits]

    def write(self, meaning: Copied) -> None:
        """Write the new pc."""
        step, text = self._step, self._step.text
        stays = not meaning.writes(step.context)
        if meaning.falls and stays:
            step.go_to(text.value(f"add i32 {text.load('%copy')}, 1"))
            return
        taken, ways, on = self._taken, [text.fresh("way") for _ in meaning.exits], text.fresh("on")
        cases = " ".join(f"i32 {n}, label %{w}" for n, w in enumerate(ways))
        text.do(f"switch i32 {taken}, label %{ways[0]} [ {cases} ]")
        links = 0
        for exit_, target, way in zip(meaning.exits, self._targets, ways, strict=True):
            text.label(way)
            if not stays:
                step.go_to_door(target)
            elif exit_.settled:
                links += 1
                self._link(links)
            else:
                self._computed(target)
            text.go(on)
        text.label(on)

    def _link(self, number: int) -> None:
        """Write the way over a link, which is so many words behind the copy."""
        step, text = self._step, self._step.text
        link = text.value(f"add i32 {text.load('%copy')}, {number}")
        to = step.rows.part(link, TO)
        chained = text.value(f"icmp ne i32 {to}, {DOOR}")
        step.add(Field.CHAINED, text.value(f"zext i1 {chained} to i64"))
        step.go_to(text.value(f"select i1 {chained}, i32 {to}, i32 {link}"))

    def _computed(self, target: str) -> None:
        step, text = self._step, self._step.text
        found = step.rows.find(target)
        known, unknown, on = text.fresh("known"), text.fresh("unknown"), text.fresh("on")
        text.branch(text.value(f"icmp ne i32 {found}, {DOOR}"), known, unknown)
        text.label(known)
        step.add(Field.LOOKED_UP, 1)
        step.go_to(found)
        text.go(on)
        text.label(unknown)
        step.go_to_door(target)
        text.go(on)
        text.label(on)


class TranslatedStep(MonitorStep):
    """Writes the loop of a virtual machine whose monitor translates."""

    def __init__(self, made: Compilation) -> None:
        super().__init__(made)
        self.context = deciding(made.isa)
        self.rows = Rows(self.text, self.virtual, self.context)
        self._follow = Follow(self)

    def _first(self) -> None:
        self.text.variable("copy")
        self.rows.begin(self.field(Field.CELLS), self.field(Field.HEADS))
        super()._first()
        self._dispatching()
        self._leaving()
        self.routines.attempt("translate.it", TRANSLATED)

    @property
    def _cached(self) -> str:
        return self.text.value(f"icmp ne i64 {self.noted(Field.CACHED)}, 0")

    def _kind(self, address: str, kind: Kind) -> str:
        return self.text.value(f"icmp eq i32 {self.rows.part(address, KIND)}, {int(kind)}")

    def go_to(self, address: str) -> None:
        """Write the real pc."""
        self.view.set_slot(self.text, PC, address)

    def go_to_door(self, target: str) -> None:
        """Go to the monitor, on the way to an address of the guest's."""
        self.note(Field.TARGET, target, "i32")
        self.go_to(str(DOOR))

    # In the monitor.

    def way(self, *, user: bool) -> str:
        """Return where code of a virtual mode is run."""
        if self.made.monitor.plan(user=user).translates:
            return "dispatch"
        return "enter.itself" if self.made.directly(user=user) else super().way(user=user)

    def _dispatching(self) -> None:
        """Write how the guest comes into the cache, by what is translated already."""
        text = self.text
        text.label("enter.itself")
        self.note(Field.CACHED, 0)
        text.go("enter")
        text.label("dispatch")
        text.leave_if(text.value(f"icmp ne i64 {self.noted(Field.LINK)}, {DOOR}"), "exit.hand.over")
        pc = self.virtual.slot(text, PC)
        at = text.value(f"trunc i64 {self.noted(Field.AT)} to i32")
        back, look = text.fresh("back"), text.fresh("look")
        text.branch(self.rows.lives(at, pc), back, look)
        text.label(look)
        found = self.rows.find(pc)
        text.leave_if(text.value(f"icmp eq i32 {found}, {DOOR}"), "exit.hand.over")
        self.add(Field.DISPATCHES, 1)
        self.note(Field.AT, found, "i32")
        text.go(back)
        text.label(back)
        at = text.value(f"trunc i64 {self.noted(Field.AT)} to i32")
        inside = text.fresh("inside")
        text.branch(self._kind(at, Kind.CALL), "call", inside)
        text.label(inside)
        self.note(Field.CACHED, 1)
        text.go("enter")
        text.label("call")
        self.routines.begin()
        text.go("translate.it")

    def count(self, way: int, steps: str | int = 1) -> None:
        """Count steps of the guest; a call goes on behind its word of the cache."""
        super().count(way, steps)
        if way == TRANSLATED:
            self.add(Field.CALLS, 1)
            self.add(Field.AT, 1)

    def entered(self) -> None:
        """Go to the cache, if that is where the guest is entered."""
        text = self.text
        with text.only_if(self._cached):
            self.go_to(text.value(f"trunc i64 {self.noted(Field.AT)} to i32"))
            self.note(Field.AT, DOOR)
            self.shares.turn()

    # In the cache.

    def _ready(self) -> None:
        """Write what is done before a step where there is no copy: no step of the real machine's."""
        text = self.text
        cached, on = text.fresh("cached"), text.fresh("on")
        text.branch(self._cached, cached, on)
        text.label(cached)
        pc = self.view.slot(text, PC)
        runs = text.value(f"or i1 {self._kind(pc, Kind.COPY)}, {self._kind(pc, Kind.GUARD)}")
        text.branch(runs, on, "leave.cache")
        text.label(on)

    def _interrupted(self, source: Interrupt) -> None:
        """Write the entry of a real interrupt; one before a test is the translator's."""
        text = self.text
        address = text.value(f"select i1 {self._cached}, i32 {self.view.slot(text, PC)}, i32 {DOOR}")
        text.leave_if(self._kind(address, Kind.GUARD), "exit.hand.over")
        super()._interrupted(source)

    def _attempting(self) -> None:
        """Write the run of a word of the cache."""
        text = self.text
        here, itself, copy, guard = (text.fresh(n) for n in ("cached", "itself", "copy", "guard"))
        text.branch(self._cached, here, itself)
        text.label(here)
        pc = self.view.slot(text, PC)
        cases = f"i32 {int(Kind.COPY)}, label %{copy} i32 {int(Kind.GUARD)}, label %{guard}"
        text.do(f"switch i32 {self.rows.part(pc, KIND)}, label %unattempted [ {cases} ]")
        text.label(guard)
        text.store(text.value(f"add i32 {pc}, 1"), "%copy")
        text.go("run.copy")
        text.label(copy)
        text.store(pc, "%copy")
        text.go("run.copy")
        text.label("run.copy")
        ends = Ends(self._done, self._copy_traps, lambda: text.go("hand.over"), self._missed, self._settled)
        OfCopy(text, self.isa, self.view, ends, rows=self.rows, follow=self._follow).write()
        text.label("unattempted")
        self.clocks.take_back()
        self.clocks.settle()
        text.go("leave.cache")
        text.label(itself)

    def _copy_traps(self, made: Trapping) -> None:
        """Write what a copy's trap comes to: if it was tested first, a call, and else the translator sees it."""
        del made
        text = self.text
        tested = text.value(f"icmp ne i32 {text.load('%copy')}, {self.view.slot(text, PC)}")
        text.branch(tested, "test.fails", "hand.over")

    def _leaving(self) -> None:
        """Write the ways out of the cache but for a real trap: to a call, and because a test has failed."""
        text = self.text
        text.label("leave.cache")
        text.leave_if(text.value(f"xor i1 {self._kind(self.view.slot(text, PC), Kind.CALL)}, true"), "exit.hand.over")
        self._out()
        self.shares.turn_if_over()
        text.go("turn")
        text.label("test.fails")
        self.clocks.take_back()
        self.clocks.settle()
        self._out()
        self.shares.turn_if_over()
        for source in self.made.believed.cycle.interrupts:
            text.leave_if(Emission(text, self.virtual, {})(source.ready), "turn")
        text.go("call")

    def _out(self) -> None:
        self.quanta.shorten()
        self.directly(0)
        self.note(Field.AT, self.view.slot(self.text, PC), "i32")
        super().recover(OwnPc(self.view, self.rows, "true"))

    def recover(self, real: View) -> None:
        """Write the recovery after a real trap, with the guest's own pc."""
        text = self.text
        cached = self._cached
        with text.only_if(cached):
            self.note(Field.AT, real.slot(text, PC), "i32")
        super().recover(OwnPc(real, self.rows, cached))

    def _finish(self) -> None:
        with self.text.only_if(self.text.value(f"icmp ne i64 {self.noted(Field.INSIDE)}, 0")):
            self.quanta.shorten()
        super()._finish()

    # Regions.

    def tagged(self, pc: str) -> str:
        """Return what a pc, as 64 bits, is known by in the table of regions."""
        text = self.text
        tag = text.value(f"select i1 {self._cached}, i64 {TAG}, i64 0")
        return text.value(f"or i64 {pc}, {tag}")

    def returned(self) -> None:
        """Take over what a region has counted, behind the slots and the size of memory."""
        text = self.text
        for n, counted in enumerate((Field.CHAINED, Field.LOOKED_UP), len(self.isa.slots) + 1):
            place = text.at("%slots", n)
            self.add(counted, text.value(f"zext i32 {text.load(place)} to i64"))
            text.store(0, place)


def module(made: Compilation) -> str:
    """Return the loop of a virtual machine whose monitor translates, as LLVM's text."""
    return TranslatedStep(made).write()
