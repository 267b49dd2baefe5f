"""What may be wrong with the parts of a monitor that somebody has written, told in a sentence each.

Everything in a monitor is data: a formula for a slot, a behaviour for an instruction, an action for a cause. A Python
function in such a place could be run, but never proved, and is refused.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from popek.errors import PopekError, Problem, nearest, one_of
from popek.isa.architecture import Isa
from popek.isa.behaviour import Behaviour, Cause, narrow
from popek.isa.expression import Expr, Op, Sort, as_expr, rewrite, subtrees
from popek.isa.instruction import Instruction
from popek.isa.slot import Slot
from popek.language.phrase import say

OPERANDS = {"entry": ("k", "w", "quantum"), "recovery": ("k", "w", "loaded")}
"""What a formula of each table may name, `v.SLOT` and `guest.SLOT` in the recovery aside."""


def table(part: str, given: object) -> Mapping[Any, Any]:
    """Return a table; raise `PopekError` if it is none."""
    if not isinstance(given, Mapping):
        raise PopekError(
            say("a monitor's `{part}` is a table, as in {{...}}, not {kind}", part=part, kind=_kind(given))
        )
    return given


def entry(given: object) -> dict[Slot, Expr]:
    """Return a table of what is loaded into real slots."""
    return _formulas("entry", given)


def recovery(given: object) -> dict[Slot, Expr]:
    """Return a table of how virtual slots are read back."""
    return _formulas("recovery", given)


def _formulas(part: str, given: object) -> dict[Slot, Expr]:
    return {_slot(part, s): _formula(part, s, f) for s, f in table(part, given).items()}


def _slot(part: str, given: object) -> Slot:
    if isinstance(given, Slot):
        return given
    hint = say("import it: `from popek.isa.slot import {upper}`", upper=given.upper()) if isinstance(given, str) else ""
    raise PopekError(
        Problem(say("a monitor's `{part}` is by slot, and {told} is none", part=part, told=_told(given)), hint=hint)
    )


def _formula(part: str, slot: Slot, given: object) -> Expr:
    if isinstance(given, Slot | Expr | int) and not isinstance(given, bool):
        found = as_expr(given)
        if found.sort is Sort.WORD:
            return found
        raise PopekError(
            say(
                "a monitor's `{part}` for {slot} is a truth, and must be a word: write `ite(..., 1, 0)`",
                part=part,
                slot=slot,
            )
        )
    raise PopekError(
        Problem(
            say(
                "a monitor's `{part}` for {slot} is {kind}, and must be a formula",
                part=part,
                slot=slot,
                kind=_kind(given),
            ),
            hint=_proof(given)
            or say("for example `K + BASE`, with K from popek.vmm.vm_map and BASE from popek.isa.slot"),
        )
    )


def routines(given: object) -> dict[str, Behaviour]:
    """Return a table of routines, by an instruction's name."""
    return {_name(n): _behaviour(say("the routine for `{n}`", n=n), r) for n, r in table("routines", given).items()}


def _name(given: object) -> str:
    if isinstance(given, str | Instruction):
        return str(given)
    raise PopekError(say("a monitor's `routines` are by an instruction's name, and {told} is none", told=_told(given)))


def reflection(given: object) -> Behaviour | None:
    """Return the behaviour of a virtual trap, if one is given."""
    return None if given is None else _behaviour(say("a monitor's `reflection`"), given)


def _behaviour(what: str, given: object) -> Behaviour:
    if isinstance(given, Behaviour):
        return given
    hint = _proof(given) or say("for example `Behaviour({IE: ra})`, with Behaviour from popek.isa.behaviour")
    raise PopekError(Problem(say("{what} is {kind}, and must be a Behaviour", what=what, kind=_kind(given)), hint=hint))


def check_table(part: str, given: object, key: type[Enum], value: type[Enum]) -> None:
    """Raise `PopekError` unless a table has such keys and values."""
    for k, v in table(part, given).items():
        if not isinstance(k, key):
            raise PopekError(
                Problem(
                    say(
                        "a monitor's `{part}` is by {name}, and {told} is none",
                        part=part,
                        name=key.__name__,
                        told=_told(k),
                    ),
                    hint=_members(key, k),
                )
            )
        if not isinstance(v, value):
            message = say(
                "a monitor's `{part}` for {k} is {kind}, and must be an {name}",
                part=part,
                k=k.name.lower(),
                kind=_kind(v),
                name=value.__name__,
            )
            raise PopekError(Problem(message, hint=_proof(v) or _members(value, v)))


def check_kinds(owner: object, **kinds: type) -> None:
    """Raise `PopekError` unless attributes are of these kinds."""
    for part, kind in kinds.items():
        given = getattr(owner, part)
        if not isinstance(given, kind) or (kind is int and isinstance(given, bool)):
            raise PopekError(
                say(
                    "a monitor's `{part}` is {kind}, and must be a {name}",
                    part=part,
                    kind=_kind(given),
                    name=kind.__name__,
                )
            )


