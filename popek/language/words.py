"""The words that popek itself gives: names of classes, properties, verdicts, outcomes, causes and columns.

In values and in JSON they are plain names, `resource_control` for one. Where they are shown they are looked up; this is
the list of those that a catalogue has a word for.
"""

from collections.abc import Iterable

from popek.language.phrase import Phrase, listed, say

WORDS = (
    # Classes, and what an instruction may be sensitive to.
    *(say("privileged"), say("sensitive"), say("innocuous"), say("critical"), say("user-sensitive")),
    *(say("control"), say("mode"), say("location"), say("bound"), say("timer"), say("interrupt"), say("device")),
    *(say("memory"), say("run"), say("letter")),
    # What user mode makes of an instruction.
    *(say("traps"), say("executes"), say("ignored"), say("its own")),
    # Theorems, properties, and how they stand.
    *(say("theorem 1"), say("theorem 2"), say("theorem 3")),
    *(
        say("equivalence"),
        say("resource control"),
        say("efficiency"),
        say("isolation"),
        say("independence"),
        say("resource-control"),
    ),
    *(say("equiv"), say("contr"), say("effic"), say("isol")),
    *(say("proved"), say("refuted"), say("unknown"), say("vacuous"), say("not-applicable"), say("not applicable")),
    *(say("holds"), say("fails"), say("met"), say("not met"), say("open"), say("yes"), say("no"), say("yes or no")),
    *(say("structure"), say("evaluation"), say("solver")),
    # Outcomes of runs, causes of traps and of exits, ways to run an instruction.
    *(say("halted"), say("budget"), say("trap-loop"), say("lost")),
    *(
        say("illegal"),
        say("svc"),
        say("overflow"),
        say("divide"),
        say("disk"),
        say("guest-exit"),
        say("quantum"),
        say("exited"),
    ),
    *(say("direct"), say("emulated"), say("translated"), say("interpreted"), say("hypercall"), say("reflected")),
    *(say("supervisor"), say("user"), say("completes"), say("privilege trap")),
    # What a dispatcher does about a trap, and what becomes of a guest's.
    *(say("interpret"), say("resume"), say("skip"), say("delivered"), say("trap")),
    # Structures of hypervisors.
    *(say("monolithic"), say("microkernel"), say("microhypervisor"), say("hosted"), say("kernel-module")),
    # Parts of the names of obligations.
    *(say("entered"), say("inside"), say("pending"), say("devices"), say("rest"), say("exit"), say("spared")),
    *(say("walled"), say("dispatched"), say("interrupts"), say("kept"), say("virtual supervisor"), say("virtual user")),
    *(say("integrity"), say("confidentiality"), say("copied"), say("guest mode"), say("tick"), say("memory trap")),
    *(say("illegal trap"), say("privileged trap"), say("svc trap"), say("arithmetic trap"), say("timer trap")),
    *(say("disk trap"), say("arithmetic")),
    # Columns and rows.
    *(say("before"), say("after"), say("times"), say("engine"), say("instructions"), say("year"), say("words")),
    *(say("outcome"), say("registers"), say("machine"), say("result"), say("steps"), say("expansion"), say("exits")),
    *(say("flushes"), say("retranslations"), say("vm"), say("guest"), say("monitor"), say("ended"), say("instr.")),
    *(say("shares"), say("quanta"), say("time"), say("due"), say("wait"), say("modes"), say("worlds")),
    *(
        say("processor"),
        say("none"),
        say("all"),
        say("nothing"),
        say("everything"),
        say("differs"),
        say("answers"),
        say("isa"),
    ),
)


_KNOWN = frozenset(WORDS)


def word(name: str) -> Phrase:
    """Return a name that popek gives as people read it: `resource_control` in two words; others stay as they are."""
    spaced = name.replace("_", " ")
    return Phrase(spaced if spaced in _KNOWN else name)


def words(names: Iterable[str]) -> Phrase:
    """Return such names in a row."""
    return listed(word(n) for n in names)
