"""The paper's theorems, as conditions on the classes.

They are sufficient, not necessary: that a premise fails does not mean that no monitor works.
"""

from collections.abc import Callable, Sequence

from popek.language.phrase import say
from popek.prove.values import Classes, PropertyVerdict, Status, TheoremVerdict


def theorem_1(classes: Sequence[Classes]) -> TheoremVerdict:
    """Popek and Goldberg, theorem 1: a VMM exists if whatever is sensitive is privileged."""
    return _premise(1, classes, lambda c: c.critical)


def theorem_2(first: TheoremVerdict, independence: PropertyVerdict) -> TheoremVerdict:
    """Popek and Goldberg, theorem 2: recursive if virtualizable, with a monitor without timing dependencies."""
    if first.status is not Status.PROVED:
        return TheoremVerdict(2, first.status, first.blame, say("theorem 1 is part of its premise"))
    if independence.status is not Status.PROVED:
        return TheoremVerdict(2, independence.status, independence.blame, independence.reason)
    return TheoremVerdict(2, Status.PROVED)


def theorem_3(classes: Sequence[Classes]) -> TheoremVerdict:
    """Popek and Goldberg, theorem 3: a hybrid VMM exists if whatever is user-sensitive is privileged."""
    return _premise(3, classes, lambda c: c.user_critical)


def _premise(number: int, classes: Sequence[Classes], offends: Callable[[Classes], bool | None]) -> TheoremVerdict:
    blame = tuple(c.name for c in classes if offends(c))
    undecided = tuple(c.name for c in classes if offends(c) is None)
    if blame:
        return TheoremVerdict(number, Status.REFUTED, blame)
    if undecided:
        return TheoremVerdict(number, Status.UNKNOWN, undecided, say("the solver reached its limit"))
    if not classes:
        return TheoremVerdict(number, Status.VACUOUS, reason=say("the ISA has no instructions"))
    return TheoremVerdict(number, Status.PROVED)