def check_slots(monitor: str, part: str, given: Mapping[Slot, Expr], isa: Isa) -> None:
    """Raise `PopekError` unless a table is about an ISA's slots and names what such a formula may name."""
    declared = {*isa.slots, *isa.arrays}
    names = {*OPERANDS[part], *((f"{p}.{s}" for s in isa.slots for p in ("v", "guest")) if part == "recovery" else ())}
    for slot, formula in given.items():
        used = {e.payload for e in subtrees(formula) if isinstance(e.payload, Slot)} | {slot}
        strange = sorted(s.name for s in used if s not in declared)
        if strange:
            hint = nearest(strange[0], [s.name for s in isa.slots])
            raise PopekError(
                Problem(
                    say(
                        "monitor {monitor}: {isa} has no slot `{strange}` (in `{part}`)",
                        monitor=monitor,
                        isa=isa.name,
                        strange=strange[0],
                        part=part,
                    ),
                    hint=hint,
                )
            )
        if slot.bits is not None and not narrow(_as_slots(formula, isa), slot.bits):
            message = say(
                "monitor {monitor}: `{part}` for {slot} is a whole word, and {slot} has {bits} bit",
                monitor=monitor,
                part=part,
                slot=slot,
                bits=slot.bits,
            )
            raise PopekError(
                Problem(
                    message, hint=say("write `(...) & {value}`, or a truth as `ite(...)`", value=(1 << slot.bits) - 1)
                )
            )
        for leaf in subtrees(formula):
            if leaf.op in (Op.ELEMENT, Op.LOAD, Op.REAL, Op.LEGAL):
                message = say(
                    "monitor {monitor}: `{part}` for {slot} looks at {leaf}, and may look at slots only",
                    monitor=monitor,
                    part=part,
                    slot=slot,
                    leaf=leaf,
                )
                hint = say("a guest can change memory and registers while it runs, and no proof follows that")
                raise PopekError(Problem(message, hint=hint))
            if leaf.op is Op.OPERAND and leaf.payload not in names:
                message = say(
                    "monitor {monitor}: `{part}` for {slot} names `{payload}`, which nothing has there",
                    monitor=monitor,
                    part=part,
                    slot=slot,
                    payload=leaf.payload,
                )
                raise PopekError(Problem(message, hint=nearest(str(leaf.payload), names)))


def check_controls(monitor: str, given: object, isa: Isa) -> None:
    """Raise `PopekError` unless what is to leave guest mode are instructions of an ISA, or causes of traps."""
    if not isinstance(given, tuple):
        raise PopekError(say("a monitor's `controls` are a tuple of names, not {kind}", kind=_kind(given)))
    known = {*isa.by_name, *(c.name.lower() for c in Cause)}
    strange = [n for n in given if n not in known]
    if strange:
        message = say(
            "monitor {monitor}: `{strange}` cannot leave guest mode: it is no instruction of {isa}",
            monitor=monitor,
            strange=strange[0],
            isa=isa.name,
        )
        raise PopekError(
            Problem(say("{message}, and no cause of a trap", message=message), hint=nearest(str(strange[0]), known))
        )


def _as_slots(formula: Expr, isa: Isa) -> Expr:
    """Return a formula with the slots for what stands for a value of theirs."""
    values = {f"{p}.{s}": as_expr(s) for s in isa.slots for p in ("v", "guest")}
    return rewrite(formula, lambda e: values.get(str(e.payload), e) if e.op is Op.OPERAND else e)


def check_routines(monitor: str, given: Mapping[str, Behaviour], isa: Isa) -> None:
    """Raise `PopekError` unless every routine is for an instruction of an ISA, and names its operands."""
    for name, routine in given.items():
        if name not in isa.by_name:
            message = say(
                "monitor {monitor} has a routine for `{name}`, and {isa} has no such instruction",
                monitor=monitor,
                name=name,
                isa=isa.name,
            )
            raise PopekError(Problem(message, hint=nearest(name, isa.by_name)))
        operands = {o.field.name for o in isa[name].format} | {"word"}
        exprs = [e for t in routine.guards() for e in (t.when, t.detail)] + list(routine.values())
        for leaf in (e for root in exprs for e in subtrees(root) if e.op is Op.OPERAND):
            if leaf.payload not in operands:
                message = say(
                    "monitor {monitor}: the routine for `{name}` uses operand `{payload}`, which",
                    monitor=monitor,
                    name=name,
                    payload=leaf.payload,
                )
                hint = (
                    say("its operands are: {operands}", operands=isa[name].operands)
                    if isa[name].operands
                    else say("it takes no operands")
                )
                raise PopekError(
                    Problem(say("{message} `{name}` does not have", message=message, name=name), hint=hint)
                )


def _kind(given: object) -> str:
    if callable(given) and not isinstance(given, type):
        return say("a Python function")
    return one_of(type(given))


def _proof(given: object) -> str:
    return say("what is not data cannot be proved") if callable(given) else ""


def _told(given: object) -> str:
    return f"`{given}`" if isinstance(given, str | int | Enum) else _kind(given)


def _members(kind: type[Enum], given: object) -> str:
    written = {m.name.lower(): f"{kind.__name__}.{m.name}" for m in kind}
    hint = nearest(str(given), written)
    if "did you mean" in hint:
        return next(say("did you mean `{w}`?", w=w) for n, w in written.items() if f"`{n}`" in hint)
    return say("there are {values}", values=", ".join(f"`{w}`" for w in written.values()))
