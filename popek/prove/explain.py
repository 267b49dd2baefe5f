"""Explanations: why an instruction is in a class, and what that means, in words, each with the states that show it.

Everything said is read off something decided: a class, a witness that was replayed, an obligation. Nothing here knows
any instruction by its name.
"""

from collections.abc import Iterator

from popek.isa.architecture import Isa
from popek.isa.expression import TRUE
from popek.isa.instruction import InUser
from popek.language.phrase import in_sequence, say
from popek.language.words import word
from popek.prove import plain_words
from popek.prove.claim import THEOREM_1, THEOREM_3, Claim, applicable, of_instruction_under, worst
from popek.prove.classes import LITERAL, Showing, classify, classify_one
from popek.prove.consequences import consequences
from popek.prove.explanation import Blamed, Explanation, Overview, Passage, chosen
from popek.prove.lattice import OWN
from popek.prove.monitor_words import told_under
from popek.prove.plain_words import listed
from popek.prove.theorems import theorem_1, theorem_3
from popek.prove.values import PROPERTIES, Classes, StateWitness, Status
from popek.vmm.monitor import HYBRID, TRAP_AND_EMULATE, Monitor

USUAL = (TRAP_AND_EMULATE, HYBRID)
"""The monitors of theorems 1 and 3, which are explained unless another is asked for."""


def overview(isa: Isa, *, literal: bool = False) -> Overview:
    """Say who is to blame for what."""
    classes = classify(isa, literal=literal, showing=Showing.NOTHING)
    blamed = []
    for known in classes:
        statuses = of_instruction_under(isa, USUAL, known)
        claims = tuple(str(c) for c, s in statuses.items() if s is not Status.PROVED and not _is_price(c))
        if claims:
            found = _Subject(isa, known, literal=literal)
            blamed.append(Blamed(known.name, known.kinds, found.in_short(), claims))
    return Overview(isa.name, isa.title, literal, (theorem_1(classes), theorem_3(classes)), tuple(blamed))


def _is_price(claim: Claim) -> bool:
    """Say whether a claim fails by design: a hybrid monitor interprets, which is not efficient."""
    return claim.prop == "efficiency" and claim.monitor == HYBRID.name


def explain(isa: Isa, instruction: str, claim: str | None = None, *, literal: bool = False) -> Explanation:
    """Explain an instruction: all its classes and what follows from them, or one claim alone.

    A claim is a class ("privileged", "sensitive", "control", "location", ...), "theorem-1", "theorem-3", a monitor, or
    a property under a monitor ("hybrid.equivalence").
    """
    known = classify_one(isa, isa[instruction].name, literal=literal, showing=Showing.NICE)
    subject = _Subject(isa, known, literal=literal)
    passages = tuple(subject.passages()) if claim is None else (chosen(tuple(subject.all()), claim),)
    found = isa[instruction]
    user = found.in_user.value if isinstance(found.in_user, InUser) else OWN
    return Explanation(isa.name, isa.title, found.name, found.operands, found.doc, user, literal, known, passages)


