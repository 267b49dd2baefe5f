"""Grade a student's file: answers, a guest that notices, an ISA with what is expected of it, or a monitor.

Nothing is compared with a list: answers are found anew, guests are run, ISAs and monitors are proved.
"""

from pathlib import Path

from popek import files
from popek.errors import Place, PopekError, Problem
from popek.exercises import answers, confined
from popek.exercises.graded import Graded, Item, Kind
from popek.exercises.noticing import STEPS
from popek.isa import toml
from popek.isa.architecture import Isa
from popek.isa.toml import printable
from popek.language.phrase import say
from popek.library import naming, proving, running
from popek.library.naming import AS_IT_IS, Changes, NamedIsa
from popek.library.required import DEFAULT_MONITOR, Grade

ANSWERS = "answer"
MEMORY = 65_536
"""Words of real memory that a student's guest is given."""


def grade(
    file: str | Path,
    *,
    isa: NamedIsa | None = None,
    changes: Changes = AS_IT_IS,
    literal: bool = False,
    monitor: str = DEFAULT_MONITOR,
) -> Graded:
    """Grade a file, by what it is.

    - A .toml file with `[[answer]]` tables: each answer to the question of its topic and seed.
    - Another .toml file is an ISA: each entry of its `[expect]`, by proof.
    - A .s file is a guest that has to notice that it runs under `monitor` on `isa` (else the ISA of its header).
    - A .py file binds a monitor that has to be right on `isa` (else classic), by proof, within limits.

    `changes` are made to the ISA first; `literal` reads the paper to the letter where an ISA is graded. Raise
    `PopekError` if the file is none of these.
    """
    name = str(file)
    if name.endswith(".toml"):
        return _toml(name, changes, literal=literal)
    if name.endswith(naming.SOURCE):
        return _guest(name, isa, changes, monitor)
    if name.endswith(naming.PYTHON):
        files.read_text(name)  # so that a file that is not there is told as everywhere
        on = isa.name if isinstance(isa, Isa) else str(isa or "classic")
        naming.chosen(on, changes)
        return Graded(name, Kind.MONITOR, confined.monitor_items(name, on, changes))
    hint = say("answers and ISAs end in .toml, guests in .s, monitors in .py")
    raise PopekError(Problem(say("this file cannot be graded"), Place(printable(name, 200)), hint))


def _toml(name: str, changes: Changes, *, literal: bool) -> Graded:
    document = toml.read(files.read_text(name), printable(name, 200))
    if ANSWERS in document.data and changes != AS_IT_IS:
        hint = say("each question says itself which machine it is about")
        raise PopekError(Problem(say("answers are marked as they were asked: no ISA is changed"), hint=hint))
    if ANSWERS in document.data:
        return Graded(name, Kind.ANSWERS, answers.marked(document))
    chosen = naming.chosen(name, changes)
    if chosen.expectation is None:
        hint = say("an ISA is graded by its table [expect]; answers are tables: {example}", example=answers.EXAMPLE)
        raise PopekError(Problem(say("there is nothing to grade"), Place(printable(name, 200)), hint))
    found = proving.check([chosen], literal=literal).check.requirements
    items = (Item(r.what, r.wanted, r.grade, say("it is: {found}", found=r.found)) for r in found)
    return Graded(name, Kind.ISA, tuple(items))


def _guest(name: str, isa: NamedIsa | None, changes: Changes, monitor: str) -> Graded:
    guest = naming.guest(name)
    on = naming.chosen(isa or guest.detects or guest.isa, changes).isa
    ran = running.compare(guest, isa=on, monitor=monitor, memory=MEMORY, max_steps=min(guest.max_steps, STEPS))
    what = say("notices {monitor} on {on}", monitor=monitor, on=on.name)
    if ran.divergence is not None:
        first = ran.divergence.differences[0]
        says = say(
            "after step {step} {what} is {bare} bare and {virtual} virtual",
            step=ran.divergence.step,
            what=first.what,
            bare=first.bare,
            virtual=first.virtual,
        )
        return Graded(name, Kind.GUEST, (Item(what, guest.name, Grade.MET, says),))
    verdict = proving.verdict(on, monitor=monitor).isas[0].monitors[0].equivalence
    nobody = say("; nobody can: equivalence is proved") if verdict.status.holds else ""
    says = say("it runs alike on both machines, for all of {steps} steps{nobody}", steps=ran.steps, nobody=nobody)
    return Graded(name, Kind.GUEST, (Item(what, guest.name, Grade.NOT_MET, says),))
