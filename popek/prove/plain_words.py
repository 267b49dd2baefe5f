"""Witnesses in words that a first-year student follows. Every number in them is the witness's own."""

from collections.abc import Iterator, Sequence

from attrs import evolve

from popek.isa.architecture import Isa
from popek.isa.instruction import Instruction
from popek.isa.slot import BASE, MODE, SUPERVISOR, USER, Array, Slot
from popek.language.phrase import Aside, both, in_sequence, say
from popek.language.phrase import listed as commas
from popek.prove.values import Snapshot, StateWitness

MATTERS = {
    "mode": say("in which mode the processor is"),
    "location": say("where in real memory the program lies"),
    "bound": say("how much memory the program has been given"),
    "timer": say("what the timer holds"),
    "interrupt": say("whether interrupts are enabled, or one is pending"),
    "device": say("what the devices hold"),
    "memory": say("what memory outside the program's own holds"),
    "run": say("whether the processor runs"),
}
"""What it is that makes the difference, by kind of resource."""

LET = say("Privilege traps are left out here: what counts is what it does when it is let to.")
COMPLETES = say("completes")


def matters(kind: str) -> str:
    """Return what a difference in a resource of this kind is about."""
    return MATTERS.get(kind, say("what the system register `{kind}` holds", kind=kind))


def word(value: int) -> str:
    """Write a word: small in decimal, large in hexadecimal."""
    return str(value) if value < 0x10000 else f"0x{value:08x}"


def listed(items: Sequence[str]) -> str:
    """Write items in a row: "a, b and c"."""
    return both([commas(items[:-1]), items[-1]] if len(items) > 1 else items)


def in_mode(value: int) -> str:
    """Return a mode in words."""
    return say("supervisor mode") if value == SUPERVISOR else say("user mode")


def reduced(isa: Isa, witness: StateWitness) -> StateWitness:
    """Return a witness with what matters alone: what the instruction reads or writes, and what differs."""
    names = tuple(_worth_it(isa, witness))
    return evolve(
        witness,
        before=tuple(_only(s, names) for s in witness.before),
        after=tuple(_only(s, names) for s in witness.after),
    )


def _only(snapshot: Snapshot, names: Sequence[str]) -> Snapshot:
    return Snapshot({n: v for n, v in snapshot.values.items() if n in names})


def _worth_it(isa: Isa, witness: StateWitness) -> Iterator[str]:
    instruction = isa[witness.instruction.split()[0]]
    used: set[Slot | Array] = set()
    for mode in (SUPERVISOR, USER):
        lowered = isa.lowered(instruction, mode)
        used |= lowered.reads | lowered.writes.keys()
    named = {"pc", "mode", *(p.name for p in used)}
    snapshots = (*witness.before, *witness.after)
    for name in dict.fromkeys(n for s in snapshots for n in s.values):
        found = {s.values.get(name) for s in snapshots}
        is_register = name[:1] == "r" and name[1:].isdigit()
        is_set_element = name.endswith("]") and found != {0}
        if name in named or is_register or is_set_element or len(found) > 1 or name == witness.differs:
            yield name


def on_privilege(instruction: Instruction, witness: StateWitness) -> str:
    """Say why an instruction is not privileged."""
    here, outcome = in_mode(witness.before[0].values[MODE.name]), witness.outcomes[0]
    if outcome == "privilege trap":
        return say(
            "It is not privileged: even in {mode} it can make a privilege trap, here as `{instruction}`.",
            mode=here,
            instruction=witness.instruction,
        )
    if outcome != COMPLETES:
        same = instruction.user.traps[:1] == instruction.supervisor.traps[:1]
        what = say(
            "In {mode} `{instruction}` makes {outcome}, which is no privilege trap.",
            mode=here,
            instruction=witness.instruction,
            outcome=_article(outcome),
        )
        why = say("That trap is meant for every mode; it protects nothing.") if same else ""
        return in_sequence(say("It is not privileged."), what, why)
    what = say(
        "It is not privileged: in {mode} `{instruction}` completes without any trap.",
        mode=here,
        instruction=witness.instruction,
    )
    return in_sequence(what, _changes(witness))