class _Subject:
    """An instruction of an ISA, with its classes, to be explained."""

    def __init__(self, isa: Isa, classes: Classes, *, literal: bool) -> None:
        self.isa, self.classes, self.literal = isa, classes, literal
        self.instruction = isa[classes.name]
        self.may_trap = any(t.privilege for t in self.instruction.user.traps)

    def passages(self) -> Iterator[Passage]:
        """Give what is worth saying."""
        yield self._privileged()
        yield from (self._kind(k) for k in self.classes.kinds)
        yield self._sensitive() if self.classes.sensitive else self._innocuous()
        if self.classes.sensitive:
            yield self._user_sensitive()
        yield self._theorem_1()
        yield self._theorem_3()
        yield from (self.monitor(m) for m in USUAL)

    def all(self) -> Iterator[Passage]:
        """Give all that can be said."""
        yield from (self._privileged(), self._sensitive(), self._innocuous(), self._user_sensitive(), self._critical())
        kinds = [s.kind for s in self.isa.slots if s.role.value == "resource"]
        kinds += [a.kind for a in self.isa.arrays if a.role.value == "resource"]
        every = dict.fromkeys(["control", *kinds, *([LITERAL] if self.literal else [])])
        yield from (self._kind(k) for k in every)
        yield from (self._theorem_1(), self._theorem_3())
        for monitor in applicable(self.isa):
            yield self.monitor(monitor)
            yield from (self.monitor(monitor, p) for p in PROPERTIES)

    # Classes.

    def _privileged(self) -> Passage:
        holds, witness = self.classes.privileged, self.classes.not_privileged
        if holds:
            text = say(
                "It is privileged: in user mode it makes a privilege trap in every state, in supervisor mode "
                "in none (where an address is not legal, a memory trap may come first)."
            )
            return Passage("privileged", holds, text)
        if holds is None:
            return Passage("privileged", None, _OPEN)
        if witness is None:
            return Passage(
                "privileged", holds, say("It is not privileged: in user mode it never makes a privilege trap.")
            )
        return Passage("privileged", holds, plain_words.on_privilege(self.instruction, witness), self._reduced(witness))

    def _kind(self, kind: str) -> Passage:
        witness = self.classes.witnesses.get(kind)
        claim = kind
        if witness is None:
            return Passage(claim, self._absent(), self._no(kind))
        let = self.may_trap and any(s.values["mode"] for s in witness.before)
        if len(witness.before) == 1:
            text = plain_words.on_control(self.isa, witness, let=let)
        else:
            text = plain_words.on_difference(self.isa, witness, let=let)
        return Passage(claim, True, text, self._reduced(witness))

    def _absent(self) -> bool | None:
        return None if self.classes.sensitive is None else False

    def _no(self, kind: str) -> str:
        if self.classes.sensitive is None:
            return _OPEN
        if kind in ("control", LITERAL):
            return say("It is not control-sensitive: in no state does it complete and leave a resource changed.")
        matter = plain_words.matters(kind)
        return say(
            "It is not {kind}-sensitive: it makes no difference to it {matter}. That is so in all pairs of states.",
            kind=word(kind),
            matter=matter,
        )

    def _sensitive(self) -> Passage:
        if not self.classes.sensitive:
            text = _OPEN if self.classes.sensitive is None else say("It is not sensitive; it is innocuous.")
            return Passage("sensitive", self.classes.sensitive, text)
        return Passage("sensitive", True, say("It is sensitive: {parts}.", parts=self._sensitivity()))

    def _sensitivity(self) -> str:
        """Return what makes it sensitive."""
        kinds = self.classes.kinds
        parts = [say("it changes a resource")] if "control" in kinds else []
        parts += [say("it traps on purpose, which read to the letter is a change of mode")] if LITERAL in kinds else []
        others = [k for k in kinds if k not in ("control", LITERAL)]
        parts += (
            [say("what it does depends on a resource ({others})", others=listed([word(k) for k in others]))]
            if others
            else []
        )
        return listed(parts)

    def _innocuous(self) -> Passage:
        holds = self.classes.innocuous
        if not holds:
            text = _OPEN if holds is None else say("It is not innocuous: it is sensitive.")
            return Passage("innocuous", holds, text)
        return Passage("innocuous", True, in_sequence(say("It is innocuous."), self._why_innocuous()))

    def _why_innocuous(self) -> str:
        supervisor = self.instruction.supervisor.unprivileged()
        if any(t.when is TRUE for t in supervisor.traps[:1]) and not self.may_trap:
            return say(
                "It traps in every state, whatever the mode. A trap is an outcome, not a change of state: "
                "what happens to mode and pc is the hardware's doing. It is how a program asks the control "
                "program, which thereby has the processor; nothing is done behind anybody's back."
            )
        if self.classes.privileged:
            return say(
                "What it does, when it is let to, changes no resource and depends on none. That user mode "
                "may not execute it makes it privileged all the same: a monitor has to do its work for it, "
                "which costs time, but never correctness."
            )
        return say("In no state does it change a resource, and no resource makes a difference to what it does.")

    def _user_sensitive(self) -> Passage:
        holds = self.classes.user_sensitive
        if holds is None:
            return Passage("user-sensitive", None, _OPEN)
        if not holds:
            text = say(
                "It is not user-sensitive: with all states in user mode it changes no resource and depends on none."
            )
            return Passage("user-sensitive", False, text)
        kinds = self.classes.user_kinds
        text = say(
            "It is user-sensitive: with all states in user mode, too, it shows ({kinds}).",
            kinds=listed([word(k) for k in kinds]),
        )
        witness = self.classes.user_witnesses.get(kinds[0]) if self.classes.user_witnesses else None
        return Passage("user-sensitive", True, text, self._reduced(witness) if witness else None)

    def _critical(self) -> Passage:
        text = {
            True: say("It is critical: sensitive and not privileged."),
            False: say("It is not critical: it is privileged.")
            if self.classes.privileged
            else say("It is not critical: it is not sensitive."),
            None: _OPEN,
        }[self.classes.critical]
        return Passage("critical", self.classes.critical, text)

    def _reduced(self, witness: StateWitness) -> StateWitness:
        return plain_words.reduced(self.isa, witness)

    def in_short(self) -> str:
        """Return what an instruction is, in one sentence."""
        if self.classes.critical:
            return say("sensitive: {parts}; and it is not privileged.", parts=self._sensitivity())
        if self.classes.innocuous and self.classes.privileged:
            return say("innocuous, and privileged all the same.")
        if self.classes.critical is None:
            return _OPEN
        if self.classes.privileged:
            return say("not critical: it is privileged.")
        return say("not critical: it is not sensitive.")

    # Theorems.

    def _theorem_1(self) -> Passage:
        what = ("sensitive", self.classes.sensitive, self.classes.critical)
        return self._theorem(THEOREM_1, *what, say("a monitor that runs everything directly exists"))

    def _theorem_3(self) -> Passage:
        what = ("user-sensitive", self.classes.user_sensitive, self.classes.user_critical)
        return self._theorem(THEOREM_3, *what, say("a hybrid monitor exists, which interprets virtual supervisor code"))

    def _theorem(self, claim: Claim, asked: str, member: bool | None, offends: bool | None, promise: str) -> Passage:
        asks = say(
            "Theorem {theorem} asks that whatever is {word} be privileged; then {promise}.",
            theorem=claim.theorem,
            word=word(asked),
            promise=promise,
        )
        if offends is None:
            return Passage(str(claim), None, in_sequence(asks, _OPEN))
        if offends:
            text = say(
                "It is {word} and not privileged, and that is enough for the premise to fail. (The premise is "
                "sufficient, not necessary: it does not follow that no monitor works.)",
                word=word(asked),
            )
        elif member:
            text = say("It is {word}, and privileged: it does not stand in the way.", word=word(asked))
        else:
            text = say("It is not {word}: the theorem asks nothing of it.", word=word(asked))
        return Passage(str(claim), not offends, in_sequence(asks, text))

    # Monitors.

    def monitor(self, monitor: Monitor, prop: str = "") -> Passage:
        """Say what becomes of the instruction under a monitor; `holds` is on one property, or on safety."""
        modes = consequences(self.isa, monitor, self.classes)
        wanted = (prop,) if prop else ("equivalence", "resource_control")
        status = worst(m.statuses.get(p) for m in modes for p in wanted)
        claim = str(Claim(0, monitor.name, prop)) if prop else monitor.name
        return Passage(claim, True if status is None else status.holds, told_under(monitor, self.classes, modes))


_OPEN = say("The solver gave up at its limit: it is not known.")
