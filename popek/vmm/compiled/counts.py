"""What a compiled monitor counts, by the names that a virtual machine has for it."""

import ctypes
from collections import Counter
from collections.abc import Iterator
from typing import Any

from popek.engine.native.context import EXITS, FIELDS, Field
from popek.isa.behaviour import Cause
from popek.vmm.compiled import ways
from popek.vmm.count_names import DIRECT, EXIT, EXITED, GUEST_EXIT, exit_by, in_mode
from popek.vmm.monitor import Treatment

FIRST = int(Field.GUEST_EXITS)
"""The first field that is a count; all after it are."""

_WAYS = {
    ways.DIRECT: DIRECT,
    ways.EXITED: EXITED,
    ways.EMULATED: Treatment.EMULATED.value,
    ways.TRANSLATED: Treatment.TRANSLATED.value,
    ways.HYPERCALL: Treatment.HYPERCALL.value,
    ways.ASKED: Treatment.HYPERCALL.value,
}
_OTHERS = {
    Field.GUEST_EXITS: f"{EXIT}{GUEST_EXIT}",
    Field.CHAINED: "translation:chained",
    Field.LOOKED_UP: "translation:looked_up",
    Field.DISPATCHES: "translation:dispatches",
    Field.CALLS: "translation:calls",
}


def _names(field: int) -> Iterator[str]:
    """Give the names of what a field counts."""
    if field in _OTHERS:
        yield _OTHERS[Field(field)]
    elif field < EXITS:
        way, mode = divmod(field - Field.DIRECT, 2)
        yield in_mode(_WAYS[way], mode)
        if way != ways.EXITED:
            yield _WAYS[way]
        if way == ways.ASKED:
            yield f"{EXIT}{_WAYS[way]}"
    elif field - EXITS in set(Cause):
        yield exit_by(Cause(field - EXITS))


_NAMES = [tuple(_names(field)) for field in range(FIRST, FIELDS)]


def begin(fields: Any) -> None:
    """Begin to count anew."""
    ctypes.memset(ctypes.byref(fields, FIRST * ctypes.sizeof(ctypes.c_uint64)), 0, (FIELDS - FIRST) * 8)


def counted(fields: Any) -> dict[str, int]:
    """Return what was counted since, without what was not met."""
    found: Counter[str] = Counter()
    for names, count in zip(_NAMES, fields[FIRST:FIELDS], strict=True):
        if count:
            for name in names:
                found[name] += count
    return found
