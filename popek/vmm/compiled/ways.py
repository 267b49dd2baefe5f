"""How a step of a guest came about, as compiled code counts it, and what of it may be left to Python."""

from enum import IntEnum, unique

from popek.engine.native.context import WAYS

DIRECT, EXITED, EMULATED, TRANSLATED, HYPERCALL, ASKED = range(WAYS)
"""The ways that are counted by virtual mode, as they lie in the fields; the last: hypercalls without exit, and with."""


@unique
class Pending(IntEnum):
    """What Python has to do first when it takes over: nothing, the attempt after an exit, or the whole exit."""

    NOTHING = 0
    ATTEMPT = 1
    EXIT = 2


PENDING = {EXITED: Pending.ATTEMPT, ASKED: Pending.EXIT}
"""What Python has to do where an attempt, by the way that it is counted, is left to it; else, nothing has happened."""