def _changes(witness: StateWitness) -> str:
    before, after = witness.before[0].values, witness.after[0].values
    changed = [
        say("`{name}` from {before} to {after}", name=n, before=word(v), after=word(after[n]))
        for n, v in before.items()
        if after[n] != v
    ]
    return say("It takes {changed}.", changed=listed(changed)) if changed else say("Nothing changes.")


def on_control(isa: Isa, witness: StateWitness, *, let: bool) -> str:
    """Say what resource an instruction changes."""
    before, after = witness.before[0].values, witness.after[0].values
    if witness.kind == "trap":
        return say(
            "Read to the letter: `{instruction}` makes {outcome}, and the trap changes the mode, which is a resource.",
            instruction=witness.instruction,
            outcome=_article(witness.outcomes[0]),
        )
    name = witness.differs
    about = next((_meant(s) for s in isa.slots if s.name == name), say(", outside the program's own memory,"))
    if not name.startswith("phys") and about.startswith(","):
        about = ""
    told = say(
        "In {mode} `{instruction}` completes, and the resource `{name}`{about} goes from {before} "
        "to {after}. A program that changes a resource takes a decision that is the control "
        "program's to take.",
        mode=in_mode(before["mode"]),
        instruction=witness.instruction,
        name=name,
        about=about,
        before=word(before[name]),
        after=word(after[name]),
    )
    return in_sequence(told, LET) if let else told


def _meant(slot: Slot) -> str:
    """Return what a slot is, out of its declaration."""
    return say(" ({meaning})", meaning=Aside(slot.doc))


def on_difference(isa: Isa, witness: StateWitness, *, let: bool) -> str:
    """Say what difference a resource makes to an instruction."""
    modes = [in_mode(s.values["mode"]) for s in witness.before]
    told = say(
        "Take two states that are alike in all that a program has, and differ in {what}.", what=_varied(isa, witness)
    )
    if modes[0] == modes[1]:
        told = in_sequence(told, say("Both are in {mode}.", mode=modes[0]))
    if witness.outcomes[0] != witness.outcomes[1]:
        acts = [
            say("it completes") if o == COMPLETES else say("it makes {outcome}", outcome=_article(o))
            for o in witness.outcomes
        ]
        then = say(
            "In the one, `{instruction}`: {one}; in the other, {other}.",
            instruction=witness.instruction,
            one=acts[0],
            other=acts[1],
        )
    else:
        then = say(
            "`{instruction}` completes in both, and then {shows}.",
            instruction=witness.instruction,
            shows=_shows(witness),
        )
    told = in_sequence(told, then, say("So it matters {what}.", what=matters(witness.kind)))
    return in_sequence(told, LET) if let and "privilege trap" not in witness.outcomes else told


def _varied(isa: Isa, witness: StateWitness) -> str:
    """Name what differs before, with both values."""
    one, other = (s.values for s in witness.before)
    slots = [s.name for s in isa.slots if s.kind == witness.kind]
    arrays = [a.name for a in isa.arrays if a.kind == witness.kind]
    names = [n for n in one if n in slots or n.split("[")[0] in arrays]
    found = [
        say("`{name}` ({one} in the one, {other} in the other)", name=n, one=word(one[n]), other=word(other[n]))
        for n in names
        if one[n] != other[n]
    ]
    return listed(found[:2]) if found else matters(witness.kind)


def _shows(witness: StateWitness) -> str:
    values = [_value(witness, i) for i in range(2)]
    if None in values:
        return say("`{name}` is not the same", name=witness.differs)
    return say(
        "`{name}` is {one} in the one and {other} in the other",
        name=witness.differs,
        one=word(values[0] or 0),
        other=word(values[1] or 0),
    )


def _value(witness: StateWitness, which: int) -> int | None:
    """Return what the part that differs holds afterwards; memory by virtual address, by the R before."""
    name, after = witness.differs, witness.after[which].values
    if name.startswith("mem["):
        address = int(name[4:-1]) + witness.before[which].values[BASE.name]
        return after.get(f"phys[{address}]")
    return after.get(name)


def _article(outcome: str) -> str:
    return (
        say("an {outcome}", outcome=outcome)
        if outcome.startswith((*"aeiou", "svc"))
        else say("a {outcome}", outcome=outcome)
    )
